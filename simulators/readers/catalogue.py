"""Catalogue: the readers that can be simulated. A new one joins by one line in `READERS`."""

import dataclasses
from collections.abc import Callable
from typing import Final

from simulators.pace import Pace
from simulators.radio import Radio
from simulators.readers.barcode_line import LineScanner
from simulators.readers.barcode_ssi import SsiScanner
from simulators.readers.chainway_a55a import MODELS as CHAINWAY_MODELS
from simulators.readers.chainway_a55a import ChainwayReader
from simulators.readers.feig_iso import MODELS as FEIG_MODELS
from simulators.readers.feig_iso import FeigReader
from simulators.readers.hid_keyboard import KeyboardScanner
from simulators.readers.hid_pos import MODELS as POS_MODELS
from simulators.readers.hid_pos import PosScanner
from simulators.readers.impinj_r700 import R700
from simulators.readers.llrp import LlrpReader
from simulators.readers.magicrf_bb import MagicRfModule
from simulators.readers.magicrf_frames import FRAMINGS
from simulators.readers.nordicid_nur import NurReader
from simulators.readers.r2000_a0 import MODELS as R2000_MODELS
from simulators.readers.r2000_a0 import R2000Reader
from simulators.readers.thingmagic_ff import ThingMagicModule
from simulators.readers.tsl_ascii2 import REGIONS as TSL_REGIONS
from simulators.readers.tsl_ascii2 import TslSled
from simulators.readers.uhfreader_crc16 import MODELS as UHF_READER_MODELS
from simulators.readers.uhfreader_crc16 import UhfReader
from simulators.readers.zebra_iotc import MODELS as ZEBRA_MODELS
from simulators.readers.zebra_iotc import ZebraReader
from simulators.serving import SimulatedReader


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the command line asks of a reader; each kind uses what it has."""

    seed: int
    pace: Pace
    model: str
    """One of the entry's models, empty when it has none."""
    suffix: str
    """What ends a scan of a scanner."""
    aim: str
    """AIM identifier that a scanner sends before every scan; empty: none."""


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One kind of reader."""

    protocol: str
    """Name of the protocol in the outside contract."""
    make: Callable[[Order], SimulatedReader]
    models: tuple[str, ...] = ()
    """Models or framings between which `--model` chooses; the first is what comes without it."""


READERS: Final = (
    Entry("thingmagic_ff", lambda asked: ThingMagicModule(Radio(seed=asked.seed), seed=asked.seed, pace=asked.pace)),
    Entry(
        "feig_iso",
        lambda asked: FeigReader(Radio(seed=asked.seed), seed=asked.seed, pace=asked.pace, model=asked.model),
        tuple(FEIG_MODELS),
    ),
    Entry(
        "uhfreader_crc16",
        lambda asked: UhfReader(Radio(seed=asked.seed), model=asked.model, pace=asked.pace),
        UHF_READER_MODELS,
    ),
    Entry(
        "tsl_ascii2",
        lambda asked: TslSled(Radio(seed=asked.seed), region=asked.model, pace=asked.pace),
        TSL_REGIONS,
    ),
    Entry(
        "magicrf_bb",
        lambda asked: MagicRfModule(Radio(seed=asked.seed), framing=asked.model, pace=asked.pace),
        tuple(FRAMINGS),
    ),
    Entry(
        "r2000_a0",
        lambda asked: R2000Reader(Radio(seed=asked.seed), model=asked.model, pace=asked.pace),
        R2000_MODELS,
    ),
    Entry(
        "chainway_a55a",
        lambda asked: ChainwayReader(Radio(seed=asked.seed), model=asked.model, pace=asked.pace),
        CHAINWAY_MODELS,
    ),
    Entry("impinj_r700_json", lambda asked: R700(Radio(seed=asked.seed), pace=asked.pace)),
    Entry("nordicid_nur", lambda asked: NurReader(Radio(seed=asked.seed), pace=asked.pace)),
    Entry(
        "zebra_iotc_json",
        lambda asked: ZebraReader(Radio(seed=asked.seed), model=asked.model, pace=asked.pace),
        ZEBRA_MODELS,
    ),
    Entry("llrp", lambda asked: LlrpReader(Radio(seed=asked.seed), pace=asked.pace)),
    Entry("barcode_line", lambda asked: LineScanner(suffix=asked.suffix, aim=asked.aim, rate=asked.pace.rate)),
    Entry("barcode_ssi", lambda asked: SsiScanner(aim=asked.aim, rate=asked.pace.rate)),
    Entry("hid_keyboard", lambda asked: KeyboardScanner(aim=asked.aim, rate=asked.pace.rate)),
    Entry("hid_pos", lambda asked: PosScanner(model=asked.model, aim=asked.aim, rate=asked.pace.rate), POS_MODELS),
)


class UnknownModel(ValueError):
    """A protocol has no model of this name; the sentence names those it has."""


def make_reader(protocol: str, asked: Order) -> SimulatedReader:
    """A reader of one of the protocols of `READERS`, not yet on a link. Raises: UnknownModel."""
    entry = next(entry for entry in READERS if entry.protocol == protocol)
    if asked.model and asked.model not in entry.models:
        known = ", ".join(entry.models) or "one only; leave --model out"
        raise UnknownModel(f"Model {asked.model!r} of {protocol} is not known; it has {known}.")
    model = asked.model or (entry.models[0] if entry.models else "")
    return entry.make(dataclasses.replace(asked, model=model))

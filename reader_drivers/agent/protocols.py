"""Protocols: the ordered list of readers that this agent speaks to. A new driver joins by one line in `PROTOCOLS`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from reader_drivers.agent.transports import Line
from reader_drivers.barcode_line.describe import Describer as BarcodeLineDescriber
from reader_drivers.barcode_line.machine import BarcodeLineDriver
from reader_drivers.barcode_ssi.describe import Describer as BarcodeSsiDescriber
from reader_drivers.barcode_ssi.machine import BarcodeSsiDriver
from reader_drivers.driver import Describer, Driver
from reader_drivers.feig_iso.describe import Describer as FeigIsoDescriber
from reader_drivers.feig_iso.machine import FeigIsoDriver
from reader_drivers.hid_keyboard.describe import Describer as HidKeyboardDescriber
from reader_drivers.hid_keyboard.machine import HidKeyboardDriver
from reader_drivers.hid_pos.describe import Describer as HidPosDescriber
from reader_drivers.hid_pos.machine import HidPosDriver
from reader_drivers.impinj_r700_json.describe import Describer as R700Describer
from reader_drivers.impinj_r700_json.machine import R700Driver
from reader_drivers.llrp.describe import Describer as LlrpDescriber
from reader_drivers.llrp.machine import LlrpDriver
from reader_drivers.magicrf_bb.describe import Describer as MagicRfDescriber
from reader_drivers.magicrf_bb.machine import MagicRfDriver
from reader_drivers.pcsc.describe import Describer as PcscDescriber
from reader_drivers.pcsc.machine import PcscDriver
from reader_drivers.r2000_a0.describe import Describer as R2000Describer
from reader_drivers.r2000_a0.machine import R2000Driver
from reader_drivers.thingmagic_ff.describe import Describer as ThingmagicDescriber
from reader_drivers.thingmagic_ff.machine import ThingmagicDriver
from reader_drivers.tsl_ascii2.describe import Describer as TslDescriber
from reader_drivers.tsl_ascii2.machine import TslDriver
from reader_drivers.uhfreader_crc16.describe import Describer as UhfReaderDescriber
from reader_drivers.uhfreader_crc16.machine import UhfReaderDriver


@dataclass(frozen=True, slots=True)
class ProtocolEntry:
    """One protocol: how to speak it and how to explain a capture of it."""

    name: str
    """As in the outside contract and in agent.toml."""
    driver: Callable[[], Driver]
    describer: Callable[[str], Describer]
    directions: tuple[str, ...]
    """Directions whose captures can be explained; the first is the default."""
    baud: int
    """Speed of the serial line unless agent.toml says otherwise."""
    transmits: bool
    """True: a radio reader, which needs region, power and antennas."""
    line: Line = Line.SERIAL
    """What kind of line its port is."""


PROTOCOLS: Final = (
    ProtocolEntry(
        "thingmagic_ff", ThingmagicDriver, ThingmagicDescriber, ("reader_to_host", "host_to_reader"), 115_200, True
    ),
    ProtocolEntry(
        "uhfreader_crc16", UhfReaderDriver, UhfReaderDescriber, ("reader_to_host", "host_to_reader"), 57_600, True
    ),
    ProtocolEntry(
        "feig_iso",
        FeigIsoDriver,
        FeigIsoDescriber,
        ("reader_to_host", "host_to_reader"),
        38_400,
        True,
        Line.SERIAL_EVEN,
    ),
    ProtocolEntry("r2000_a0", R2000Driver, R2000Describer, ("reader_to_host", "host_to_reader"), 115_200, True),
    ProtocolEntry("barcode_line", BarcodeLineDriver, BarcodeLineDescriber, ("reader_to_host",), 9_600, False),
    ProtocolEntry(
        "barcode_ssi", BarcodeSsiDriver, BarcodeSsiDescriber, ("reader_to_host", "host_to_reader"), 9_600, False
    ),
    ProtocolEntry(
        "hid_keyboard", HidKeyboardDriver, HidKeyboardDescriber, ("reader_to_host",), 0, False, Line.KEYBOARD
    ),
    ProtocolEntry("hid_pos", HidPosDriver, HidPosDescriber, ("reader_to_host",), 0, False, Line.HID_REPORTS),
    ProtocolEntry("pcsc", PcscDriver, PcscDescriber, ("reader_to_host", "host_to_reader"), 0, False),
    ProtocolEntry("tsl_ascii2", TslDriver, TslDescriber, ("reader_to_host", "host_to_reader"), 115_200, True),
    ProtocolEntry("impinj_r700_json", R700Driver, R700Describer, ("reader_to_host", "host_to_reader"), 0, True),
    ProtocolEntry("llrp", LlrpDriver, LlrpDescriber, ("reader_to_host", "host_to_reader"), 115_200, True),
    ProtocolEntry("magicrf_bb", MagicRfDriver, MagicRfDescriber, ("reader_to_host", "host_to_reader"), 115_200, True),
)


class UnknownProtocol(LookupError):
    """No driver has this protocol name."""

    code = "unknown_protocol"


def protocol_named(name: str) -> ProtocolEntry:
    """The protocol with this name. Raises: UnknownProtocol, naming those there are."""
    for entry in PROTOCOLS:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in PROTOCOLS)
    raise UnknownProtocol(f"There is no driver for the protocol {name!r}; this agent speaks {known}.")

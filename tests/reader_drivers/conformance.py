"""What every driver must promise: the tests in `test_conformance.py` run each of these cases.

A driver joins by one line in `CASES`. `frames` gives good frames from reader to host that the driver reports as events.
One that writes tags joins by one line in `WRITERS` too, with its simulated reader: `test_epc_writing.py` runs those.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reader_drivers.agent.protocols import ProtocolEntry, protocol_named
from reader_drivers.driver import EpcWriter
from reader_drivers.magicrf_bb.machine import MagicRfDriver
from reader_drivers.pcsc.frames import encode as slot_message
from reader_drivers.r2000_a0.machine import R2000Driver
from reader_drivers.thingmagic_ff.machine import ThingmagicDriver
from reader_drivers.tsl_ascii2.machine import TslDriver
from reader_drivers.uhfreader_crc16.machine import UhfReaderDriver
from simulators.radio import Radio
from simulators.readers.magicrf_bb import MagicRfModule
from simulators.readers.r2000_a0 import R2000Reader
from simulators.readers.thingmagic_ff import ThingMagicModule
from simulators.readers.tsl_ascii2 import TslSled
from simulators.readers.uhfreader_crc16 import UhfReader
from simulators.serving import SimulatedReader

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
UNKNOWABLE = {"vendor", "ais", "symbology", "digital_link", "note", "part", "of", "full_text", "timestamp_note"}
"""Keys that need more than the bytes of the frame, are remarks, or belong to the barcode parser."""


@dataclass(frozen=True)
class Case:
    entry: ProtocolEntry
    frames: tuple[bytes, ...]
    noise: bytes
    """Bytes that can be part of no frame start."""


def load_vectors(protocol: str) -> list[dict[str, Any]]:
    lines = (VECTORS / f"{protocol}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


PROVEN_TAG = b"EP: 30751FEB705C5904E3D50D70\r\nPC: 3400\r\nCR: 3A76\r\nRI: -55\r\nOK:\r\n\r\n"


def good_frames(protocol: str, *, but: str = "") -> tuple[bytes, ...]:
    vectors = load_vectors(protocol)
    return tuple(
        bytes.fromhex(v["hex"])
        for v in vectors
        if v["id"] != but and v["valid"] and v["direction"] == "reader_to_host" and v.get("kind") != "stream"
    )


CASES = (
    Case(protocol_named("thingmagic_ff"), good_frames("thingmagic_ff"), b"\x00\x13\x37"),
    Case(protocol_named("uhfreader_crc16"), good_frames("uhfreader_crc16"), b"\x00\x02\x04"),
    Case(protocol_named("feig_iso"), good_frames("feig_iso"), b"\x00\x01\x04"),
    Case(protocol_named("r2000_a0"), good_frames("r2000_a0"), b"\x00\x13\x37"),
    Case(protocol_named("barcode_line"), good_frames("barcode_line"), b"\r\n\r\n"),
    Case(protocol_named("barcode_ssi"), good_frames("barcode_ssi"), b"\x00\x01\x02"),
    Case(protocol_named("hid_keyboard"), good_frames("hid_keyboard"), b"\xff\xff\xff"),
    Case(protocol_named("hid_pos"), good_frames("hid_pos")[:3], b"\x00\x13\x37"),
    Case(
        protocol_named("pcsc"),
        (*(slot_message("C" if one[0] == 0x3B else "A", one) for one in good_frames("pcsc")), slot_message("G")),
        b"\x00\x13\x37",
    ),
    # Published EP lines come without CRC, and such a tag must be told twice.
    Case(protocol_named("tsl_ascii2"), (*good_frames("tsl_ascii2", but="tsl-009"), PROVEN_TAG), b"\x00\x13\x37"),
    Case(protocol_named("chainway_a55a"), good_frames("chainway_a55a"), b"\x00\x13\x37"),
    Case(protocol_named("impinj_r700_json"), good_frames("impinj_r700_json"), b"\r\n\n"),
    Case(protocol_named("nordicid_nur"), good_frames("nordicid_nur"), b"\x00\x13\x37"),
    Case(protocol_named("zebra_iotc_json"), good_frames("zebra_iotc_json"), b"\r\n\n"),
    Case(protocol_named("llrp"), good_frames("llrp"), b"\x00\x13\x37"),
    Case(protocol_named("magicrf_bb"), good_frames("magicrf_bb"), b"\x00\x13\x37"),
)


@dataclass(frozen=True)
class Writer:
    name: str
    driver: Callable[[], EpcWriter]
    reader: Callable[[], SimulatedReader]
    """With nothing in its field; a tags file is loaded."""


WRITERS = (
    Writer("thingmagic_ff", ThingmagicDriver, lambda: ThingMagicModule(Radio(seed=1))),
    Writer("tsl_ascii2", TslDriver, lambda: TslSled(Radio(seed=1))),
    Writer("magicrf_bb", MagicRfDriver, lambda: MagicRfModule(Radio(seed=1))),
    Writer("uhfreader_crc16", UhfReaderDriver, lambda: UhfReader(Radio(seed=1))),
    Writer("uhfreader_crc16 18", UhfReaderDriver, lambda: UhfReader(Radio(seed=1), model="18")),
    Writer("r2000_a0", R2000Driver, lambda: R2000Reader(Radio(seed=1))),
)

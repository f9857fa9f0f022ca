"""Protocols: the ordered list of readers that this agent speaks to. A new driver joins by one line in `PROTOCOLS`."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from reader_drivers.agent.transports import Line
from reader_drivers.driver import Describer, Driver


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


BOTH: Final = ("reader_to_host", "host_to_reader")


def _late(module: str, name: str) -> Callable[..., Any]:
    """The class with this name, loaded when it is first made: an agent starts with the few protocols it speaks."""

    def made(*given: object) -> Any:
        return getattr(import_module(module), name)(*given)

    return made


def _entry(
    name: str,
    driver: str,
    *,
    baud: int,
    transmits: bool,
    directions: tuple[str, ...] = BOTH,
    line: Line = Line.SERIAL,
) -> ProtocolEntry:
    """The protocol in the folder of this name: class `driver` in machine.py, `Describer` in describe.py."""
    folder = f"reader_drivers.{name}"
    return ProtocolEntry(
        name,
        _late(f"{folder}.machine", driver),
        _late(f"{folder}.describe", "Describer"),
        directions,
        baud,
        transmits,
        line,
    )


PROTOCOLS: Final = (
    _entry("thingmagic_ff", "ThingmagicDriver", baud=115_200, transmits=True),
    _entry("uhfreader_crc16", "UhfReaderDriver", baud=57_600, transmits=True),
    _entry("feig_iso", "FeigIsoDriver", baud=38_400, transmits=True, line=Line.SERIAL_EVEN),
    _entry("r2000_a0", "R2000Driver", baud=115_200, transmits=True),
    _entry("barcode_line", "BarcodeLineDriver", baud=9_600, transmits=False, directions=BOTH[:1]),
    _entry("barcode_ssi", "BarcodeSsiDriver", baud=9_600, transmits=False),
    _entry("hid_keyboard", "HidKeyboardDriver", baud=0, transmits=False, directions=BOTH[:1], line=Line.KEYBOARD),
    _entry("hid_pos", "HidPosDriver", baud=0, transmits=False, directions=BOTH[:1], line=Line.HID_REPORTS),
    _entry("pcsc", "PcscDriver", baud=0, transmits=False),
    _entry("tsl_ascii2", "TslDriver", baud=115_200, transmits=True),
    _entry("chainway_a55a", "ChainwayDriver", baud=115_200, transmits=True),
    _entry("impinj_r700_json", "R700Driver", baud=0, transmits=True),
    _entry("nordicid_nur", "NurDriver", baud=115_200, transmits=True),
    _entry("zebra_iotc_json", "ZebraDriver", baud=0, transmits=False, directions=BOTH[:1]),
    _entry("llrp", "LlrpDriver", baud=115_200, transmits=True),
    _entry("magicrf_bb", "MagicRfDriver", baud=115_200, transmits=True),
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

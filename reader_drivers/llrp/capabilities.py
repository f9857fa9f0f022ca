"""What an LLRP reader says of itself: antennas, powers, radio rules and channels. Nothing of it is ever guessed.

An LLRP host cannot choose the region: the reader has it from its maker or from its own web page. So the plan's region is
compared with what the reader declares, and a reader with other rules is never started.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import Struct
from typing import Final

from reader_drivers.driver import Region
from reader_drivers.errors import FrameError
from reader_drivers.llrp.frames import HEADER_BYTES, Message, parameters

GENERAL, REGULATORY, BAND, POWER, FREQUENCIES, HOP_TABLE, FIXED_TABLE = 137, 143, 144, 145, 146, 147, 148

STANDARDS: Final = {
    0: "unspecified",
    1: "US FCC part 15",
    2: "ETSI EN 302 208",
    3: "ETSI EN 300 220",
    4: "Australia LIPD 1 W",
    5: "Australia LIPD 4 W",
    6: "Japan ARIB STD-T89",
    7: "Hong Kong OFTA 1049",
    8: "Taiwan DGT LP0002",
    9: "Korea MIC article 5-2",
}
"""CommunicationsStandard of RegulatoryCapabilities. Source: LLRP 1.0.1, 9.2.4."""

RULES: Final = {
    Region.EU: (2, 865_600, 867_600),
    Region.EU_UPPER: (2, 915_000, 921_000),
    Region.US: (1, 902_000, 928_000),
    Region.JP: (6, 916_000, 921_000),
    Region.CN: (0, 920_000, 925_000),
    Region.IN: (0, 865_000, 867_000),
}
"""Standard that the reader must declare and the band that holds all its channels, kHz. LLRP has no number for CN and IN."""

_GENERAL: Final = Struct(">HHII")
_WORDS: Final = Struct(">HH")
_POWER: Final = Struct(">Hh")
_CHANNEL: Final = Struct(">I")
_COUNT: Final = Struct(">H")


@dataclass(slots=True)
class Capabilities:
    """Of one reader, as far as a session needs them."""

    antennas: int = 0
    """How many there can be; the first is 1."""
    maker: int = 0
    """Private enterprise number."""
    standard: int = 0
    powers_cdbm: dict[int, int] = field(default_factory=dict)
    """Index in the reader's table → power."""
    channels_khz: tuple[int, ...] = ()
    """The first has index 1."""
    hop_table: int = 0
    """Number of the first hop table; 0: the reader does not hop and has fixed channels."""

    def power_index(self, power_cdbm: int) -> int | None:
        """Of the strongest power that is not above this one; None: even the weakest is above it."""
        fitting = [(power, index) for index, power in self.powers_cdbm.items() if power <= power_cdbm]
        return max(fitting)[1] if fitting else None

    def objection(self, region: Region) -> str | None:
        """Why the reader must not transmit under a plan for this region, as a sentence; None: its rules are these."""
        standard, low_khz, high_khz = RULES[region]
        declared = STANDARDS.get(self.standard, f"number {self.standard}")
        if self.standard != standard:
            return f"The reader is made for {declared}, not for {STANDARDS[standard]}, the rules of {region}."
        foreign = [khz for khz in self.channels_khz if not low_khz <= khz <= high_khz]
        if foreign or not self.channels_khz:
            where = f"uses {foreign[0]} kHz" if foreign else "names no channel"
            return f"The reader {where}; {region} allows {low_khz} to {high_khz} kHz."
        return None


def parse_capabilities(message: Message) -> Capabilities:
    """From a GET_READER_CAPABILITIES_RESPONSE. Raises: FrameError: a part of it is broken."""
    found = Capabilities()
    raw = message.raw
    for kind, at, end in parameters(raw, HEADER_BYTES, len(raw)):
        if kind == GENERAL:
            found.antennas, _, found.maker, _ = _fields(_GENERAL, raw[at:end])
        elif kind == REGULATORY:
            _, found.standard = _fields(_WORDS, raw[at:end])
            _parse_band(raw[at + _WORDS.size : end], found)
    return found


def _parse_band(regulatory: bytes, found: Capabilities) -> None:
    for kind, at, end in parameters(regulatory, 0, len(regulatory)):
        if kind != BAND:
            continue
        for part, begin, stop in parameters(regulatory, at, end):
            if part == POWER:
                index, power = _fields(_POWER, regulatory[begin:stop])
                found.powers_cdbm[index] = power
            elif part == FREQUENCIES:
                # One byte before the tables says whether the reader hops.
                _parse_channels(regulatory[begin + 1 : stop], found)


def _parse_channels(tables: bytes, found: Capabilities) -> None:
    for kind, at, end in parameters(tables, 0, len(tables)):
        if kind == HOP_TABLE and not found.channels_khz:
            found.hop_table, _ = tables[at : at + 2] if end - at >= 2 else (0, 0)
            found.channels_khz = tuple(_numbers(tables[at + 2 : end]))
        elif kind == FIXED_TABLE and not found.channels_khz:
            found.channels_khz = tuple(_numbers(tables[at:end]))


def _numbers(counted: bytes) -> Iterator[int]:
    (count,) = _fields(_COUNT, counted)
    if len(counted) != _COUNT.size + count * _CHANNEL.size:
        raise FrameError("length", f"{count} channels stand in {len(counted) - _COUNT.size} bytes")
    return (khz for (khz,) in _CHANNEL.iter_unpack(counted[_COUNT.size :]))


def _fields(layout: Struct, content: bytes) -> tuple[int, ...]:
    if len(content) < layout.size:
        raise FrameError("length", f"a capability has {len(content)} bytes, {layout.size} are needed")
    return layout.unpack_from(content)

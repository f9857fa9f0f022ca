"""Recognise: which protocol some bytes speak, found by the frame finder of every codec.

Checksums decide: a protocol is taken for a stream when it explains at least half of its bytes, and would not explain just
anything. To the line scanner's codec everything is a line, so that one is asked last, and about plain text only.
"""

from typing import Final

from reader_drivers.agent.protocols import PROTOCOLS, ProtocolEntry
from reader_drivers.agent.talk import TICK_S
from reader_drivers.agent.transports import monotonic_ms, open_link
from reader_drivers.driver import ReadPlan, Region
from reader_drivers.errors import PlanRefused, ReaderLost

SHARE_MIN: Final = 0.5
"""A wrong codec explains 3 % of the published frames of another protocol; a right one on a bad cable most of them."""
TEXT_SHARE_MIN: Final = 0.9
BYTES_MAX: Final = 4_096
"""Some hundred frames: enough to tell, and quick with every codec."""
ANSWER_S: Final = 0.4
"""The slowest reader answers who it is within 250 ms."""
ANY_TEXT: Final = "barcode_line"
_TEXT: Final = frozenset(b"\t\n\r\x1d" + bytes(range(0x20, 0x7F)))

KINDS: Final = {
    "thingmagic_ff": "a ThingMagic, JADAK or Silion module",
    "uhfreader_crc16": "a UHFReader18 or UHFReader288 (Chafon, RRU)",
    "feig_iso": "a FEIG HF reader",
    "r2000_a0": "an R2000 reader",
    "magicrf_bb": "a MagicRF or R200 module",
    "tsl_ascii2": "a TSL sled",
    "llrp": "an LLRP reader",
    "chainway_a55a": "a Chainway reader",
    "nordicid_nur": "a Nordic ID reader",
    "pcsc": "a PC/SC reader",
    "impinj_r700_json": "an Impinj R700",
    "zebra_iotc_json": "a Zebra reader with IoT connector",
    "barcode_line": "a barcode scanner in line mode",
    "barcode_ssi": "a Zebra scanner in SSI mode",
    "hid_keyboard": "a barcode scanner in keyboard mode",
    "hid_pos": "a barcode scanner in HID POS mode",
}
"""What a person calls a reader of each protocol."""

_ASKING: Final = ReadPlan(region=Region.EU, power_cdbm=1_000, antennas=(1,))
"""Only the first order of a bring-up is sent, which asks who is there; none of it ever reaches an antenna."""


def recognise(received: bytes, entries: tuple[ProtocolEntry, ...] = PROTOCOLS) -> ProtocolEntry | None:
    """The protocol whose frames from the reader explain most of these bytes; None: no one explains half of them."""
    received = received[-BYTES_MAX:]
    shares = [(_share(entry, received), entry) for entry in entries]
    likely = [(share, entry) for share, entry in shares if share >= SHARE_MIN]
    proved = [(share, entry) for share, entry in likely if entry.name != ANY_TEXT and _is_proof(entry, received)]
    if not proved and sum(byte in _TEXT for byte in received) > len(received) * TEXT_SHARE_MIN:
        proved = [(share, entry) for share, entry in likely if entry.name == ANY_TEXT]
    return max(proved, key=lambda one: one[0], default=(0.0, None))[1]


def _is_proof(entry: ProtocolEntry, received: bytes) -> bool:
    """True: the codec would not have explained just anything, such as the same bytes with every bit turned."""
    return _share(entry, bytes(byte ^ 0xFF for byte in received)) < SHARE_MIN


def _share(entry: ProtocolEntry, received: bytes) -> float:
    describer = entry.describer("reader_to_host")
    found = describer.feed(received) + describer.finish()
    return sum(len(raw) for raw, (event, _, _) in found if event != "rejected") / max(1, len(received))


def advice(found: ProtocolEntry) -> str:
    """What to do about a reader of another protocol than agent.toml says.

    >>> from reader_drivers.agent.protocols import protocol_named
    >>> advice(protocol_named("r2000_a0"))
    'This looks like an R2000 reader: write protocol = "r2000_a0" in agent.toml, without baud or with baud = 115200.'
    """
    return (
        f'This looks like {KINDS[found.name]}: write protocol = "{found.name}" in agent.toml, '
        f"without baud or with baud = {found.baud}."
    )


async def ask(port: str) -> ProtocolEntry | None:
    """Ask who is there in the language of every radio reader, one after the other; None: nobody that we know answers.

    Raises: ReaderLost: the port cannot be opened, or vanished.
    """
    for entry in PROTOCOLS:
        if not entry.transmits:
            continue
        found = recognise(await _answer(port, entry))
        if found is not None:
            return found
    return None


async def _answer(port: str, entry: ProtocolEntry) -> bytes:
    try:
        question = entry.driver().start(_ASKING).sent
    except PlanRefused:
        return b""
    link = await open_link(port, entry.baud, entry.line)
    received = b""
    try:
        await link.write(question)
        until_ms = monotonic_ms() + int(ANSWER_S * 1000)
        while monotonic_ms() < until_ms and recognise(received) is None:
            received += b"".join(chunk for _, chunk in await link.read(TICK_S))
    except ReaderLost:
        # A network reader hangs up on words it does not know: what it said until then counts.
        if not port.startswith("tcp:"):
            raise
    finally:
        await link.close()
    return received

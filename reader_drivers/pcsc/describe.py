"""What one message of a PC/SC reader says: the source of `baguier-agent decode pcsc`.

A capture of the agent holds the slot's messages; a line of hex may also be a bare ATR, answer or APDU, as other programs
print them.
"""

from typing import Final

from reader_drivers.driver import Described, Facts
from reader_drivers.errors import Rejected
from reader_drivers.pcsc import cards
from reader_drivers.pcsc.frames import FROM_READER, START, SlotHunt, SlotMessage

DIRECTIONS: Final = ("reader_to_host", "host_to_reader")
BARE_BYTES_MAX: Final = 261
_ATR_FIRST: Final = (0x3B, 0x3F)
_APDUS: Final = {
    cards.GET_UID: "get_data_uid",
    cards.GET_ATS: "get_data_ats",
}
_ESCAPES: Final = {
    0x18: "get_firmware",
    0x33: "get_serial",
    0x25: "get_pcd_picc_status",
    0x23: "get_polling_atr_option",
} | {
    0x50: "get_rf_power",
    0x29: "led",
}
_ESCAPE_HEAD: Final = bytes.fromhex("E00000")
_BUZZER: Final = 0x28


class Describer:
    """Describes a capture, message by message."""

    def __init__(self, direction: str) -> None:
        assert direction in DIRECTIONS
        self._is_order = direction == "host_to_reader"
        self._hunt = SlotHunt()
        self._bare = b""
        self._is_framed = False

    def feed(self, received: bytes) -> list[tuple[bytes, Described]]:
        """(bytes, description) of what `received` completes. Without the slot's framing all is one message."""
        self._bare += received
        self._is_framed = self._is_framed or self._bare.startswith(START)
        if not self._is_framed:
            self._bare = self._bare[: BARE_BYTES_MAX + 1]
            return []
        received, self._bare = self._bare, b""
        return [self._framed(part) for part in self._hunt.feed(received)]

    def finish(self) -> list[tuple[bytes, Described]]:
        """What is left at the end of the capture."""
        if self._is_framed:
            return [self._framed(part) for part in self._hunt.flush()]
        bare, self._bare = self._bare, b""
        if not bare:
            return []
        if len(bare) > BARE_BYTES_MAX:
            return [(bare, ("rejected", {"reason": f"length: no APDU is longer than {BARE_BYTES_MAX} bytes"}, ()))]
        return [(bare, _order(bare) if self._is_order else _told(bare))]

    def _framed(self, part: SlotMessage | Rejected) -> tuple[bytes, Described]:
        if isinstance(part, Rejected):
            return part.raw, ("rejected", {"reason": part.reason}, ())
        if part.kind in "CA":
            return part.raw, _told(part.payload)
        if part.kind in FROM_READER:
            return part.raw, ("card_gone" if part.kind == "G" else "card_silent", {}, ())
        return part.raw, _order(part.payload)


def _told(message: bytes) -> Described:
    """An ATR, or data with its status word."""
    if message[:1] and message[0] in _ATR_FIRST:
        atr = cards.parse_atr(message)
        code = None if atr.card_code is None else f"{atr.card_code:04X}"
        return "card", {"kind": "atr", "standard": atr.standard, "card": atr.card, "card_code": code}, ()
    content, status = cards.split_answer(message)
    facts: Facts = {"sw": f"{status:04X}", "status": cards.status_text(status)}
    if len(content) in cards.UID_BYTES:
        uid = cards.uid_of(content)
        facts["uid"] = uid.hex().upper()
        if uid != content:
            facts["uid_as_sent"] = content.hex().upper()
            facts["byte_order"] = "LSB first: reverse when 8 bytes and the last byte is E0"
    elif content:
        facts["data"] = content.hex().upper()
    return "answer", facts, ()


def _order(apdu: bytes) -> Described:
    """A pseudo-APDU or a reader's own order."""
    if apdu in _APDUS:
        return "command", {"apdu": _APDUS[apdu]}, ()
    if apdu.startswith(_ESCAPE_HEAD) and len(apdu) >= 5:
        return "command", _escape(apdu), ()
    block = int.from_bytes(apdu[2:4], "big")
    match apdu[:2]:
        case b"\xff\x82":
            # The key itself is shown as it stands in the capture: whoever has the capture has it.
            return "command", {"apdu": "load_key", "key": apdu[5:].hex().upper()}, ()
        case b"\xff\x86":
            return "command", {"apdu": "authenticate"}, ()
        case b"\xff\xb0":
            return "command", {"apdu": "read_binary", "block": block}, ()
        case b"\xff\xd6":
            return "command", {"apdu": "update_binary", "block": block, "data": apdu[5:].hex().upper()}, ()
        case b"\xff\xb1":
            return "command", {"apdu": "read_value", "block": block}, ()
        case _:
            return "command", {"apdu": "other"}, ()


def _escape(apdu: bytes) -> Facts:
    """An order of the ACR1552U."""
    if apdu[3] == _BUZZER and len(apdu) == 6:
        return {"reader": "ACR1552U", "escape": "buzzer_single", "unit": "10 ms", "value": apdu[5]}
    return {"reader": "ACR1552U", "escape": _ESCAPES.get(apdu[3], f"{apdu[3]:02X}")}

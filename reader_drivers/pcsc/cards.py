"""Cards as a PC/SC reader tells of them: ATR, UID, status words, and the APDUs that ask for them.

Source: PC/SC part 3; readers.md section 7; the reader makers' tables named in the test vectors.
"""

from typing import Final

import msgspec

GET_UID: Final = bytes.fromhex("FFCA000000")
GET_ATS: Final = bytes.fromhex("FFCA010000")

OK: Final = 0x9000
STATUS_WORDS: Final = {
    OK: "ok",
    0x6300: "no information / operation failed",
    0x6282: "fewer bytes than asked",
    0x6581: "memory failure",
    0x6700: "wrong length",
    0x6800: "class not supported",
    0x6981: "command incompatible with the card",
    0x6982: "security status not satisfied",
    0x6A81: "function not supported",
    0x6A82: "no such block",
    0x6D00: "instruction not supported",
    0x6E00: "class not supported",
}

_ATR_HEAD: Final = bytes.fromhex("3B8F8001804F0CA000000306")
_ATR_BYTES: Final = 20
_STANDARDS: Final = {
    0x03: "ISO 14443A part 3",
    0x07: "ISO 14443B part 3",
    0x0B: "ISO 15693 part 3",
    0x0C: "ISO 15693 part 4",
    0x11: "FeliCa",
}
_CARDS: Final = {
    0x0001: "MIFARE Classic 1K",
    0x0002: "MIFARE Classic 4K",
    0x0003: "MIFARE Ultralight or NTAG",
    0x000E: "Infineon my-d vicinity",
    0x0012: "TI Tag-it",
    0x0013: "ST M24LR",
    0x0014: "NXP ICODE",
}
ISO_15693_FIRST: Final = 0xE0
"""First byte of every ISO 15693 UID; many readers send the UID with its last byte first."""
UID_BYTES: Final = (4, 7, 8, 10)


BLOCK_BYTES: Final = 4


class Memory(msgspec.Struct, frozen=True):
    """Where a card keeps its NDEF message."""

    first_block: int
    """Behind what describes the memory."""
    step_bytes: int
    """Most bytes that one reading gives."""


MEMORIES: Final = {
    0x0003: Memory(first_block=4, step_bytes=16),
    0x000E: Memory(first_block=1, step_bytes=4),
    0x0012: Memory(first_block=1, step_bytes=4),
    0x0013: Memory(first_block=1, step_bytes=4),
    0x0014: Memory(first_block=1, step_bytes=4),
}
"""By card code: NFC Forum type 2 (pages of 4, four at once) and type 5 (block 0 is the capability container)."""


class Atr(msgspec.Struct, frozen=True):
    """What the answer to reset says of a contactless card; nothing for a card that is no storage card."""

    standard: str | None
    card: str | None
    card_code: int | None

    @property
    def air(self) -> str:
        """As in `TagRead.air`."""
        return "iso15693" if self.standard is not None and self.standard.startswith("ISO 15693") else "iso14443"


def parse_atr(atr: bytes) -> Atr:
    """The answer to reset; never raises, since a card may say anything.

    >>> parse_atr(bytes.fromhex("3B8F8001804F0CA0000003060B00140000000077")).card
    'NXP ICODE'
    """
    is_storage = len(atr) == _ATR_BYTES and atr.startswith(_ATR_HEAD)
    if not is_storage:
        return Atr(None, None, None)
    code = int.from_bytes(atr[13:15], "big")
    return Atr(_STANDARDS.get(atr[12]), _CARDS.get(code), code)


def uid_of(sent: bytes) -> bytes:
    """The UID in its usual order, from the bytes of an answer: an ISO 15693 UID that ends in E0 is turned round."""
    is_turned = len(sent) == 8 and sent[-1] == ISO_15693_FIRST and sent[0] != ISO_15693_FIRST
    return sent[::-1] if is_turned else sent


def split_answer(answer: bytes) -> tuple[bytes, int]:
    """(data, status word); an answer shorter than a status word has status 0."""
    return (answer[:-2], int.from_bytes(answer[-2:], "big")) if len(answer) >= 2 else (b"", 0)


def status_text(status: int) -> str:
    """A status word in words."""
    return STATUS_WORDS.get(status, "unknown status")


def read_binary(block: int, size: int) -> bytes:
    """Read `size` bytes from a block or page on."""
    return b"\xff\xb0" + block.to_bytes(2, "big") + bytes((size,))

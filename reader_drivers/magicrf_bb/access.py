"""Access of MagicRF modules to the memory of one tag: which orders are given, and what their answers come to.

A select picks the tag, then a read or write is done with whichever tag answers the query. So the select must work on the
session that the query asks, here 0, whose flags tags forget at once. An answer names its tag: `UL PC EPC`, UL = bytes of PC
and EPC, then the words that were read, or 00. A tag answers one access in two, so each is tried some times.
Source: readers.md section 3; M5Stack Unit RFID-UHF protocol document 2.5, 2.8, 2.9.
"""

from typing import Final, Protocol

from reader_drivers.driver import EpcChange, Event, TidRead, WriteAnswer, WriteRefusal
from reader_drivers.magicrf_bb import orders
from reader_drivers.magicrf_bb.frames import Frame
from reader_drivers.magicrf_bb.orders import Step, Target

TRIES: Final = 6
"""Of one access in a row; a tag that answers every second one is missed by chance in one of sixty."""
TAGS_MAX: Final = 2
"""Two tags with one EPC are enough to refuse the write."""
BANK_EPC, BANK_TID = 1, 2
_EPC_BIT: Final = 0x20
_PC_WORD: Final = 1
_EPC_WORD: Final = 2
_MASK_BYTES_MAX: Final = 12
"""Of a select; a longer EPC is picked by its first 96 bits, and told apart by the answer."""
_MATCH_TO_A: Final = 0
_MATCH_TO_B: Final = 4
"""Actions of a select: the query asks tags in state A, so 4 leaves out the tag that matches."""


class Access(Protocol):
    """One question or write, while it goes on."""

    def first(self) -> list[Step]:
        """The orders to begin with; the last one accesses the tag."""
        ...

    def follow(self, frame: Frame) -> list[Step]:
        """The orders after an answer to the access; none: it is over."""
        ...

    def refuse(self, meaning: str) -> None:
        """An order before the access was refused: it is over."""
        ...

    def events(self) -> tuple[Event, ...]:
        """What it came to."""
        ...


class TidSearch:
    """Asks the tags with one EPC for their TID, each in turn: the next is asked with those known left out."""

    def __init__(self, epc: bytes, words: int) -> None:
        self._epc = epc
        self._read = Step(orders.READ, bytes((0, 0, 0, 0, BANK_TID, 0, 0)) + words.to_bytes(2, "big"))
        self._tids: list[bytes] = []
        self._tries = 0

    def first(self) -> list[Step]:
        """See `Access`."""
        return [orders.query(0, Target.A), select(BANK_EPC, self._epc), self._read]

    def follow(self, frame: Frame) -> list[Step]:
        """See `Access`."""
        epc, tid = named(frame.parameter) if frame.command == orders.READ else (b"", b"")
        if epc == self._epc and tid and tid not in self._tids:
            self._tids.append(tid)
            self._tries = 0
            return [] if len(self._tids) == TAGS_MAX else [select(BANK_TID, tid, action=_MATCH_TO_B), self._read]
        self._tries += 1
        return [self._read] if self._tries < TRIES else []

    def refuse(self, meaning: str) -> None:
        """See `Access`."""
        del meaning

    def events(self) -> tuple[Event, ...]:
        """One `TidRead` for each tag that answered."""
        return tuple(TidRead(self._epc, tid) for tid in self._tids) or (TidRead(self._epc, None),)


class EpcWrite:
    """Writes one EPC to the tag with one TID."""

    def __init__(self, change: EpcChange) -> None:
        self._change = change
        # The PC word is left alone where it can be: it holds bits that are the tag's own.
        has_length = len(change.epc) == len(change.old_epc)
        words = change.epc if has_length else (len(change.epc) // 2 << 11).to_bytes(2, "big") + change.epc
        place = bytes((BANK_EPC, 0, _EPC_WORD if has_length else _PC_WORD)) + (len(words) // 2).to_bytes(2, "big")
        self._write = Step(orders.WRITE, change.access_password + place + words)
        self._tries = 0
        self._answer = WriteAnswer(WriteRefusal.NO_TAG)

    def first(self) -> list[Step]:
        """See `Access`."""
        return [orders.query(0, Target.A), select(BANK_TID, self._change.tid), self._write]

    def follow(self, frame: Frame) -> list[Step]:
        """See `Access`."""
        if frame.command == orders.WRITE:
            self._answer = WriteAnswer(None)
            return []
        code = frame.parameter[0]
        refusal = orders.WRITE_REFUSALS.get(code, WriteRefusal.READER_REFUSED)
        self._answer = WriteAnswer(refusal, f"The module says {code:02X}: {orders.error_meaning(code)}.")
        self._tries += 1
        return [self._write] if refusal is WriteRefusal.NO_TAG and self._tries < TRIES else []

    def refuse(self, meaning: str) -> None:
        """See `Access`."""
        self._answer = WriteAnswer(WriteRefusal.READER_REFUSED, meaning)

    def events(self) -> tuple[Event, ...]:
        """The answer."""
        return (self._answer,)


def select(bank: int, memory: bytes, *, action: int = _MATCH_TO_A) -> Step:
    """The order that picks the tags whose EPC or TID begins with `memory`, for the accesses that follow.

    >>> select(BANK_EPC, bytes.fromhex("30751FEB705C5904E3D50D70")).parameter.hex().upper()
    '0100000020600030751FEB705C5904E3D50D70'
    """
    mask = memory[:_MASK_BYTES_MAX]
    pointer = _EPC_BIT if bank == BANK_EPC else 0
    head = bytes((action << 2 | bank,)) + pointer.to_bytes(4, "big") + bytes((len(mask) * 8, 0))
    return Step(orders.SET_SELECT, head + mask)


def named(parameter: bytes) -> tuple[bytes, bytes]:
    """EPC of the tag that an answer names, and what stands behind it; both empty: the answer is too short for its UL.

    >>> [part.hex() for part in named(bytes.fromhex("06 1000 30751FEB 12345678"))]
    ['30751feb', '12345678']
    """
    end = 1 + parameter[0] if parameter else 0
    return (parameter[3:end], parameter[end:]) if 3 <= end <= len(parameter) else (b"", b"")

"""Access of TSL sleds to the memory of tags: which orders are given, and what their answers come to.

An order selects tags by EPC or TID (`-io off`), then reads or writes with each that answers, and tells them one by one: EP,
CR, PC, then RD (words read), WW (words written), EA (the sled could not) or EB (the tag refused). Session 0, whose flags tags
forget at once. Nothing covers RD: a TID counts when two answers told it alike.
Source: readers.md 5.1; EA and EB codes from the maker's published library.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, Protocol, TypeAlias

from reader_drivers.driver import EpcChange, Event, TidRead, WriteAnswer, WriteRefusal
from reader_drivers.tsl_ascii2 import orders
from reader_drivers.tsl_ascii2.frames import Line
from reader_drivers.tsl_ascii2.orders import Step

HEADERS: Final = frozenset({"RD", "WW", "EA", "EB"})
"""Lines that say what came of an access to the tag that was told before them."""
TRIES: Final = 6
"""Of one order; a tag that answers every second one is told twice but for one time in nine, and once but for one in sixty."""
TOLD_MIN: Final = 2
_MASK_BYTES_MAX: Final = 31
"""The length of a mask has two hex digits and counts bits."""

Told: TypeAlias = Sequence[tuple[bytes | None, Line]]
"""(EPC of the tag, or None where its lines were damaged; line of `HEADERS`)."""

_REFUSALS: Final = {
    "EA004": WriteRefusal.LOCKED,
    "EA003": WriteRefusal.WEAK_FIELD,
    "EA006": WriteRefusal.WEAK_FIELD,
    "EA009": WriteRefusal.WEAK_FIELD,
    "EB003": WriteRefusal.TOO_LONG,
    "EB004": WriteRefusal.LOCKED,
    "EB011": WriteRefusal.WEAK_FIELD,
}
"""EA 003 no reply, 004 wrong password, 006 tag lost, 009 out of retries; EB = Gen2 codes 3, 4 and 11."""


class Access(Protocol):
    """One question or write, while it goes on."""

    @property
    def step(self) -> Step:
        """The order, the same each time."""
        ...

    def is_over(self, error: int, told: Told) -> bool:
        """Take an answer: its error number or 0, and what it told of tags. False: ask again."""
        ...

    def events(self) -> tuple[Event, ...]:
        """What it came to."""
        ...


class TidSearch:
    """Asks every tag with one EPC for its TID, again and again until chance has left none out."""

    def __init__(self, epc: bytes, words: int, *, power_dbm: int) -> None:
        self.step = Step(f".rd -x -db tid -do 0000 -dl {words:02x} {_told_of('epc', epc, power_dbm)}")
        self._epc = epc
        self._words = words
        self._tids = Counter[bytes]()
        self._tries = 0

    def is_over(self, error: int, told: Told) -> bool:
        """See `Access`."""
        self._tries += 1
        # A line that came twice in one answer is a repeated line, not told anew.
        tids = {_bytes(line.value) for epc, line in told if line.header == "RD" and epc == self._epc}
        self._tids.update(tid for tid in tids if len(tid) == self._words * 2)
        return self._tries >= TRIES or error not in {0, *orders.NOTHING_FOUND}

    def events(self) -> tuple[Event, ...]:
        """One `TidRead` for each tag that answered."""
        tids = sorted(tid for tid, times in self._tids.items() if times >= TOLD_MIN)
        return tuple(TidRead(self._epc, tid) for tid in tids) or (TidRead(self._epc, None),)


class EpcWrite:
    """Writes one EPC to the tag with one TID."""

    def __init__(self, change: EpcChange, *, power_dbm: int) -> None:
        # The PC word is left alone where it can be: it holds bits that are the tag's own.
        has_length = len(change.epc) == len(change.old_epc)
        words = change.epc if has_length else (len(change.epc) // 2 << 11).to_bytes(2, "big") + change.epc
        place = f"-db epc -do {'0002' if has_length else '0001'} -dl {len(words) // 2:02x} -da {words.hex().upper()}"
        password = change.access_password.hex().upper()
        self.step = Step(f".wr -x {place} -ap {password} {_told_of('tid', change.tid, power_dbm)}")
        self._words = len(words) // 2
        self._tries = 0
        self._answer = WriteAnswer(WriteRefusal.NO_TAG)

    def is_over(self, error: int, told: Told) -> bool:
        """See `Access`."""
        self._tries += 1
        if error and error not in orders.NOTHING_FOUND:
            detail = f"The sled says {error:03d}: {orders.ERROR_MEANINGS.get(error, 'unknown error')}."
            self._answer = WriteAnswer(WriteRefusal.READER_REFUSED, detail)
            return True
        if told:
            self._answer = self._verdict(told[0][1])
            return True
        return self._tries >= TRIES

    def events(self) -> tuple[Event, ...]:
        """The answer."""
        return (self._answer,)

    def _verdict(self, line: Line) -> WriteAnswer:
        if line.header == "WW" and line.value == str(self._words):
            return WriteAnswer(None)
        refusal = _REFUSALS.get(line.header + line.value, WriteRefusal.NOT_WRITTEN)
        return WriteAnswer(refusal, f"The sled says {line.header} {line.value}.")


def _told_of(bank: str, memory: bytes, power_dbm: int) -> str:
    """The parameters that pick the tags whose EPC or TID begins with `memory`, and ask for their EPC with its CRC."""
    mask = memory[:_MASK_BYTES_MAX]
    offset = "0020" if bank == "epc" else "0000"
    select = f"-io off -sb {bank} -so {offset} -sl {len(mask) * 8:02x} -sd {mask.hex().upper()} -sa 0 -st s0"
    return f"-e on -c on -o {power_dbm} -ql all -qs s0 -qt a {select}"


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""

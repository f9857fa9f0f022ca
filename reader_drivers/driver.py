"""Driver: a reader's protocol as a machine without wires: bytes and clock ticks in, events and bytes out.

A driver opens nothing, waits for nothing and reads no clock. The agent owns the link, feeds what arrives and sends what
the driver says. The same driver therefore runs on a serial port, on a recorded capture and in a test.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, Protocol, TypeAlias, TypeVar, runtime_checkable

from reader_drivers.errors import FrameError, PlanRefused, Rejected
from reader_drivers.reads import BarcodeScan, TagRead

POWER_CDBM_MAX: Final = 3_300
"""33 dBm: the strongest output of any supported module; a larger number is a slip of the unit."""
ANTENNA_MAX: Final = 32
TID_WORDS_MAX: Final = 32
"""512 bits, longer than the TID of any tag sold for goods."""


class Region(StrEnum):
    """Radio rules a reader must keep. Never guessed: a wrong one is an offence where the shop stands."""

    EU = "EU"
    """865.6-867.6 MHz, the lower band: the first choice in Europe."""
    EU_UPPER = "EU_UPPER"
    """915-921 MHz, allowed only in some countries: check the national table before choosing it."""
    US = "US"
    JP = "JP"
    CN = "CN"
    IN = "IN"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPlan:
    """How to read. Region and power have no default, because both decide what leaves the antenna.

    Raises: PlanRefused: power outside 0..3300 cdBm, no antenna, an antenna outside 1..32 or named twice, session outside
    0..3, or more than 32 words of TID.
    """

    region: Region
    power_cdbm: int
    """Output power of every antenna in 1/100 dBm."""
    antennas: tuple[int, ...]
    """1-based, in the order in which the reader visits them."""
    session: int = 1
    """Gen2 session 0..3; S1 lets a tag answer again after 0.5 to 5 s."""
    tid_words: int = 6
    """Words of the TID read with every hearing; 0: none."""
    pass_min_ms: int = 100
    """A tag heard again at least this long after its first hearing in a pass has begun the next pass."""
    pass_max_ms: int = 500
    """A pass ends after this time whatever was heard, so that a silent antenna shows passes too."""
    search_ms: int = 250
    """Time that the module gives to one search over all antennas."""

    def __post_init__(self) -> None:
        if not 0 <= self.power_cdbm <= POWER_CDBM_MAX:
            raise PlanRefused(f"The power is {self.power_cdbm} cdBm; give 0 to {POWER_CDBM_MAX} (30 dBm = 3000).")
        if not self.antennas or len(set(self.antennas)) < len(self.antennas):
            raise PlanRefused(f"The antennas are {list(self.antennas)}; name at least one, each once.")
        if not all(1 <= antenna <= ANTENNA_MAX for antenna in self.antennas):
            raise PlanRefused(f"The antennas are {list(self.antennas)}; they are numbered 1 to {ANTENNA_MAX}.")
        if not 0 <= self.session <= 3:
            raise PlanRefused(f"The session is {self.session}; Gen2 has 0 to 3.")
        if not 0 <= self.tid_words <= TID_WORDS_MAX:
            raise PlanRefused(f"The plan asks for {self.tid_words} words of TID; give 0 to {TID_WORDS_MAX}.")


class ReaderPhase(StrEnum):
    """Where a session stands."""

    IDLE = "idle"
    """Nothing is transmitted."""
    STARTING = "starting"
    """Settings are being written and read back; nothing is transmitted yet."""
    READING = "reading"
    STOPPING = "stopping"
    """Stop was asked; reads still arrive and count."""
    ACCESSING = "accessing"
    """The memory of one tag is being read or written."""
    FAULT = "fault"
    """The reader refused or answered wrongly; it transmits nothing until the next start."""
    LOST = "lost"
    """The reader was silent too long."""


@dataclass(frozen=True, slots=True)
class ReaderState:
    """The session moved to another phase."""

    phase: ReaderPhase
    detail: str = ""
    """One sentence for a person; empty when the phase says it all."""


@dataclass(frozen=True, slots=True)
class ReaderError:
    """The reader reported an error or did not keep the protocol."""

    error_code: str
    """The protocol's own number in hex, or a word of ours such as `region_mismatch`."""
    meaning: str
    is_retryable: bool
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """The reader is there and heard no tag: ordinary traffic, not an error."""

    at_ms: int
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Button:
    """A person pressed a button of the reader, such as the trigger of a sled."""

    name: str
    action: str
    """`single`, `double` or `off` (let go)."""
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Temperature:
    """The reader told how warm it is."""

    celsius: int


@dataclass(frozen=True, slots=True)
class Reply:
    """The reader answered an order; kept for people who look at a capture."""

    name: str
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class PassEnd:
    """One inventory by one antenna is over. Reads of the antenna after it belong to the next pass."""

    antenna: int
    n: int
    """Number of the pass of this antenna, 1 and rising as long as the driver lives."""
    from_ms: int
    to_ms: int
    """Same clock as `now` of feed and tick."""


class WriteRefusal(StrEnum):
    """Why a tag was not given its EPC; the sentence for a person is `epc_writing`'s."""

    NO_TAG = "no_tag"
    SEVERAL_TAGS = "several_tags"
    OTHER_TID = "other_tid"
    """The one tag that answers is not the one that was named."""
    NO_TID = "no_tid"
    """The tag does not tell its TID, so nobody could prove afterwards which tag was written."""
    LOCKED = "locked"
    """The tag asks for an access password, or for another one."""
    WEAK_FIELD = "weak_field"
    """The tag answers but has too little power to be written."""
    TOO_LONG = "too_long"
    """The tag has no room for the EPC."""
    TIMEOUT = "timeout"
    """The reader did not answer."""
    READER_REFUSED = "reader_refused"
    """The reader refused an order or its settings, for a reason that is no tag's."""
    NOT_WRITTEN = "not_written"
    """Read back, the tag has another EPC than the order's."""
    UNVERIFIED = "unverified"
    """A write was ordered, and the tag was not heard again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpcChange:
    """Write this EPC to exactly the tag with this TID."""

    epc: bytes
    """From word 2 of the EPC bank on, whole words; the protocol control word gets its length."""
    old_epc: bytes
    """What the tag answers with now: protocols that select by EPC need it."""
    tid: bytes
    antenna: int
    """1-based: the one that heard the tag best."""
    access_password: bytes = bytes(4)
    """Zeros: the tag is not locked."""


@dataclass(frozen=True, slots=True)
class TidRead:
    """Answer to `EpcWriter.read_tid`: one for each tag that answered, so that copies of one EPC are told apart."""

    epc: bytes
    tid: bytes | None
    """None: the tag did not tell it."""


@dataclass(frozen=True, slots=True)
class WriteAnswer:
    """Answer to `EpcWriter.write_epc`: what the reader says, which reading back has still to confirm."""

    refusal: WriteRefusal | None
    """None: the reader says that the tag is written."""
    detail: str = ""
    """The protocol's own code or words, for a person."""


Event: TypeAlias = (
    TagRead
    | BarcodeScan
    | Rejected
    | PassEnd
    | KeepAlive
    | ReaderState
    | ReaderError
    | Button
    | Temperature
    | Reply
    | TidRead
    | WriteAnswer
)


@dataclass(frozen=True, slots=True)
class Output:
    """What one call gives: events in their order, and bytes to send to the reader now."""

    events: tuple[Event, ...] = ()
    sent: bytes = b""


def joined(outputs: Iterable[Output]) -> Output:
    """What several steps give, in their order."""
    events: list[Event] = []
    sent = b""
    for output in outputs:
        events.extend(output.events)
        sent += output.sent
    return Output(tuple(events), sent)


Fact: TypeAlias = str | float | bool | Sequence["Fact"] | Mapping[str, "Fact"] | None
Facts: TypeAlias = dict[str, Fact]
"""Names and values that a frame carries; units in the names. A record inside the frame is a mapping, several are a list."""
Described: TypeAlias = tuple[str, Facts, tuple[TagRead, ...]]
"""One frame of a capture explained: event name, facts, reads in it."""


class Describer(Protocol):
    """Explains a capture of one direction, frame by frame, without a session. Never raises for bad bytes."""

    def feed(self, received: bytes) -> list[tuple[bytes, Described]]:
        """(bytes of the frame, explanation) of what `received` completes."""
        ...

    def finish(self) -> list[tuple[bytes, Described]]:
        """What is left at the end of the capture."""
        ...


class Framed(Protocol):
    """A whole frame of some protocol."""

    @property
    def raw(self) -> bytes:
        """Its bytes on the wire."""
        ...


F = TypeVar("F", bound=Framed)
F_co = TypeVar("F_co", bound=Framed, covariant=True)


class Hunting(Protocol[F_co]):
    """Frames out of a stream of bytes; see `framing.Hunt`."""

    def feed(self, received: bytes) -> Sequence[F_co | Rejected]:
        """What `received` completes."""
        ...

    def flush(self) -> Sequence[F_co | Rejected]:
        """What is left at the end."""
        ...


class WaitingHunt(Hunting[F_co], Protocol[F_co]):
    """A hunt that tells whether it waits for the rest of a frame."""

    @property
    def is_waiting(self) -> bool:
        """True while an unfinished frame is held."""
        ...


class FrameDescriber(Generic[F]):
    """The describer of a protocol whose every frame stands for itself."""

    def __init__(self, hunt: Hunting[F], describe: Callable[[F], Described]) -> None:
        """`describe` may raise FrameError: the frame is whole, but what is in it is broken."""
        self._hunt = hunt
        self._describe = describe

    def feed(self, received: bytes) -> list[tuple[bytes, Described]]:
        """(bytes of the frame, description) of each frame or rejection that `received` completes."""
        return [self._described(part) for part in self._hunt.feed(received)]

    def finish(self) -> list[tuple[bytes, Described]]:
        """What is left at the end of the capture."""
        return [self._described(part) for part in self._hunt.flush()]

    def _described(self, part: F | Rejected) -> tuple[bytes, Described]:
        if isinstance(part, Rejected):
            return part.raw, ("rejected", {"reason": part.reason}, ())
        try:
            return part.raw, self._describe(part)
        except FrameError as error:
            return part.raw, ("rejected", {"reason": str(error)}, ())


class Driver(Protocol):
    """One session with one reader. Every call returns at once; `now` is a monotonic clock in ms, never going back."""

    def start(self, plan: ReadPlan) -> Output:
        """Configure and begin to read. Raises: PlanRefused: this protocol cannot do what the plan asks."""
        ...

    def feed(self, received: bytes, now: int) -> Output:
        """Bytes that arrived, cut anywhere. Broken ones come out as `Rejected`; never raises."""
        ...

    def tick(self, now: int) -> Output:
        """Time goes by: time-outs, unfinished frames, ends of passes. Call it every 10 to 50 ms."""
        ...

    def stop(self) -> Output:
        """Ask the reader to stop; reads go on until the state `idle`."""
        ...

    def end_passes(self, antennas: tuple[int, ...], now: int) -> Output:
        """End the running pass of these antennas: reads before and after it never share a pass."""
        ...


@runtime_checkable
class EpcWriter(Driver, Protocol):
    """A driver that can write. `epc_writing.EpcWriting` decides what is written and whether it was.

    Both orders are given at rest, after a start and stop whose plan thus still holds on the reader. The phase is
    `accessing`, then come the answer and, last, the state `idle`. A reader that stays silent ends in `lost` as ever.
    """

    def read_tid(self, epc: bytes) -> Output:
        """Ask the tag with this EPC for its TID; ends with `TidRead`, of each tag when several have the EPC.

        A driver whose inventories tell the TID gives `TidRead(epc, None)` and `idle` at once: the tag has had its chance.
        """
        ...

    def write_epc(self, change: EpcChange) -> Output:
        """Write to exactly this tag; ends with `WriteAnswer`. Given twice it writes the same."""
        ...

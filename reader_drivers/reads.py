"""Reads: what a reader heard, and the messages between agent and server. The only types that leave this package.

Wire: WebSocket `/v1/agent/stream`, `Authorization: Bearer <token>`, one msgpack array per binary message, name first.

| message | from | fields after the name | meaning |
|---|---|---|---|
| hello | agent | v, agent, last_seq, readers | first message of a connection; the server answers `ack` with its highest stored sequence |
| batch | agent | seq, reader, t0_utc_ns, passes, reads, scans | one fold window of one reader; seq is gapless per agent, sent again until acked |
| ack | server | seq | everything up to and including seq is stored durably |
| listen | server | attachment, reader, antennas, pass_min_ms | start counting for a round; the same id again is answered the same; repeated after hello for all that is open, and what is not repeated within 30 s the agent drains by itself |
| listening | agent | attachment, from_seq | the reads of this attachment begin with batch from_seq |
| drain | server | attachment | end the attachment: last pass ended, folds flushed |
| drained | agent | attachment, to_seq | no read of this attachment is in a later batch; complete when acked ≥ to_seq |
| idle | server | reader | end every attachment of this reader and stop transmitting |
| press | agent | reader, button, action | a person pressed a button of a reader; passed on to who watches, not stored |
| health | agent | reader, state, detail, figures | state of a reader: see `ReaderHealth` |

Rows of a batch are arrays as well: passes `(ant, n, from_ms, to_ms)`, reads `(epc, tid, ant, first_ms, last_ms, dcount,
dpasses, rssi_sum_cdbm, rssi_max_cdbm)`, scans `(text, aim, ms)`; ms count from t0_utc_ns. d… = since the last batch, so
sums over any set of batches are exact. Every list and text has a named limit; a longer one is refused by `decode_message`.
"""

from typing import Annotated, Final, TypeAlias

import msgspec

WIRE_VERSION: Final = 1
"""`Hello.v`; a server that knows no such version closes with code 1002."""
MESSAGE_BYTES_MAX: Final = 1_048_576
"""Longer messages are refused. A full batch of 4,096 reads with EPC and TID has about 350 kB."""
ROWS_MAX: Final = 4_096
"""Rows of one kind in one batch: ten times what a fold window of four antennas can hold."""
EPC_BYTES_MAX: Final = 62
"""496 bits: the longest EPC that a protocol control word can announce."""
TID_BYTES_MAX: Final = 64
SCAN_CHARACTERS_MAX: Final = 8_192
"""A QR code holds at most 7,089 digits (ISO/IEC 18004)."""
NAME_CHARACTERS_MAX: Final = 200
READERS_MAX: Final = 256
ANTENNAS_MAX: Final = 64

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
Detail = Annotated[str, msgspec.Meta(max_length=2_000)]
Antenna = Annotated[int, msgspec.Meta(ge=0, le=255)]
Sequence = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Epc = Annotated[bytes, msgspec.Meta(max_length=EPC_BYTES_MAX)]
Tid = Annotated[bytes, msgspec.Meta(max_length=TID_BYTES_MAX)]
Hundredths = Annotated[int, msgspec.Meta(ge=-(2**53) + 1, le=2**53 - 1)]
Antennas = Annotated[tuple[Antenna, ...], msgspec.Meta(max_length=ANTENNAS_MAX)]


class MessageRefused(ValueError):
    """A wire message is no message of this table or breaks a limit; the sentence names the field."""

    code = "message_refused"


class TagRead(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One hearing of one tag, or several merged ones. As JSON: an object with these names."""

    id_hex: str
    """Upper-case hex of the EPC (or UII, UID); may be empty, since a tag may carry no EPC."""
    id_bits: int = 0
    """Length of the code in bits: 96, 128, 198…"""
    id_kind: str = "epc"
    """`epc`; `uii` when the toggle bit says that the content is no EPC; `uid` for ISO 15693."""
    air: str = "gen2"
    """`gen2`, `iso15693` or `iso14443`."""
    reader_id: str | None = None
    pc: int | None = None
    """Protocol control word, 0..65535. None: the reader does not report it."""
    xpc_w1: int | None = None
    tag_crc: int | None = None
    """CRC as the tag sent it. It is reported, not checked: the reader has done so."""
    tid_hex: str | None = None
    """Upper-case hex of the tag's own serial number; None: not asked or not answered in this read."""
    user_hex: str | None = None
    antenna: int | None = None
    """1-based. None: the reader does not tell."""
    rssi_dbm: float | None = None
    rssi_sum_cdbm: int | None = None
    """Sum over `count` hearings in 1/100 dBm, so that means stay exact integers."""
    freq_khz: int | None = None
    phase_deg: float | None = None
    count: int = 1
    """Hearings merged in this record, 1 or more."""
    passes: int | None = None
    """Passes (inventories of one antenna) in which the tag was heard. None: not folded yet."""
    reader_ms: int | None = None
    """Reader's clock in ms; only differences mean something."""
    at_ms: int | None = None
    """Host's monotonic clock in ms when the last byte of the frame arrived."""
    seq: int | None = None
    raw: bytes = b""
    """The frame, empty outside debugging."""


class BarcodeScan(msgspec.Struct, frozen=True, kw_only=True):
    """One barcode, as the scanner sent it without line end and symbology prefix."""

    text: str
    """Content; the GS1 separator arrives as U+001D. Bytes that are not UTF-8 are read as Latin-1."""
    aim: str | None = None
    """AIM symbology identifier without the bracket, for example `E0`. None: the scanner sends none."""
    suffix: str | None = None
    """`CR`, `LF`, `CRLF`, `TAB`; None: ended by silence."""
    reader_id: str | None = None
    at_ms: int | None = None
    raw: bytes = b""


class PassRow(msgspec.Struct, frozen=True, array_like=True):
    """One inventory by one antenna, the unit of the blind stop."""

    ant: Antenna
    n: Sequence
    """Number of this pass of this antenna, rising while the agent runs."""
    from_ms: Milliseconds
    to_ms: Milliseconds


class ReadRow(msgspec.Struct, frozen=True, array_like=True):
    """What one antenna heard of one tag in one fold window. All counts are differences to the last batch."""

    epc: Epc
    tid: Tid | None
    ant: Antenna
    """0: the reader does not tell its antenna."""
    first_ms: Milliseconds
    last_ms: Milliseconds
    dcount: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
    dpasses: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
    """Passes in which this tag was heard for the first time: each (tag, antenna, pass) counts once, over all batches."""
    rssi_sum_cdbm: Hundredths | None
    """Sum of the strengths over dcount hearings, 1/100 dBm. None: the reader does not tell strength."""
    rssi_max_cdbm: Hundredths | None


class ScanRow(msgspec.Struct, frozen=True, array_like=True):
    """One barcode scan."""

    text: Annotated[str, msgspec.Meta(max_length=SCAN_CHARACTERS_MAX)]
    aim: Annotated[str, msgspec.Meta(max_length=3)] | None
    ms: Milliseconds


class ReaderEntry(msgspec.Struct, frozen=True, array_like=True):
    """One configured reader of an agent, as `Hello` lists it."""

    name: Name
    protocol: Name
    antennas: Antennas
    state: Name
    """Same words as `ReaderHealth.state`."""


class Hello(msgspec.Struct, frozen=True, array_like=True, tag="hello"):
    """Opens a connection."""

    v: Annotated[int, msgspec.Meta(ge=1, le=1_000)]
    agent: Name
    last_seq: Sequence
    """Highest sequence this agent has spooled; 0: none yet."""
    readers: Annotated[tuple[ReaderEntry, ...], msgspec.Meta(max_length=READERS_MAX)]


class Batch(msgspec.Struct, frozen=True, array_like=True, tag="batch"):
    """One fold window of one reader."""

    seq: Sequence
    reader: Name
    t0_utc_ns: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    """Nanoseconds since the epoch, UTC, of the earliest row; every ms of the rows counts from it."""
    passes: Annotated[tuple[PassRow, ...], msgspec.Meta(max_length=ROWS_MAX)]
    """Passes that ended in this window, in order of their end."""
    reads: Annotated[tuple[ReadRow, ...], msgspec.Meta(max_length=ROWS_MAX)]
    """Sorted by EPC, TID, antenna."""
    scans: Annotated[tuple[ScanRow, ...], msgspec.Meta(max_length=ROWS_MAX)]


class Ack(msgspec.Struct, frozen=True, array_like=True, tag="ack"):
    """Everything up to and including `seq` is stored durably."""

    seq: Sequence


class Listen(msgspec.Struct, frozen=True, array_like=True, tag="listen"):
    """Start counting for one attachment."""

    attachment: Name
    reader: Name
    antennas: Antennas
    """Antennas whose passes belong to this attachment; empty: all of the reader."""
    pass_min_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)]
    """A tag heard again after this time has begun a new pass. The first attachment of a running reader decides."""


class Listening(msgspec.Struct, frozen=True, array_like=True, tag="listening"):
    """Answer to `Listen`."""

    attachment: Name
    from_seq: Sequence


class Drain(msgspec.Struct, frozen=True, array_like=True, tag="drain"):
    """End one attachment."""

    attachment: Name


class Drained(msgspec.Struct, frozen=True, array_like=True, tag="drained"):
    """Answer to `Drain`; of an attachment that this agent never had, to_seq is its last sequence.

    When nothing was heard, to_seq is from_seq - 1: the range is empty.
    """

    attachment: Name
    to_seq: Sequence


class Idle(msgspec.Struct, frozen=True, array_like=True, tag="idle"):
    """End every attachment of one reader."""

    reader: Name


class ReaderFigures(msgspec.Struct, frozen=True, array_like=True):
    """How a reader does, for the page of readers."""

    reads_per_s: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
    """Hearings since the last report, rounded."""
    rejected: Sequence
    """Pieces that were not understood since the agent started."""
    heard_ago_ms: Milliseconds | None
    """Since its last byte. None: nothing yet."""
    temperature_c: Annotated[int, msgspec.Meta(ge=-100, le=200)] | None
    """None: the reader does not tell."""


class ReaderHealth(msgspec.Struct, frozen=True, array_like=True, tag="health"):
    """State of one reader, sent when it changes, every 10 s while it reads and every minute while it does not."""

    reader: Name
    state: Name
    """`idle`, `starting`, `reading`, `stopping`, `lost` (link down, trying again), `fault` (refuses), `absent` (no such
    reader here), `full` (the agent's disk quota for unsent reads is used up)."""
    detail: Detail
    """One sentence for a person, may be empty."""
    figures: ReaderFigures | None = None
    """None: the agent has no such reader."""


class Press(msgspec.Struct, frozen=True, array_like=True, tag="press"):
    """A person pressed a button of one reader."""

    reader: Name
    button: Name
    """`trigger` of a sled."""
    action: Name
    """`single`, `double` or `off` (let go)."""


Message: TypeAlias = Hello | Batch | Ack | Listen | Listening | Drain | Drained | Idle | ReaderHealth | Press

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


def encode_message(message: Message) -> bytes:
    """The message as one msgpack array. Same message, same bytes."""
    return _encoder.encode(message)


def decode_message(raw: bytes) -> Message:
    """The message in `raw`, every limit checked.

    >>> decode_message(encode_message(Ack(7)))
    Ack(seq=7)

    Raises: MessageRefused: too long, not msgpack, an unknown name, a wrong type or a broken limit.
    """
    if len(raw) > MESSAGE_BYTES_MAX:
        raise MessageRefused(f"The message has {len(raw)} bytes; at most {MESSAGE_BYTES_MAX} are accepted.")
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MessageRefused(f"The message does not fit the table of agent messages: {error}.") from error

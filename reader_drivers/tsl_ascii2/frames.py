r"""Lines of the TSL ASCII 2.x protocol: bytes to values and back, nothing else.

A sled answers each order by a block of lines: `CS` with the order, lines with what it found, then `OK` or `ER`.

| offset | size | name | meaning |
|---|---|---|---|
| 0 | 2 | header | two capital letters: CS order begun, EP EPC, PC, CR tag CRC, RI strength in dBm, TD TID, BC barcode, … |
| 2 | 1 | colon | 3A |
| 3 | … | value | after one blank, printable ASCII; in BC and BR an ESC (1B) precedes each ESC, CR and LF of the barcode |
| end | 2 | end | 0D0A; after OK and ER another 0D0A, which belongs to the line |

An order is a line too: point, two letters, parameters `-name value`, CR LF. No line has a checksum; damage shows by values
that their header cannot have. Source: readers.md 5.1; headers also from cfe-lab/stocky and inteli-city/redwood-native-lib.

>>> LineHunt().feed(b"RI: -61\r\nOK:\r\n\r\n")[0].value
'-61'
"""

import re
from typing import Final

import msgspec

from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import FRAME_BYTES_MAX, Hunt
from reader_drivers.reads import EPC_BYTES_MAX, TID_BYTES_MAX

END: Final = b"\r\n"
BLOCK_ENDS: Final = frozenset({"OK", "ER"})
BARCODES: Final = frozenset({"BC", "BR"})
LINE_BYTES_MAX: Final = FRAME_BYTES_MAX
"""With its line end; longer than any barcode."""

_PREFIX_BYTES: Final = 3
_PREFIX: Final = re.compile(rb"[A-Z]{2}:|[A-Z]{1,2}\Z")
"""Header and colon, or as much of them as has arrived."""
_TEXT: Final = re.compile(rb"[ -~]*+")
_ESCAPED: Final = re.compile(rb"(?:\x1b[\s\S]|[^\x1b\r\n])*+")
_NEXT_BLOCK: Final = b"CS: ."
"""Inside a value: the end of the line was lost, and another block begins there."""
_HEX_WORD: Final = rb"(?:[0-9A-Fa-f]{4})"
_VALUES: Final = {
    b"EP": re.compile(_HEX_WORD + rb"{0,%d}" % (EPC_BYTES_MAX // 2)),
    b"TD": re.compile(_HEX_WORD + rb"{0,%d}" % (TID_BYTES_MAX // 2)),
    b"PC": re.compile(_HEX_WORD),
    b"CR": re.compile(_HEX_WORD),
    b"RI": re.compile(rb"[-+]?\d{1,3}"),
    b"ER": re.compile(rb"\d{1,3}"),
    b"OK": re.compile(rb""),
}
"""What stands behind these headers; a value of another form is damage."""

_ORDER_PREFIX: Final = re.compile(rb"\.(?:[a-z]{2}|[a-z]?\Z)")
_ORDER_REST: Final = re.compile(rb"[ -~]*+")


class Line(msgspec.Struct, frozen=True, gc=False):
    """One line from the sled."""

    header: str
    value: str
    """Without the blanks around it; of a barcode without the escapes and with its own blanks."""
    raw: bytes


class Order(msgspec.Struct, frozen=True, gc=False):
    """One line to the sled."""

    text: str
    """From the point on, without the line end."""
    raw: bytes

    @property
    def word(self) -> str:
        """The two letters that say what to do."""
        return self.text[1:3]


class LineHunt:
    """Lines of a sled out of a stream of bytes. Same promises as `framing.Hunt`."""

    def __init__(self) -> None:
        self._hunt = Hunt(_PREFIX, _take_line)

    @property
    def is_waiting(self) -> bool:
        """True while an unfinished line is held."""
        return self._hunt.is_waiting

    def feed(self, received: bytes) -> list[Line | Rejected]:
        """Lines and rejections completed by `received`."""
        return self._hunt.feed(received)

    def flush(self) -> list[Line | Rejected]:
        """Give up on the unfinished line."""
        return self._hunt.flush()


class OrderHunt:
    """Orders of a host out of a stream of bytes. Same promises as `framing.Hunt`."""

    def __init__(self) -> None:
        self._hunt = Hunt(_ORDER_PREFIX, _take_order)

    def feed(self, received: bytes) -> list[Order | Rejected]:
        """Orders and rejections completed by `received`."""
        return self._hunt.feed(received)

    def flush(self) -> list[Order | Rejected]:
        """Give up on the unfinished order."""
        return self._hunt.flush()


def encode_line(header: str, value: str) -> bytes:
    """One line as a sled sends it; inverse of the hunt for values without blanks around them."""
    content = value.encode()
    if header in BARCODES:
        content = re.sub(rb"([\x1b\r\n])", b"\x1b\\1", content)
    line = header.encode("ascii") + b":" + (b" " + content if content else b"") + END
    return line + END if header in BLOCK_ENDS else line


def encode_order(text: str) -> bytes:
    """One order, for example `.iv -qt a`, with its line end."""
    return text.encode("ascii") + END


def _take_line(buffer: bytes, at: int, found: list[Line | Rejected]) -> int:
    prefix = _PREFIX.match(buffer, at)
    assert prefix is not None
    begin = prefix.end()
    if begin - at < _PREFIX_BYTES:
        return at
    header = buffer[at : at + 2]
    is_barcode = header.decode("ascii") in BARCODES
    content = (_ESCAPED if is_barcode else _TEXT).match(buffer, begin)
    assert content is not None
    end = _line_end(buffer, at, content.end())
    if end == at:
        return at
    value = content.group().removeprefix(b" ") if is_barcode else content.group().strip()
    if not is_barcode:
        _require_sound(header, value, size=end - at)
    if header.decode("ascii") in BLOCK_ENDS:
        empty = buffer[end : end + 2]
        if empty != END and END.startswith(empty):
            return at
        end += 2 if empty == END else 0
    found.append(Line(header.decode("ascii"), _decoded(value, is_barcode=is_barcode), buffer[at:end]))
    return end


def _line_end(buffer: bytes, at: int, stop: int) -> int:
    """Index behind the line end at `stop`; `at` when it is still to come.

    Raises: FrameError: another byte stands there, or the line is longer than any.
    """
    sent = buffer[stop : stop + 2]
    is_cut = len(sent) < len(END) and sent in {b"", b"\r", b"\x1b"}
    if sent != END and not is_cut:
        raise FrameError("format", f"byte {sent[:1].hex()} stands where the line should end", size=stop - at + 1)
    # Also for a line that is all there, so that no split of the bytes gives another result.
    if stop + len(sent) - at > LINE_BYTES_MAX - is_cut:
        raise FrameError("length", f"the line has more than {LINE_BYTES_MAX} bytes")
    return at if is_cut else stop + len(END)


def _require_sound(header: bytes, value: bytes, *, size: int) -> None:
    """Refuse a value that its header cannot have. Raises: FrameError."""
    form = _VALUES.get(header)
    if form is not None and form.fullmatch(value) is None:
        raise FrameError("format", f"{value[:80].decode('ascii')!r} is no value of {header.decode('ascii')}", size=size)
    if value.find(_NEXT_BLOCK) >= 0:
        raise FrameError("format", "another block begins before the line ends", size=size)


def _decoded(value: bytes, *, is_barcode: bool) -> str:
    if not is_barcode:
        return value.decode("ascii")
    plain = re.sub(rb"\x1b([\s\S])", rb"\1", value)
    try:
        return plain.decode("utf-8")
    except UnicodeDecodeError:
        return plain.decode("latin-1")


def _take_order(buffer: bytes, at: int, found: list[Order | Rejected]) -> int:
    prefix = _ORDER_PREFIX.match(buffer, at)
    assert prefix is not None
    rest = _ORDER_REST.match(buffer, prefix.end())
    assert rest is not None
    end = _line_end(buffer, at, rest.end())
    if end > at:
        found.append(Order(buffer[at : end - 2].decode("ascii").rstrip(), buffer[at:end]))
    return end

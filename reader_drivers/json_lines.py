r"""JSON lines: what readers with a web interface say, one value a line, and how a driver speaks HTTP without a wire.

A network reader is asked by HTTP requests and tells its tags in a stream or as messages. To a driver all of it is lines:

| line | from | meaning |
|---|---|---|
| `{"order": {"method", "path", "body"}}` | driver | a request that the link shall send; body null: none |
| `{"answer": {"method", "path", "status", "body"}}` | link | what came back; status 0: the request failed, body = why |
| any other object or array | reader | a line of its stream, or a message, as it came |

Empty lines are the stream's keep-alives. Source: readers.md section 10.

>>> LineHunt().feed(b'{"a":1}\n\n{"b')
[Line(value={'a': 1}, raw=b'{"a":1}\n'), Blank(raw=b'\n')]
"""

import json
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from reader_drivers.errors import Rejected

LINE_BYTES_MAX: Final = 262_144
"""An array of a thousand tags with all their fields; a longer line is none."""
REJECTED_BYTES_MAX: Final = 512
"""A longer line that is none is reported in parts of this size."""

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One object or array."""

    value: Json | list[Any]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Blank:
    """An empty line: the stream is alive and has nothing to tell."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back to a request."""

    method: str
    path: str
    status: int
    """Of HTTP; 0: the request itself failed."""
    body: Any
    """Value of the JSON, or text."""

    @property
    def is_done(self) -> bool:
        """True: the request was carried out."""
        return 200 <= self.status < 300

    @property
    def words(self) -> str:
        """Status and what the other side says, for a person."""
        said = self.body.get("message") if isinstance(self.body, dict) else self.body
        return f"status {self.status}" + (f": {str(said)[:200]}" if said else "")


def order(method: str, path: str, body: Json | None = None) -> bytes:
    """The line of a request.

    >>> order("POST", "/stop", {}).decode().strip()
    '{"order":{"method":"POST","path":"/stop","body":{}}}'
    """
    return encode({"order": {"method": method, "path": path, "body": body}})


def encode(value: Json) -> bytes:
    """One line."""
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def answer_in(line: Line) -> Answer | None:
    """The answer that a line carries; None: it is the reader's own."""
    told = line.value.get("answer") if isinstance(line.value, dict) else None
    if not isinstance(told, dict) or not isinstance(told.get("status"), int):
        return None
    return Answer(str(told.get("method")), str(told.get("path")), told["status"], told.get("body"))


class LineHunt:
    """Lines out of a stream of bytes; any split of the bytes gives the same lines."""

    def __init__(self) -> None:
        self._buffer = b""
        self._dropped = 0

    @property
    def is_waiting(self) -> bool:
        """True while a line without its end is held."""
        return bool(self._buffer)

    def feed(self, received: bytes) -> list[Line | Blank | Rejected]:
        """Lines and rejections completed by `received`. Never raises; holds at most `LINE_BYTES_MAX` bytes."""
        *lines, rest = (self._buffer + received).split(b"\n")
        found: list[Line | Blank | Rejected] = []
        for line in lines:
            found += self._line(line + b"\n")
        self._buffer = rest
        excess = len(rest) - LINE_BYTES_MAX
        if excess > 0:
            # Its first bytes are reported when it ends.
            self._buffer = rest[:LINE_BYTES_MAX]
            self._dropped += excess
        return found

    def flush(self) -> list[Line | Blank | Rejected]:
        """The last line of a capture, which may lack its end."""
        rest, self._buffer = self._buffer, b""
        return self._line(rest)

    def _line(self, raw: bytes) -> list[Line | Blank | Rejected]:
        size, self._dropped = len(raw) + self._dropped, 0
        if not raw.strip():
            return [Blank(raw)] if raw else []
        if size > LINE_BYTES_MAX:
            return _rejected(raw, f"length: a line has {size} bytes; {LINE_BYTES_MAX} are the most")
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError) as error:
            return _rejected(raw, f"format: the line is no JSON: {error}")
        if not isinstance(value, dict | list):
            return _rejected(raw, "format: the line is neither an object nor an array")
        return [Line(value, raw)]


def _rejected(raw: bytes, reason: str) -> list[Line | Blank | Rejected]:
    parts = range(0, len(raw), REJECTED_BYTES_MAX)
    return [Rejected(raw[at : at + REJECTED_BYTES_MAX], reason) for at in parts]

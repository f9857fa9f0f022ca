"""Messages of a PC/SC slot: what the card service tells, made into bytes so that a driver without wires can speak to it.

PC/SC is a service of calls, not a line of bytes. The agent's port turns each call into one message, which also makes a
capture of a PC/SC reader a capture like any other:

| kind | from | payload |
|---|---|---|
| `C` | reader | a card is there: its ATR |
| `G` | reader | the card is gone: nothing |
| `A` | reader | answer to an APDU: data and status word |
| `F` | reader | the card did not answer an APDU: nothing |
| `T` | host | an APDU to transmit |

A message is `02 50 43`, the kind, the payload's length in two bytes (big-endian), the payload.

>>> encode("T", bytes.fromhex("FFCA000000")).hex().upper()
'025043540005FFCA000000'
"""

import re
from typing import Final

import msgspec

from reader_drivers.errors import FrameError, Rejected
from reader_drivers.framing import Hunt

START: Final = b"\x02PC"
_START: Final = re.compile(rb"\x02(?:P(?:C|\Z)|\Z)")
_HEAD_BYTES: Final = len(START) + 3
PAYLOAD_BYTES_MAX: Final = 261
"""The longest short APDU or answer (ISO 7816-3)."""
FROM_READER: Final = "CGAF"
FROM_HOST: Final = "T"


class SlotMessage(msgspec.Struct, frozen=True, gc=False):
    """One message of the table above."""

    kind: str
    payload: bytes
    raw: bytes


def encode(kind: str, payload: bytes = b"") -> bytes:
    """One message. `payload` fits it (asserted)."""
    assert kind in FROM_READER + FROM_HOST
    assert len(payload) <= PAYLOAD_BYTES_MAX
    return START + kind.encode("ascii") + len(payload).to_bytes(2, "big") + payload


class SlotHunt:
    """Messages out of a stream of bytes. Same promises as `framing.Hunt`."""

    def __init__(self) -> None:
        self._hunt: Hunt[SlotMessage] = Hunt(_START, _take)

    @property
    def is_waiting(self) -> bool:
        """True while an unfinished message is held."""
        return self._hunt.is_waiting

    def feed(self, received: bytes) -> list[SlotMessage | Rejected]:
        """Messages and rejections completed by `received`."""
        return self._hunt.feed(received)

    def flush(self) -> list[SlotMessage | Rejected]:
        """Give up on the unfinished message."""
        return self._hunt.flush()


def _take(buffer: bytes, at: int, found: list[SlotMessage | Rejected]) -> int:
    head = buffer[at : at + _HEAD_BYTES]
    if len(head) < _HEAD_BYTES:
        return at
    kind, size = chr(head[3]), int.from_bytes(head[4:], "big")
    if kind not in FROM_READER + FROM_HOST:
        raise FrameError("format", f"no message has the kind {kind!r}", size=_HEAD_BYTES)
    if size > PAYLOAD_BYTES_MAX:
        raise FrameError("length", f"the message announces {size} bytes; an APDU has at most {PAYLOAD_BYTES_MAX}")
    end = at + _HEAD_BYTES + size
    if len(buffer) < end:
        return at
    found.append(SlotMessage(kind, buffer[at + _HEAD_BYTES : end], buffer[at:end]))
    return end

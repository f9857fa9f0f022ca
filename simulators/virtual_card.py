"""A virtual card: what lies on a PC/SC reader of the `vpcd` driver, as a card answers, down to its memory.

The driver listens on a TCP port and takes one card a slot: messages of a two-byte length and content, where one byte is an
order of power (off, on, reset, tell the ATR) and anything else an APDU. Closing the connection takes the card away.
Source: vsmartcard's protocol and PC/SC part 3, by their documents.
"""

import contextlib
import dataclasses
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Final

_ATR_HEAD: Final = bytes.fromhex("3B8F8001804F0CA000000306")
KINDS: Final = {
    "ntag": (0x03, 0x0003),
    "icode": (0x0B, 0x0014),
}
"""Kind of card → (standard, card) as PC/SC part 3 numbers them."""
VPCD_PORT: Final = 0x8C7B
"""Where the driver listens for the card of its first reader."""
_TELL_ATR: Final = 4
_OK, _NO_BLOCK, _UNKNOWN = b"\x90\x00", b"\x6a\x82", b"\x6d\x00"
_CONFIRM_AT_ONCE: Final = getattr(socket, "TCP_QUICKACK", None)
_TEXT_EN: Final = b"\x02en"


@dataclasses.dataclass(frozen=True, slots=True)
class VirtualCard:
    """One card. `uid` = its number with the most significant byte first; `text` = what a phone wrote on it, empty: nothing."""

    kind: str
    uid: bytes
    text: str = ""

    @property
    def atr(self) -> bytes:
        """Its answer to reset."""
        standard, card = KINDS[self.kind]
        body = _ATR_HEAD + bytes((standard,)) + card.to_bytes(2, "big") + bytes(4)
        check = 0
        for byte in body[1:]:
            check ^= byte
        return body + bytes((check,))

    @property
    def memory(self) -> bytes:
        """Its user memory from block 0 on: what stands before the data, then the text as an NDEF record."""
        message = b""
        if self.text:
            content = _TEXT_EN + self.text.encode()
            short = len(content) < 256
            size = bytes((len(content),)) if short else len(content).to_bytes(4, "big")
            message = bytes((0xD1 if short else 0xC1, 1)) + size + b"T" + content
        length = bytes((len(message),)) if len(message) < 255 else b"\xff" + len(message).to_bytes(2, "big")
        area = b"\x03" + length + message + b"\xfe"
        head = bytes.fromhex("E1101200") if self.kind == "ntag" else bytes.fromhex("E1401400")
        # An NTAG has its serial number and locks in the first three pages.
        before = self.uid.ljust(12, b"\0")[:12] if self.kind == "ntag" else b""
        whole = before + head + area
        return whole.ljust(len(whole) + -len(whole) % 16 + 16, b"\0")

    def answer(self, apdu: bytes) -> bytes:
        """What it answers to an APDU, status word included."""
        if apdu == bytes.fromhex("FFCA000000"):
            # Readers of ISO 15693 give the number as it comes over the air: last byte first.
            return (self.uid[::-1] if self.kind == "icode" else self.uid) + _OK
        if apdu[:2] == b"\xff\xb0" and len(apdu) == 5:
            at = 4 * int.from_bytes(apdu[2:4], "big")
            size = 16 if self.kind == "ntag" else apdu[4]
            return self.memory[at : at + size] + _OK if at + size <= len(self.memory) else _NO_BLOCK
        return _UNKNOWN


@contextlib.contextmanager
def lying(card: VirtualCard, *, port: int) -> Iterator[None]:
    """The card lies on the reader whose driver listens on `port` of this computer, for as long as the context lasts."""
    link = socket.create_connection(("127.0.0.1", port))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    served = threading.Thread(target=_serve, args=(card, link), name="virtual-card", daemon=True)
    served.start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            link.shutdown(socket.SHUT_RDWR)
        served.join()
        link.close()


def _serve(card: VirtualCard, link: socket.socket) -> None:
    with contextlib.suppress(OSError, EOFError):
        while True:
            message = _read(link, struct.unpack(">H", _read(link, 2))[0])
            if len(message) > 1:
                _tell(link, card.answer(message))
            elif message == bytes((_TELL_ATR,)):
                _tell(link, card.atr)


def _read(link: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        if _CONFIRM_AT_ONCE is not None:
            # Else the driver's second half of a message waits 40 ms for our confirmation of the first.
            link.setsockopt(socket.IPPROTO_TCP, _CONFIRM_AT_ONCE, 1)
        piece = link.recv(size - len(received))
        if not piece:
            raise EOFError
        received += piece
    return received


def _tell(link: socket.socket, message: bytes) -> None:
    link.sendall(struct.pack(">H", len(message)) + message)

"""NDEF: the text that lies in an NFC tag's memory, as phones write it.

Memory holds blocks of type, length and value; the NDEF message is the one of type 03. Of its records the first text or
address counts. Source: NFC Forum Type 2 and Type 5 tags, NDEF 1.0, RTD Text 1.0, RTD URI 1.0.
"""

from typing import Final

from reader_drivers.errors import FrameError

_NULL, _NDEF, _END = 0x00, 0x03, 0xFE
_LONG: Final = 0xFF
"""A length of FF announces two more bytes of length."""
_IS_SHORT, _HAS_ID, _TNF_MASK, _WELL_KNOWN = 0x10, 0x08, 0x07, 0x01
_IS_UTF16, _LANGUAGE_MASK = 0x80, 0x3F
URI_PREFIXES: Final = (
    *("", "http://www.", "https://www.", "http://", "https://", "tel:", "mailto:"),
    *("ftp://anonymous:anonymous@", "ftp://ftp.", "ftps://", "sftp://", "smb://", "nfs://", "ftp://", "dav://"),
    *("news:", "telnet://", "imap:", "rtsp://", "urn:", "pop:", "sip:", "sips:", "tftp:", "btspp://", "btl2cap://"),
    *("btgoep://", "tcpobex://", "irdaobex://", "file://", "urn:epc:id:", "urn:epc:tag:", "urn:epc:pat:"),
    *("urn:epc:raw:", "urn:epc:", "urn:nfc:"),
)
"""By the first byte of a URI record."""


class Short(FrameError):
    """The memory read so far ends inside what it announces; `needs` bytes are enough."""

    def __init__(self, needs: int) -> None:
        super().__init__("length", f"the tag's text needs {needs} bytes of memory")
        self.needs = needs


def message_in(memory: bytes) -> bytes | None:
    """The NDEF message in a tag's data area; None: there is none. Raises: Short: more memory has to be read first."""
    at = 0
    while True:
        if at >= len(memory):
            raise Short(at + 2)
        kind = memory[at]
        if kind == _END:
            return None
        if kind == _NULL:
            at += 1
            continue
        head = 4 if memory[at + 1 : at + 2] == bytes((_LONG,)) else 2
        if at + head > len(memory):
            raise Short(at + head)
        size = memory[at + 1] if head == 2 else int.from_bytes(memory[at + 2 : at + 4], "big")
        end = at + head + size
        if kind == _NDEF:
            if end > len(memory):
                raise Short(end)
            return memory[at + head : end]
        at = end


def text_of(message: bytes) -> str | None:
    """The first text or address of a message; None: it has none. Raises: FrameError: it is not whole."""
    at = 0
    while at < len(message):
        flags, kind, payload, at = _record(message, at)
        if flags & _TNF_MASK == _WELL_KNOWN and payload:
            if kind == b"T":
                return _text(payload)
            if kind == b"U":
                return _uri(payload)
    return None


def _record(message: bytes, at: int) -> tuple[int, bytes, bytes, int]:
    """(flags, type, payload, index of the next record)."""
    try:
        flags, kind_size = message[at], message[at + 1]
        is_short = bool(flags & _IS_SHORT)
        sizes_end = at + (3 if is_short else 6)
        payload_size = message[at + 2] if is_short else int.from_bytes(message[at + 2 : sizes_end], "big")
        id_size = message[sizes_end] if flags & _HAS_ID else 0
    except IndexError as error:
        raise FrameError("length", f"a record begins at byte {at} and has no end") from error
    kind_at = sizes_end + bool(flags & _HAS_ID)
    payload_at = kind_at + kind_size + id_size
    end = payload_at + payload_size
    if end > len(message):
        raise FrameError("length", f"a record announces {payload_size} bytes that are not there")
    return flags, message[kind_at : kind_at + kind_size], message[payload_at:end], end


def _text(payload: bytes) -> str:
    text = payload[1 + (payload[0] & _LANGUAGE_MASK) :]
    return text.decode("utf-16" if payload[0] & _IS_UTF16 else "utf-8", "replace")


def _uri(payload: bytes) -> str:
    prefix = URI_PREFIXES[payload[0]] if payload[0] < len(URI_PREFIXES) else ""
    return prefix + payload[1:].decode("utf-8", "replace")

r"""Scan text: the content of a barcode as a person knows it, out of the packets or reports in which a scanner sends it.

>>> scan_text(b"]E09506000134352\r\n")
('9506000134352', 'E0')
"""

import re
from typing import Final

from reader_drivers.errors import Rejected
from reader_drivers.framing import REJECTED_BYTES_MAX
from reader_drivers.reads import SCAN_CHARACTERS_MAX

_AIM: Final = re.compile(rb"\](?P<aim>[A-Za-z][0-9A-Za-z])")
"""AIM symbology identifier, when the scanner is set to send it: `]`, a letter, a digit or letter."""
_SUFFIX: Final = b"\r\n\t"
"""What scanners are set to type behind a barcode; no barcode on a label ends with it."""


def scan_text(content: bytes) -> tuple[str, str | None]:
    """(text, AIM identifier without its bracket or None) of a content that the identifier may stand before."""
    prefix = _AIM.match(content)
    if prefix is None:
        return plain_text(content), None
    return plain_text(content[prefix.end() :]), prefix["aim"].decode("ascii")


def plain_text(content: bytes) -> str:
    """The text without the line end behind it. Bytes that are not UTF-8 are read as Latin-1."""
    kept = content.rstrip(_SUFFIX)
    try:
        return kept.decode("utf-8")
    except UnicodeDecodeError:
        return kept.decode("latin-1")


class ScanParts:
    """Joins the parts of a scan that is longer than one packet or report."""

    def __init__(self, rest_ms: int) -> None:
        """`rest_ms` = how long the next part is waited for."""
        self._rest_ms = rest_ms
        self._kind = b""
        self._held = b""
        self._heard_ms: int | None = None
        self._is_too_long = False

    def add(self, kind: bytes, content: bytes, *, has_more: bool, now: int) -> list[bytes | Rejected]:
        """The whole content once its last part is there, and what has to be given up.

        `kind` stands in every part of a scan (code type, AIM identifier): another one means that the rest got lost. A
        content of more than `SCAN_CHARACTERS_MAX` bytes is given up as a whole, its later parts included.
        """
        found: list[bytes | Rejected] = []
        if self._heard_ms is not None and kind != self._kind:
            found.extend(self._give_up("a scan of another kind followed"))
        self._held += content[: SCAN_CHARACTERS_MAX + 1 - len(self._held)]
        if len(self._held) > SCAN_CHARACTERS_MAX and not self._is_too_long:
            self._is_too_long = True
            reason = f"length: the scan has more than {SCAN_CHARACTERS_MAX} bytes, so it is no barcode"
            found.append(Rejected(self._held[:REJECTED_BYTES_MAX], reason))
        if has_more:
            self._kind, self._heard_ms = kind, now
        elif self._is_too_long:
            self._clear()
        else:
            found.append(self._held)
            self._clear()
        return found

    def expire(self, now: int) -> tuple[Rejected, ...]:
        """The parts whose rest never came."""
        if self._heard_ms is None or now - self._heard_ms < self._rest_ms:
            return ()
        return self._give_up("the scanner did not send the rest")

    def _give_up(self, why: str) -> tuple[Rejected, ...]:
        held, is_told = self._held, self._is_too_long
        self._clear()
        reason = f"length: a scan stops after {len(held)} bytes, {why}; scan it again"
        return () if is_told else (Rejected(held[:REJECTED_BYTES_MAX], reason),)

    def _clear(self) -> None:
        self._held, self._heard_ms, self._is_too_long = b"", None, False

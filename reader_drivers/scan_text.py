r"""Scan text: the content of a barcode as a person knows it, out of the bytes that a scanner sends in a packet or report.

>>> scan_text(b"]E09506000134352\r\n")
('9506000134352', 'E0')
"""

import re
from typing import Final

_AIM: Final = re.compile(rb"\](?P<aim>[A-Za-z][0-9A-Za-z])")
"""AIM symbology identifier, when the scanner is set to send it: `]`, a letter, a digit or letter."""
_SUFFIX: Final = b"\r\n\t"
"""What scanners are set to type behind a barcode; no barcode on a label ends with it."""


def scan_text(content: bytes) -> tuple[str, str | None]:
    """(text, AIM identifier without its bracket or None). Bytes that are not UTF-8 are read as Latin-1."""
    prefix = _AIM.match(content)
    kept = (content[prefix.end() :] if prefix else content).rstrip(_SUFFIX)
    aim = prefix["aim"].decode("ascii") if prefix else None
    try:
        return kept.decode("utf-8"), aim
    except UnicodeDecodeError:
        return kept.decode("latin-1"), aim

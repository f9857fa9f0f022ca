r"""A simulated line-mode barcode scanner: the text of each scan with a suffix, after its AIM identifier if it has one.

>>> encode_scan(Scan("9506000134352"))
b'9506000134352\r\n'
>>> encode_scan(Scan("5901234123457", "E0"), suffix="CR")
b']E05901234123457\r'
"""

from typing import Final

from simulators.scans import PushScanner, Scan

SUFFIXES: Final = {"CRLF": b"\r\n", "CR": b"\r", "LF": b"\n", "TAB": b"\t", "none": b""}


def encode_scan(scan: Scan, *, suffix: str = "CRLF") -> bytes:
    """The bytes a scanner sends for one scan."""
    return (f"]{scan.aim}" if scan.aim else "").encode() + scan.text.encode() + SUFFIXES[suffix]


class LineScanner(PushScanner):
    """Sends each scan once, as text."""

    def __init__(self, *, suffix: str = "CRLF", aim: str = "", rate: float = 0.0) -> None:
        super().__init__(lambda scan: [encode_scan(scan, suffix=suffix)], aim=aim, rate=rate)

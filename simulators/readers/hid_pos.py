r"""A simulated USB scanner in HID point-of-sale mode: a scan comes in input reports of 64 bytes.

======  ====  ==================================================================
offset  size  meaning
======  ====  ==================================================================
0       1     report id ``02``
1       1     characters of the scan in this report, at most 56 (Honeywell: 55)
2 or 3  3     AIM identifier with its bracket; Honeywell's stands one byte later
5 or 6  n     the characters
61      1     Honeywell's own code letter
63      1     not 0: another report of the same scan follows
======  ====  ==================================================================

Written from the protocol document, which has it from one open package, and not from our driver. A Honeywell scanner is
silent until the host has sent the feature report FE = 01. Where no USB device can be simulated, the reports go to the
agent through a pseudo-terminal, and the feature report comes back through it as the two bytes ``FE 01``.

>>> encode_reports(Scan("9506000134352", "E0"))[0][:20].hex(" ")
'02 0d 5d 45 30 39 35 30 36 30 30 30 31 33 34 33 35 32 00 00'
"""

from typing import Final

from simulators.scans import PushScanner, Scan

MODELS: Final = ("zebra", "honeywell")
REPORT_BYTES: Final = 64
LETTER_AT: Final = 61
AIM_UNKNOWN: Final = "X0"
"""Other symbology: the identifier is part of the report, so a scanner always sends one."""
HONEYWELL_LETTERS: Final = {"E0": "d", "E4": "D", "C0": "j", "C1": "I", "A0": "b", "I0": "e", "d1": "w", "d2": "w",
                            "Q0": "s", "Q1": "s", "Q3": "s", "z0": "z", "L0": "r", "e0": "y"}  # fmt: skip
FEATURE_ON: Final = b"\xfe\x01"


def encode_reports(scan: Scan, *, model: str = "zebra") -> list[bytes]:
    """The reports of one scan, in order."""
    aim, octets = scan.aim or AIM_UNKNOWN, scan.text.encode()
    first = 3 if model == "honeywell" else 2
    size = LETTER_AT - first - 3
    parts = [octets[at : at + size] for at in range(0, len(octets), size)]
    letter = ord(HONEYWELL_LETTERS.get(aim, ".")) if model == "honeywell" else 0
    head = f"]{aim}".encode()
    return [_report(first, head + part, letter=letter, has_more=part is not parts[-1]) for part in parts]


def _report(first: int, content: bytes, *, letter: int, has_more: bool) -> bytes:
    report = bytearray(REPORT_BYTES)
    report[0], report[1] = 0x02, len(content) - 3
    report[first : first + len(content)] = content
    report[LETTER_AT] = letter
    report[63] = 1 if has_more else 0
    return bytes(report)


class PosScanner(PushScanner):
    """Sends the reports of each scan once."""

    def __init__(self, *, model: str = "zebra", aim: str = "", rate: float = 0.0) -> None:
        super().__init__(lambda scan: encode_reports(scan, model=model), aim=aim, rate=rate)
        self._heard = b""
        self._is_on = model != "honeywell"

    def feed(self, chunk: bytes, now_s: float) -> list[bytes]:
        """The feature report that puts a Honeywell scanner to work; nothing else is understood."""
        del now_s
        self._heard = (self._heard + chunk)[-len(FEATURE_ON) :]
        self._is_on = self._is_on or self._heard == FEATURE_ON
        return []

    def next_due_s(self) -> float | None:
        """See `PushScanner`; a scanner that is not at work tells nothing."""
        return super().next_due_s() if self._is_on else None

    def due(self, now_s: float) -> list[bytes]:
        """See `PushScanner`."""
        return super().due(now_s) if self._is_on else []

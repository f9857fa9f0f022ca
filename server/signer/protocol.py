"""Protocol of the signer: what a line may be and what each request holds, for both ends; its keys are not needed to ask."""

from collections.abc import Mapping
from typing import Final

LINE_BYTES_MAX: Final = 16 * 1024
"""Longest request or answer: a proof of the largest tree has 7 KiB of hex, the certificate 2 KiB."""
VALUE_CHARS_MAX: Final = 1024
"""Longest value under `pin_mac`: shop, person and PIN have under 120 characters."""
PROTOCOL: Final[Mapping[str, frozenset[str]]] = {
    "last": frozenset({"origin"}),
    "vkey": frozenset({"origin"}),
    "checkpoint": frozenset({"origin", "size", "root", "proof"}),
    "pack": frozenset({"origin", "manifest_sha256", "size", "root", "proof"}),
    "pdf_sign": frozenset({"digest"}),
    "pdf_certificate": frozenset(),
    "pin_mac": frozenset({"value"}),
}
"""Members of each request besides `op`."""

"""Tag data: what a chip's EPC memory says, as GS1 values, and back. Table-driven, by integer shifts.

`decode(hex)` takes any length and gives a `TagContent`; `encode(uri)` gives the hex to write; `identity_of(hex)` is the key
under which two reads are the same tag. Source: GS1 EPC Tag Data Standard 2.3 (October 2025).
"""

from server.core.epc.content import EpcError, TagContent, normal_hex
from server.core.epc.decode import decode, gtin_and_serial, identity_of
from server.core.epc.memory import EpcBank, TidContent, bank_of, parse_bank, parse_tid
from server.core.epc.uri import encode

__all__ = [
    "EpcBank",
    "EpcError",
    "TagContent",
    "TidContent",
    "bank_of",
    "decode",
    "encode",
    "gtin_and_serial",
    "identity_of",
    "normal_hex",
    "parse_bank",
    "parse_tid",
]

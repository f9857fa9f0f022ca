"""Writing SGTIN+: the scheme for alphanumeric serials that fits 128-bit tags and needs no length of a company prefix.

It has no tag URI, so it is asked for by the Digital Link that it says. Source: GS1 EPC Tag Data Standard 2.3, section 14.5.5.

>>> encode_link("https://id.gs1.org/01/79521141123453/21/32a%2Fb", filter_value=3)
'F73795211411234538566CB0AFC4'
"""

import math
import re
from typing import Final
from urllib.parse import unquote

from server.core.epc.content import DIGITAL_LINK_ROOT, EpcError
from server.core.epc.decode import decode
from server.core.epc.layout import check_digit, is_checked
from server.core.epc.plus_schemes import BASE64URL

_HEADER: Final = 0xF7
LINK: Final = re.compile(rf"{re.escape(DIGITAL_LINK_ROOT)}/01/([0-9]{{14}})/21/([^/?#]+)", re.ASCII)
"""GTIN and serial, and nothing else: a link that says more would not be kept whole."""
_SERIAL_CHARACTERS_MAX: Final = 20
_WORD_BITS: Final = 16


def encode_link(link: str, *, filter_value: int) -> str:
    """The hex of an SGTIN+ in whole words, for the canonical Digital Link of one piece.

    Raises EpcError: no such link; a wrong check digit; a serial that is too long or has characters that GS1 text cannot have.
    """
    match = LINK.fullmatch(link)
    if match is None:
        raise EpcError("uri", f"{link!r} is not {DIGITAL_LINK_ROOT}/01/GTIN/21/SERIAL with 14 digits of GTIN.")
    if not 0 <= filter_value <= 7:
        raise EpcError("filter", f"Filter {filter_value} is not one of 0 to 7; a piece for sale has 1.")
    gtin, serial = match[1], unquote(match[2])
    if not is_checked(gtin):
        raise EpcError("check_digit", f"{gtin} ends in {gtin[-1]}, and its check digit is {check_digit(gtin[:-1])}.")
    if not serial.isascii() or not serial.isprintable() or not 1 <= len(serial) <= _SERIAL_CHARACTERS_MAX:
        raise EpcError("serial", f"Serial {serial!r} is not 1 to {_SERIAL_CHARACTERS_MAX} characters of GS1 text.")
    number, bits = min(_serials(serial), key=lambda written: written[1])
    content = _HEADER << 60 | filter_value << 56 | int(gtin, 16)
    total = 68 + bits
    words = math.ceil(total / _WORD_BITS)
    digits = f"{(content << bits | number) << (words * _WORD_BITS - total):0{words * 4}X}"
    if decode(digits).ais != (("01", gtin), ("21", serial)):
        raise EpcError("serial", f"Serial {serial!r} would be read back as another one. Choose other characters.")
    return digits


def _serials(serial: str) -> list[tuple[int, int]]:
    """Every way to write the serial, as (bits as a number, how many): writing, length, characters."""
    length = len(serial)
    found = [_written(4, length, [ord(character) for character in serial], width=7)]
    if serial.isdigit():
        bits = (10**length - 1).bit_length()
        found.append((length << bits | int(serial), 8 + bits))
    if re.fullmatch(r"[0-9A-F]+", serial):
        found.append(_written(1, length, [int(character, 16) for character in serial], width=4))
    if re.fullmatch(r"[0-9a-f]+", serial):
        found.append(_written(2, length, [int(character, 16) for character in serial], width=4))
    if set(serial) <= set(BASE64URL):
        found.append(_written(3, length, [BASE64URL.index(character) for character in serial], width=6))
    return found


def _written(writing: int, length: int, codes: list[int], *, width: int) -> tuple[int, int]:
    number = writing << 5 | length
    for code in codes:
        number = number << width | code
    return number, 8 + width * length

"""Barcodes: what a scanned label says, as GS1 values where it is one, as the shop's own code where it is not.

Element strings are walked by `gs1_elements`; links and in-store numbers are biip's, with what it leaves to its caller: a
Digital Link in a plain QR code is found, a wrong check digit is refused instead of reported, GTINs are padded to 14 digits, and
a serial without its GTIN is flagged as not GS1. Only a piece's own reference, EPC or TID identifies it: a GTIN or SKU yields
candidates.

>>> parse_barcode("]d20109506000134352216789").ais
(('01', '09506000134352'), ('21', '6789'))
>>> parse_barcode("BAG-000001").sku
'BAG-000001'
"""

import re
from typing import ClassVar, Final, NamedTuple

from server.core.epc import EpcError, decode
from server.core.errors import Malformed
from server.core.gs1_elements import ElementError, parse_elements

BARCODE_CHARACTERS_MAX: Final = 2_000
"""A GS1 symbol holds at most 90 (linear) or about 2,335 (DataMatrix) characters; links on labels stay far below."""
EPC_HEX_DIGITS_MIN: Final = 24
"""96 bits: a keyboard-wedge reader types an EPC as at least this many hex digits."""
_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://")
_HEX_LINK: Final = re.compile(r"/eh([0-9a-f]{2,124})/?$")
"""Compressed link of a dual UHF and NFC tag: the EPC bits as lower-case hex (EPC binary in Digital Link 1.0.0)."""
_GS1_CARRIERS: Final = frozenset({"C1", "e0", "e1", "e2", "d2", "Q3", "J1"})
"""Symbology identifiers that promise GS1 data (GS1 General Specifications, figure 5.1.2-2)."""
_EAN_CARRIERS: Final = frozenset({"E0", "E3", "E4"})
_GTIN_LENGTHS: Final = frozenset({8, 12, 13, 14})
_CERTAIN_KEYS: Final = ("00", "01", "8003", "8006")
"""Keys of fixed length with a check digit: the only starts by which a text without symbology identifier is taken for GS1."""
_BARE_GS1_CHARACTERS_MIN: Final = 16
"""AI 01 and its 14 digits; what is shorter is a shop's own number."""
_GS1_CHARACTERS: Final = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z\x1d]*")
"""Character set 82 (GS1 General Specifications, figure 7.11-1) and the separator."""


class BarcodeError(Malformed):
    """A barcode that breaks the rules its symbology promises. `reason`: check_digit, charset, length, ai, empty, scheme or epc."""

    code: ClassVar[str] = "barcode"

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence, reason=reason)
        self.reason = reason


class Barcode(NamedTuple):
    """What one label says. A tuple, for a label is read at every hand-over."""

    text: str
    """As scanned, without the symbology identifier."""
    kind: str
    """`gs1`, `digital_link`, `GTIN-8`, …, `GTIN-14` (with ` restricted` for in-store numbers), `epc`, `url` or `text`."""
    aim: str | None = None
    """Symbology identifier without `]`, such as `Q1`. None: the scanner gave none."""
    ais: tuple[tuple[str, str], ...] = ()
    """GS1 application identifiers and values in the order of the label."""
    sku: str | None = None
    """A reference of the shop's own: the whole text, or AI 240 or 241. None: the label has none."""
    flags: tuple[str, ...] = ()
    """What a reader should know: `serial_without_gtin`, `check_digit` (looks like a GTIN but is none)."""

    @property
    def gtin(self) -> str | None:
        """GTIN as 14 digits, or None."""
        return dict(self.ais).get("01")


def parse_barcode(scanned: str) -> Barcode:
    """Take a scanned text apart. Raises `BarcodeError`: empty, too long, or breaking what its symbology promises."""
    if len(scanned) > BARCODE_CHARACTERS_MAX:
        raise BarcodeError(
            "length", f"The barcode has {len(scanned)} characters; at most {BARCODE_CHARACTERS_MAX} are read."
        )
    text = scanned.strip(" \t\r\n")
    aim = text[1:3] if text.startswith("]") and _is_aim(text[1:3]) else None
    if aim is not None:
        text = text[3:]
    if not text:
        raise BarcodeError("empty", "The barcode is empty. Scan the label again.")
    if "://" in text and (scheme := _URL.match(text)):
        if scheme[1].lower() not in {"http", "https"}:
            raise BarcodeError(
                "scheme", f"{text[:60]!r} is a link of another kind than http or https; no label uses one."
            )
        return _link(text, aim)
    if aim in _GS1_CARRIERS:
        return _message(text, aim)
    if text.isascii() and text.isdigit() and len(text) in _GTIN_LENGTHS and (number := _gtin(text, aim)):
        return number
    if aim is None and text.startswith(_CERTAIN_KEYS) and len(text) >= _BARE_GS1_CHARACTERS_MIN:
        try:
            return _message(text, aim)
        except BarcodeError:
            pass  # Without a symbology identifier nothing promised GS1 data: the text may be an EPC or the shop's own.
    return _own(text, aim)


def _is_aim(code: str) -> bool:
    """Whether these two characters are a symbology identifier: a letter, then a letter or digit."""
    return len(code) == 2 and code.isascii() and code.isalnum() and code[0].isalpha()


def _own(text: str, aim: str | None) -> Barcode:
    if aim is None and len(text) >= EPC_HEX_DIGITS_MIN and re.fullmatch(r"[0-9A-Fa-f]+", text):
        try:
            return Barcode(text, "epc", aim, ais=decode(text).ais)
        except EpcError:
            return Barcode(text, "epc", aim, flags=("mis_encoded",))
    looks_like_gtin = text.isascii() and text.isdigit() and len(text) in _GTIN_LENGTHS
    return Barcode(text, "text", aim, sku=text, flags=("check_digit",) if looks_like_gtin else ())


def _link(text: str, aim: str | None) -> Barcode:
    """A Digital Link; biip tries links only behind `]Q3` and `]d2`, and the codes on most labels are plain `]Q1`."""
    from biip import ParseError
    from biip.gs1_digital_link_uris import GS1DigitalLinkURI

    if compressed := _HEX_LINK.search(text):
        try:
            return Barcode(text, "digital_link", aim, ais=decode(compressed[1]).ais)
        except EpcError as error:
            raise BarcodeError("epc", f"The tag content in the link cannot be read: {error.sentence}") from error
    try:
        link = GS1DigitalLinkURI.parse(text)
    except (ParseError, ValueError):
        return Barcode(text, "url", aim)
    ais: list[tuple[str, str]] = []
    for element in link.element_strings:
        wrong = element.gtin_error or element.sscc_error or element.gln_error
        if wrong:
            raise BarcodeError("check_digit", f"{wrong} One digit was misread or mistyped: scan the label again.")
        ais.append((element.ai.ai, element.value.zfill(14) if element.ai.ai == "01" else element.value))
    return _gs1(text, "digital_link", aim=aim, ais=tuple(ais))


def _message(text: str, aim: str | None) -> Barcode:
    try:
        return _gs1(text, "gs1", aim=aim, ais=parse_elements(text))
    except ElementError as error:
        # No element can hold such a character, so only a refused text is looked through for one.
        if not _GS1_CHARACTERS.fullmatch(text):
            raise BarcodeError(
                "charset", f"{text[:60]!r} holds a character that GS1 data cannot have. Scan the label again."
            ) from error
        raise BarcodeError(error.reason, f"{error.sentence} Scan the label again, or print it anew.") from error


def _gs1(text: str, kind: str, *, aim: str | None, ais: tuple[tuple[str, str], ...]) -> Barcode:
    found = dict(ais)
    sku = found.get("240") or found.get("241")
    is_lone_serial = "21" in found and "01" not in found and "8006" not in found
    return Barcode(text, kind, aim, ais, sku, ("serial_without_gtin",) if is_lone_serial else ())


def _gtin(text: str, aim: str | None) -> Barcode | None:
    """The text as a GTIN; None if its check digit is wrong and no EAN symbol vouches for it."""
    from biip import ParseError
    from biip.gtin import Gtin
    from biip.rcn import Rcn

    try:
        number = Gtin.parse(text)
    except (ParseError, ValueError) as error:
        if aim in _EAN_CARRIERS:
            raise BarcodeError("check_digit", f"{error} Scan the label again.") from error
        return None
    digits = len(text)
    kind = f"GTIN-{digits} restricted" if isinstance(number, Rcn) else f"GTIN-{digits}"
    return Barcode(text, kind, aim, ais=(("01", text.zfill(14)),))

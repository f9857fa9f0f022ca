"""Plus schemes: contents that carry whole GS1 values, check digit included, and with `++` the name of a host besides.

| part   | bits | meaning                                                                                            |
|--------|------|----------------------------------------------------------------------------------------------------|
| header | 8    | scheme                                                                                             |
| toggle | 1    | further application identifiers follow the last part; they describe the piece and do not name it   |
| filter | 3    | as in the older schemes                                                                            |
| date   | 20   | DSGTIN only: kind 4, year 7, month 4, day 5                                                        |
| digits | 4·n  | the key, one digit a nibble                                                                        |
| serial | 8+   | how it is written 3, length 5, characters                                                          |
| host   | 7+   | `++` only: how it is written 1, length in sevens of bits 6, characters                             |

They have no tag URI: a GS1 Digital Link names them. Source: GS1 EPC Tag Data Standard 2.3, sections 14.5.5 to 14.5.14 and 15.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from server.core.epc.content import DATE_AIS, EpcError, TagContent
from server.core.epc.layout import Scheme, is_checked

BASE64URL: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
"""Characters by their code, where a serial is written in six bits each."""
_HOST_SHORTCUTS: Final = {
    0b0100000: "id.",
    0b0011110: "qr.",
    0b0011111: "www.",
    0b1011011: ".com",
    0b1011100: ".org",
    0b1011101: ".net",
}
_HOST_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.")
_GIAI_END: Final = 0xF
_GIAI_TAIL: Final = 0xE
_GIAI_DIGITS_MAX: Final = 30


class _NotTakenApart(Exception):
    """A sound content in a writing that is not read here; it keeps its raw URI."""


class _Fields:
    """The bits of one content, taken from the front, never past the end."""

    def __init__(self, digits: str) -> None:
        self._content, self._left = int(digits, 16), 4 * len(digits)

    def take(self, bits: int) -> int:
        if bits > self._left:
            raise EpcError("length", "it ends before its last field does. Read the tag again.")
        self._left -= bits
        return self._content >> self._left & ((1 << bits) - 1)

    def take_digits(self, count: int) -> str:
        codes = [self.take(4) for _ in range(count)]
        if max(codes) > 9:
            raise EpcError(
                "range", f"it holds {max(codes):X} where a digit belongs. The label was mis-encoded: write it again."
            )
        return "".join(map(str, codes))

    def take_key(self, count: int, *, checked: int | None = None) -> str:
        """Digits whose first `checked` (else all) end in a check digit."""
        digits = self.take_digits(count)
        number = digits[:checked]
        if not is_checked(number):
            raise EpcError(
                "check_digit", f"{number} has a wrong check digit. The label was mis-encoded: write it again."
            )
        return digits

    def take_serial(self) -> str:
        writing, length = self.take(3), self.take(5)
        if length == 0:
            raise EpcError("text", "its serial is empty. The label was mis-encoded: write it again.")
        match writing:
            case 0:
                # ceil(length · log2 10), exactly: the bits of the largest number of that many digits.
                number = self.take((10**length - 1).bit_length())
                if number >= 10**length:
                    raise EpcError("range", f"its serial has more than {length} digits. Write the label again.")
                return str(number).zfill(length)
            case 1 | 2:
                text = "".join(f"{self.take(4):X}" for _ in range(length))
                return text if writing == 1 else text.lower()
            case 3:
                return "".join(BASE64URL[self.take(6)] for _ in range(length))
            case 4:
                text = "".join(chr(self.take(7)) for _ in range(length))
                if not text.isprintable():
                    raise EpcError("text", "its serial holds characters that cannot be shown.")
                return text
            case _:
                raise _NotTakenApart

    def take_host(self) -> str:
        has_shortcuts, length = self.take(1), self.take(6)
        if not has_shortcuts:
            raise _NotTakenApart
        host = ""
        for _ in range(length):
            code = self.take(7)
            part = _HOST_SHORTCUTS.get(code) or chr(code)
            if code not in _HOST_SHORTCUTS and part not in _HOST_CHARACTERS:
                raise _NotTakenApart
            host += part
        return host

    def refuse_rest(self) -> None:
        if self._content & ((1 << self._left) - 1):
            raise EpcError(
                "trailing_bits", "bits are set after its last field. The label was mis-encoded: write it again."
            )


_Ais = tuple[tuple[str, str], ...]


def _number(ai: str, count: int) -> Callable[[_Fields], _Ais]:
    return lambda fields: ((ai, fields.take_key(count)),)


def _number_and_serial(ai: str, count: int, *, checked: int | None = None) -> Callable[[_Fields], _Ais]:
    """One identifier that holds key and serial in a row. `checked`: how many digits end in the check digit."""
    return lambda fields: ((ai, fields.take_key(count, checked=checked) + fields.take_serial()),)


def _two(ai: str, count: int, *, serial_ai: str, checked: int | None = None) -> Callable[[_Fields], _Ais]:
    return lambda fields: ((ai, fields.take_key(count, checked=checked)), (serial_ai, fields.take_serial()))


def _dated(fields: _Fields) -> _Ais:
    kind, year, month, day = fields.take(4), fields.take(7), fields.take(4), fields.take(5)
    if kind >= len(DATE_AIS) or year > 99 or not 1 <= month <= 12 or day > 31:
        raise EpcError("range", "its date is none. The label was mis-encoded: write it again.")
    return (*_two("01", 14, serial_ai="21")(fields), (DATE_AIS[kind], f"{year:02}{month:02}{day:02}"))


def _asset(fields: _Fields) -> _Ais:
    digits = ""
    while (code := fields.take(4)) not in (_GIAI_END, _GIAI_TAIL):
        digits += str(code)
        if code > 9 or len(digits) > _GIAI_DIGITS_MAX:
            raise EpcError(
                "range", f"its asset number is none: {digits[:40]}. The label was mis-encoded: write it again."
            )
    return (("8004", digits + (fields.take_serial() if code == _GIAI_TAIL else "")),)


_READERS: Final[Mapping[str, Callable[[_Fields], _Ais]]] = MappingProxyType(
    {
        "SGTIN": _two("01", 14, serial_ai="21"),
        "DSGTIN": _dated,
        "SSCC": _number("00", 18),
        "SGLN": _two("414", 13, serial_ai="254"),
        "GRAI": _number_and_serial("8003", 14),
        "GIAI": _asset,
        "GSRN": _number("8018", 18),
        "GSRNP": _number("8017", 18),
        "GDTI": _number_and_serial("253", 13),
        "SGCN": _number_and_serial("255", 13),
        "ITIP": _two("8006", 18, serial_ai="21", checked=14),
    }
)


def decode_plus(digits: str, scheme: Scheme) -> TagContent:
    """Take a content of a `+` or `++` scheme apart; one in a writing not read here keeps its raw URI.

    Raises `EpcError`: it ends too early, a wrong check digit, a field outside its range, bits after the last field.
    """
    raw = TagContent(digits, scheme.name, f"urn:epc:raw:{4 * len(digits)}.x{digits}")
    read = _READERS.get(scheme.name.rstrip("+"))
    if read is None:
        return raw
    fields = _Fields(digits)
    fields.take(8)
    has_more, filter_value = fields.take(1), fields.take(3)
    try:
        ais = read(fields)
        host = fields.take_host() if scheme.name.endswith("++") else None
        if not has_more:
            fields.refuse_rest()
    except _NotTakenApart:
        return raw
    except EpcError as error:
        raise EpcError(error.reason, f"{digits} ({scheme.name}): {error.sentence}") from error
    return TagContent(digits, scheme.name, None, None, ais, filter_value, host)

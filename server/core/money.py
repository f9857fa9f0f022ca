"""Money: a whole number of minor units and an ISO 4217 currency. Never a binary fraction, never two currencies in one sum.

>>> parse_amount("1 234,50 €", "EUR")
Money(minor=123450, currency='EUR')
>>> parse_amount("1,234", "EUR")
Money(minor=123400, currency='EUR')
"""

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from server.core.errors import Malformed

MINOR_MAX: Final = 2**53 - 1
"""The largest whole number that every JSON reader keeps."""
_DECIMALS: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""ISO 4217, list one (2024): currencies whose minor unit is not a hundredth."""
_SPACES: Final = str.maketrans("", "", " \t\u00a0\u202f\u2009'’_")
"""What stands between thousands: spaces of all widths, and the Swiss apostrophe."""
_SIGNS: Final = re.compile(r"(?:EUR|USD|GBP|CHF|€|\$|£)", re.IGNORECASE)


class AmountError(Malformed):
    """A text that is not an amount of the currency asked for, or a sum over two currencies."""

    code: ClassVar[str] = "amount"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount. Raises `AmountError` for a currency that is not three capitals, or beyond ±(2^53 − 1) minor units."""

    minor: int
    """Minor units: cents for EUR."""
    currency: str
    """ISO 4217 code."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Z]{3}", self.currency):
            raise AmountError(f"{self.currency!r} is not a currency; expected three capitals of ISO 4217, such as EUR.")
        if abs(self.minor) > MINOR_MAX:
            raise AmountError(f"{self.minor} minor units of {self.currency} are more than any shop holds.")

    def __add__(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise AmountError(f"{self.currency} and {other.currency} cannot be added; keep one sum for each currency.")
        return Money(self.minor + other.minor, self.currency)


def decimals_of(currency: str) -> int:
    """How many decimals a currency has: 2 unless ISO 4217 says otherwise."""
    return _DECIMALS.get(currency, 2)


def parse_amount(text: str, currency: str, *, decimal: str | None = None) -> Money:
    """Read an amount as people write it: `1 234,50`, `1.234,50`, `1,234.50`, with or without a currency sign.

    `decimal`: `,` or `.` where the file is known to use it. None: the separator that stands last is the decimal one, except a
    lone one before exactly three digits, which then separates thousands. Raises `AmountError`: no number, or more decimals
    than the currency has, for rounding a price is not ours to do.
    """
    compact = _SIGNS.sub("", text).translate(_SPACES)
    if not re.fullmatch(r"-?[0-9]+(?:[.,][0-9]+)*", compact, re.ASCII) or len(compact) > 24:
        raise AmountError(f"{text[:40]!r} is not an amount; expected one such as 1234,50.")
    point = decimal or _decimal_separator(compact, currency)
    whole, _, fraction = compact.rpartition(point) if point and point in compact else (compact, "", "")
    groups = re.split(r"[.,]", whole.lstrip("-"))
    if len(groups) > 1 and not (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])):
        raise AmountError(f"{text[:40]!r} has separators that group no thousands; expected an amount such as 1234,50.")
    places = decimals_of(currency)
    if fraction[places:].strip("0"):
        raise AmountError(f"{text[:40]!r} has more than the {places} decimals of {currency}. Correct the amount.")
    minor = int("".join(groups)) * 10**places + int(fraction[:places].ljust(places, "0") or "0")
    return Money(-minor if compact.startswith("-") else minor, currency)


def _decimal_separator(compact: str, currency: str) -> str | None:
    separators = [character for character in compact if character in ".,"]
    if not separators:
        return None
    last = separators[-1]
    if len(set(separators)) == 2:
        return last
    if len(separators) > 1:
        return None
    fraction = len(compact.rpartition(last)[2])
    return None if fraction == 3 and decimals_of(currency) != 3 else last

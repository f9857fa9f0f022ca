"""GS1 element strings: application identifiers and their values, one after another, as a GS1 symbol carries them.

The table of identifiers is biip's; the walk is ours, because a label is read at every hand-over and biip's costs some hundred
microseconds, reports wrong check digits instead of refusing them, and asks the clock for the century of a date.

>>> parse_elements("0109506000134352216789")
(('01', '09506000134352'), ('21', '6789'))

Source: GS1 General Specifications 25, sections 3 (identifiers), 7.8 (concatenation) and 7.9.1 (check digits).
"""

import re
from functools import lru_cache
from typing import ClassVar, Final

from server.core.epc.layout import check_digit
from server.core.errors import Malformed

SEPARATOR: Final = "\x1d"
"""What scanners send for FNC1 between elements."""
_CHECKED: Final = frozenset({"00", "01", "02", "03", *map(str, range(410, 418))})
"""Identifiers whose whole value ends in a check digit: SSCC, GTIN, GLN."""
_DATES: Final = frozenset({"11", "12", "13", "15", "16", "17"})
_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class ElementError(Malformed):
    """A text that is no sequence of element strings. `reason`: check_digit, length, or ai for an unknown identifier."""

    code: ClassVar[str] = "gs1"

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence, reason=reason)
        self.reason = reason


def parse_elements(text: str) -> tuple[tuple[str, str], ...]:
    """The identifiers and values of a GS1 text without symbology identifier, in order.

    Separators are accepted after every element, and needed after those of variable length unless they end the text.
    Raises `ElementError`.
    """
    elements: list[tuple[str, str]] = []
    rest = text
    while rest:
        ai, pattern, is_variable = _identifier(rest[:4])
        chunk, _, _ = rest.partition(SEPARATOR)
        match = pattern.match(chunk)
        if match is None:
            raise ElementError("length", f"{chunk[:40]!r} does not fit application identifier {ai}.")
        if is_variable and match.end() < len(chunk):
            raise ElementError(
                "length", f"{chunk[:60]!r} is too long for application identifier {ai}, or lacks a separator."
            )
        found = match[0][len(ai) :]
        _check(ai, found)
        elements.append((ai, found))
        rest = rest[match.end() :].lstrip(SEPARATOR)
    return tuple(elements)


@lru_cache(maxsize=1_024)
def _identifier(start: str) -> tuple[str, re.Pattern[str], bool]:
    """Identifier, pattern of identifier and value, and whether its length varies, for the first four characters of a text."""
    from biip import ParseError
    from biip.gs1_application_identifiers import GS1ApplicationIdentifier

    try:
        known = GS1ApplicationIdentifier.extract(start)
    except ParseError as error:
        raise ElementError("ai", f"{start!r} starts with no GS1 application identifier.") from error
    return known.ai, re.compile(known.pattern.removesuffix("$"), re.ASCII), known.separator_required


def _check(ai: str, found: str) -> None:
    if ai in _CHECKED and check_digit(found[:-1]) != found[-1]:
        raise ElementError(
            "check_digit", f"({ai}){found} ends in {found[-1]}, and its check digit is {check_digit(found[:-1])}."
        )
    if ai in _DATES:
        year, month, day = int(found[:2]), int(found[2:4]), int(found[4:6])
        # Day 00 stands for the end of the month. Two-digit years mean 1976 to 2076 or so: every fourth has a leap day.
        if not 1 <= month <= 12 or day > _DAYS[month - 1] or (month == 2 and day == 29 and year % 4):
            raise ElementError("length", f"({ai}){found} is no date; expected year, month and day as YYMMDD.")

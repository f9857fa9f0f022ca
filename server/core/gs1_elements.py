"""GS1 element strings: application identifiers and their values, one after another, as a GS1 symbol carries them.

The table of identifiers is biip's; the walk is ours, because a label is read at every hand-over and biip's costs some hundred
microseconds, reports wrong check digits instead of refusing them, and asks the clock for the century of a date.

>>> parse_elements("0109506000134352216789")
(('01', '09506000134352'), ('21', '6789'))

Source: GS1 General Specifications 25, sections 3 (identifiers), 7.8 (concatenation) and 7.9.1 (check digits).
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import ClassVar, Final

from server.core.epc.layout import check_digit, is_checked
from server.core.errors import Malformed

SEPARATOR: Final = "\x1d"
"""What scanners send for FNC1 between elements."""
_CHECKED: Final = frozenset({"00", "01", "02", "03", *map(str, range(410, 418))})
"""Identifiers whose whole value ends in a check digit: SSCC, GTIN, GLN."""
_DATES: Final = frozenset({"11", "12", "13", "15", "16", "17"})
_Check = Callable[[str, str], None]
"""(identifier, value). Raises `ElementError`."""
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
    at, end = 0, len(text)
    while at < end:
        ai, pattern, is_variable, check = _identifier(text[at : at + 4])
        match = pattern.match(text, at)
        if match is None:
            raise ElementError("length", f"{_chunk(text, at)[:40]!r} does not fit application identifier {ai}.")
        at = match.end()
        if is_variable and at < end and text[at] != SEPARATOR:
            whole = _chunk(text, match.start())
            raise ElementError(
                "length", f"{whole[:60]!r} is too long for application identifier {ai}, or lacks a separator."
            )
        found = match[0][len(ai) :]
        if check is not None:
            check(ai, found)
        elements.append((ai, found))
        while at < end and text[at] == SEPARATOR:
            at += 1
    return tuple(elements)


def _chunk(text: str, at: int) -> str:
    """The text from here to the next separator."""
    return text[at:].partition(SEPARATOR)[0]


@lru_cache(maxsize=1_024)
def _identifier(start: str) -> tuple[str, re.Pattern[str], bool, _Check | None]:
    """What the first four characters of an element announce.

    Identifier, pattern of identifier and value, whether its length varies, and what its value is checked by.
    """
    from biip import ParseError
    from biip.gs1_application_identifiers import GS1ApplicationIdentifier

    try:
        known = GS1ApplicationIdentifier.extract(start)
    except ParseError as error:
        raise ElementError("ai", f"{start!r} starts with no GS1 application identifier.") from error
    pattern = re.compile(known.pattern.removeprefix("^").removesuffix("$"), re.ASCII)
    check = _check_digit if known.ai in _CHECKED else _check_date if known.ai in _DATES else None
    return known.ai, pattern, known.separator_required, check


def _check_digit(ai: str, found: str) -> None:
    if not is_checked(found):
        raise ElementError(
            "check_digit", f"({ai}){found} ends in {found[-1]}, and its check digit is {check_digit(found[:-1])}."
        )


def _check_date(ai: str, found: str) -> None:
    year, month, day = int(found[:2]), int(found[2:4]), int(found[4:6])
    # Day 00 stands for the end of the month. Two-digit years mean 1976 to 2076 or so: every fourth has a leap day.
    if not 1 <= month <= 12 or day > _DAYS[month - 1] or (month == 2 and day == 29 and year % 4):
        raise ElementError("length", f"({ai}){found} is no date; expected year, month and day as YYMMDD.")

"""Signing words: what a screen says to a person who signs, and when it can have said so.

A signature covers the sentence and the moment as the device sent them, so a device may send no words of its own.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import ClassVar, Final

from server.core.count_sheet import Count
from server.core.errors import Conflict, Malformed

MEANINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "fr": (
            "«\u202fJ'ai compté ou vérifié ces plateaux de mon côté. "
            "Ce qui est écrit ici est ce que j'ai constaté.\u202f»"
        ),
        "en": "“I counted or verified these trays on my own. What is written here is what I found.”",
    }
)
"""Language → the one sentence a tour is signed under, letter by letter as the app shows it (tests/contracts/signing.json)."""
CLOCK_OFF_MS_MAX: Final = 300_000
"""How far a device's clock may be off: five minutes, as for the events that it keeps (decision 8)."""
SHOWN_MS_MAX: Final = 43_200_000
"""A list that was shown over 12 hours ago was read in a session that has ended since."""


class MeaningUnknown(Malformed):
    """The sentence is not one that a signature may mean."""

    code: ClassVar[str] = "meaning_unknown"


class ListTimeWrong(Conflict):
    """The list cannot have been shown when the device says it was, or it was too long ago."""

    code: ClassVar[str] = "list_time_wrong"


def require_meaning(meaning: str) -> None:
    """Refuse every sentence but ours. Raises: MeaningUnknown."""
    if meaning not in MEANINGS.values():
        raise MeaningUnknown("This is not the sentence that a tour is signed under. Reload the app, and sign again.")


def require_shown_at(shown_at: int, *, at: int, counts: Iterable[Count]) -> None:
    """Refuse a moment, ms, at which the list over `counts` cannot have been on a screen, or one long before `at`.

    Raises: ListTimeWrong.
    """
    if shown_at > at + CLOCK_OFF_MS_MAX:
        raise ListTimeWrong(
            "By this device's clock the list is shown later than now. Set the device's clock, open the list again, and sign."
        )
    if at - shown_at > SHOWN_MS_MAX:
        raise ListTimeWrong("The list was shown more than 12 hours ago. Open it again, read it, and sign.")
    if shown_at < max(map(_last_word_at, counts)) - CLOCK_OFF_MS_MAX:
        raise ListTimeWrong(
            "By this device's clock the list was shown before its last count was done. Set the device's clock, open the "
            "list again, and sign."
        )


def _last_word_at(count: Count) -> int:
    """When somebody last said something that stands in the count's result, ms."""
    sealed = [one.at for one in count.sealed_sets()]
    keyed = [one.at for one in count.quantities]
    answered = [one.at for one in count.answers]
    confirmed = [one.at for one in count.recount]
    return max(sealed + keyed + answered + confirmed)

"""Lists read: who has opened which list to sign, since the server started. A courtesy to the partner, no fact of the shop."""

from datetime import datetime
from typing import Final

from server.core.ids import PersonId, TourId

LISTS_MAX: Final = 1_000
"""Openings remembered: months of tours; at the limit the oldest is forgotten."""


class ListsRead:
    """Each person's first look at each list. Used by the writer's thread alone."""

    def __init__(self) -> None:
        self._opened_at: dict[tuple[TourId, int, PersonId], datetime] = {}

    def note(self, tour: TourId, list_no: int, person: PersonId, *, at: datetime) -> bool:
        """Remember that the person has the list before them. False: it was known."""
        key = (tour, list_no, person)
        if key in self._opened_at:
            return False
        while len(self._opened_at) >= LISTS_MAX:
            del self._opened_at[next(iter(self._opened_at))]
        self._opened_at[key] = at
        return True

    def opened_at(self, tour: TourId, list_no: int, person: PersonId) -> datetime | None:
        """When the person first looked at the list. None: not yet, or before the server started."""
        return self._opened_at.get((tour, list_no, person))

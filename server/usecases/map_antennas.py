"""Map antennas: given a reader and the place under one of its antennas, let what that antenna hears count for the place.

Writes the mapping and one leaf `places.changed`; promises that no mapping changes while the reader listens for a count.
"""

from typing import Final

from server.core.errors import Absent, Malformed
from server.core.ids import DeviceId, PlaceId, PlacePath
from server.core.log.events import ActorKind, EventType, Subject
from server.store import attachments, places, readers
from server.store.unit_of_work import UnitOfWork
from server.usecases.attach_reader import ReaderAbsent, ReaderBusy
from server.usecases.open_shop import SYSTEM_ACTOR

ANTENNA_MAX: Final = 64
"""Readers with multiplexers have up to 32 ports."""


def map_antenna(unit: UnitOfWork, *, reader: str, antenna: int, place: PlacePath) -> PlaceId:
    """Let `antenna` (1-based) of a reader stand for `place`; give the place's id. Doing it twice writes one leaf more.

    Raises: ReaderAbsent: no agent spoke of the reader. Absent: no such place. Malformed: no antenna has that number.
    ReaderBusy: the reader listens for a count.
    """
    if not 1 <= antenna <= ANTENNA_MAX:
        raise Malformed(
            f"{antenna} is no antenna; count them from 1 as on the reader's housing, at most {ANTENNA_MAX}."
        )
    found = readers.reader_by_name(unit.conn, unit.shop_id, reader)
    if found is None:
        raise ReaderAbsent(
            f"No agent has spoken of a reader called {reader[:40]!r}. Start its agent first, then map it.",
            reader=reader,
        )
    reader_id, agent = found
    _require_idle(unit, agent=agent, reader=reader)
    place_id = _place(unit, place)
    readers.set_home(unit.conn, unit.shop_id, reader_id=reader_id, antenna=antenna, place_id=place_id, at=unit.now)
    unit.append_leaf(
        EventType.PLACES_CHANGED,
        Subject("place", place_id),
        {"reader": reader_id, "antenna": antenna},
        actor=SYSTEM_ACTOR,
        actor_kind=ActorKind.SYSTEM,
    )
    return place_id


def _require_idle(unit: UnitOfWork, *, agent: DeviceId, reader: str) -> None:
    if any(one.reader == reader for one in attachments.open_ones(unit.conn, unit.shop_id, device_id=agent)):
        raise ReaderBusy(f"{reader} listens for a count. Seal that count first, then map the antenna.")


def _place(unit: UnitOfWork, wanted: PlacePath) -> PlaceId:
    by_path = {path: place for place, path in places.paths(unit.conn, unit.shop_id).items()}
    if wanted not in by_path:
        some = ", ".join(list(by_path)[:3])
        raise Absent(f"There is no place {wanted[:60]!r} in this shop. Give one of its paths, such as {some}.")
    return by_path[wanted]

"""Small acts that the tests of the store put into units of work."""

from server.core.log.events import ActorKind, EventType, Subject
from server.store.unit_of_work import UnitOfWork


def note(unit: UnitOfWork, number: int = 0) -> int:
    """Append one leaf that says a number."""
    return unit.append_leaf(
        EventType.CLOCK_ANOMALY,
        Subject("shop", "s"),
        {"number": number},
        actor="server",
        actor_kind=ActorKind.SYSTEM,
    )

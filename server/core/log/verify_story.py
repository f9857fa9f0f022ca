"""What the leaves of a pack tell of each count, sorted: when it was opened, sealed, revealed and closed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from server.core.errors import Malformed
from server.core.log import pack
from server.core.log.canonical import JsonValue
from server.core.log.events import EventType, Leaf
from server.core.log.findings import RecordBroken

_SEALS: Final = frozenset({EventType.ROUND_SEALED, EventType.SEARCH_ENDED, EventType.VERIFICATION_ANSWERED})


@dataclass(frozen=True, slots=True)
class Seal:
    """One sealed set of one person in one count."""

    leaf: Leaf
    count: str
    role: str
    sealed_sha256: str
    is_blind: bool


@dataclass(frozen=True, slots=True)
class Story:
    """The leaves sorted by what they say of counts."""

    opened: Mapping[str, Leaf]
    seals: Mapping[str, Sequence[Seal]]
    revealed: Mapping[str, Leaf]
    closed: Mapping[str, Leaf]
    recounted: Mapping[str, Sequence[Leaf]]
    """Words of a recount that a piece is here."""


def story_of(leaves: Sequence[Leaf]) -> Story:
    """The leaves sorted. Raises: RecordBroken: a count happened in an order that cannot be."""
    opened: dict[str, Leaf] = {}
    revealed: dict[str, Leaf] = {}
    closed: dict[str, Leaf] = {}
    seals: dict[str, list[Seal]] = {}
    recounted: dict[str, list[Leaf]] = {}
    once = {EventType.COUNT_OPENED: opened, EventType.COUNT_REVEALED: revealed, EventType.COUNT_CLOSED: closed}
    for leaf in leaves:
        if leaf.type in once:
            if leaf.subject.id in once[leaf.type]:
                raise RecordBroken(leaf_name(leaf), f"Leaf {leaf.seq} repeats {leaf.type} for count {leaf.subject.id}.")
            once[leaf.type][leaf.subject.id] = leaf
            _refuse_unopened(leaf, leaf.subject.id, opened)
        if leaf.type in _SEALS and "sealed_sha256" in leaf.body:
            seal = _seal_of(leaf)
            _refuse_unopened(leaf, seal.count, opened)
            seals.setdefault(seal.count, []).append(seal)
        if leaf.body.get("act") == "confirm_recount" and leaf.body.get("is_present") is True:
            recounted.setdefault(str(leaf.body.get("count")), []).append(leaf)
        if leaf.type is EventType.COUNT_VOIDED and leaf.subject.id in closed:
            raise RecordBroken(leaf_name(leaf), f"Leaf {leaf.seq} voids count {leaf.subject.id} after it was closed.")
    return Story(opened, seals, revealed, closed, recounted)


def _refuse_unopened(leaf: Leaf, count: str, opened: Mapping[str, Leaf]) -> None:
    if count not in opened:
        raise RecordBroken(leaf_name(leaf), f"Leaf {leaf.seq} is about count {count}, which was not opened before it.")


def _seal_of(leaf: Leaf) -> Seal:
    return Seal(
        leaf=leaf,
        count=text_of(leaf, "count"),
        role=text_of(leaf, "role"),
        sealed_sha256=text_of(leaf, "sealed_sha256"),
        is_blind=leaf.body.get("blind") is not False,
    )


def index_of(members: Mapping[str, bytes]) -> dict[str, Mapping[str, JsonValue]]:
    """Count → its row in the list of counts. Raises: RecordBroken: a row that names no count."""
    listed: dict[str, Mapping[str, JsonValue]] = {}
    for path in pack.index_paths(members):
        for row in rows_in(members, path):
            match row:
                case {"count": str(count)} if isinstance(row, dict):
                    listed[count] = row
                case _:
                    raise RecordBroken(path, f"A row of {path} names no count.")
    return listed


def rows_in(members: Mapping[str, bytes], path: str) -> list[JsonValue]:
    """The rows of a member in JSON Lines; none when it is absent. Raises: RecordBroken."""
    try:
        return pack.rows_of(members.get(path, b""))
    except Malformed as error:
        raise RecordBroken(path, f"{path} cannot be read: {error.sentence}") from error


def text_of(leaf: Leaf, member: str) -> str:
    """A text of a leaf's body. Raises: RecordBroken: it has none of that name."""
    text = leaf.body.get(member)
    if not isinstance(text, str) or not text:
        raise RecordBroken(leaf_name(leaf), f"Leaf {leaf.seq} ({leaf.type}) has no {member}.")
    return text


def leaf_name(leaf: Leaf) -> str:
    """How a finding names a leaf."""
    return f"leaf {leaf.seq}"

"""How each tour's draw was planned, before anything was counted: the chances are those of the formula, frozen in its leaf.

    tour.planned    subject tour    occasion, shop_day, k, w, high_value, due_root, ppm_sha256: a member `[[ref, ppm]…]`

Source: decisions.md 6.7. Weeks since a piece was last seen cannot be computed from a pack; the chances are only checked to
be those of some number of weeks.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from server.core import draw
from server.core.draw import PPM
from server.core.ids import PieceRef
from server.core.log import canonical
from server.core.log.canonical import JsonValue, NotCanonical
from server.core.log.checkpoint import Checkpoint
from server.core.log.events import Leaf
from server.core.log.findings import RecordBroken
from server.core.log.verify_story import leaf_name

_WEIGHTS: Final = tuple(sorted({(1 + weeks) * factor for weeks in range(draw.WEEKS_CAP + 1) for factor in (1, 3)}))


@dataclass(frozen=True, slots=True)
class PlannedTour:
    """A tour as its leaf froze it."""

    leaf: Leaf
    occasion: str
    shop_day: str
    high_value: int
    due_root: str | None
    chances: Mapping[PieceRef, int]


def value_in(documents: Mapping[str, bytes], digest: str) -> JsonValue:
    """The set with this digest; None: the pack does not hold it. Raises: RecordBroken: it is not canonical JSON."""
    raw = documents.get(digest)
    try:
        return None if raw is None else canonical.decode_pinned(raw)
    except NotCanonical as error:
        raise RecordBroken(
            f"set {digest}", f"The set with the hash {digest} cannot be read: {error.sentence}"
        ) from error


def planned_tour(leaf: Leaf, documents: Mapping[str, bytes], heads: Sequence[Checkpoint]) -> PlannedTour:
    """The tour of a leaf whose numbers are those of the formula. Raises: RecordBroken."""
    match dict(leaf.body):
        case {
            "occasion": str(occasion),
            "shop_day": str(shop_day),
            "k": int(k),
            "w": int(total),
            "high_value": int(high_value),
            "due_root": (str() | None) as due_root,
            "ppm_sha256": str(digest),
        }:
            table = value_in(documents, digest)
            chances = _chances(table if isinstance(table, list) else [], leaf)
            _check_chances(chances, leaf, k=k, total=total)
            _check_due_root(leaf, due_root, heads)
            return PlannedTour(leaf, occasion, shop_day, high_value, due_root, chances)
    raise RecordBroken(leaf_name(leaf), f"Leaf {leaf.seq} does not say how the draw of its tour was planned.")


def _chances(table: Iterable[JsonValue], leaf: Leaf) -> dict[PieceRef, int]:
    chances: dict[PieceRef, int] = {}
    for row in table:
        match row:
            case [str(ref), int(ppm)]:
                chances[PieceRef(ref)] = ppm
            case _:
                raise RecordBroken(leaf_name(leaf), f"The chances planned in leaf {leaf.seq} cannot be read.")
    return chances


def _check_chances(chances: Mapping[PieceRef, int], leaf: Leaf, *, k: int, total: int) -> None:
    """Every chance is one that the formula gives for some weeks and value, and the weights add up to W."""
    least = most = 0
    is_right = k == draw.expected_draws(len(chances)) and (total > 0) is bool(chances)
    for ppm, pieces in Counter(chances.values()).items():
        weights = [weight for weight in _WEIGHTS if min(PPM, PPM * k * weight // total) == ppm] if is_right else []
        is_right = bool(weights)
        least, most = least + pieces * min(weights, default=0), most + pieces * max(weights, default=0)
    if not is_right or not least <= total <= most:
        raise RecordBroken(leaf_name(leaf), f"The chances planned in leaf {leaf.seq} are not those of the formula.")


def _check_due_root(leaf: Leaf, due_root: str | None, heads: Sequence[Checkpoint]) -> None:
    """The split between opening and closing follows from the last root signed before the tour.

    The one before it is as good: a signature may have been on its way while the tour was planned.
    """
    before = [head.root.hex() for head in heads if head.size <= leaf.seq][-2:]
    if due_root not in before and not (due_root is None and len(before) < 2):
        raise RecordBroken(
            leaf_name(leaf), f"What is due in the tour of leaf {leaf.seq} was not split by the last root before it."
        )

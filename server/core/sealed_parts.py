"""Sealed parts: the four documents of a count whose hashes go into the log, the lists and the pack.

| part | holds |
|---|---|
| A1 | A's blind round |
| A2 | A1 and what the search found |
| B1 | B's blind round |
| B2 | everything B said: the round if there was one, the quantity, the scanned labels and the answers |

The bytes are kept for ever; a verifier hashes them and compares.
"""

import hashlib
from dataclasses import dataclass

from server.core import count_acts as acts
from server.core.count_acts import Act
from server.core.count_sheet import Count
from server.core.ids import RoundId
from server.core.log import canonical
from server.core.plain_json import JsonObject, digest_of, to_plain


@dataclass(frozen=True, slots=True)
class SealedPart:
    """One document, ready for the store."""

    part: str
    """A1, A2, B1 or B2."""
    round: RoundId
    body: bytes
    """Canonical JSON; its SHA-256 is the digest."""
    sha256: str


def part_sealed_by(act: Act, count: Count) -> SealedPart | None:
    """The document that `act` sealed, from the sheet after it; None: the act seals nothing."""
    match act:
        case acts.SealRound():
            return _part("A1", count.round_a, to_plain_object(count.a1))
        case acts.EndSearch():
            return _part("A2", count.round_a, _a2(count))
        case acts.SealBlindRound():
            return _part("B1", count.round_b, to_plain_object(count.b1))
        case acts.SealVerification():
            return _part("B2", count.round_b, _b2(count))
        case _:
            return None


def sealed_a_sha256(count: Count) -> str:
    """Hex digest of the last thing A sealed: A2 after a search, else A1."""
    return digest_of(to_plain_object(count.a1) if count.a2 is None else _a2(count))


def sealed_b_sha256(count: Count) -> str:
    """Hex digest of B2, the last thing B sealed."""
    return digest_of(_b2(count))


def to_plain_object(value: object) -> JsonObject:
    """A dataclass as a plain object."""
    plain = to_plain(value)
    assert isinstance(plain, dict)
    return plain


def _a2(count: Count) -> JsonObject:
    return {"a1": to_plain(count.a1), "a2": to_plain(count.a2)}


def _b2(count: Count) -> JsonObject:
    return {
        "b1": to_plain(count.b1),
        "mode": to_plain(count.mode),
        "draw_root": count.draw_root,
        "quantities": to_plain([quantity for quantity in count.quantities if quantity.by == count.b]),
        "scanned": to_plain(count.scanned),
        "answers": to_plain([answer for answer in count.answers if answer.by == count.b]),
    }


def _part(part: str, round_id: RoundId | None, plain: JsonObject) -> SealedPart:
    assert round_id is not None
    body = canonical.encode(plain)
    return SealedPart(part, round_id, body, hashlib.sha256(body).hexdigest())

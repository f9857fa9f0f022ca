"""Count result: what two rounds, the answers and the recount say together. Sets of pieces, never totals."""

from dataclasses import dataclass, replace
from typing import Final

from server.core.actors import PersonRights, Role, is_same_human
from server.core.count_acts import Occasion
from server.core.count_sheet import Confirmation, Count, Grade, Mode, Result
from server.core.counting import has_seen
from server.core.ids import PieceRef
from server.core.plain_json import JsonObject, digest_of, to_plain
from server.core.verification import answers_of, by_hand_only, is_quantity_unequal, keyed_quantity

EXCEPTION_REASONS: Final = frozenset(
    {
        "ask_absent",
        "by_hand_again",
        "anomaly",
        "gap_accepted",
        "missing",
        "quantity",
        "unexpected",
        "unknown_tag",
    }
)
"""Reasons for a blind round that stay on the line as exceptions, decisions.md T8; the others are the shop's choice."""
RESULT_DOMAIN: Final = "baguier-result/1"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something left after both people looked: it needs a case."""

    subject: str
    """Piece reference, opaque tag name, or the place id."""
    discrepancy: str
    """Class as far as the count can tell; the reconciliation may know better (`MISSING_OVERNIGHT`, `MISPLACED`)."""


def tag_only(count: Count) -> frozenset[PieceRef]:
    """Tags heard whose piece the verifier looked for and did not find: the tag without its jewel."""
    own = count.present_by_a() if count.mode is Mode.SOLO else frozenset[PieceRef]()
    scanned_by_b = frozenset[PieceRef]()
    unscanned = frozenset[PieceRef]()
    if count.b1 is not None:
        own = frozenset(count.b1.heard)
        scanned_by_b = frozenset(count.b1.by_hand) | frozenset(count.scanned or ())
        unscanned = own - scanned_by_b if count.scanned is not None else unscanned
    absent = {answer.ref for answer in answers_of(count) if not answer.is_present}
    in_hand = {answer.ref for answer in answers_of(count) if answer.is_present}
    return ((own & absent) - scanned_by_b) | (unscanned - in_hand)


def present_by_b(count: Count) -> frozenset[PieceRef]:
    """B's set. In a challenge every ask was answered "here" and the quantity agreed, so it is A's set."""
    if count.b1 is None:
        return count.present_by_a()
    by_label = frozenset(count.b1.by_hand) | frozenset(count.scanned or ())
    answers = answers_of(count)
    in_hand = {answer.ref for answer in answers if answer.is_present}
    absent = {answer.ref for answer in answers if not answer.is_present}
    return (count.b1.present - absent - tag_only(count)) | by_label | in_hand


def recount_lines(count: Count) -> tuple[PieceRef, ...]:
    """Pieces on which A and B differ, sorted. A tag without its piece is a case at once, not a line."""
    return tuple(sorted((count.present_by_a() ^ present_by_b(count)) - tag_only(count)))


def third_people(count: Count) -> tuple[PersonRights, ...]:
    """People of the snapshot who may settle a line: right to count, neither A nor B, and nothing seen."""
    assert count.a is not None
    taken = [actor.person for actor in (count.a, count.b) if actor is not None]
    return tuple(
        rights
        for rights in count.people
        if rights.may_count
        and not has_seen(count, rights.person)
        and not any(is_same_human(count.people, first=person, second=rights.person) for person in taken)
    )


def verdict(count: Count, ref: PieceRef) -> bool | None:
    """Whether a recount line is here; None: not settled, which becomes a case."""
    said = {confirmation.role: confirmation.is_present for confirmation in count.recount if confirmation.ref == ref}
    if Role.C in said:
        return said[Role.C]
    if said.keys() >= {Role.A, Role.B} and said[Role.A] is said[Role.B]:
        return said[Role.A]
    return None


def final_present(count: Count) -> frozenset[PieceRef]:
    """Pieces that are here by the word of everybody who had to say."""
    if count.mode is Mode.SOLO:
        return count.present_by_a() - tag_only(count)
    agreed = count.present_by_a() & present_by_b(count)
    return agreed | {ref for ref in recount_lines(count) if verdict(count, ref) is True}


def findings(count: Count) -> tuple[Finding, ...]:
    """What needs a case, sorted by subject and class. Known missing pieces raise nothing."""
    present = final_present(count)
    expected = frozenset(piece.ref for piece in count.expected)
    conflicts = {ref for ref in recount_lines(count) if verdict(count, ref) is None}
    without_tag_piece = tag_only(count)
    absent = expected - present - conflicts - without_tag_piece - frozenset(count.known_missing)
    sets = list(count.sealed_sets())
    retag_due = {piece.ref for piece in count.expected if piece.is_retag_due}
    found = [
        *(Finding(ref, "ROUND_CONFLICT") for ref in conflicts),
        *(Finding(ref, "TAG_ONLY") for ref in without_tag_piece),
        *(Finding(ref, _absence_class(count, ref)) for ref in absent),
        *(Finding(anomaly.ref, anomaly.discrepancy) for one in sets for anomaly in one.anomalies),
        *(Finding(ref, "UNTAGGED") for ref in retag_due & by_hand_only(sets) & present),
    ]
    if count.plan.occasion is not Occasion.INITIAL:
        found += [Finding(ref, "UNEXPECTED") for ref in present - expected]
        found += [Finding(tag, "UNKNOWN_TAG") for one in sets for tag in one.unknown]
    if has_quantity_gap(count):
        found.append(Finding(count.plan.place, "QUANTITY_GAP"))
    return tuple(sorted(set(found), key=lambda finding: (finding.subject, finding.discrepancy)))


def has_quantity_gap(count: Count) -> bool:
    """Whether the number of pieces seen still differs from the round and nobody scanned every label."""
    return is_quantity_unequal(count) and count.scanned is None


def make_result(count: Count) -> Result:
    """The next result of the count. Equal sheets give equal digests, on any machine and in any replay."""
    present = final_present(count)
    lines = recount_lines(count)
    known = frozenset(count.known_missing)
    unsealed = Result(
        number=count.results_made + 1,
        sha256="",
        present=tuple(sorted(present)),
        missing=tuple(sorted(frozenset(piece.ref for piece in count.expected) - present - known)),
        by_hand=tuple(sorted(by_hand_only(list(count.sealed_sets())) & present)),
        known_missing=tuple(sorted(known - present)),
        reappeared=tuple(sorted(known & present)),
        grades=tuple(sorted({grade_of(count, ref) for ref in lines if verdict(count, ref) is not None})),
        exceptions=_exceptions(count, has_lines=bool(lines)),
    )
    return replace(unsealed, sha256=digest_of({**_bound_facts(count), "result": to_plain(unsealed)}))


def grade_of(count: Count, ref: PieceRef) -> Grade:
    """How strongly a settled recount line is settled."""
    return Grade.THIRD_PERSON if any(_is_third(one, ref) for one in count.recount) else Grade.BOTH_AGAIN


def _is_third(confirmation: Confirmation, ref: PieceRef) -> bool:
    return confirmation.ref == ref and confirmation.role is Role.C


def _absence_class(count: Count, ref: PieceRef) -> str:
    """A lossy source proves presence, never absence: a piece that only lossy rounds missed is unverified."""
    silent = [one for one in count.sealed_sets() if ref not in one.present]
    is_proven = any(not one.is_lossy for one in silent)
    return "MISSING" if is_proven else "UNVERIFIED"


def _exceptions(count: Count, *, has_lines: bool) -> tuple[str, ...]:
    codes = set(count.mode_reasons) & EXCEPTION_REASONS
    codes |= {case.discrepancy.lower() for case in count.cases}
    if any(one.gap is not None for one in count.sealed_sets()):
        codes.add("gap_accepted")
    if has_lines:
        codes.add("recounted")
    return tuple(sorted(codes))


def _bound_facts(count: Count) -> JsonObject:
    """What the digest binds besides the outcome: another scope, rule, seal or answer gives another digest."""
    quantity = keyed_quantity(count)
    return {
        "domain": RESULT_DOMAIN,
        "count": count.plan.count,
        "place": count.plan.place,
        "expected_sha256": count.expected_sha256,
        "scope_sha256": count.scope_sha256,
        "policy_sha256": digest_of(to_plain(count.policy)),
        "mode": None if count.mode is None else count.mode.value,
        "draw_root": count.draw_root,
        "sealed": [one.sha256() for one in count.sealed_sets()],
        "n_pieces_keyed": None if quantity is None else quantity.n_pieces,
        "answers": [
            {"ref": answer.ref, "is_present": answer.is_present, "sight": answer.sight.value}
            for answer in answers_of(count)
        ],
        "scanned": None if count.scanned is None else list(count.scanned),
        "recount": [
            {"ref": one.ref, "role": one.role.value, "is_present": one.is_present, "sight": one.sight.value}
            for one in count.recount
        ],
        "cases": [
            {"subject": case.subject, "discrepancy": case.discrepancy, "outcome": case.outcome}
            for case in sorted(count.cases, key=lambda case: (case.subject, case.discrepancy))
        ],
    }

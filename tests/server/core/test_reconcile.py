"""What holds for every shop: nobody is forgotten, nobody counted twice, and order never matters."""

import hashlib
from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from server.core.custody import Move
from server.core.evidence import Observation, fold
from server.core.expected import freeze
from server.core.ids import PieceRef, PlacePath
from server.core.log import canonical
from server.core.pieces import Piece, Status
from server.core.places import contains
from server.core.reconcile import digest_of, reconcile
from tests.server.core.discrepancies.shop_picture import draw, epc_of, tid_of

PLACES = st.sampled_from([PlacePath(path) for path in ("Safe", "Safe/1", "Safe/2", "Window/1", "Window/10")])
NAMES = ("a", "b", "c", "d", "e", "f")


@st.composite
def books(draw_value: st.DrawFn) -> list[Piece]:
    return [
        Piece(
            PieceRef(name),
            draw_value(st.none() | PLACES),
            draw_value(st.sampled_from(Status)),
            epc=draw_value(st.none() | st.sampled_from([epc_of(name), epc_of("a")])),
            tid=draw_value(st.none() | st.just(tid_of(name))),
        )
        for name in draw_value(st.lists(st.sampled_from(NAMES), unique=True))
    ]


@st.composite
def hearings(draw_value: st.DrawFn) -> list[Observation]:
    return [
        Observation(
            epc_of(draw_value(st.sampled_from((*NAMES, "stranger")))),
            draw_value(PLACES),
            draw_value(st.none() | st.sampled_from(NAMES).map(tid_of)),
            reads=3,
            is_counted=draw_value(st.booleans()),
            strength_sum_cdbm=3 * draw_value(st.sampled_from([-4000, -4400, -6000])),
            measured=3,
        )
        for _ in range(draw_value(st.integers(0, 12)))
    ]


MOVES = st.lists(
    st.builds(
        Move,
        st.sampled_from(NAMES).map(PieceRef),
        st.just("transfer"),
        st.integers(0, 3),
        st.none() | PLACES,
        st.none() | PLACES,
    ),
    max_size=4,
)


@given(pieces=books(), heard=hearings(), moves=MOVES, prior=st.sets(st.sampled_from(NAMES).map(PieceRef)))
def test_every_expected_piece_is_found_or_has_exactly_one_finding(
    pieces: list[Piece], heard: list[Observation], moves: list[Move], prior: set[PieceRef]
) -> None:
    result = reconcile(freeze(pieces), fold(heard), moves=moves, prior=prior)

    named = Counter(finding.piece for finding in result.discrepancies if finding.piece is not None)
    assert all(times == 1 for times in named.values())
    assert set(result.expected) <= set(result.found) | named.keys()
    assert {finding.piece for finding in result.discrepancies if finding.piece in result.found} <= {
        finding.piece for finding in result.discrepancies if finding.code == "DUPLICATE_EPC"
    }


@given(pieces=books(), heard=hearings(), moves=MOVES, shuffler=st.randoms(use_true_random=False))
def test_no_order_of_books_or_reads_changes_the_answer(
    pieces: list[Piece], heard: list[Observation], moves: list[Move], shuffler: Random
) -> None:
    before = reconcile(freeze(pieces), fold(heard), moves=moves)

    shuffler.shuffle(pieces)
    shuffler.shuffle(heard)

    assert reconcile(freeze(pieces), fold(heard), moves=moves) == before


@given(pieces=books(), heard=hearings(), moves=MOVES)
def test_neither_moves_nor_the_last_closing_change_what_is_expected_or_found(
    pieces: list[Piece], heard: list[Observation], moves: list[Move]
) -> None:
    plain = reconcile(freeze(pieces), fold(heard))
    told = reconcile(freeze(pieces), fold(heard), moves=moves, prior=[PieceRef(name) for name in NAMES])

    assert (told.expected, told.found) == (plain.expected, plain.found)


@given(pieces=books(), heard=hearings())
def test_the_place_contains_every_finding_of_an_expected_piece(pieces: list[Piece], heard: list[Observation]) -> None:
    result = reconcile(freeze(pieces), fold(heard))

    for finding in result.discrepancies:
        if finding.piece in result.expected and finding.place is not None:
            assert contains(result.place, finding.place)
        assert finding.heard_in is None or contains(result.place, finding.heard_in)


def test_the_digest_can_be_computed_from_the_exported_rows() -> None:
    result = draw(
        """
        in Safe/1:        ring-2 ring-1
        in Safe/2:        ring-3
        heard in Safe/1:  ring-3 stranger
        """
    ).reconciliation

    rows = [
        ["MISPLACED", "ring-3", "Safe/2"],
        ["MISSING", "ring-1", "Safe/1"],
        ["MISSING", "ring-2", "Safe/1"],
        ["UNKNOWN_TAG", "", "Safe/1"],
    ]
    assert result.digest == hashlib.sha256(canonical.encode(rows)).hexdigest()
    assert result.digest == digest_of(reversed(result.discrepancies))
    assert result.place == "Safe"


def test_a_shop_in_order_has_the_digest_of_nothing() -> None:
    assert digest_of([]) == hashlib.sha256(b"[]").hexdigest()

"""What B was asked is computed again: days whose draw, chances or due pieces somebody chose, signed with the real log key."""

from collections.abc import Mapping

import pytest

from server.core import draw
from server.core.ids import PieceRef
from server.core.log.canonical import JsonValue
from server.core.log.events import EventType, Subject
from server.core.log.findings import Finding, Property, State
from tests.server.core.log.verifying import finding, verified
from tests.server.exports.shop_days import C1, C2, C3, HIGH_VALUE, RINGS, ShopDay, line, trust_in

MANY = [f"BAG-{number:06d}" for number in range(1, 401)]
"""So many pieces that few are drawn: 12 of 400."""
DEAR = HIGH_VALUE


def close_by_two(day: ShopDay, count: str, sealed_b: str, *, n: int = 1, tour: str = "t-1") -> None:
    day.reveal(count)
    sealed_a = day.last_of_a[count]
    statement: dict[str, str | int] = {"tour": tour, "list_no": n}
    day.sign(f"s-a{n}", [line(count, "A", sealed_a, sealed_b)], by="claire@pad", statement=statement)
    day.sign(f"s-b{n}", [line(count, "B", sealed_a, sealed_b)], by="marc@phone", statement=statement)
    day.close(count, a=f"s-a{n}", b=f"s-b{n}")


def seal_a(day: ShopDay, count: str, refs: list[str], *, by_hand: tuple[str, ...] = ()) -> None:
    heard: dict[str, JsonValue] = {"heard": [ref for ref in refs if ref not in by_hand], "by_hand": list(by_hand)}
    day.seal(count, "A", by="claire@pad", document=heard)
    day.checkpoint()


def day_of(
    *,
    occasion: str = "opening",
    retail: int = 100,
    refs: list[str] | None = None,
    by_hand: tuple[str, ...] = (),
    leaf: Mapping[str, JsonValue] | None = None,
    ppm: Mapping[str, int] | None = None,
    planned: list[str] | None = None,
) -> ShopDay:
    """One count, sealed by A over a signed root; nobody has answered."""
    day = ShopDay()
    day.act(EventType.SHOP_OPENED, Subject("shop", "s-1"), {})
    day.checkpoint()
    day.plan(occasion=occasion, refs=MANY if planned is None else planned, leaf=leaf, ppm=ppm)
    day.open_count(C1, refs=refs or MANY, retail=retail)
    seal_a(day, C1, refs or MANY, by_hand=by_hand)
    return day


def told(day: ShopDay) -> Finding:
    verification = verified(day, trust_in(day.notes[0]))
    found = finding(verification, Property.DRAW)
    assert (verification.exit_code == 1) is (found.state is State.BROKEN)
    return found


def drawn_of(day: ShopDay) -> list[str]:
    chances = [draw.Threshold(ref, ppm) for ref, ppm in day.chances["t-1"].items()]
    return list(draw.drawn(chances, root=bytes.fromhex(day.root_over_a(C1)), count=C1))  # type: ignore[arg-type]


def answered(day: ShopDay, *asked: str) -> Finding:
    close_by_two(day, C1, day.answer(C1, by="marc@phone", asked=asked))
    return told(day)


def test_what_the_root_drew_and_nothing_else_was_asked() -> None:
    day = day_of()
    drawn = drawn_of(day)

    assert 1 < len(drawn) < 40
    assert answered(day, *drawn).state is State.OK


def test_a_drawn_piece_that_was_not_asked_is_named() -> None:
    day = day_of()
    spared, *asked = drawn_of(day)

    found = answered(day, *asked)

    assert (found.state, C1 in found.sentence, spared in found.sentence) == (State.BROKEN, True, True)


def test_a_piece_asked_in_the_place_of_a_drawn_one_is_broken() -> None:
    day = day_of()
    spared, *asked = drawn_of(day)
    chosen = next(ref for ref in MANY if ref not in (spared, *asked))

    assert answered(day, chosen, *asked).state is State.BROKEN


def test_a_piece_that_nothing_called_for_was_chosen_by_somebody() -> None:
    day = day_of()
    drawn = drawn_of(day)
    chosen = next(ref for ref in MANY if ref not in drawn)

    found = answered(day, chosen, *drawn)

    assert (found.state, "somebody chose" in found.sentence) == (State.BROKEN, True)


def test_pieces_found_by_hand_are_asked_too() -> None:
    day = day_of(by_hand=(MANY[0], MANY[1]))
    drawn = drawn_of(day)
    assert not {MANY[0], MANY[1]} & set(drawn)
    assert answered(day, MANY[0], MANY[1], *drawn).state is State.OK

    day = day_of(by_hand=(MANY[0], MANY[1]))
    assert answered(day, MANY[0], *drawn).state is State.BROKEN


def test_a_drawn_piece_that_nobody_found_is_not_asked() -> None:
    away = drawn_of(day_of())[0]
    day = ShopDay()
    day.plan(refs=MANY)
    day.open_count(C1, refs=MANY)
    seal_a(day, C1, [ref for ref in MANY if ref != away])
    drawn = drawn_of(day)

    assert answered(day, *(ref for ref in drawn if ref != away)).state is State.OK


def test_what_b_scanned_without_being_asked_is_done() -> None:
    day = day_of()
    drawn = drawn_of(day)
    root = day.root_over_a(C1)
    own: dict[str, JsonValue] = {"heard": MANY, "by_hand": drawn[:2]}
    sealed_b = day.answer(C1, by="marc@phone", asked=drawn[3:], document={"b1": own, "scanned": drawn[2:3]})
    close_by_two(day, C1, sealed_b)

    assert (root, told(day).state) == (day.root_over_a(C1), State.OK)


def test_a_known_missing_piece_is_not_asked() -> None:
    away = drawn_of(day_of())[0]
    day = ShopDay()
    day.act(EventType.SHOP_OPENED, Subject("shop", "s-1"), {})
    day.checkpoint()
    day.plan(refs=MANY)
    day.open_count(C1, refs=MANY, known_missing=(away,))
    seal_a(day, C1, MANY)
    drawn = drawn_of(day)

    assert answered(day, *(ref for ref in drawn if ref != away)).state is State.OK


def test_a_set_of_b_that_names_another_root_than_the_log_is_broken() -> None:
    day = day_of()
    sealed_b = day.answer(C1, by="marc@phone", asked=drawn_of(day), document={"draw_root": "0" * 64})
    close_by_two(day, C1, sealed_b)

    assert told(day).state is State.BROKEN


def test_dear_pieces_are_split_by_the_root_before_the_tour() -> None:
    day = day_of(retail=DEAR)
    drawn = drawn_of(day)
    root = bytes.fromhex(day.roots[0][1])
    due = [ref for ref in MANY if draw.is_due_at_opening(PieceRef(ref), root=root)]
    assert 100 < len(due) < 300

    assert answered(day, *sorted({*due, *drawn})).state is State.OK
    for left_out in (due[0], due[-1]):
        spared = day_of(retail=DEAR)
        assert answered(spared, *sorted({*due, *drawn} - {left_out})).state is State.BROKEN


@pytest.mark.parametrize("due_root", [None, "0" * 64])
def test_a_split_by_a_root_of_ones_choice_is_broken(due_root: str | None) -> None:
    day = ShopDay()
    day.act(EventType.SHOP_OPENED, Subject("shop", "s-1"), {})
    day.checkpoint()
    day.act(EventType.PLACES_CHANGED, Subject("shop", "s-1"), {})
    day.checkpoint()
    day.plan(refs=MANY, leaf={"due_root": due_root})
    day.open_count(C1, refs=MANY)
    seal_a(day, C1, MANY)

    found = answered(day, *drawn_of(day))

    assert (found.state, found.first_bad) == (State.BROKEN, "leaf 2")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"leaf": {"k": 1}}, id="fewer draws"),
        pytest.param({"leaf": {"w": 1_000_000}}, id="another weight of all"),
        pytest.param({"leaf": {"w": 0}}, id="no weight"),
        pytest.param({"ppm": dict.fromkeys(MANY, 24_000)}, id="weights that do not add up"),
        pytest.param({"leaf": {"k": 6}, "ppm": dict.fromkeys(MANY, 15_000)}, id="half the draws"),
        pytest.param({"ppm": {MANY[7]: 0}}, id="a piece that is never drawn"),
        pytest.param({"ppm": {MANY[7]: 1_000_000}}, id="a piece that is always drawn"),
        pytest.param({"leaf": {"ppm_sha256": "0" * 64}}, id="another table"),
        pytest.param({"planned": MANY[1:]}, id="a piece without a chance"),
        pytest.param({"leaf": {"k": None}}, id="no number of draws"),
    ],
)
def test_chances_that_are_not_those_of_the_formula_are_broken(change: dict[str, Mapping[str, JsonValue]]) -> None:
    day = day_of(**change)  # type: ignore[arg-type]
    close_by_two(day, C1, day.answer(C1, by="marc@phone", asked=drawn_of(day)))

    verification = verified(day, trust_in(day.notes[0]))

    assert verification.exit_code == 1
    assert finding(verification, Property.DRAW).first_bad == "leaf 1"


def closing_day(*, moved: str | None = None, made: str = "by two") -> tuple[ShopDay, list[str]]:
    """Two dear pieces, counted at the opening, where both were in B's hand, and again at the closing."""
    refs = MANY[:2]
    day = ShopDay()
    day.plan(refs=MANY)
    day.checkpoint()
    day.open_count(C1, refs=refs, retail=DEAR)
    seal_a(day, C1, refs)
    if made == "and left":
        pass
    elif made == "alone":
        day.reveal(C1)
        day.sign("s-a1", [line(C1, "A", day.last_of_a[C1], None)], by="claire@pad")
        day.close(C1, a="s-a1", b=None)
    else:
        # No root was signed before this tour, so all that is dear was due in it.
        close_by_two(day, C1, day.answer(C1, by="marc@phone", asked=refs))
    day.checkpoint()
    if moved is not None:
        day.act(EventType.PIECE_MOVED, Subject("piece", moved), {"kind": "back"})
    day.plan("t-2", occasion="closing", refs=MANY)
    day.open_count(C2, tour="t-2", refs=refs, retail=DEAR)
    seal_a(day, C2, refs)
    drawn = draw.drawn(
        [draw.Threshold(ref, ppm) for ref, ppm in day.chances["t-2"].items() if ref in refs],
        root=bytes.fromhex(day.root_over_a(C2)),
        count=C2,  # type: ignore[arg-type]
    )
    return day, list(drawn)


def close_second(day: ShopDay, *asked: str) -> Finding:
    close_by_two(day, C2, day.answer(C2, by="marc@phone", tour="t-2", asked=sorted(asked)), n=2, tour="t-2")
    return told(day)


def test_a_dear_piece_held_at_the_opening_is_not_asked_at_the_closing() -> None:
    day, drawn = closing_day()

    assert close_second(day, *drawn).state is State.OK


@pytest.mark.parametrize(("asked", "state"), [(MANY[:2], State.OK), (MANY[:1], State.BROKEN)])
def test_a_dear_piece_that_nobody_held_is_due_at_the_closing(asked: list[str], state: State) -> None:
    refs = MANY[:2]
    day = ShopDay()
    day.plan("t-2", occasion="closing", refs=MANY)
    day.open_count(C2, tour="t-2", refs=refs, retail=DEAR)
    seal_a(day, C2, refs)

    assert close_second(day, *asked).state is state


@pytest.mark.parametrize("made", ["alone", "and left"])
def test_what_was_held_in_a_count_that_two_did_not_finish_cannot_be_told(made: str) -> None:
    day, drawn = closing_day(made=made)

    assert close_second(day, *drawn).state is State.CANNOT_TELL


def test_a_piece_that_came_back_since_the_last_closing_is_asked() -> None:
    day, drawn = closing_day(moved=MANY[0])
    assert close_second(day, MANY[0], *drawn).state is State.OK

    day, drawn = closing_day(moved=MANY[0])
    assert MANY[0] not in drawn
    assert close_second(day, *drawn).state is State.BROKEN


def test_a_count_of_no_tour_is_broken() -> None:
    day = ShopDay()
    day.plan(refs=RINGS)
    day.open_count(C3, tour="t-9")
    day.seal(C3, "A", by="claire@pad")
    day.checkpoint()
    close_by_two(day, C3, day.answer(C3, by="marc@phone"))

    assert told(day).state is State.BROKEN


def drawn_with(root_of: str) -> ShopDay:
    """One count whose draw was made with the root at `first` or `second` checkpoint over A's seal, or at one `before`."""
    day = ShopDay()
    day.plan()
    day.open_count(C1)
    day.checkpoint()
    day.seal(C1, "A", by="claire@pad")
    for n in range(3):
        day.act(EventType.PLACES_CHANGED, Subject("shop", f"s-{n}"), {})
        if n:
            day.checkpoint()
    roots = dict(zip(("before", "first", "second"), (root for _, root in day.roots), strict=True))
    roots["unsigned"] = "1" * 64
    close_by_two(day, C1, day.answer(C1, by="marc@phone", root=roots[root_of]))
    return day


def test_draw_made_with_the_first_root_over_a_s_seal_is_ok() -> None:
    assert told(drawn_with("first")).state is State.OK


@pytest.mark.parametrize("root_of", ["before", "unsigned", "second"])
def test_draw_made_with_a_root_of_one_s_choice_is_broken(root_of: str) -> None:
    found = told(drawn_with(root_of))

    assert (found.state, found.first_bad) == (State.BROKEN, "leaf 6")

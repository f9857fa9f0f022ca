"""False days, each signed with the real log key: only the story itself is wrong."""

from collections.abc import Callable, Mapping

import pytest

from server.core.log.canonical import JsonValue
from server.core.log.events import EventType, Subject
from server.core.log.findings import Property, State
from tests.server.core.log.verifying import finding, verified
from tests.server.exports.shop_days import C1, C2, ShopDay, honest_day, line, trust_in


def closing_of(
    *,
    b: str = "marc@phone",
    statement_b: dict[str, str | int] | None = None,
    change_b: Callable[[list[dict[str, object]]], object] | None = None,
) -> ShopDay:
    """One count closed by claire on her pad and by `b`, whose list or statement may be changed."""
    day = ShopDay()
    day.open_count(C1)
    day.checkpoint()
    sealed_a = day.seal(C1, "A", by="claire@pad")
    sealed_b = day.seal(C1, "B", by=b)
    day.reveal(C1)
    lines_b: list[dict[str, object]] = [dict(line(C1, "B", sealed_a, sealed_b))]
    if change_b is not None:
        change_b(lines_b)
    day.sign("s-a", [line(C1, "A", sealed_a, sealed_b)], by="claire@pad")
    day.sign("s-b", lines_b, by=b, statement=statement_b)  # type: ignore[arg-type]
    day.close(C1, a="s-a", b="s-b")
    return day


def test_the_frame_of_the_false_days_is_itself_true() -> None:
    day = closing_of()

    assert verified(day, trust_in(day.notes[0])).exit_code == 0


@pytest.mark.parametrize(
    "day",
    [
        pytest.param(closing_of(b="claire@phone"), id="one person on two devices"),
        pytest.param(closing_of(b="marc@pad"), id="two people on one device"),
        pytest.param(closing_of(change_b=lambda lines: lines[0].update(my_role="A")), id="role"),
        pytest.param(closing_of(change_b=lambda lines: lines[0].update(result="result-2")), id="result"),
        pytest.param(closing_of(change_b=lambda lines: lines[0].update(missing=1)), id="another list"),
        pytest.param(closing_of(change_b=lambda lines: lines[0].update(sealed_b="0" * 64)), id="another set of B"),
        pytest.param(closing_of(change_b=lambda lines: lines[0].update(sealed_a="0" * 64)), id="another set of A"),
        pytest.param(closing_of(change_b=lambda lines: lines[0].update(count=C2)), id="another count"),
        pytest.param(closing_of(change_b=lambda lines: lines.append(lines[0])), id="the count twice"),
        pytest.param(closing_of(change_b=lambda lines: lines.clear()), id="empty list"),
        pytest.param(closing_of(statement_b={"lines_sha256": "0" * 64}), id="hash of another list"),
        pytest.param(closing_of(statement_b={"person": "paul"}), id="person of another"),
        pytest.param(closing_of(statement_b={"device": "desk"}), id="device of another"),
        pytest.param(closing_of(statement_b={"log": "other"}), id="another log"),
        pytest.param(closing_of(statement_b={"n_lines": 2}), id="number of lines"),
        pytest.param(closing_of(statement_b={"tour": "t-2"}), id="another tour"),
        pytest.param(closing_of(statement_b={"list_no": 2}), id="another list number"),
        pytest.param(closing_of(statement_b={"prev_root": "0" * 64}), id="another history"),
        pytest.param(closing_of(statement_b={"prev_size": 99}), id="a history to come"),
    ],
)
def test_closing_without_two_people_over_one_result_is_broken(day: ShopDay) -> None:
    verification = verified(day, trust_in(day.notes[0]))

    assert finding(verification, Property.TWO_PEOPLE).state is State.BROKEN
    assert verification.exit_code == 1


def test_closing_that_names_no_signature_made_before_it_is_broken() -> None:
    for a, b in (("s-a", "s-missing"), ("s-missing", "s-b"), ("s-a", "s-a")):
        day = closing_of()
        day.leaves.pop()
        day.close(C1, a=a, b=b)

        assert finding(verified(day, trust_in(day.notes[0])), Property.TWO_PEOPLE).first_bad == "leaf 6"


def test_count_closed_by_one_person_is_never_verified_by_two() -> None:
    day = ShopDay()
    day.open_count(C1)
    note = day.checkpoint()
    sealed_a = day.seal(C1, "A", by="claire@pad")
    day.reveal(C1)
    day.sign("s-a", [line(C1, "A", sealed_a, None)], by="claire@pad")
    day.close(C1, a="s-a", b=None)

    verification = verified(day, trust_in(note))

    assert finding(verification, Property.TWO_PEOPLE).state is State.CANNOT_TELL
    assert verification.exit_code == 2


def seen_before(order: str, *, of_a: Mapping[str, JsonValue] | None = None) -> ShopDay:
    """One count whose seals (A, B) and reveal (R) come in the order of the letters; closed by two as it should be."""
    day = ShopDay()
    day.open_count(C1)
    day.checkpoint()
    seals = {"A": "", "B": ""}
    for step in order:
        if step == "R":
            day.reveal(C1)
        else:
            by, extra = {"A": ("claire@pad", of_a), "B": ("marc@phone", None)}[step]
            seals[step] = day.seal(C1, step, by=by, extra=extra)
    day.sign("s-a", [line(C1, "A", seals["A"], seals["B"])], by="claire@pad")
    day.sign("s-b", [line(C1, "B", seals["A"], seals["B"])], by="marc@phone")
    day.close(C1, a="s-a", b="s-b")
    return day


def test_a_set_that_a_colleague_brought_from_the_device_is_said_so() -> None:
    day = seen_before("ABR", of_a={"carried_by": "marc"})

    found = finding(verified(day, trust_in(day.notes[0])), Property.TWO_PEOPLE)

    assert found.state is State.OK
    assert "1 of their sets were brought from the device by a colleague." in found.sentence


@pytest.mark.parametrize("carrier", ["claire", "", 7])
def test_a_set_that_was_brought_by_nobody_else_is_broken(carrier: JsonValue) -> None:
    day = seen_before("ABR", of_a={"carried_by": carrier})

    assert finding(verified(day, trust_in(day.notes[0])), Property.TWO_PEOPLE).state is State.BROKEN


@pytest.mark.parametrize("order", ["RAB", "ARB", "BRA", "BAR", "AB", "AR", "BR"])
def test_set_sealed_after_the_reveal_is_not_blind(order: str) -> None:
    day = seen_before(order)

    verification = verified(day, trust_in(day.notes[0]))

    assert finding(verification, Property.BLIND).state is State.BROKEN
    assert verification.exit_code == 1


def test_both_sets_sealed_by_one_person_are_not_blind() -> None:
    day = closing_of(b="claire@phone")

    assert finding(verified(day, trust_in(day.notes[0])), Property.BLIND).state is State.BROKEN


def test_answers_marked_not_blind_leave_blindness_untold() -> None:
    day = ShopDay()
    day.open_count(C1)
    note = day.checkpoint()
    sealed_a = day.seal(C1, "A", by="claire@pad")
    sealed_b = day.seal(C1, "B", by="marc@phone", extra={"blind": False})
    day.reveal(C1)
    day.sign("s-a", [line(C1, "A", sealed_a, sealed_b)], by="claire@pad")
    day.sign("s-b", [line(C1, "B", sealed_a, sealed_b)], by="marc@phone")
    day.close(C1, a="s-a", b="s-b")

    assert finding(verified(day, trust_in(note)), Property.BLIND).state is State.CANNOT_TELL


@pytest.mark.parametrize(
    ("event_type", "body"),
    [
        (EventType.COUNT_CLOSED, {"result": "x", "signature_a": "s-claire", "signature_b": "s-marc"}),
        (EventType.COUNT_OPENED, {"expected_sha256": "0" * 64}),
        (EventType.COUNT_VOIDED, {}),
    ],
)
def test_closed_count_that_lives_on_is_broken(event_type: EventType, body: dict[str, str]) -> None:
    day = honest_day()
    trust = trust_in(day.notes[0])
    day.act(event_type, Subject("count", C1), body)

    verification = verified(day, trust)

    assert finding(verification, Property.COMPLETE).first_bad == "leaf 17"

"""Promises that every driver keeps, whatever its protocol."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader_drivers.driver import Event
from reader_drivers.errors import Rejected
from tests.reader_drivers.conformance import CASES, UNKNOWABLE, Case, load_vectors

VECTORS = [(case, vector) for case in CASES for vector in load_vectors(case.entry.name)]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.entry.name))


def vectors(*, valid: bool, kind: str | None = None) -> pytest.MarkDecorator:
    chosen = [(c, v) for c, v in VECTORS if v["valid"] is valid and v.get("kind") == kind]
    return pytest.mark.parametrize(("case", "vector"), chosen, ids=[v["id"] for _, v in chosen])


def described(case: Case, vector: dict[str, Any]) -> list[tuple[bytes, Any]]:
    describer = case.entry.describer(vector["direction"])
    return describer.feed(bytes.fromhex(vector["hex"])) + describer.finish()


def events(case: Case, chunks: list[bytes]) -> list[Event]:
    driver = case.entry.driver()
    found = [event for chunk in chunks for event in driver.feed(chunk, 1_000).events]
    return found + list(driver.tick(2_000).events) + list(driver.tick(60_000).events)


def cut(stream: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(stream), *(c % (len(stream) + 1) for c in cuts)})
    return [stream[a:b] for a, b in pairwise(places)]


def good(case: Case, found: list[Event]) -> list[Event]:
    return [event for event in found if not isinstance(event, Rejected)]


@vectors(valid=True)
def test_valid_vector_says_what_it_means(case: Case, vector: dict[str, Any]) -> None:
    found = described(case, vector)

    assert [raw.hex().upper() for raw, _ in found] == [vector["hex"]]
    name, facts, _ = found[0][1]
    assert name != "rejected"
    expected = {key: value for key, value in vector["meaning"].items() if key not in UNKNOWABLE}
    assert {key: facts.get(key) for key in expected} == expected


@vectors(valid=False)
def test_invalid_vector_is_rejected_with_its_class_first(case: Case, vector: dict[str, Any]) -> None:
    found = described(case, vector)

    assert b"".join(raw for raw, _ in found).hex().upper() == vector["hex"]
    assert [name for _, (name, _, _) in found] == ["rejected"]
    assert found[0][1][1]["reason"].startswith(vector["expect_error"])


@vectors(valid=True, kind="stream")
def test_stream_vector_delivers_its_frames_in_order(case: Case, vector: dict[str, Any]) -> None:
    found = described(case, vector)

    assert [raw.hex().upper() for raw, (name, _, _) in found if name != "rejected"] == vector["meaning"]["frames"]


@each_case
@given(picks=st.lists(st.integers(0, 1_000), min_size=1, max_size=6), cuts=st.lists(st.integers(0, 1_000)))
def test_any_split_of_the_bytes_gives_the_same_events(case: Case, picks: list[int], cuts: list[int]) -> None:
    stream = b"".join(case.frames[pick % len(case.frames)] + case.noise * (pick % 3) for pick in picks)

    assert events(case, cut(stream, cuts)) == events(case, [stream])


@each_case
@given(received=st.binary(max_size=400), cuts=st.lists(st.integers(0, 400)))
def test_any_bytes_give_the_same_events_in_any_split_and_raise_nothing(
    case: Case, received: bytes, cuts: list[int]
) -> None:
    assert events(case, cut(received, cuts)) == events(case, [received])


@each_case
@given(first=st.integers(0, 1_000), second=st.integers(0, 1_000), times=st.integers(0, 50))
def test_noise_between_two_frames_loses_neither(case: Case, first: int, second: int, times: int) -> None:
    one, two = case.frames[first % len(case.frames)], case.frames[second % len(case.frames)]

    assert good(case, events(case, [one, case.noise * times, two])) == good(case, events(case, [one, two]))
    alone = [good(case, events(case, [frame])) for frame in (one, two)]
    assert all(alone)
    assert good(case, events(case, [one, two])) == alone[0] + alone[1]


@each_case
def test_endless_noise_is_held_in_bounded_memory(case: Case) -> None:
    driver = case.entry.driver()

    found = [event for _ in range(200) for event in driver.feed(b"\x00\xff\xfe" * 500, 1).events]

    held = sum(len(event.raw) for event in found if isinstance(event, Rejected))
    assert held <= 200 * 1_500
    assert driver.feed(case.frames[0], 2).events or driver.tick(60_000).events

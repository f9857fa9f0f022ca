from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.core.log import canonical, events
from server.core.log.canonical import NotCanonical
from server.core.log.events import ActorKind, EventType, Leaf, LeafMalformed, Subject

EPOCH = datetime.fromtimestamp(0, UTC).replace(tzinfo=None)
NOON = datetime(2026, 3, 2, 12, 0, 0, 5999, tzinfo=UTC)
LEAF = Leaf(
    log="example.org/site/7/e0",
    seq=3,
    id="019587b1-0000-7000-8000-000000000001",
    type=EventType.ROUND_SEALED,
    at=NOON,
    rx=NOON,
    actor="p-1",
    actor_kind=ActorKind.PERSON,
    device="d-1",
    dseq=7,
    subject=Subject("round", "r-1"),
    body={"count": "c-1", "pieces": 25},
)


@given(st.sampled_from(EventType), st.datetimes(EPOCH, timezones=st.just(UTC)), st.integers(0, 10**9))
def test_leaf_read_from_its_bytes_writes_the_same_bytes(kind: EventType, at: datetime, seq: int) -> None:
    raw = events.leaf(
        kind,
        Subject("count", "c-1"),
        {"n": seq},
        log="l",
        seq=seq,
        id="i",
        rx=at,
        actor="p",
        actor_kind=ActorKind.SYSTEM,
    )

    leaf = Leaf.from_bytes(raw)
    assert (leaf.type, leaf.seq, leaf.at, leaf.rx) == (kind, seq, leaf.rx, leaf.at)
    assert timedelta(0) <= at - leaf.rx < timedelta(milliseconds=1)
    assert leaf.to_bytes() == raw


def test_times_are_utc_with_three_decimals_and_never_rounded_up() -> None:
    paris = timezone(timedelta(hours=1))

    assert events.format_time(datetime(2026, 3, 2, 9, 35, 0, 999_999, tzinfo=paris)) == "2026-03-02T08:35:00.999Z"


@given(st.datetimes(timezones=st.just(UTC)))
@example(datetime(1, 1, 1, tzinfo=UTC))
@example(datetime(999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
def test_every_time_that_can_be_written_can_be_read(moment: datetime) -> None:
    read = events.parse_time(events.format_time(moment))

    assert read == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T08:35:00Z",
        "2026-03-02T08:35:00.000+00:00",
        "2026-02-30T08:35:00.000Z",
        "",
        5,
        "٢٠٢٦-03-02T08:35:00.000Z",
    ],
)
def test_times_in_another_form_are_refused(text: object) -> None:
    with pytest.raises(LeafMalformed):
        events.parse_time(text)


def changed(**fields: object) -> bytes:
    values = canonical.decode(LEAF.to_bytes())
    assert isinstance(values, dict)
    return canonical.encode({**values, **fields})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "raw",
    [
        changed(v=2),
        changed(v=True),
        changed(seq=-1),
        changed(seq=True),
        changed(dseq=0),
        changed(type="count.deleted"),
        changed(extra=1),
        changed(subject={"kind": "count"}),
        changed(subject={"kind": "count", "id": 5}),
        changed(body=[]),
        changed(actor=""),
        changed(actor_kind="robot"),
        changed(device=5),
        changed(log="x" * 201),
        changed(at="yesterday"),
        changed(type=[]),
        b"[]",
    ],
)
def test_bytes_that_are_no_leaf_are_refused(raw: bytes) -> None:
    with pytest.raises(LeafMalformed):
        Leaf.from_bytes(raw)


def test_another_form_of_the_same_leaf_is_refused() -> None:
    with pytest.raises(NotCanonical):
        Leaf.from_bytes(LEAF.to_bytes().replace(b":7,", b": 7,"))


def test_body_over_the_limit_is_refused_both_ways() -> None:
    body = {"lines": ["x" * 1000] * 70}

    with pytest.raises(LeafMalformed, match="limit is 65536"):
        events.leaf(
            EventType.IMPORT_APPLIED,
            LEAF.subject,
            body,
            log="l",
            seq=0,
            id="i",
            rx=NOON,
            actor="p",
            actor_kind=ActorKind.PERSON,
        )
    with pytest.raises(LeafMalformed, match="limit is 65536"):
        Leaf.from_bytes(changed(body=body))


def test_time_without_a_zone_is_refused() -> None:
    with pytest.raises(LeafMalformed, match="zone"):
        events.format_time(EPOCH)

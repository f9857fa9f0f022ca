"""A viewer that drops out and comes back sees every message once, or is told to ask for a snapshot."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from server.clock import to_ms
from server.core.announcement import Announcement
from server.feed.hub import MAILBOX_MESSAGES, RING_MESSAGES, Hub, Mailbox

AT_MS = to_ms(datetime(2026, 3, 2, 8, 40, tzinfo=UTC))


def said(number: int, topic: str = "board") -> Announcement:
    return Announcement(topic=topic, type="case.opened", at_ms=AT_MS, body={"n": number})


def viewer(*topics: str) -> Mailbox:
    return Mailbox(frozenset(topics or {"board"}), wake=lambda: None)


def numbers(mailbox: Mailbox) -> list[int]:
    return [message.seq for message in mailbox.take()[0]]


@given(before=st.integers(0, 40), away=st.integers(0, 40), after=st.integers(0, 40))
def test_a_viewer_that_comes_back_misses_nothing_and_sees_nothing_twice(before: int, away: int, after: int) -> None:
    hub, first = Hub("e1"), viewer()
    hub.watch(first, since={"board": 0}, epoch="e1")
    hub.publish(said(n) for n in range(before))
    seen = numbers(first)
    hub.leave(first)
    hub.publish(said(n) for n in range(away))

    second = viewer()
    hub.watch(second, since={"board": seen[-1] if seen else 0}, epoch="e1")
    hub.publish(said(n) for n in range(after))

    assert seen + numbers(second) == list(range(1, before + away + after + 1))


def test_another_epoch_asks_for_a_snapshot() -> None:
    hub, mailbox = Hub("e2"), viewer()
    hub.publish([said(1)])

    hub.watch(mailbox, since={"board": 1}, epoch="e1")

    assert mailbox.take() == ([], ["board"])


def test_a_viewer_away_longer_than_the_ring_asks_for_a_snapshot() -> None:
    hub, mailbox = Hub("e1"), viewer()
    hub.publish(said(n) for n in range(RING_MESSAGES + 2))

    hub.watch(mailbox, since={"board": 1}, epoch="e1")

    assert mailbox.take() == ([], ["board"])


def test_a_sequence_from_the_future_asks_for_a_snapshot() -> None:
    hub, mailbox = Hub("e1"), viewer()

    hub.watch(mailbox, since={"board": 7}, epoch="e1")

    assert mailbox.take() == ([], ["board"])


def test_a_slow_viewer_loses_its_own_mailbox_only() -> None:
    hub, slow, quick = Hub("e1"), viewer(), viewer()
    hub.watch(slow, since={}, epoch=None)
    hub.watch(quick, since={}, epoch=None)
    seen = []

    for number in range(MAILBOX_MESSAGES + 1):
        hub.publish([said(number)])
        seen += numbers(quick)

    assert slow.take() == ([], ["board"])
    assert seen == list(range(1, MAILBOX_MESSAGES + 2))


def test_a_viewer_hears_only_its_topics() -> None:
    hub, mailbox = Hub("e1"), viewer("board")
    hub.watch(mailbox, since={}, epoch=None)

    hub.publish([said(1, "round/7"), said(2, "board")])

    assert [message.announcement.topic for message in mailbox.take()[0]] == ["board"]


def test_a_message_has_the_agreed_shape() -> None:
    hub, mailbox = Hub("e1"), viewer()
    hub.watch(mailbox, since={}, epoch=None)
    hub.publish([said(3)])

    (message,), _ = mailbox.take()

    assert message.encode() == (
        b'{"seq":1,"epoch":"e1","topic":"board","type":"case.opened","at":"2026-03-02T08:40:00.000Z","body":{"n":3}}'
    )

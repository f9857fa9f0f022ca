"""A handheld's events are kept as they were said, count once, and what cannot count takes nothing else with it."""

from datetime import datetime, timedelta

import pytest

from server.core.actors import Actor
from server.core.announcement import Announcement
from server.core.count_states import CountState
from server.core.ids import DeviceId, PersonId, RoundId
from server.core.log import canonical
from server.core.log.events import EventType, Leaf
from server.store import log, rounds
from server.store.tables import Label, Person, SessionRow, table
from server.store.unit_of_work import Store
from server.usecases.seal_round import seal_after_drain
from server.usecases.take_events import OtherDevice
from tests.server.usecases.count_shop import (
    AGENT,
    CLAIRE,
    MARC,
    MARC_ON_HERS,
    NADIA,
    ONE,
    RINGS,
    TWO,
    CountShop,
    label,
    ref,
)
from tests.server.usecases.outbox import Outbox, conflicts, outcomes, send, stored

ACCEPTED = ("accepted", None)


def last_leaf(store: Store) -> Leaf:
    return Leaf.from_bytes(store.read(lambda conn: log.leaves(conn, store.shop_id))[-1].raw)


def test_labels_scanned_into_a_round_are_in_its_seal_by_hand(counting: CountShop) -> None:
    round_id, outbox = counting.begin(ONE), Outbox()
    outbox.scan(1, round_id)
    outbox.scan(2, round_id)
    outbox.scan(2, round_id)
    outbox.scan(3, round_id)
    outbox.retract(3, round_id)
    outbox.seal(round_id)

    received = send(counting.store, outbox.events)

    assert (received.ack_seq, outcomes(received)) == (6, [ACCEPTED] * 6)
    sealed = counting.sheet(ONE)
    assert sealed.state is CountState.SEALED_A
    assert sealed.a1 is not None
    assert sealed.a1.by_hand == (ref(1), ref(2))


def test_a_retracted_label_that_is_scanned_again_counts(counting: CountShop) -> None:
    round_id, outbox = counting.begin(ONE), Outbox()
    outbox.scan(1, round_id)
    outbox.retract(1, round_id)
    outbox.scan(1, round_id)
    outbox.seal(round_id)
    send(counting.store, outbox.events)

    a1 = counting.sheet(ONE).a1
    assert a1 is not None
    assert a1.by_hand == (ref(1),)


def test_labels_of_events_and_of_the_call_that_seals_come_together(counting: CountShop) -> None:
    round_id, outbox = counting.begin(ONE), Outbox()
    outbox.scan(1, round_id)
    send(counting.store, outbox.events)

    a1 = counting.ask_seal(round_id, CLAIRE, labels=(label(2),)).count.a1

    assert a1 is not None
    assert a1.by_hand == (ref(1), ref(2))


def test_a_seal_is_the_nth_event_of_its_device_in_the_log(counting: CountShop) -> None:
    round_id, outbox = counting.begin(ONE), Outbox()
    outbox.scan(1, round_id)
    outbox.seal(round_id)
    send(counting.store, outbox.events)

    leaf = last_leaf(counting.store)
    assert (leaf.type, leaf.actor, leaf.device, leaf.dseq) == (EventType.ROUND_SEALED, "claire", "handheld-1", 2)


def test_a_seal_by_event_tells_the_readers_to_finish_and_follows_their_drain(counting: CountShop) -> None:
    round_id, outbox = counting.begin(ONE), Outbox()
    attachment = counting.hear(round_id, CLAIRE, RINGS[ONE])
    outbox.seal(round_id)

    received = send(counting.store, outbox.events)

    assert received.draining == ((AGENT, attachment),)
    assert counting.sheet(ONE).state is CountState.COUNTING
    counting.drained(attachment)
    counting.store.run(lambda work: seal_after_drain(work, attachment))
    assert counting.sheet(ONE).state is CountState.SEALED_A
    assert last_leaf(counting.store).dseq == 1


def test_the_round_s_viewers_hear_that_it_is_sealed(counting: CountShop, announced: list[Announcement]) -> None:
    round_id, outbox = counting.begin(ONE), Outbox()
    outbox.seal(round_id)
    send(counting.store, outbox.events)

    assert (f"round/{round_id}", "round.sealed") in [(one.topic, one.type) for one in announced]


def test_a_seal_that_accepts_a_gap_does_not_wait(counting: CountShop) -> None:
    round_id, outbox = counting.begin(ONE), Outbox()
    counting.hear(round_id, CLAIRE, RINGS[ONE])
    outbox.seal(round_id, accept_gap="the pad has no power")
    send(counting.store, outbox.events)

    a1 = counting.sheet(ONE).a1
    assert a1 is not None
    assert a1.gap is not None


def test_what_follows_a_gap_is_not_kept_and_has_no_result(counting: CountShop) -> None:
    round_id, outbox = counting.begin(ONE), Outbox()
    for number in (1, 2, 3):
        outbox.scan(number, round_id)
    first, second, third = outbox.events

    received = send(counting.store, [third, first])
    assert (received.ack_seq, [one.id for one in received.results]) == (1, [first["id"]])
    assert len(stored(counting.store)) == 1

    assert send(counting.store, [second, third]).ack_seq == 3


def test_the_same_event_again_is_a_duplicate_and_a_refused_one_says_why_again(counting: CountShop) -> None:
    round_id, outbox = counting.begin(ONE), Outbox()
    outbox.scan(1, round_id)
    outbox.scan(99, round_id)
    unknown = ("quarantined", "label_unknown")

    assert outcomes(send(counting.store, outbox.events)) == [ACCEPTED, unknown]
    before = stored(counting.store)
    assert outcomes(send(counting.store, outbox.events)) == [("duplicate", None), unknown]
    assert stored(counting.store) == before


def test_a_number_that_comes_again_with_other_content_is_a_conflict_and_the_first_stays(counting: CountShop) -> None:
    round_id, outbox = counting.begin(ONE), Outbox()
    outbox.scan(1, round_id)
    send(counting.store, outbox.events)
    before = stored(counting.store)
    other = Outbox()
    changed = other.scan(2, round_id, id="of-a-copied-device")

    for _ in range(2):
        received = send(counting.store, [changed])
        assert (received.ack_seq, outcomes(received)) == (1, [("quarantined", "event_conflict")])
    assert stored(counting.store) == before
    assert conflicts(counting.store) == [("of-a-copied-device", 1)]


def test_an_id_that_comes_again_under_another_number_is_a_conflict_and_holds_nothing_up(counting: CountShop) -> None:
    round_id, outbox = counting.begin(ONE), Outbox()
    first = outbox.scan(1, round_id)
    outbox.scan(2, round_id, id=first["id"])
    outbox.scan(3, round_id)

    received = send(counting.store, outbox.events)

    assert (received.ack_seq, outcomes(received)) == (3, [ACCEPTED, ("quarantined", "event_conflict"), ACCEPTED])
    assert [row[1] for row in stored(counting.store)] == [1, 3]
    assert outcomes(send(counting.store, outbox.events[1:2])) == [("quarantined", "event_conflict")]


def test_a_refused_act_leaves_nothing_behind_and_the_rest_goes_on(counting: CountShop) -> None:
    counting.count_first(ONE, RINGS[ONE])
    verifying = counting.claim(ONE).round_b
    assert verifying is not None
    outbox = Outbox(by=MARC)
    outbox.seal(verifying)  # A challenge: no round is called for.
    outbox.scan(1, verifying)
    leaves = counting.store.read(lambda conn: log.head(conn, counting.store.shop_id)).size

    received = send(counting.store, outbox.events, by=MARC)

    assert outcomes(received) == [("quarantined", "wrong_state"), ACCEPTED]
    row = counting.store.read(lambda conn: rounds.by_id(conn, counting.store.shop_id, verifying))
    assert row is not None
    assert row.body == {}
    assert counting.store.read(lambda conn: log.head(conn, counting.store.shop_id)).size == leaves


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("piece.moved", {}, "unknown_type"),
        ("label.scanned", {}, "malformed"),
        ("label.scanned", {"code": 7}, "malformed"),
        ("label.scanned", {"code": "x" * 65}, "malformed"),
        ("label.scanned", ["code"], "malformed"),
        ("label.scanned", {"code": ref(1)}, "label_unknown"),
        ("label.scanned", {"code": "01\x1d17"}, "not_canonical"),
        ("label.scanned", {"code": 1.5}, "not_canonical"),
        ("label.scanned", {"code": "\ud800"}, "not_canonical"),
        ("label.retracted", {}, "malformed"),
        ("round.sealed", {"accept_gap": ""}, "malformed"),
        ("round.sealed", {"accept_gap": "x" * 501}, "malformed"),
    ],
)
def test_what_cannot_count_is_kept_with_its_reason(counting: CountShop, kind: str, body: object, reason: str) -> None:
    round_id, outbox = counting.begin(ONE), Outbox()
    outbox.add(kind, body, of=round_id)
    outbox.scan(1, round_id)

    received = send(counting.store, outbox.events)

    assert (received.ack_seq, outcomes(received)) == (2, [("quarantined", reason), ACCEPTED])
    assert [row[3] for row in stored(counting.store)] == [reason, None]
    assert counting.sheet(ONE).state is CountState.COUNTING


def test_an_event_is_kept_as_the_canonical_bytes_of_what_was_said(counting: CountShop) -> None:
    round_id, outbox = counting.begin(ONE), Outbox()
    said = outbox.scan(1, round_id)
    send(counting.store, outbox.events)

    assert canonical.decode_exact(stored(counting.store)[0][2]) == said


def test_no_scan_enters_a_round_that_is_sealed_or_being_sealed_or_another_s(counting: CountShop) -> None:
    waiting, hers = counting.begin(ONE), Outbox()
    counting.hear(waiting, CLAIRE, RINGS[ONE])
    his = counting.begin(TWO, MARC)
    hers.scan(2, waiting)
    hers.seal(waiting)
    hers.scan(1, waiting)
    hers.scan(5, his)
    hers.seal(his)
    hers.scan(5, RoundId("none"))
    hers.add("label.scanned", {"code": label(1)})

    received = send(counting.store, hers.events)

    reasons = ["count_sealed", "not_your_round", "not_your_round", "round_absent", "round_absent"]
    assert outcomes(received) == [ACCEPTED, ACCEPTED, *(("quarantined", reason) for reason in reasons)]


def test_who_was_replaced_is_told_that_their_seal_does_not_count(counting: CountShop) -> None:
    counting.count_first(ONE, [1, 2, 3])
    his, outbox = counting.claim(ONE).round_b, Outbox(by=MARC)
    assert his is not None
    outbox.seal(his)
    counting.clock.advance(timedelta(minutes=11))
    counting.claim(ONE, NADIA)

    assert outcomes(send(counting.store, outbox.events, by=MARC)) == [("quarantined", "count_sealed")]


def test_a_round_of_another_count_than_the_event_names_takes_nothing(counting: CountShop) -> None:
    round_id, outbox = counting.begin(ONE), Outbox()
    outbox.scan(1, round_id, count=counting.count_of(ONE))
    outbox.scan(1, round_id, count=counting.count_of(TWO))

    assert outcomes(send(counting.store, outbox.events)) == [ACCEPTED, ("quarantined", "round_absent")]


def test_another_device_s_event_refuses_the_whole_batch(counting: CountShop) -> None:
    round_id, outbox = counting.begin(ONE), Outbox()
    outbox.scan(1, round_id)
    outbox.scan(2, round_id, device=MARC.device)

    with pytest.raises(OtherDevice):
        send(counting.store, outbox.events)
    assert stored(counting.store) == []


def end_session(counting: CountShop, session: str, at: datetime) -> None:
    sessions = table(SessionRow)
    counting.store.run(
        lambda work: work.conn.execute(sessions.update().where(sessions.c.id == session).values(closed_at=at))
    )


def test_who_was_signed_in_on_the_device_then_is_acted_for_although_another_sends(counting: CountShop) -> None:
    round_id, hers = counting.begin(ONE), Outbox()
    hers.scan(1, round_id)
    hers.seal(round_id)
    end_session(counting, "claire-handheld-1", counting.clock.now())

    assert outcomes(send(counting.store, hers.events, by=MARC_ON_HERS)) == [ACCEPTED, ACCEPTED]
    sealed = last_leaf(counting.store)
    assert (sealed.actor, sealed.body["carried_by"]) == (CLAIRE.person, MARC.person)


def test_who_brought_a_seal_is_remembered_until_its_reader_has_finished(counting: CountShop) -> None:
    round_id, hers = counting.begin(ONE), Outbox()
    attachment = counting.hear(round_id, CLAIRE, [1, 2])
    hers.seal(round_id)
    end_session(counting, "claire-handheld-1", counting.clock.now())
    send(counting.store, hers.events, by=MARC_ON_HERS)
    counting.drained(attachment)
    counting.retry_seal(round_id)

    sealed = last_leaf(counting.store)
    assert (sealed.actor, sealed.body["carried_by"]) == (CLAIRE.person, MARC.person)


def test_a_seal_that_its_own_person_brings_names_no_carrier(counting: CountShop) -> None:
    round_id, hers = counting.begin(ONE), Outbox()
    hers.seal(round_id)

    send(counting.store, hers.events)

    assert "carried_by" not in last_leaf(counting.store).body


def test_nobody_accepts_in_a_colleague_s_name_that_a_reader_is_silent(counting: CountShop) -> None:
    round_id, hers = counting.begin(ONE), Outbox()
    counting.hear(round_id, CLAIRE, [1, 2])
    hers.seal(round_id, accept_gap="the pad has no power")
    end_session(counting, "claire-handheld-1", counting.clock.now())

    assert outcomes(send(counting.store, hers.events, by=MARC_ON_HERS)) == [("quarantined", "gap_of_another")]
    assert counting.sheet(ONE).state is CountState.COUNTING


@pytest.mark.parametrize("at", ["2026-03-02T08:29:59.999Z", "2026-03-02T08:40:00.001Z"])
def test_nobody_is_acted_for_at_a_time_when_they_were_not_signed_in(counting: CountShop, at: str) -> None:
    round_id, hers = counting.begin(ONE), Outbox()
    hers.add("round.sealed", of=round_id, at=at)
    end_session(counting, "claire-handheld-1", counting.clock.now())

    assert outcomes(send(counting.store, hers.events, by=MARC_ON_HERS)) == [("quarantined", "person_not_here")]
    assert counting.sheet(ONE).state is CountState.COUNTING


def test_a_scan_in_quarantine_is_in_no_seal(counting: CountShop) -> None:
    round_id, hers = counting.begin(ONE), Outbox()
    hers.scan(1, round_id, at="2026-03-02T12:00:00.000Z")
    end_session(counting, "claire-handheld-1", counting.clock.now())
    assert outcomes(send(counting.store, hers.events, by=MARC_ON_HERS)) == [("quarantined", "person_not_here")]

    a1 = counting.ask_seal(round_id, CLAIRE).count.a1

    assert a1 is not None
    assert a1.by_hand == ()


def test_nobody_is_acted_for_who_never_signed_in_on_this_device_or_is_disabled(counting: CountShop) -> None:
    round_id, on_hers = counting.begin(ONE), Outbox()
    on_hers.add("round.sealed", of=round_id, person="nadia")
    on_hers.seal(round_id)
    people = table(Person)
    gone = people.update().where(people.c.id == "claire").values(disabled_at=counting.clock.now())
    counting.store.run(lambda work: work.conn.execute(gone))

    refused = ("quarantined", "person_not_here")
    assert outcomes(send(counting.store, on_hers.events, by=MARC_ON_HERS)) == [refused, refused]


def test_the_person_of_the_session_is_believed_whatever_the_device_s_clock_says(counting: CountShop) -> None:
    round_id, outbox = counting.begin(ONE), Outbox()
    outbox.scan(1, round_id, at="1970-01-01T00:00:00.000Z")

    assert outcomes(send(counting.store, outbox.events)) == [ACCEPTED]


def test_an_empty_batch_asks_how_far_the_device_has_come(counting: CountShop) -> None:
    round_id, outbox = counting.begin(ONE), Outbox()
    outbox.scan(1, round_id)
    send(counting.store, outbox.events)

    assert send(counting.store, []).ack_seq == 1


def test_a_label_that_was_replaced_is_none_any_more(counting: CountShop) -> None:
    round_id, outbox = counting.begin(ONE), Outbox()
    labels = table(Label)
    retire = labels.update().where(labels.c.code == label(1)).values(retired_at=counting.clock.now())
    counting.store.run(lambda work: work.conn.execute(retire))
    outbox.scan(1, round_id)

    assert outcomes(send(counting.store, outbox.events)) == [("quarantined", "label_unknown")]


def test_two_devices_number_their_events_each_for_itself(counting: CountShop) -> None:
    hers, his = Outbox(), Outbox(by=MARC)
    hers.scan(1, counting.begin(ONE))
    his.scan(5, counting.begin(TWO, MARC))
    same_id = Outbox(by=Actor(PersonId("nadia"), DeviceId("handheld-3")))
    same_id.add("label.scanned", id=hers.events[0]["id"])

    assert send(counting.store, hers.events).ack_seq == 1
    assert send(counting.store, his.events, by=MARC).ack_seq == 1
    assert outcomes(send(counting.store, same_id.events, by=same_id.by)) == [("quarantined", "event_conflict")]

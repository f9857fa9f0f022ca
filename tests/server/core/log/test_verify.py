from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server.core.log import checkpoint, merkle
from server.core.log.checkpoint import Checkpoint
from server.core.log.events import EventType, Subject
from server.core.log.findings import Property, State, Verification
from server.core.log.verify import verify_pack
from server.exports.canonical_zip import read_zip
from tests.server.core.log.verifying import finding, verified
from tests.server.exports.shop_days import C1, C2, C3, KEY, ORIGIN, ShopDay, honest_day, trust_in

OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


def states(verification: Verification) -> dict[str, str]:
    return {found.property.value: found.state.value for found in verification.findings}


def test_honest_day_is_verified_by_who_holds_an_earlier_checkpoint() -> None:
    day = honest_day()

    verification = verified(day, trust_in(day.notes[0], day.notes[1]))

    assert states(verification) == {
        "BYTES": "ok",
        "APPEND-ONLY": "ok",
        "COMPLETE": "ok",
        "TWO PEOPLE": "ok",
        "BLIND": "ok",
        "DRAW": "ok",
        "RECORDS": "cannot tell",
        "TIME": "cannot tell",
        "TAIL": "ok",
    }
    assert verification.exit_code == 0
    assert finding(verification, Property.TAIL).sentence.startswith("9 leaves are newer")


def test_without_trust_nothing_is_ok_and_nothing_is_broken() -> None:
    verification = verified(honest_day(), None)

    assert set(states(verification).values()) == {"cannot tell"}
    assert verification.exit_code == 2


def test_without_an_earlier_checkpoint_append_only_cannot_be_told() -> None:
    verification = verified(honest_day(), trust_in())

    assert finding(verification, Property.APPEND_ONLY).state is State.CANNOT_TELL
    assert verification.exit_code == 2


def test_pack_older_than_the_copy_held_cannot_be_told() -> None:
    later = honest_day()
    later.act(EventType.TOUR_PLANNED, Subject("tour", "t-2"), {})

    verification = verified(honest_day(), trust_in(later.notes[0], later.checkpoint()))

    appended = finding(verification, Property.APPEND_ONLY)
    assert appended.state is State.CANNOT_TELL
    assert (
        "Check it with a trust file written before the pack, or ask the shop for a pack written today."
        in appended.sentence
    )
    assert verification.exit_code == 2


def test_trust_for_another_log_cannot_tell() -> None:
    verification = verified(honest_day(), trust_in(origin="baguier.example/site/8/e0"))

    assert finding(verification, Property.BYTES).state is State.CANNOT_TELL
    assert verification.exit_code == 2


def test_pack_signed_by_another_key_is_broken() -> None:
    day = honest_day()
    trust = trust_in(day.notes[0])
    day.key = OTHER_KEY

    verification = verified(day, trust)

    assert finding(verification, Property.BYTES).first_bad == "manifest.note"
    assert verification.exit_code == 1


def test_rewritten_history_contradicts_the_copy_held_even_with_the_log_key() -> None:
    trust = trust_in(honest_day().notes[1])
    day = honest_day()
    day.notes.clear()
    day.leaves[2] = day.leaves[2].replace(C1.encode(), C2.encode())

    verification = verified(day, trust)

    assert finding(verification, Property.APPEND_ONLY).first_bad == "leaf 0"
    assert verification.exit_code == 1


def test_rewritten_history_contradicts_the_checkpoints_left_in_the_pack() -> None:
    day = honest_day()
    trust = trust_in(day.notes[0])
    day.leaves[6] = day.leaves[6].replace(b"marc", b"paul")

    assert finding(verified(day, trust), Property.APPEND_ONLY).first_bad == "leaf 1"


def test_checkpoint_of_another_key_in_the_pack_is_named() -> None:
    day = honest_day()
    trust = trust_in(day.notes[0])
    day.notes[1] = checkpoint.sign(Checkpoint(ORIGIN, 3, bytes(32)), OTHER_KEY)

    verification = verified(day, trust)

    assert finding(verification, Property.APPEND_ONLY).first_bad == "log/checkpoints.txt"


def test_checkpoint_beyond_the_end_of_the_pack_is_named() -> None:
    day = honest_day()
    trust = trust_in(day.notes[0])
    day.notes.append(checkpoint.sign(Checkpoint(ORIGIN, 99, bytes(32)), KEY))

    assert finding(verified(day, trust), Property.APPEND_ONLY).first_bad == "log/checkpoints.txt"


def test_manifest_that_names_another_end_than_its_note_is_named() -> None:
    day = honest_day()
    members = dict(read_zip(day.pack()).members)

    verification = verify_pack(resign(members, day, size=3), trust_in(day.notes[0]))

    assert finding(verification, Property.BYTES).first_bad == "manifest.note"


def test_leaf_that_claims_another_place_is_named() -> None:
    day = ShopDay()
    day.act(EventType.SHOP_OPENED, Subject("shop", "s-1"), {})
    note = day.checkpoint()
    day.act(EventType.TOUR_PLANNED, Subject("tour", "t-1"), {})
    day.leaves[1] = day.leaves[1].replace(b'"seq":1', b'"seq":2')

    assert finding(verified(day, trust_in(note)), Property.COMPLETE).first_bad == "leaf 1"


def test_set_that_the_log_names_and_the_pack_lacks_is_named() -> None:
    day = honest_day()
    trust = trust_in(day.notes[0])
    del day.sealed[0]

    complete = finding(verified(day, trust), Property.COMPLETE)

    assert (complete.state, complete.first_bad) == (State.BROKEN, "leaf 5")


def test_count_left_out_of_the_index_is_named() -> None:
    day = honest_day()
    trust = trust_in(day.notes[0])
    day.counts = [row for row in day.counts if row["count"] != C3]

    complete = finding(verified(day, trust), Property.COMPLETE)

    assert (complete.state, complete.first_bad) == (State.BROKEN, "leaf 4")


def test_server_clock_set_back_is_named() -> None:
    day = honest_day()
    trust = trust_in(day.notes[0])
    day.minutes = 0
    day.act(EventType.TOUR_PLANNED, Subject("tour", "t-2"), {})

    verification = verified(day, trust)

    assert finding(verification, Property.TIME).first_bad == "leaf 17"
    assert verification.exit_code == 1


@pytest.mark.parametrize("event_type", list(EventType))
@pytest.mark.parametrize("body", [{}, {"count": 5, "role": [], "sealed_sha256": None, "statement": "x", "result": 1}])
def test_leaf_with_a_strange_body_never_stops_the_verifier(event_type: EventType, body: dict[str, int]) -> None:
    day = honest_day()
    trust = trust_in(day.notes[0])
    day.act(event_type, Subject("count", "c-9"), body)

    assert verified(day, trust).exit_code in {0, 1}


@pytest.mark.parametrize("path", ["signatures.jsonl", "counts/2026-03.jsonl", "log/checkpoints.txt", "keys/log.vkey"])
@pytest.mark.parametrize("raw", [b"", b"[]\n", b'{"count":1}\n', b"\xff", b"{", b'{"lines":[1],"signature":"s"}\n'])
def test_member_with_strange_bytes_never_stops_the_verifier(path: str, raw: bytes) -> None:
    """The manifest is signed over the strange bytes: only the member itself is wrong."""
    day = honest_day()
    trust = trust_in(day.notes[0])
    members = dict(read_zip(day.pack()).members)
    members[path] = raw
    resigned = resign(members, day)

    for held in (trust, None):
        assert verify_pack(resigned, held).exit_code in {0, 1, 2}


def resign(members: dict[str, bytes], day: ShopDay, *, size: int | None = None) -> dict[str, bytes]:
    """The members under a new manifest and note; `size`: what the manifest says, if not the truth."""
    from server.core.log.pack import MANIFEST, MANIFEST_NOTE, Manifest, members_of

    manifest = Manifest.from_bytes(members.pop(MANIFEST))
    del members[MANIFEST_NOTE]
    told = manifest.size if size is None else size
    raw = replace(manifest, files=members_of(members), size=told).to_bytes()
    head = Checkpoint(ORIGIN, len(day.leaves), merkle.root_of(map(merkle.leaf_hash, day.leaves)))
    note = checkpoint.sign_pack(sha256(raw).digest(), head, KEY)
    return {**members, MANIFEST: raw, MANIFEST_NOTE: note.encode()}


def test_pack_with_fewer_leaves_than_its_head_is_named() -> None:
    day = honest_day()
    trust = trust_in(day.notes[0])
    members = dict(read_zip(day.pack()).members)
    members["log/events.jsonl"] = members["log/events.jsonl"].rsplit(b"\n", 2)[0] + b"\n"

    complete = finding(verify_pack(resign(members, day), trust), Property.COMPLETE)

    assert (complete.state, complete.first_bad) == (State.BROKEN, "leaf 16")

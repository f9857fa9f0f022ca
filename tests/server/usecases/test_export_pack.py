"""A day that two people counted, verified and signed becomes a pack that a stranger can verify; the signer is the real one."""

import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from server.core import draw
from server.core.count_acts import Occasion
from server.core.ids import PlaceId
from server.core.log import canonical
from server.core.log.canonical import JsonValue
from server.core.log.findings import Property, State, Verification
from server.core.log.pack import Manifest
from server.core.log.trust import Trust
from server.core.log.verify import verify_pack
from server.core.sealed_sets import Reason
from server.core.verification import open_asks
from server.exports.canonical_zip import read_zip, write_zip
from server.exports.record_pdf import read_record
from server.signer.client import SignerClient
from server.store import log, packs
from server.store.packs import CountUnopened, SignedListLost
from server.store.shops import shop_facts
from server.store.tables import PieceFacts
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases import verify_count
from server.usecases.close_counts import close_covered
from server.usecases.export_pack import (
    ExportedPack,
    Period,
    Profile,
    Wanted,
    begin_export,
    export_pack,
    pack_source,
    sign_pack,
)
from server.usecases.export_pack import pack_of as pack_of_source
from server.usecases.move_piece import MoveKind, move_piece
from server.usecases.move_piece import Wanted as Moved
from server.usecases.sign_checkpoint import sign_checkpoint
from tests.server.usecases import count_shop
from tests.server.usecases.conftest import OPENING
from tests.server.usecases.count_shop import CLAIRE, MARC, ONE, RINGS, TWO, CountShop

DAY = Period(OPENING.date(), OPENING.date())

pytestmark = pytest.mark.slow


def extract_of(counting: CountShop, signer: SignerClient, place: PlaceId) -> ExportedPack:
    return export_pack(counting.store, signer, Wanted(Profile.INSURER, count=counting.count_of(place)))


def describe(work: UnitOfWork) -> None:
    """Words for every ring, as an import would have left them."""
    for number in (*RINGS[ONE], *RINGS[TWO]):
        facts: dict[str, JsonValue] = {
            "own_ref": "",
            "name": f"Ring {number}",
            "category": "",
            "sku": "",
            "details": {},
            "retail_minor": 90_000,
        }
        work.session.add(
            PieceFacts(
                shop_id=work.shop_id,
                piece_id=f"piece-{number}",
                n=1,
                body=canonical.encode(facts).decode(),
                at=work.now,
            )
        )


def pack_of(counting: CountShop, signer: SignerClient) -> ExportedPack:
    return export_pack(counting.store, signer, Wanted(Profile.INSURER, period=DAY))


def verified(pack: ExportedPack, trust: Trust | None) -> Verification:
    opened = read_zip(pack.raw)
    return verify_pack(opened.members, trust, is_canonical=opened.is_canonical, read_record=read_record)


def told(verification: Verification) -> dict[Property, tuple[State, str]]:
    return {one.property: (one.state, one.sentence) for one in verification.findings}


def test_a_closed_day_is_verified_under_the_trust_held_before_it(
    closed_day: CountShop, signer: SignerClient, trust: Trust
) -> None:
    verification = verified(pack_of(closed_day, signer), trust)

    said = told(verification)
    needed = set(Property) - {Property.TIME}
    assert {one: said[one] for one in needed if said[one][0] is not State.OK} == {}
    assert verification.exit_code == 0


def test_the_pack_holds_every_count_set_and_signed_list(closed_day: CountShop, signer: SignerClient) -> None:
    members = read_zip(pack_of(closed_day, signer).raw).members

    counts = [json.loads(line) for line in members["counts/2026-03.jsonl"].splitlines()]
    lists = [json.loads(line) for line in members["signatures.jsonl"].splitlines()]
    assert {(one["count"], one["state"]) for one in counts} == {
        (closed_day.count_of(place), "closed") for place in (ONE, TWO)
    }
    assert [len(one["lines"]) for one in lists] == [2, 2]
    assert sum(path.startswith("expected/") for path in members) == 2
    assert sum(path.startswith("sealed/") for path in members) == 5


def test_a_pack_holds_the_record_of_each_tour_that_ended(closed_day: CountShop, signer: SignerClient) -> None:
    members = read_zip(pack_of(closed_day, signer).raw).members

    assert [path for path in members if path.startswith("records/")] == ["records/2026-03-02-opening.pdf"]


def test_an_auditor_gets_no_record_for_it_names_people(
    closed_day: CountShop, signer: SignerClient, trust: Trust
) -> None:
    pack = export_pack(closed_day.store, signer, Wanted(Profile.AUDITOR, period=DAY))

    verification = verified(pack, trust)

    assert not any(path.startswith("records/") for path in read_zip(pack.raw).members)
    assert "Claire" not in str(read_zip(pack.raw).members)
    assert told(verification)[Property.RECORDS] == (
        State.CANNOT_TELL,
        "This profile leaves the records out, for they name people.",
    )
    assert verification.exit_code == 0


def test_an_extract_has_one_folder_and_is_verified_in_words(
    closed_day: CountShop, signer: SignerClient, trust: Trust
) -> None:
    closed_day.store.run(describe)

    extract = extract_of(closed_day, signer, TWO)

    members, count = read_zip(extract.raw).members, closed_day.count_of(TWO)
    names = ("A1", "B1", "B2", "draw", "expected")
    assert [path for path in members if count in path] == [f"counts/{count}/{name}.json" for name in names]
    assert not any(path.startswith(("sealed/", "expected/", "draws/")) for path in members)
    pieces = members["tables/pieces.csv"].decode("utf-8-sig").splitlines()[1:]
    assert [row[1:11] for row in pieces] == [count_shop.ref(number) for number in RINGS[TWO]]
    verification = verified(extract, trust)
    said = told(verification)
    assert {one: said[one] for one in said if said[one][0] is not State.OK} == {Property.TIME: said[Property.TIME]}
    assert f"this is an extract about count {count}" in said[Property.COMPLETE][1]
    assert verification.exit_code == 0


def test_an_extract_without_its_label_or_with_another_is_broken(
    closed_day: CountShop, signer: SignerClient, trust: Trust
) -> None:
    extract = extract_of(closed_day, signer, TWO)
    for label in (None, closed_day.count_of(ONE), "01900000-0000-7000-8000-000000000009"):
        forged = relabelled(extract, closed_day.store, signer, label=label)

        complete = told(verified(forged, trust))[Property.COMPLETE]

        assert complete[0] is State.BROKEN, label


def relabelled(extract: ExportedPack, store: Store, signer: SignerClient, *, label: str | None) -> ExportedPack:
    """The extract under a manifest that says another count, signed by the shop itself."""
    members = dict(read_zip(extract.raw).members)
    manifest = Manifest.from_bytes(members["manifest.json"])
    members["manifest.json"] = replace(manifest, count=label).to_bytes()
    digest = sha256(members["manifest.json"]).digest()
    members["manifest.note"] = sign_pack(store, signer, manifest_sha256=digest, size=manifest.size).encode()
    return replace(extract, raw=write_zip(members))


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """One draw a tour: of so few pieces all would be drawn, which leaves no room to see what is due."""
    monkeypatch.setattr(draw, "DRAWS_MIN", 0)


@pytest.mark.usefixtures("few_draws")
def test_what_the_server_asked_over_two_tours_is_what_the_verifier_computes(
    signed_shop: CountShop, signer: SignerClient, trust: Trust
) -> None:
    """Most rings are dear, and so due once that day; one goes out and comes back in between."""
    store = signed_shop.store
    store.run(lambda work: work.conn.exec_driver_sql("UPDATE shops SET body = '{\"high_value\":90003}'"))
    asked = list[str]()
    for hours in (24, 10):
        signed_shop.clock.advance(timedelta(hours=hours))
        signed_shop.plan(Occasion.CLOSING if hours == 10 else Occasion.OPENING)
        for place in (ONE, TWO):
            signed_shop.count_first(place, RINGS[place])
            asked += open_asks(signed_shop.claim(place))
            signed_shop.key(place, 4)
            signed_shop.answer_all(place)
        signed_shop.sign(CLAIRE)
        signed_shop.sign(MARC)
        sign_checkpoint(store, signer)
        assert len(store.run(close_covered)) == 2
        signed_shop.clock.advance(timedelta(minutes=1))
        for kind in (MoveKind.OUT, MoveKind.BACK):
            store.run(lambda work, kind=kind: move_piece(work, Moved(ref=count_shop.ref(1), kind=kind)))  # type: ignore[misc]

    assert {count_shop.ref(number) for number in (1, *range(3, 9))} <= set(asked)
    assert len(asked) < 14, "not everything is asked twice"
    said = told(verified(export_pack(store, signer, Wanted(Profile.INSURER, period=DAY)), trust))
    assert said[Property.DRAW] == (
        State.OK,
        "In all 4 closed counts B was asked what the first root signed over A's seal drew.",
    )


def test_a_day_of_one_person_has_its_record_and_is_never_verified_by_two(
    signed_shop: CountShop, signer: SignerClient, trust: Trust
) -> None:
    store, count = signed_shop.store, signed_shop.count_of(ONE)
    signed_shop.count_first(ONE, RINGS[ONE])
    alone = Reason("Claire est seule.", "0" * 64)
    store.run(lambda work: verify_count.go_solo(work, count, CLAIRE, reason=alone))
    signed_shop.key(ONE, 4, CLAIRE)
    for asked in verify_count.asked_with_answers(signed_shop.sheet(ONE), CLAIRE):
        word = verify_count.Word(label=count_shop.label(int(asked.ref[-6:])))
        store.run(lambda work, word=word: verify_count.answer(work, count, CLAIRE, word=word))  # type: ignore[misc]
    store.run(lambda work: verify_count.reveal_solo(work, count, CLAIRE))
    signed_shop.sign(CLAIRE)
    sign_checkpoint(store, signer)
    assert store.run(close_covered) == (count,)
    store.run(lambda work: work.conn.exec_driver_sql("UPDATE counts SET state='missed' WHERE state='planned'"))

    pack = pack_of(signed_shop, signer)

    said = told(verified(pack, trust))
    assert {said[one][0] for one in (Property.TWO_PEOPLE, Property.DRAW)} == {State.CANNOT_TELL}
    assert said[Property.RECORDS][0] is State.OK
    (record,) = (raw for path, raw in read_zip(pack.raw).members.items() if path.startswith("records/"))
    content = read_record(record, trust.pdf_cert_sha256)
    assert (content["single"], content["lines"][0]["person_b"]) == (1, "—")  # type: ignore[index,call-overload]
    assert verified(pack, trust).exit_code == 2


def test_a_count_that_nobody_began_has_no_extract(signed_shop: CountShop, signer: SignerClient) -> None:
    with pytest.raises(CountUnopened, match="never opened"):
        extract_of(signed_shop, signer, ONE)


def test_a_log_that_grew_and_was_signed_while_the_pack_was_made_is_no_hindrance(
    closed_day: CountShop, signer: SignerClient, trust: Trust
) -> None:
    store, wanted = closed_day.store, Wanted(Profile.INSURER, period=DAY)
    begun = begin_export(store, signer, wanted)
    source = store.read(lambda conn: pack_source(conn, store.shop_id, wanted, begun=begun))
    begin_export(store, signer, wanted)

    pack = pack_of_source(source, sign=lambda digest: sign_pack(store, signer, manifest_sha256=digest, size=begun.size))

    assert pack.leaves == begun.size
    assert verified(pack, trust).exit_code == 0


def test_a_count_under_way_is_in_the_pack_and_one_not_opened_is_not(
    signed_shop: CountShop, signer: SignerClient, trust: Trust
) -> None:
    signed_shop.count_first(ONE, RINGS[ONE])

    pack = pack_of(signed_shop, signer)

    rows = read_zip(pack.raw).members["counts/2026-03.jsonl"].splitlines()
    assert [json.loads(row)["count"] for row in rows] == [signed_shop.count_of(ONE)]
    assert told(verified(pack, trust))[Property.COMPLETE][0] is State.OK


def test_a_list_that_was_lost_stops_the_export(closed_day: CountShop, signer: SignerClient) -> None:
    def lose(work: UnitOfWork) -> None:
        work.conn.exec_driver_sql("UPDATE tours SET body = replace(body, 'my_role', 'my_part')")

    closed_day.store.run(lose)

    with pytest.raises(SignedListLost, match="Restore a backup"):
        pack_of(closed_day, signer)


def test_the_pack_ends_at_the_export_itself(closed_day: CountShop, signer: SignerClient) -> None:
    first, second = pack_of(closed_day, signer), pack_of(closed_day, signer)

    size = closed_day.store.read(lambda conn: log.head(conn, closed_day.store.shop_id)).size
    assert (first.leaves, second.leaves) == (size - 1, size)
    leaves = closed_day.store.read(lambda conn: packs.leaves(conn, closed_day.store.shop_id, end=size))
    assert read_zip(second.raw).members["log/events.jsonl"] == b"".join(leaf + b"\n" for leaf in leaves)


def test_a_period_begins_and_ends_with_the_shops_day(shop: Store) -> None:
    facts = shop.read(lambda conn: shop_facts(conn, shop.shop_id))

    since, until = DAY.bounds(facts)

    assert (since.isoformat(), until.isoformat()) == ("2026-03-02T03:00:00+00:00", "2026-03-03T03:00:00+00:00")

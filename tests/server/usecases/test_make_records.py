"""A tour that ended has one sealed record, once, that says what was signed; nothing makes it earlier or changes it."""

import pytest
from sqlalchemy.exc import IntegrityError

from server.api.jobs import record_ended
from server.exports.record_pdf import read_record, seal_fingerprint
from server.signer.client import SignerClient, SignerDown
from server.store import log, records
from server.store.unit_of_work import UnitOfWork
from server.usecases.close_counts import close_covered
from server.usecases.make_records import make_records
from server.usecases.sign_checkpoint import sign_checkpoint
from tests.server.usecases.count_shop import CLAIRE, MARC, ONE, RINGS, TWO, CountShop, ref

pytestmark = pytest.mark.slow
NAME = "2026-03-02-opening"


def kept(counting: CountShop) -> dict[str, bytes]:
    shop = counting.store
    size = shop.read(lambda conn: log.head(conn, shop.shop_id)).size
    return shop.read(lambda conn: records.records(conn, shop.shop_id, end=size))


def content_of(counting: CountShop, signer: SignerClient) -> dict[str, object]:
    sign_checkpoint(counting.store, signer)
    assert make_records(counting.store, signer) == (NAME,)
    return dict(read_record(kept(counting)[NAME], seal_fingerprint(signer.pdf_certificate())))


def test_a_record_waits_for_a_checkpoint_over_the_closing_and_is_made_once(
    closed_day: CountShop, signer: SignerClient
) -> None:
    assert make_records(closed_day.store, signer) == ()

    sign_checkpoint(closed_day.store, signer)

    assert make_records(closed_day.store, signer) == (NAME,)
    assert make_records(closed_day.store, signer) == ()
    assert list(kept(closed_day)) == [NAME]


def test_a_tour_with_a_count_under_way_has_no_record(signed_shop: CountShop, signer: SignerClient) -> None:
    signed_shop.count_first(ONE, RINGS[ONE])
    signed_shop.verify(ONE, 4)
    signed_shop.count_first(TWO, RINGS[TWO])
    signed_shop.sign(CLAIRE)
    signed_shop.sign(MARC)
    sign_checkpoint(signed_shop.store, signer)
    assert len(signed_shop.store.run(close_covered)) == 1
    sign_checkpoint(signed_shop.store, signer)

    assert make_records(signed_shop.store, signer) == ()


def test_the_record_says_what_was_signed(closed_day: CountShop, signer: SignerClient) -> None:
    content = content_of(closed_day, signer)

    assert content["title"] == "Procès-verbal de comptage — ouverture"
    assert content["when"] == "Lundi 2 mars 2026, de 9 h 35 à 9 h 35"
    assert content["lines"] == [
        {
            "count": closed_day.count_of(place),
            "place": f"Plateau {place[-1]}",
            "expected": 4,
            "present": present,
            "by_hand": 0,
            "missing": 4 - present,
            "mode": mode,
            "person_a": "Claire",
            "person_b": "Marc",
        }
        for place, present, mode in ((ONE, 4, "quantité, tirage"), (TWO, 3, "seconde lecture à l'aveugle"))
    ]
    assert content["cases"] == [
        {"piece": ref(8), "place": "Plateau 2", "class": "manquante", "outcome": "en enquête à la signature"}
    ]
    assert [(one["name"], one["device"]) for one in content["signers"]] == [  # type: ignore[attr-defined]
        ("Claire", "handheld-1"),
        ("Marc", "handheld-2"),
    ]


def test_the_record_is_in_the_language_of_who_signed_first(closed_day: CountShop, signer: SignerClient) -> None:
    closed_day.store.run(lambda work: work.conn.exec_driver_sql("UPDATE people SET language='en' WHERE id='claire'"))

    content = content_of(closed_day, signer)

    assert (content["language"], content["when"]) == ("en", "Monday 2 March 2026, 09:35 to 09:35")
    assert content["cases"][0]["class"] == "missing"  # type: ignore[index]


def test_a_place_that_nobody_counted_is_named(signed_shop: CountShop, signer: SignerClient) -> None:
    signed_shop.count_first(ONE, RINGS[ONE])
    signed_shop.verify(ONE, 4)
    signed_shop.sign(CLAIRE)
    signed_shop.sign(MARC)
    sign_checkpoint(signed_shop.store, signer)
    signed_shop.store.run(close_covered)
    signed_shop.store.run(
        lambda work: work.conn.exec_driver_sql("UPDATE counts SET state='missed' WHERE state='planned'")
    )

    content = content_of(signed_shop, signer)

    assert content["uncovered"] == [{"place": "Plateau 2", "reason": "non commencé"}]


def test_a_kept_record_is_never_changed_or_replaced(closed_day: CountShop, signer: SignerClient) -> None:
    content_of(closed_day, signer)

    for statement in (
        "UPDATE records SET pdf = x'00'",
        "DELETE FROM records",
        "INSERT OR REPLACE INTO records SELECT * FROM records",
    ):

        def tamper(work: UnitOfWork, statement: str = statement) -> None:
            work.conn.exec_driver_sql(statement)

        with pytest.raises(IntegrityError, match="rows of records are never"):
            closed_day.store.run(tamper)


def test_a_signer_that_is_down_leaves_the_record_for_later(
    closed_day: CountShop, signer: SignerClient, tmp_path: object
) -> None:
    sign_checkpoint(closed_day.store, signer)

    with pytest.raises(SignerDown, match="Start it"):
        make_records(closed_day.store, SignerClient(closed_day.store.path.parent / "nowhere"))

    assert kept(closed_day) == {}
    assert make_records(closed_day.store, signer) == (NAME,)


def test_the_servers_job_makes_records_when_more_was_signed_and_rests_otherwise(
    closed_day: CountShop, signer: SignerClient
) -> None:
    store = closed_day.store
    looked_at = record_ended(store, signer, looked_at=0)
    assert kept(closed_day) == {}
    sign_checkpoint(store, signer)

    looked_at = record_ended(store, signer, looked_at=looked_at)

    assert list(kept(closed_day)) == [NAME]
    # Nothing is asked of a signer while nothing more is signed.
    assert record_ended(store, SignerClient(store.path.parent / "nowhere"), looked_at=looked_at) == looked_at

"""What the database itself refuses, whatever a program in front of it believes."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from server.store.tables import (
    CaseRow,
    Closure,
    Count,
    Device,
    Person,
    Piece,
    PieceState,
    Place,
    Row,
    SignatureLine,
    SignatureRow,
    Tag,
    Tour,
)
from server.store.unit_of_work import Store, UnitOfWork
from tests.server.store.conftest import SHOP

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = date(2026, 3, 2)


def person(name: str) -> Person:
    return Person(
        shop_id=SHOP.id, id=name, name=name, rights="count", pin_hash="x", pin_set_at=AT, enrolled_at=AT
    )  # fmt: skip


def device(name: str) -> Device:
    return Device(
        shop_id=SHOP.id,
        id=name,
        name=name,
        kind="handheld",
        secret_sha256=name.encode().ljust(32, b"."),
        paired_at=AT,
    )


def count(name: str, *, n: int = 1, state: str = "result_fixed") -> Count:
    return Count(
        shop_id=SHOP.id,
        id=name,
        tour_id="tour",
        place_id="tray",
        occasion="opening",
        shop_day=DAY,
        n=n,
        state=state,
        result_no=1,
    )


def signature(name: str, *, by: str, on: str) -> SignatureRow:
    return SignatureRow(
        shop_id=SHOP.id,
        id=name,
        tour_id="tour",
        list_no=1,
        person_id=by,
        device_id=on,
        statement=b"{}",
        sha256="0" * 64,
        signed_at=AT,
        leaf_seq=0,
    )


def line(name: str, *, by: str, on: str, role: str, of: str = "count") -> SignatureLine:
    return SignatureLine(
        shop_id=SHOP.id, signature_id=name, count_id=of, result_no=1, role=role, person_id=by, device_id=on
    )


def closure(**changes: str | None) -> Closure:
    pair: dict[str, Any] = {
        "signature_a": "sa",
        "person_a": "claire",
        "device_a": "phone",
        "signature_b": "sb",
        "person_b": "marc",
        "device_b": "pad",
        "mode": "double",
        **changes,
    }
    return Closure(shop_id=SHOP.id, count_id="count", result_no=1, closed_at=AT, leaf_seq=0, **pair)


def add(*rows: Row) -> Callable[[UnitOfWork], None]:
    def work(unit: UnitOfWork) -> None:
        for row in rows:
            unit.session.add(row)
            unit.session.flush()

    return work


@pytest.fixture
def counted(store: Store) -> Store:
    """Claire and Marc, two devices, one count with its result fixed."""
    people = [person("claire"), person("marc"), person("zoe")]
    devices = [device("phone"), device("pad"), device("desk")]
    place = Place(shop_id=SHOP.id, id="tray", name="Plateau 1", created_at=AT)
    tour = Tour(shop_id=SHOP.id, id="tour", occasion="opening", shop_day=DAY, state="open", planned_at=AT)
    store.run(add(*people, *devices, place, tour, count("count")))
    return store


@pytest.fixture
def signed(counted: Store) -> Store:
    counted.run(
        add(
            signature("sa", by="claire", on="phone"),
            line("sa", by="claire", on="phone", role="a"),
            signature("sb", by="marc", on="pad"),
            line("sb", by="marc", on="pad", role="b"),
        )
    )
    return counted


def test_two_people_on_two_devices_close_a_count(signed: Store) -> None:
    signed.run(add(closure()))


@pytest.mark.parametrize(
    "changes",
    [
        {"signature_b": "sa", "person_b": "claire", "device_b": "phone"},
        {"signature_b": None, "person_b": None, "device_b": None},
        {"person_b": None},
        {"device_b": None},
        {"person_b": "claire"},
        {"device_b": "phone"},
        {"signature_b": "sx"},
        {"person_b": "zoe"},
        {"person_a": "zoe"},
        {"device_a": "desk"},
        {"mode": "single"},
    ],
)
def test_one_person_one_device_or_a_missing_signature_closes_nothing(
    signed: Store, changes: dict[str, str | None]
) -> None:
    with pytest.raises(IntegrityError):
        signed.run(add(closure(**changes)))


def test_alone_is_said_openly(signed: Store) -> None:
    signed.run(add(closure(mode="solo", signature_b=None, person_b=None, device_b=None)))


@pytest.mark.parametrize(
    ("by", "on", "role"),
    [("claire", "desk", "b"), ("zoe", "phone", "b"), ("zoe", "desk", "a"), ("zoe", "desk", "z")],
)
def test_a_result_bears_one_signature_per_person_device_and_role(signed: Store, by: str, on: str, role: str) -> None:
    signed.run(add(Tour(shop_id=SHOP.id, id="t2", occasion="spot", shop_day=DAY, state="open", planned_at=AT)))
    again = signature("sc", by=by, on=on)
    again.list_no = 2

    with pytest.raises(IntegrityError):
        signed.run(add(again, line("sc", by=by, on=on, role=role)))


def test_a_line_names_the_person_and_device_of_its_signature(counted: Store) -> None:
    with pytest.raises(IntegrityError, match="FOREIGN KEY"):
        counted.run(add(signature("sa", by="claire", on="phone"), line("sa", by="marc", on="phone", role="a")))


def test_a_place_has_one_count_of_an_occasion_unless_it_was_voided(counted: Store) -> None:
    with pytest.raises(IntegrityError):
        counted.run(add(count("second")))

    counted.run(lambda unit: unit.conn.exec_driver_sql("UPDATE counts SET state = 'voided'"))
    counted.run(add(count("second")))


def test_a_tag_has_one_bearer_at_a_time(store: Store) -> None:
    tray = Place(shop_id=SHOP.id, id="tray", name="Plateau 1", created_at=AT)

    def tag(name: str) -> Tag:
        return Tag(shop_id=SHOP.id, id=name, epc="30AA", bound_at=AT, place_id="tray")

    store.run(add(tray, tag("one")))
    with pytest.raises(IntegrityError):
        store.run(add(tag("two")))
    with pytest.raises(IntegrityError):
        store.run(add(Tag(shop_id=SHOP.id, id="none", epc="30BB", bound_at=AT)))
    store.run(lambda unit: unit.conn.exec_driver_sql("UPDATE tags SET retired_at = '2026-03-02 09:00:00'"))
    store.run(add(tag("two")))


def test_a_piece_has_one_open_case(store: Store) -> None:
    piece = Piece(shop_id=SHOP.id, id="p", ref="BAG-000001", number=1, created_at=AT)

    def case(name: str, closed_at: datetime | None = None) -> CaseRow:
        return CaseRow(
            shop_id=SHOP.id,
            id=name,
            klass="MISSING",
            state="open",
            piece_id="p",
            severity="high",
            opened_at=AT,
            closed_at=closed_at,
        )

    store.run(add(piece, case("old", closed_at=AT), case("one")))
    with pytest.raises(IntegrityError):
        store.run(add(case("two")))


def test_a_reference_is_unique_and_a_status_is_one_of_ours(store: Store) -> None:
    store.run(add(Piece(shop_id=SHOP.id, id="p", ref="BAG-000001", number=1, created_at=AT)))

    with pytest.raises(IntegrityError, match="never overwritten"):
        store.run(add(Piece(shop_id=SHOP.id, id="q", ref="BAG-000001", number=2, created_at=AT)))
    with pytest.raises(IntegrityError, match="ck_piece_state_status"):
        store.run(add(PieceState(shop_id=SHOP.id, piece_id="p", status="lost", name="x", currency="EUR", facts_n=1)))


@pytest.mark.parametrize("name", ["", "Vitrine 3/Plateau 5"])
def test_a_place_name_is_one_step_of_a_path(store: Store, name: str) -> None:
    with pytest.raises(IntegrityError, match="ck_places_name"):
        store.run(add(Place(shop_id=SHOP.id, id="x", name=name, created_at=AT)))


def test_two_places_below_the_shop_have_two_names(store: Store) -> None:
    store.run(add(Place(shop_id=SHOP.id, id="x", name="Coffre", created_at=AT)))

    with pytest.raises(IntegrityError, match="UNIQUE"):
        store.run(add(Place(shop_id=SHOP.id, id="y", name="Coffre", created_at=AT)))

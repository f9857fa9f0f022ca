"""Somebody of the shop may sign in with a PIN; the log knows them by id alone."""

import hashlib
import hmac

import pytest
from sqlalchemy import select

from server.core.errors import Absent, Malformed
from server.core.log.events import EventType, Leaf
from server.store import log, people
from server.store.tables import Person, SessionRow, table
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.enrol_person import NameTaken, PersonDisabled, change_pin, disable_person, enrol_person, is_pin
from server.usecases.pair_device import pair_program


def pepper(value: str) -> bytes:
    return hmac.digest(b"pepper of the test", value.encode(), hashlib.sha256)


def other_pepper(value: str) -> bytes:
    return hmac.digest(b"another pepper", value.encode(), hashlib.sha256)


def last_leaf(store: Store) -> Leaf:
    return Leaf.from_bytes(store.read(lambda c: log.leaves(c, store.shop_id))[-1].raw)


def test_the_pin_opens_and_nothing_else_does(shop: Store) -> None:
    person = enrol_person(shop, name="Claire", rights=["manage", "count"], pin="048213", pin_mac=pepper)
    stored = shop.read(lambda c: people.pin_hash(c, shop.shop_id, person))

    assert stored is not None
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert is_pin("048213", stored, shop=shop.shop_id, person=person, pin_mac=pepper)
    assert not is_pin("048214", stored, shop=shop.shop_id, person=person, pin_mac=pepper)
    assert not is_pin("048213", stored, shop=shop.shop_id, person=person, pin_mac=other_pepper)


def test_the_leaf_of_an_enrolment_holds_no_name(shop: Store) -> None:
    person = enrol_person(shop, name="Claire", rights=["manage", "count"], pin="048213", pin_mac=pepper)

    leaf = last_leaf(shop)
    assert leaf.type is EventType.PERSON_ENROLLED
    assert leaf.subject.id == person
    assert leaf.body == {"rights": ["count", "manage"]}
    assert b"Claire" not in leaf.to_bytes()


def test_two_people_have_two_names(shop: Store) -> None:
    enrol_person(shop, name="Claire", rights=["count"], pin="000000", pin_mac=pepper)

    with pytest.raises(NameTaken, match="second name"):
        enrol_person(shop, name=" claire ", rights=["count"], pin="000001", pin_mac=pepper)


def test_a_name_that_looks_the_same_is_the_same(shop: Store) -> None:
    enrol_person(shop, name="Inès", rights=["count"], pin="000000", pin_mac=pepper)

    for same in ("ine\u0300s", "\uff29nès", "INÈS"):
        with pytest.raises(NameTaken):
            enrol_person(shop, name=same, rights=["count"], pin="000001", pin_mac=pepper)


def test_a_name_is_kept_in_the_form_that_records_hold(shop: Store) -> None:
    enrol_person(shop, name="Ine\u0300s", rights=["count"], pin="000000", pin_mac=pepper)
    enrol_person(shop, name="\u041d\u0438\u043d\u0430", rights=["count"], pin="000000", pin_mac=pepper)

    kept = [one.name for one in shop.read(lambda c: people.people(c, shop.shop_id))]
    assert kept == ["In\u00e8s", "\u041d\u0438\u043d\u0430"]


@pytest.mark.parametrize(
    ("name", "rights", "pin", "complaint"),
    [
        ("", ["count"], "000000", "not a name"),
        ("Cl\u0430ire", ["count"], "000000", "alphabets"),
        ("Claire\u200b", ["count"], "000000", "not a name"),
        ("Claire", [], "000000", "No right"),
        ("Claire", ["count", "sign"], "000000", "sign was given"),
        ("Claire", ["count"], "12345", "6 digits"),
        ("Claire", ["count"], "١٢٣٤٥٦", "6 digits"),
    ],
)
def test_what_is_wrong_is_said_and_nobody_is_enrolled(
    shop: Store, name: str, rights: list[str], pin: str, complaint: str
) -> None:
    with pytest.raises(Malformed, match=complaint):
        enrol_person(shop, name=name, rights=rights, pin=pin, pin_mac=pepper)

    assert shop.read(lambda c: people.people(c, shop.shop_id)) == ()


def test_a_disabled_person_cannot_sign_in_and_their_sessions_end(shop: Store) -> None:
    person = enrol_person(shop, name="Marc", rights=["count"], pin="123456", pin_mac=pepper)

    def sign_in(unit: UnitOfWork) -> None:
        device = pair_program(unit, name="pc", kind="agent", secret="s")
        unit.session.add(
            SessionRow(
                shop_id=unit.shop_id,
                id="session",
                token_sha256=b"t" * 32,
                person_id=person,
                device_id=device,
                opened_at=unit.now,
                expires_at=unit.now,
            )
        )

    shop.run(sign_in)
    shop.run(lambda unit: disable_person(unit, "Marc"))
    size = shop.read(lambda c: log.head(c, shop.shop_id)).size
    shop.run(lambda unit: disable_person(unit, person))

    sessions = table(SessionRow)
    assert shop.read(lambda c: people.pin_hash(c, shop.shop_id, person)) is None
    assert shop.read(lambda c: c.execute(select(sessions.c.closed_at)).scalar_one()) is not None
    assert last_leaf(shop).type is EventType.PERSON_DISABLED
    assert shop.read(lambda c: log.head(c, shop.shop_id)).size == size
    assert shop.read(lambda c: len(c.execute(select(table(Person).c.id)).all())) == 1


def test_a_new_pin_is_a_leaf_without_the_pin(shop: Store) -> None:
    person = enrol_person(shop, name="Claire", rights=["count"], pin="048213", pin_mac=pepper)
    before = shop.read(lambda c: people.pin_hash(c, shop.shop_id, person))

    change_pin(shop, person, pin="550188", pin_mac=pepper)

    leaf = last_leaf(shop)
    assert (leaf.type, leaf.subject.id, leaf.body) == (EventType.PERSON_PIN_CHANGED, person, {})
    assert shop.read(lambda c: people.pin_hash(c, shop.shop_id, person)) != before


def test_who_is_barred_gets_no_new_pin(shop: Store) -> None:
    person = enrol_person(shop, name="Claire", rights=["count"], pin="048213", pin_mac=pepper)
    shop.run(lambda unit: disable_person(unit, "Claire"))

    with pytest.raises(PersonDisabled):
        change_pin(shop, person, pin="550188", pin_mac=pepper)


def test_nobody_can_be_disabled_who_is_not_there(shop: Store) -> None:
    with pytest.raises(Absent, match="baguier user list"):
        shop.run(lambda unit: disable_person(unit, "Zoé"))

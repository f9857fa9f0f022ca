"""A till and a manager move pieces and read the stock, over a real server; each case has a piece of its own."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.store.credentials import secret_sha256
from server.store.tables import Device, Person, Round, SessionRow
from server.store.unit_of_work import Store, UnitOfWork
from tests.server.running import running_server
from tests.server.seeds import AGENT_TOKEN, PERSON_TOKEN, Seeded, database_of, seeded_folder
from tests.server.usecases.stock_files import bring_in

TILL, COUNTER, BUSY = "token-of-the-till", "token-of-marc", "token-of-lea"
RINGS = [*(f"A-{n}; Alliance {n}; 1; 1200; Vitrine 1" for n in range(1, 9)), "B; Jonc; 242; 80; Vitrine 2"]
IN_STOCK = 250

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Shop:
    folder: Path
    client: httpx.Client

    def move(self, number: int, kind: str, *, token: str = TILL, key: str | None = "k", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        if key is not None:
            headers["Idempotency-Key"] = f"{number}-{kind}-{key}"
        body = {"piece": f"BAG-{number:06d}", "kind": kind, **more}
        return self.client.post("/v1/moves", headers=headers, json=body)

    def pieces(self, *, token: str = PERSON_TOKEN, **query: str | int) -> dict[str, Any]:
        answer = self.client.get("/v1/pieces", headers={"Authorization": f"Bearer {token}"}, params=query)
        return dict(answer.json())

    def moves_of(self, number: int) -> list[str]:
        """What is really written, in the order of the log."""
        query = "SELECT m.kind FROM moves m JOIN pieces p ON p.id = m.piece_id WHERE p.number = ? ORDER BY m.leaf_seq"
        database = sqlite3.connect(database_of(self.folder))
        try:
            return [kind for (kind,) in database.execute(query, (number,))]
        finally:
            database.close()


def add_movers(work: UnitOfWork) -> None:
    """A till; Marc, who only counts; Léa, who manages and is counting. Claire has sealed, so she reads the whole list."""
    seeded, now, session = Seeded(), work.now, work.session
    add_device(work, "till", kind="integration", token=TILL)
    add_person(work, "marc", rights="count", token=COUNTER)
    add_person(work, "lea", rights="count manage", token=BUSY)
    session.add(
        Round(
            shop_id=seeded.shop,
            id="round-lea",
            count_id=seeded.count,
            role="b",
            person_id="person-lea",
            device_id="device-lea",
            opened_at=now,
        )
    )
    claires = session.get(Round, (seeded.shop, seeded.round))
    assert claires is not None
    claires.sealed_at = now


def add_device(work: UnitOfWork, name: str, *, kind: str, token: str) -> None:
    work.session.add(
        Device(
            shop_id=Seeded().shop,
            id=f"device-{name}",
            name=name,
            kind=kind,
            secret_sha256=secret_sha256(token),
            paired_at=work.now,
        )
    )
    work.session.flush()


def add_person(work: UnitOfWork, name: str, *, rights: str, token: str) -> None:
    """Somebody signed in on a handheld of their own."""
    add_device(work, name, kind="handheld", token=f"secret of {name}'s handheld")
    work.session.add(
        Person(
            shop_id=Seeded().shop,
            id=f"person-{name}",
            name=name,
            rights=rights,
            pin_hash="-",
            pin_set_at=work.now,
            enrolled_at=work.now,
        )
    )
    work.session.flush()
    work.session.add(
        SessionRow(
            shop_id=Seeded().shop,
            id=f"session-{name}",
            token_sha256=secret_sha256(token),
            person_id=f"person-{name}",
            device_id=f"device-{name}",
            opened_at=work.now,
            expires_at=work.now + timedelta(hours=12),
        )
    )
    work.session.flush()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    seeded_folder(folder)
    with Store(database_of(folder)) as store:
        store.run(add_movers)
        bring_in(store, *RINGS)
    with running_server(folder) as server, httpx.Client(base_url=server.url, timeout=20) as client:
        yield Shop(folder, client)


def test_the_till_sells_a_piece_once_however_often_it_asks(shop: Shop) -> None:
    first = shop.move(1, "sale", ticket="T-118")
    again = shop.move(1, "sale", ticket="T-118")
    other = shop.move(1, "sale", ticket="T-119")
    fresh = shop.move(1, "sale", ticket="T-118", key="another")

    assert first.status_code == 201
    sold = first.json()
    assert (sold["piece"], sold["to_status"], sold["ticket"], sold["person"]) == ("BAG-000001", "sold", "T-118", None)
    assert (again.status_code, again.json()) == (201, sold)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert (fresh.status_code, fresh.json()["code"]) == (409, "piece_gone")
    assert shop.moves_of(1) == ["entered", "sale"]


def test_two_requests_with_one_key_at_once_make_one_move(shop: Shop) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: shop.move(6, "sale"), range(16)))

    assert {one.status_code for one in answers} == {201}
    assert len({one.text for one in answers}) == 1
    assert shop.moves_of(6) == ["entered", "sale"]


def test_a_key_belongs_to_the_device_that_chose_it(shop: Shop) -> None:
    till = shop.move(2, "out", away="repair")
    claire = shop.move(2, "out", token=PERSON_TOKEN, away="repair")

    assert (till.status_code, claire.status_code, claire.json()["code"]) == (201, 409, "piece_away")


def test_a_manager_lends_takes_back_and_moves_a_piece(shop: Shop) -> None:
    target = next(one["place"]["id"] for one in shop.pieces()["pieces"] if one["ref"] == "BAG-000008")
    at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()

    lent = shop.move(3, "out", token=PERSON_TOKEN, away="memo_out", at=at, witness="person-marc")
    lent_again = shop.move(3, "out", token=PERSON_TOKEN, away="memo_out", at=at, witness="person-marc")
    lent_otherwise = shop.move(3, "out", token=PERSON_TOKEN, away="repair", at=at, witness="person-marc")
    lent_now = shop.move(3, "out", token=PERSON_TOKEN, away="memo_out", witness="person-marc")
    back = shop.move(3, "back", token=PERSON_TOKEN)
    moved = shop.move(3, "moved", token=PERSON_TOKEN, place=Seeded().tray)
    home = shop.move(3, "moved", token=PERSON_TOKEN, place=target, key="home")
    home_otherwise = shop.move(3, "moved", token=PERSON_TOKEN, place=Seeded().tray, key="home")

    assert [one.status_code for one in (lent, back, moved, home)] == [201] * 4
    assert lent_again.json() == lent.json()
    assert datetime.fromisoformat(lent.json()["at"]) == datetime.fromisoformat(at)
    assert (lent.json()["person"], lent.json()["witness"]) == (Seeded().person, "person-marc")
    assert {one.status_code for one in (lent_otherwise, lent_now, home_otherwise)} == {409}
    assert moved.json()["to_place"] == Seeded().tray
    assert shop.moves_of(3) == ["entered", "out", "back", "moved", "moved"]


def test_only_a_manager_or_a_program_moves_pieces(shop: Shop) -> None:
    refused = {
        token: (answer.status_code, answer.json()["code"])
        for token in (COUNTER, AGENT_TOKEN, "nobody")
        for answer in [shop.move(4, "sale", token=token)]
    }

    assert refused == {
        COUNTER: (403, "right_missing"),
        AGENT_TOKEN: (401, "not_signed_in"),
        "nobody": (401, "not_signed_in"),
    }
    assert shop.moves_of(4) == ["entered"]


@pytest.mark.parametrize(
    ("status", "kind", "more"),
    [
        (422, "sale", {"key": None}),
        (422, "sale", {"key": "k" * 300}),
        (422, "lost", {}),
        (422, "sale", {"place": "place-tray"}),
        (422, "sale", {"away": "repair"}),
        (422, "out", {"away": "sold"}),
        (422, "moved", {}),
        (422, "sale", {"at": 1_700_000_000}),
        (422, "sale", {"at": "2026-03-02T08:35:00"}),
        (422, "sale", {"at": "2999-01-01T00:00:00Z"}),
        (422, "sale", {"at": "0001-01-01T00:00:00+14:00"}),
        (422, "sale", {"ticket": "4711\u0007"}),
        (422, "sale", {"witness": "person-marc"}),
        (422, "sale", {"colour": "gold"}),
        (404, "sale", {"token": PERSON_TOKEN, "witness": "nobody"}),
        (404, "moved", {"place": "nowhere"}),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(shop: Shop, status: int, kind: str, more: dict[str, Any]) -> None:
    answer = shop.move(5, kind, **more)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert shop.moves_of(5) == ["entered"]


def test_a_ticket_is_kept_in_the_form_that_packs_hold(shop: Shop) -> None:
    answers = [shop.move(11, "sale", key="nfc", ticket="re\u0301f. 4711") for _ in range(2)]

    assert [(one.status_code, one.json()["ticket"]) for one in answers] == [(201, "r\u00e9f. 4711")] * 2


def test_a_piece_that_is_not_there_is_absent(shop: Shop) -> None:
    assert (shop.move(999, "sale").status_code, shop.move(999, "sale").json()["code"]) == (404, "absent")


def test_pages_give_every_piece_once(shop: Shop) -> None:
    found: list[str] = []
    page = shop.pieces(limit=90)
    while True:
        assert len(page["pieces"]) <= 90
        found += [one["ref"] for one in page["pieces"]]
        if page["next"] is None:
            break
        page = shop.pieces(limit=90, cursor=page["next"])

    assert found == [f"BAG-{n:06d}" for n in range(1, IN_STOCK + 1)]
    assert len(shop.pieces(limit=100_000)["pieces"]) == 200
    assert shop.pieces(limit=0)["code"] == "malformed"
    assert shop.pieces(cursor="x' OR 1=1")["code"] == "malformed"


def test_amounts_and_places_are_for_those_with_the_right(shop: Shop) -> None:
    whole, blind = shop.pieces()["pieces"][7], shop.pieces(token=COUNTER)["pieces"][7]

    assert whole["retail"] == {"minor": 120000, "currency": "EUR"}
    assert (whole["place"]["path"], whole["status"]) == ("Vitrine 1", "in_stock")
    assert (blind["ref"], blind["name"]) == (whole["ref"], whole["name"])
    assert {blind[member] for member in ("retail", "cost", "value", "place", "status")} == {None}


def test_nobody_who_is_counting_reads_where_the_books_put_a_piece(shop: Shop) -> None:
    page = shop.pieces(token=BUSY)

    assert (page["shows_places"], page["shows_amounts"]) == (False, True)
    assert {(one["place"], one["status"]) for one in page["pieces"]} == {(None, None)}


def test_a_move_tells_no_place_to_who_is_counting(shop: Shop) -> None:
    """Ring 249 came with the last order of the books; Léa has an unsealed round."""
    moved = shop.move(249, "out", token=BUSY)
    again = shop.move(249, "out", token=BUSY)
    back = shop.move(249, "back", token=TILL)

    assert moved.status_code == 201
    assert moved.json() == again.json()
    assert (moved.json()["from_place"], moved.json()["to_place"]) == (None, None)
    assert None not in (back.json()["from_place"], back.json()["to_place"])

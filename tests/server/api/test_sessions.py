"""From a one-time link to a signed-in person and out again, over a real server with a real signer."""

import sqlite3
from pathlib import Path

import httpx
import pytest

from server.signer.spawn import spawned_signer
from server.store.unit_of_work import Store
from server.usecases.enrol_person import enrol_person
from server.usecases.pair_device import offer_pairing
from tests.server.running import running_server
from tests.server.seeds import database_of, seeded_folder

LINK = "one-time-link-of-the-test"
PIN = "470912"


def prepared(folder: Path) -> str:
    """A shop with a link to open and somebody whose PIN the signer's pepper guards; the person's id."""
    seeded_folder(folder)
    with Store(database_of(folder)) as store, spawned_signer(folder) as signer:
        store.run(lambda work: offer_pairing(work, name="handheld", kind="handheld", token=LINK))
        return enrol_person(store, name="Marc", rights=["count"], pin=PIN, pin_mac=signer.pin_mac)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.slow
def test_a_link_becomes_a_device_and_a_person_signs_in_and_out(tmp_path: Path) -> None:
    marc = prepared(tmp_path)
    with running_server(tmp_path) as server, httpx.Client(base_url=server.url, timeout=20) as client:
        claimed = client.post("/v1/device-pairings/claim", json={"token": LINK})
        again = client.post("/v1/device-pairings/claim", json={"token": LINK})
        device = bearer(claimed.json()["device_secret"])
        people = client.get("/v1/people", headers=device)
        wrong = client.post("/v1/sessions", headers=device, json={"person": marc, "pin": "000001"})
        opened = client.post("/v1/sessions", headers=device, json={"person": marc, "pin": PIN})
        session = bearer(opened.json()["token"])
        me = client.get("/v1/me", headers=session)
        closed = client.delete("/v1/sessions/current", headers=session)
        after = client.get("/v1/me", headers=session)

    assert (claimed.status_code, claimed.json()["shop"]["zone"]) == (201, "Europe/Paris")
    assert (again.status_code, again.json()["code"]) == (409, "pairing_used")
    assert {"id": marc, "name": "Marc"} in people.json()
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_pin")
    assert (opened.status_code, me.json()) == (201, {"id": marc, "name": "Marc", "rights": ["count"]})
    assert (closed.status_code, after.status_code) == (204, 401)


@pytest.mark.slow
def test_no_secret_lies_in_the_database(tmp_path: Path) -> None:
    marc = prepared(tmp_path)
    with running_server(tmp_path) as server, httpx.Client(base_url=server.url, timeout=20) as client:
        secret = client.post("/v1/device-pairings/claim", json={"token": LINK}).json()["device_secret"]
        token = client.post("/v1/sessions", headers=bearer(secret), json={"person": marc, "pin": PIN}).json()["token"]

    with sqlite3.connect(database_of(tmp_path)) as database:
        dump = "\n".join(database.iterdump())
    database.close()

    assert not any(word in dump for word in (secret, token, LINK, PIN))

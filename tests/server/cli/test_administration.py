"""`baguier user`, `device` and `db` as a shop types them."""

import json
from contextlib import closing
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from server.__main__ import run
from server.signer.client import SignerClient
from server.signer.spawn import SpawnedSigner
from server.store import people
from server.store.credentials import device_by_secret, secret_sha256
from server.store.database import StoreInUse
from server.store.unit_of_work import Store
from server.usecases.enrol_person import is_pin
from server.usecases.open_shop import open_shop
from server.usecases.pair_device import redeem_pairing


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.out))


@dataclass(frozen=True)
class Terminal:
    folder: Path
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Said:
        code = run([*arguments, "--data", str(self.folder)])
        said = self.capture.readouterr()
        return Said(code, said.out, said.err)

    def store(self) -> Store:
        return Store(self.folder / "baguier.sqlite3")


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    for name in ("BAGUIER_DATA", "BAGUIER_DATABASE_URL", "BAGUIER_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "shop"
    with Store(folder / "baguier.sqlite3") as store:
        store.run(lambda unit: open_shop(unit, name="Maison Claire", zone="Europe/Paris", currency="EUR"))
    return Terminal(folder, capsys)


@pytest.mark.slow
def test_a_person_is_enrolled_with_a_pin_that_the_signer_confirms(terminal: Terminal) -> None:
    said = terminal("user", "add", "Claire", "--right", "manage", "--right", "count", "--json")
    listed = terminal("user", "list", "--json")

    assert (said.code, listed.code) == (0, 0)
    pin = said.document["pin"]
    assert len(pin) == 6
    assert pin not in listed.out
    (person,) = listed.document["people"]
    assert (person["name"], person["rights"]) == ("Claire", ["count", "manage"])
    with terminal.store() as store:
        stored = store.read(lambda c: people.pin_hash(c, store.shop_id, person["id"]))
        shop_id = store.shop_id
    # Unix sockets have short names, shorter than a test's folder may be.
    with TemporaryDirectory() as short, closing(SignerClient(Path(short) / "s")) as client:
        signer = SpawnedSigner.start(terminal.folder, Path(short) / "s")
        assert stored is not None
        assert is_pin(pin, stored, shop=shop_id, person=person["id"], pin_mac=client.pin_mac)
        assert not is_pin("", stored, shop=shop_id, person=person["id"], pin_mac=client.pin_mac)
        signer.stop()


@pytest.mark.slow
def test_disabling_asks_first_and_yes_skips_the_question(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal("user", "add", "Claire")
    monkeypatch.setattr("sys.stdin", StringIO("n\n"))

    unsure = terminal("user", "disable", "Claire")
    still = terminal("user", "list", "--json").document["people"][0]["disabled_at"]
    sure = terminal("user", "disable", "Claire", "--yes")

    assert (unsure.code, still, sure.code) == (1, None, 0)
    assert terminal("user", "list", "--json").document["people"][0]["disabled_at"] is not None


def test_a_link_from_the_command_pairs_a_browser(terminal: Terminal) -> None:
    said = terminal("device", "pair", "Claire's phone", "--json")

    base, _, token = said.document["link"].partition("#pair=")
    assert base == "http://localhost:8000/"
    with terminal.store() as store:
        assert store.run(lambda unit: redeem_pairing(unit, token=token, secret="of the phone"))
    (device,) = terminal("device", "list", "--json").document["devices"]
    assert (device["name"], device["kind"], device["revoked_at"]) == ("Claire's phone", "handheld", None)


def test_a_link_says_when_it_leads_to_this_computer_alone(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = terminal("device", "pair", "phone").out
    monkeypatch.setenv("BAGUIER_PUBLIC_URL", "https://shop.example")
    known = terminal("device", "pair", "phone").out

    assert "http://localhost:8000/#pair=" in alone
    assert "set BAGUIER_PUBLIC_URL" in alone
    assert "BAGUIER_PUBLIC_URL" not in known


def test_the_link_leads_to_the_shops_public_address(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAGUIER_PUBLIC_URL", "https://shop.example/")

    said = terminal("device", "pair", "phone", "--json")

    assert said.document["link"].startswith("https://shop.example/#pair=")


def test_an_agents_token_goes_into_a_file_that_only_its_owner_reads(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "agent.token"

    said = terminal("device", "pair", "pc", "--kind", "agent", "--token-file", str(file), "--json")

    token = file.read_text(encoding="ascii").strip()
    assert token not in said.out
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(token) >= 43
    with terminal.store() as store:
        known = store.read(lambda c: device_by_secret(c, secret_sha256(token)))
    assert known is not None
    assert known.id == said.document["id"]


def test_a_revoked_device_is_listed_as_such(terminal: Terminal) -> None:
    terminal("device", "pair", "till", "--kind", "integration")

    said = terminal("device", "revoke", "till", "--yes")

    assert said.code == 0
    assert terminal("device", "list").out.split() == ["till", "integration", "revoked"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("user", "add", "Claire", "--right", "sign"), "sign was given"),
        (("user", "disable", "Zoé", "--yes"), "Nobody is called 'Zoé'"),
        (("device", "pair", "x", "--kind", "toaster"), "toaster gets no token"),
        (("device", "revoke", "x", "--yes"), "No device in use"),
        (("db", "restore", "/nowhere", "--yes"), "no database at /nowhere"),
    ],
)
def test_bad_usage_is_one_sentence_and_exit_two(terminal: Terminal, arguments: tuple[str, ...], complaint: str) -> None:
    said = terminal(*arguments)

    assert said.code == 2
    assert complaint in said.err
    assert said.out == ""


def test_commands_that_write_are_refused_while_another_holds_the_folder_and_lists_are_not(terminal: Terminal) -> None:
    with terminal.store():
        refused = terminal("device", "pair", "phone")
        listed = terminal("device", "list", "--json")

    assert refused.code == 2
    assert "is in use by process" in refused.err
    assert (listed.code, listed.document) == (0, {"devices": []})
    with terminal.store(), pytest.raises(StoreInUse):
        terminal.store()


def test_a_database_is_backed_up_restored_and_upgraded(terminal: Terminal, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"

    assert terminal("db", "backup", "--out", str(copy)).code == 0
    terminal("device", "pair", "till", "--kind", "integration")
    restored = terminal("db", "restore", str(copy), "--yes", "--json")

    assert (restored.code, restored.document["leaves"]) == (0, 1)
    assert terminal("device", "list", "--json").document == {"devices": []}
    assert terminal("db", "upgrade", "--yes", "--json").document == {"revision": "0001"}


def test_upgrade_makes_an_empty_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["db", "upgrade", "--data", str(tmp_path / "new"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"revision": "0001"}
    with Store(tmp_path / "new" / "baguier.sqlite3") as store:
        assert store.find_shop() is None


def test_a_database_address_names_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    address = f"sqlite:///{tmp_path}/elsewhere/shop.sqlite3"

    assert run(["db", "upgrade", "--database-url", address]) == 0
    assert (tmp_path / "elsewhere" / "shop.sqlite3").exists()
    assert run(["db", "upgrade", "--database-url", "postgresql://secret@host/db"]) == 2
    complaint = capsys.readouterr().err
    assert "keeps its records in SQLite" in complaint
    assert "secret" not in complaint

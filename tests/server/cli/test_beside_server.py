"""Commands beside a running server, a real process: the same answers and exit codes as without one."""

import json
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from server.__main__ import run
from server.cli.acts import Hands
from server.cli.local_door import LINKS_MAX, SOCKET_FILE, LocalDoor, ServerGone, ServerLink, ServerRefused, local_door
from server.core.log.trust import Trust
from server.exports.canonical_zip import read_zip
from server.store.database import StoreInUse
from server.store.unit_of_work import Store
from tests.server.running import RunningServer, running_server

STOCK = (
    "Référence;Désignation;Prix de vente TTC;Emplacement\nA-1;Alliance;1 200,00;Vitrine 1\nA-2;Jonc;80,00;Vitrine 2\n"
)
FOUNDING = ("--shop", "Maison Claire", "--zone", "Europe/Paris", "--currency", "EUR")
TODAY = datetime.now(UTC).date()
AROUND_NOW = ("--from", str(TODAY - timedelta(days=1)), "--to", str(TODAY))
IN_USE = StoreInUse("in use")

pytestmark = pytest.mark.slow


def never() -> Any:
    """A signer that nobody needs here."""
    raise AssertionError


@dataclass(frozen=True)
class Beside:
    """A shop's folder that a server holds, and commands given beside it."""

    data: Path
    server: RunningServer
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> tuple[int, dict[str, Any], str]:
        code = run([*arguments, "--data", str(self.data), "--json"])
        said = self.capture.readouterr()
        return code, json.loads(said.out) if said.out.strip() else {}, said.err


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, RunningServer]]:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "stock.csv").write_text(STOCK, encoding="utf-8")
    data = folder / "data"
    assert run(["import", str(folder / "stock.csv"), "--data", str(data), *FOUNDING]) == 0
    with running_server(data) as server:
        yield data, server


@pytest.fixture
def beside(
    served: tuple[Path, RunningServer], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Beside:
    monkeypatch.delenv("BAGUIER_PUBLIC_URL", raising=False)
    capsys.readouterr()
    return Beside(*served, capsys)


def test_a_person_is_enrolled_given_a_new_pin_and_barred(beside: Beside) -> None:
    code, added, _ = beside("user", "add", "Claire", "--right", "count")
    again, _, complaint = beside("user", "add", "Claire")
    renewed, given, _ = beside("user", "pin", "Claire", "--yes")
    barred, said, _ = beside("user", "disable", "Claire", "--yes")
    late, _, refused = beside("user", "pin", "Claire", "--yes")

    assert (code, len(added["pin"])) == (0, 6)
    assert (again, complaint.count("\n")) == (2, 1)
    assert (renewed, given["id"], len(given["pin"])) == (0, added["id"], 6)
    assert (barred, said) == (0, {"id": added["id"], "name": "Claire"})
    assert (late, "Enrol them anew" in refused) == (2, True)
    _, listed, _ = beside("user", "list")
    assert [(one["name"], one["disabled_at"] is None) for one in listed["people"]] == [("Claire", False)]


def test_devices_are_paired_and_revoked_after_a_question(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    code, linked, _ = beside("device", "pair", "Tablet")
    assert (code, linked["kind"], "#pair=" in linked["link"]) == (0, "handheld", True)
    code, paired, _ = beside("device", "pair", "Counter PC", "--kind", "agent")
    assert (code, len(paired["token"]) > 40) == (0, True)

    monkeypatch.setattr("sys.stdin", StringIO("n\n"))
    asked, _, question = beside("device", "revoke", "Counter PC")
    assert (asked, "Revoke Counter PC (agent)?" in question) == (1, True)
    sure, revoked, _ = beside("device", "revoke", "Counter PC", "--yes")
    assert (sure, revoked) == (0, {"id": paired["id"], "name": "Counter PC"})
    unknown, _, complaint = beside("device", "revoke", "Nobody's", "--yes")
    assert (unknown, "Nobody's" in complaint) == (2, True)


def test_a_stock_file_is_imported_and_a_bad_row_rejected(beside: Beside, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(STOCK + "A-3;Créole;150,00;Vitrine 2\n", encoding="utf-8")
    bad.write_text(STOCK + "A-4;Créole;beaucoup;Vitrine 2\n", encoding="utf-8")

    code, document, _ = beside("import", str(good))
    assert (code, document["applied"], document["new"], document["unchanged"]) == (0, True, 1, 2)
    code, document, complaint = beside("import", str(bad))
    assert (code, document["applied"], len(document["rejected"])) == (1, False, 1)
    assert "line 4" in complaint


def test_a_reader_nobody_connected_is_refused_with_the_same_sentence(beside: Beside) -> None:
    command = ("reader", "map", "pad", "--antenna", "1", "--place", "Vitrine 1")
    code, _, beside_server = beside(*command)

    assert (code, beside_server.count("\n")) == (2, 1)
    assert "in use by" not in beside_server


def test_trust_and_pack_are_written_and_fit_each_other(beside: Beside, tmp_path: Path) -> None:
    trust, pack = tmp_path / "trust.json", tmp_path / "pack.zip"

    assert beside("trust", "export", "--out", str(trust))[::2] == (0, "")
    assert beside("device", "pair", "One more")[0] == 0
    code, document, _ = beside("export", "audit", *AROUND_NOW, "--out", str(pack))

    assert (code, document["leaves"]) == (0, json.loads(read_zip(pack.read_bytes()).members["manifest.json"])["size"])
    assert stat.S_IMODE(pack.stat().st_mode) == 0o600
    held = Trust.from_json(trust.read_bytes()).held()[-1].size
    assert 0 < held < document["leaves"]
    assert run(["verify", str(pack), "--trust", str(trust), "--json"]) == 2
    states = {one["property"]: one["state"] for one in json.loads(beside.capture.readouterr().out)["properties"]}
    assert {states[name] for name in ("BYTES", "APPEND-ONLY", "COMPLETE", "TAIL")} == {"ok"}
    code, _, complaint = beside("export", "audit", "--count", "no-such-count", "--out", str(tmp_path / "no.zip"))
    assert (code, "never opened" in complaint) == (2, True)


def test_only_the_servers_own_user_may_open_the_door(beside: Beside) -> None:
    door = (beside.data / SOCKET_FILE).stat()

    assert stat.S_ISSOCK(door.st_mode)
    assert stat.S_IMODE(door.st_mode) == 0o600


@pytest.mark.parametrize("line", [b"\n", b"not json\n", b"[]\n", b'{"act": "user.add"}\n', b'{"act": 5, "body": {}}\n'])
def test_what_is_no_act_is_refused_and_the_door_stays_open(beside: Beside, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as link, link.makefile("rb") as lines:
        link.connect(str(beside.data / SOCKET_FILE))
        link.sendall(line)
        answer = json.loads(lines.readline())
        link.sendall(b'{"act": "trust.export", "body": {}}\n')

        assert answer["ok"] is False
        assert json.loads(lines.readline())["ok"] is True


def test_an_act_of_another_version_or_with_another_body_is_refused(beside: Beside) -> None:
    link = ServerLink.open(beside.data, IN_USE)
    try:
        for name, complaint in (("sell.everything", "another version"), ("person.enrol", "what it printed says why")):
            with pytest.raises(ServerRefused, match=complaint):
                link.perform(name, {})
    finally:
        link.close()


def test_a_server_that_was_killed_leaves_no_door_that_misleads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    (tmp_path / "stock.csv").write_text(STOCK, encoding="utf-8")
    assert run(["import", str(tmp_path / "stock.csv"), "--data", str(data), *FOUNDING]) == 0
    with running_server(data) as server:
        link = ServerLink.open(data, IN_USE)
        server.kill()
        with pytest.raises(ServerGone, match="Look whether it was done"):
            link.perform("trust.export", {})
        link.close()
        assert (data / SOCKET_FILE).exists()

    # Nobody holds the folder now, so the command opens it itself; another server takes the door over and puts it away.
    assert run(["device", "pair", "Tablet", "--data", str(data)]) == 0
    with running_server(data):
        assert run(["device", "pair", "Till", "--kind", "integration", "--data", str(data)]) == 0
    assert not (data / SOCKET_FILE).exists()


def test_a_folder_that_another_command_holds_has_no_door(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store(tmp_path / "baguier.sqlite3"):
        code = run(["device", "pair", "Tablet", "--data", str(tmp_path)])

    assert code == 2
    assert "is in use by process" in capsys.readouterr().err


def test_a_folder_with_a_long_path_has_a_door_too(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()

    with Store(folder / "baguier.sqlite3") as store:
        door = LocalDoor(folder, Hands(store, never))
        link = ServerLink.open(folder, IN_USE)
        with pytest.raises(ServerRefused, match="no shop yet"):
            link.perform("device.revoke", {"name": "x", "is_sure": False})
        link.close()
        door.close()


def test_a_folder_that_cannot_hold_a_socket_is_served_without_a_door(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / SOCKET_FILE).mkdir()

    with Store(tmp_path / "baguier.sqlite3") as store, local_door(tmp_path, Hands(store, never)):
        pass

    assert "stop it before you give one" in capsys.readouterr().err


def test_more_commands_than_the_door_admits_are_told_to_come_again(tmp_path: Path) -> None:
    with Store(tmp_path / "baguier.sqlite3") as store, local_door(tmp_path, Hands(store, never)):
        links = [ServerLink.open(tmp_path, IN_USE) for _ in range(LINKS_MAX)]
        for link in links:
            with pytest.raises(ServerRefused, match="no shop yet"):
                link.perform("device.revoke", {"name": "x", "is_sure": False})
        late = ServerLink.open(tmp_path, IN_USE)
        with pytest.raises((ServerRefused, ServerGone)):
            late.perform("device.revoke", {"name": "x", "is_sure": False})
        for link in (*links, late):
            link.close()

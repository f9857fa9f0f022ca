"""The page acts on the floor, says no in the visitor's language, and takes nothing from a stranger's page."""

import datetime as dt
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from simulators.demo.floor import Floor
from simulators.demo.page_texts import ENGLISH, FRENCH
from simulators.demo.shop_page import Boutique, BoutiqueServer
from tests.simulators.demo.floors import ONE, TWO, make_floor

Answer = tuple[int, Any]


class Visitor:
    """A browser's requests, of which each header can be forged."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.host = f"localhost:{port}"

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask("GET", path, headers=headers)

    def act(self, act: str, *, body: str | None = None, **facts: str) -> Answer:
        return self.forged({}, body=body or json.dumps({"act": act, **facts}))

    def forged(self, headers: dict[str, str], *, body: str = '{"act": "steal", "ref": "BAG-000001"}') -> Answer:
        own = {"Origin": f"http://{self.host}", "Content-Type": "application/json", "Accept-Language": "en"}
        return self._ask("POST", "/acts", headers={**own, **headers}, body=body)

    def _ask(self, method: str, path: str, *, headers: dict[str, str], body: str | None = None) -> Answer:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request(method, path, body=body, headers={"Host": self.host, **headers})
            answer = connection.getresponse()
            text = answer.read().decode()
            is_json = answer.headers.get_content_type() == "application/json"
            return answer.status, json.loads(text) if is_json else (text, dict(answer.headers))


@pytest.fixture
def floor_json(tmp_path: Path) -> Path:
    path = make_floor(tmp_path)
    Floor(path).set_clock(Floor(path).now() + dt.timedelta(days=1))
    return path


@pytest.fixture
def visitor(floor_json: Path) -> Iterator[Visitor]:
    with BoutiqueServer(Boutique(Floor(floor_json)), 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Visitor(server.port)
        server.shutdown()
        thread.join()


def test_the_readers_have_their_tags_as_soon_as_the_page_is_up(visitor: Visitor, tmp_path: Path) -> None:
    assert visitor.get("/state")[0] == 200
    assert len((tmp_path / "vitrine-1.tags").read_text().splitlines()) == 2


def test_steal_kill_and_lay_change_the_floor(visitor: Visitor, floor_json: Path) -> None:
    assert visitor.act("steal", ref="BAG-000001")[1]["lies"]["BAG-000001"] is None
    assert visitor.act("kill", ref="BAG-000002")[1]["dead"] == ["BAG-000002"]
    assert visitor.act("lay", ref="BAG-000001", path=TWO)[0] == 200

    floor = Floor(floor_json)
    assert (floor.lies_in("BAG-000001"), floor.lies_in("BAG-000002")) == (TWO, ONE)
    assert visitor.get("/state")[1]["lies"]["BAG-000001"] == TWO


def test_a_scan_goes_out_by_the_scanner(visitor: Visitor, tmp_path: Path) -> None:
    assert visitor.act("scan", ref="BAG-000003")[0] == 200
    assert (tmp_path / "scans").read_text() == "BAG-000003.ABCDE\n"


def test_the_day_goes_to_closing_and_on_to_the_next_morning(visitor: Visitor) -> None:
    def morning() -> dt.datetime:
        return dt.datetime.fromisoformat(visitor.act("morning")[1]["now"])

    first = morning()
    closing_time = dt.datetime.fromisoformat(visitor.act("closing")[1]["now"])
    second = morning()

    assert [(one.hour, one.minute) for one in (first, closing_time, second)] == [(8, 35), (17, 30), (8, 35)]
    assert (closing_time.date() - first.date(), second.date() - first.date()) == (dt.timedelta(0), dt.timedelta(1))


def test_after_closing_time_the_page_says_what_to_do(visitor: Visitor, floor_json: Path) -> None:
    floor = Floor(floor_json)
    floor.set_clock(dt.datetime.combine(floor.now().date() + dt.timedelta(1), dt.time(18, 2), floor.zone))

    assert visitor.act("closing") == (409, {"sentence": "It is 18:02 already. Go to the next morning."})


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"act": "steal", "ref": "BAG-9"}, "unknown_piece"),
        ({"act": "steal"}, "unknown_piece"),
        ({"act": "lay", "ref": "BAG-000001", "path": "Vitrine 1"}, "unknown_tray"),
        ({"act": "burn", "ref": "BAG-000001"}, "unknown_act"),
    ],
)
def test_what_does_not_exist_is_refused_in_the_visitor_s_language(
    visitor: Visitor, facts: dict[str, str], text: str
) -> None:
    assert visitor.forged({}, body=json.dumps(facts)) == (409, {"sentence": ENGLISH[text]})
    assert visitor.forged({"Accept-Language": "fr"}, body=json.dumps(facts))[1] == {"sentence": FRENCH[text]}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ],
)
def test_a_stranger_s_page_moves_no_jewel(visitor: Visitor, floor_json: Path, headers: dict[str, str]) -> None:
    assert visitor.forged(headers)[0] == 403
    assert Floor(floor_json).gone() == ()


def test_a_stranger_s_name_for_this_computer_reads_nothing(visitor: Visitor) -> None:
    host = f"evil.example:{visitor.port}"
    for path in ("/", "/state", "/page.js"):
        assert visitor.get(path, Host=host)[0] == 421
    assert visitor.forged({"Host": host, "Origin": f"http://{host}"})[0] == 421


@pytest.mark.parametrize("body", ["", "[]", "{", "[" * 4000, "x" * 5000, '{"act": 1}'])
def test_what_is_no_act_is_refused_and_the_page_goes_on(visitor: Visitor, body: str) -> None:
    assert visitor.forged({}, body=body)[0] in {400, 409}
    assert visitor.get("/state")[0] == 200


def test_the_page_speaks_both_languages_and_asks_nobody_else(visitor: Visitor) -> None:
    french, english = (visitor.get("/", **{"Accept-Language": tag})[1] for tag in ("fr-CH, fr;q=0.9", "en"))

    assert '<html lang="fr">' in french[0]
    assert FRENCH["steal"] in french[0]
    assert ENGLISH["steal"] in english[0]
    assert "script-src 'self'" in english[1]["Content-Security-Policy"]
    assert "https://" not in english[0] + visitor.get("/page.js")[1][0] + visitor.get("/page.css")[1][0]


def test_both_languages_have_the_same_texts() -> None:
    assert FRENCH.keys() == ENGLISH.keys()


@pytest.mark.parametrize("path", ["/../shop_page.py", "/page/index.html", "/floor.json", "/%2e%2e/floor.py"])
def test_nothing_but_the_page_is_served(visitor: Visitor, path: str) -> None:
    assert visitor.get(path)[0] == 404

"""A screen over a real socket: hears what was committed, catches up after a drop, and is told when it cannot."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from reader_drivers.reads import Listen, Listening, encode_message
from tests.server.api.test_agent_stream import SEEDED, as_person, batch, greet, hear
from tests.server.running import RunningServer
from tests.server.seeds import AGENT_TOKEN, PERSON_TOKEN

ANSWER_S = 10.0


@contextmanager
def watch(server: RunningServer, query: str, token: str = PERSON_TOKEN) -> Iterator[ClientConnection]:
    """Open the live feed as a browser does: the token travels in the list of sub-protocols."""
    offered = [Subprotocol("baguier.v1"), Subprotocol(f"bearer.{token}")]
    with connect(f"{server.ws_url}/v1/live?{query}", subprotocols=offered, close_timeout=1) as socket:
        yield socket


def next_message(socket: ClientConnection) -> dict[str, Any]:
    """The next message that is not a heartbeat."""
    while True:
        message: dict[str, Any] = json.loads(socket.recv(timeout=ANSWER_S))
        if message["type"] != "heartbeat":
            return message


@pytest.mark.slow
def test_a_reader_that_appears_is_seen_and_replayed_to_who_was_away(server: RunningServer) -> None:
    with watch(server, "topics=readers") as screen:
        with greet(server) as agent:
            hear(agent)
        seen = next_message(screen)

    with watch(server, f"topics=readers&since=readers:0&epoch={seen['epoch']}") as screen:
        replayed = next_message(screen)

    assert seen["topic"] == "readers"
    assert seen["body"] == {"reader": "pad", "state": "idle", "detail": ""}
    assert replayed == seen


@pytest.mark.slow
def test_who_reads_a_tray_is_told_the_stage_of_their_round(server: RunningServer) -> None:
    with greet(server) as agent, as_person(server) as claire, watch(server, f"topics=round/{SEEDED.round}") as screen:
        hear(agent)
        claire.post(f"/v1/rounds/{SEEDED.round}/attachments", json={"reader": "pad"}).raise_for_status()
        listen = hear(agent)
        assert isinstance(listen, Listen)
        agent.send(encode_message(Listening(listen.attachment, 1)))
        for seq in range(1, 11):
            agent.send(encode_message(batch(seq)))
        told = [next_message(screen) for _ in range(10)]

    assert {one["type"] for one in told} == {"round.stage"}
    assert [one["body"]["stage"] for one in told] == ["reading"] * 9 + ["turn"]


@pytest.mark.slow
def test_a_screen_of_another_epoch_is_told_to_ask_again(idle_server: RunningServer) -> None:
    with watch(idle_server, "topics=readers&since=readers:4&epoch=before") as screen:
        message = next_message(screen)

    assert (message["type"], message["heads"]) == ("resync", {"readers": 0})


@pytest.mark.slow
def test_silence_is_filled_with_heartbeats_within_five_seconds(idle_server: RunningServer) -> None:
    with watch(idle_server, "topics=readers") as screen:
        message = json.loads(screen.recv(timeout=5.0))

    assert message["type"] == "heartbeat"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "token"),
    [
        ("topics=readers", "guessed"),
        ("topics=secrets", PERSON_TOKEN),
        ("topics=", PERSON_TOKEN),
        ("topics=board&since=x", PERSON_TOKEN),
    ],
)
def test_strangers_and_nonsense_are_refused(idle_server: RunningServer, query: str, token: str) -> None:
    with pytest.raises(InvalidStatus, match="403"), watch(idle_server, query, token):
        pass


FOREIGN = ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1.evil.example:80"]


@pytest.mark.slow
@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize(("path", "token"), [("live?topics=readers", PERSON_TOKEN), ("agent/stream", AGENT_TOKEN)])
def test_a_page_of_another_address_opens_no_socket(
    idle_server: RunningServer, path: str, token: str, origin: str
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{idle_server.ws_url}/v1/{path}"

    with pytest.raises(InvalidStatus, match="403"), connect(url, origin=Origin(origin), additional_headers=headers):
        pass


@pytest.mark.slow
def test_our_own_page_is_let_in(idle_server: RunningServer) -> None:
    url, headers = f"{idle_server.ws_url}/v1/live?topics=readers", {"Authorization": f"Bearer {PERSON_TOKEN}"}

    with connect(url, origin=Origin(idle_server.url.upper()), additional_headers=headers) as screen:
        assert screen.response is not None
        assert screen.response.status_code == 101


@pytest.mark.slow
def test_the_server_says_that_it_can_take_scans(idle_server: RunningServer) -> None:
    assert httpx.get(f"{idle_server.url}/healthz").json() == {"status": "ok"}
    assert httpx.get(f"{idle_server.url}/readyz").status_code == 200
    assert "frame-ancestors 'none'" in httpx.get(f"{idle_server.url}/healthz").headers["content-security-policy"]

"""Who counts blind hears nothing of the board until the own seal, and nobody hears of another's round."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from server.api.routes import live
from server.core.actors import Actor
from server.usecases.enrol_person import disable_person
from tests.server.api.test_counts import Site, signer_folder, site
from tests.server.usecases.count_shop import CLAIRE, CLAIRE_ELSEWHERE, MARC, ONE, RINGS, TWO, token

__all__ = ["signer_folder", "site"]
"""Fixtures of the count tests, used here by name."""

pytestmark = pytest.mark.slow
ANSWER_S = 10.0


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    """Where the application listens, with Claire allowed to see the board. The store stays in the test's hands."""
    site.shop.plan()
    site.shop.give_rights("claire", "count manage")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(site.app, log_level="warning", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        # The kernel holds the first connection until the server takes it, so nobody waits here.
        yield f"ws://127.0.0.1:{listening.getsockname()[1]}/v1/live"
        server.should_exit = True
        thread.join()


@contextmanager
def screen(address: str, who: Actor, topics: str) -> Iterator[ClientConnection]:
    """Watch from the first message on, so that nothing depends on who is quicker."""
    offered = [Subprotocol("baguier.v1"), Subprotocol(f"bearer.{token(who.person, who.device)}")]
    with connect(f"{address}?topics={topics}&since=0&epoch=epoch", subprotocols=offered, close_timeout=1) as watching:
        yield watching


def any_frame(watching: ClientConnection) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(watching.recv(timeout=ANSWER_S))
    return frame


def next_frame(watching: ClientConnection) -> dict[str, Any]:
    """The next frame but heartbeats."""
    frame = any_frame(watching)
    while frame["type"] == "heartbeat":
        frame = any_frame(watching)
    return frame


def frames_until(watching: ClientConnection, kind: str) -> list[dict[str, Any]]:
    """The frames up to the first of this type, heartbeats left out."""
    frames = [next_frame(watching)]
    while frames[-1]["type"] != kind:
        frames.append(next_frame(watching))
    return frames


def topics_of(frames: list[dict[str, Any]]) -> set[str]:
    return {frame["topic"] for frame in frames if "topic" in frame}


def test_the_board_falls_silent_when_its_viewer_begins_and_speaks_again_after_the_seal(
    site: Site, address: str
) -> None:
    with screen(address, CLAIRE_ELSEWHERE, "board,tour") as watching:
        round_id = site.shop.begin(ONE)
        assert topics_of(frames_until(watching, "muted")) <= {"tour"}
        site.shop.count_first(TWO, [5, 6], by=MARC)
        site.shop.read_and_seal(round_id, CLAIRE, RINGS[ONE])
        silent = frames_until(watching, "resync")
        assert topics_of(silent) == {"tour"}
        assert len(silent) >= 4
        assert list(silent[-1]["heads"]) == ["board"]

        site.shop.claim(TWO, CLAIRE)
        assert topics_of(frames_until(watching, "muted")) == {"tour"}


def test_the_board_is_heard_again_from_the_head_that_the_resync_names(site: Site, address: str) -> None:
    with screen(address, CLAIRE_ELSEWHERE, "board") as watching:
        round_id = site.shop.begin(ONE)
        frames_until(watching, "muted")
        site.shop.read_and_seal(round_id, CLAIRE, RINGS[ONE])
        head = frames_until(watching, "resync")[-1]["heads"]["board"]
        site.shop.begin(TWO, MARC)
        following = next_frame(watching)

    assert (following["topic"], following["seq"]) == ("board", head + 1)


def test_who_is_counting_already_is_told_so_at_once_and_shown_nothing_of_before(site: Site, address: str) -> None:
    site.shop.begin(ONE)
    with screen(address, CLAIRE, "board") as watching:
        assert any_frame(watching) == {"type": "muted", "epoch": "epoch"}
        site.shop.begin(TWO, MARC)
        assert any_frame(watching) == {"type": "heartbeat", "epoch": "epoch", "heads": {}}


def test_a_round_is_watched_by_its_own_person_on_its_own_device_only(site: Site, address: str) -> None:
    round_id = site.shop.begin(ONE)
    refused = [
        (CLAIRE_ELSEWHERE, f"round/{round_id}"),
        (MARC, f"tour,round/{round_id}"),
        (CLAIRE, "round/none"),
    ]
    for who, topics in refused:
        with pytest.raises(InvalidStatus, match="403"), screen(address, who, topics):
            pass

    with screen(address, CLAIRE, f"round/{round_id}") as watching:
        site.shop.read_and_seal(round_id, CLAIRE, RINGS[ONE])
        frames_until(watching, "round.changed")


def test_a_screen_with_no_pause_in_its_news_is_still_closed_when_its_session_ends(
    site: Site, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SESSION_LOOK_S", 0.0)
    with screen(address, CLAIRE, "tour") as watching:
        site.shop.store.run(lambda work: disable_person(work, CLAIRE.person))
        site.shop.begin(TWO, MARC)

        with pytest.raises(ConnectionClosed) as closed:
            next_frame(watching)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.reason == "not_signed_in"

"""The agents' stream over a real socket: promises only what is on the disk, refuses strangers, survives a kill."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from reader_drivers.reads import (
    Ack,
    Batch,
    Drain,
    Drained,
    Hello,
    Listen,
    Listening,
    Message,
    PassRow,
    ReaderEntry,
    ReadRow,
    decode_message,
    encode_message,
)
from tests.server.running import RunningServer, running_server, start_server
from tests.server.seeds import AGENT_TOKEN, PERSON_TOKEN, Seeded, seeded_folder

SEEDED = Seeded()
ANSWER_S = 10.0


def batch(seq: int, *, count: int = 1) -> Batch:
    row = ReadRow(seq.to_bytes(12, "big"), None, 1, 0, 10, count, 1, -5000, -5000)
    return Batch(seq, "pad", 1_772_440_800_000_000_000, (PassRow(1, seq, 0, 10),), (row,), ())


def hear(socket: ClientConnection) -> Message:
    raw = socket.recv(timeout=ANSWER_S)
    assert isinstance(raw, bytes)
    return decode_message(raw)


@contextmanager
def greet(server: RunningServer, token: str = AGENT_TOKEN) -> Iterator[ClientConnection]:
    """Connect as the agent and say hello; the answer is left to the test."""
    url = f"{server.ws_url}/v1/agent/stream"
    with connect(url, additional_headers={"Authorization": f"Bearer {token}"}, close_timeout=1) as socket:
        entry = ReaderEntry("pad", "thingmagic_ff", (1,), "idle")
        socket.send(encode_message(Hello(1, "test", 0, (entry,))))
        yield socket


def as_person(server: RunningServer) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {PERSON_TOKEN}"}, timeout=ANSWER_S)


@pytest.mark.slow
def test_batches_are_acknowledged_in_order(server: RunningServer) -> None:
    with greet(server) as socket:
        assert hear(socket) == Ack(0)
        for seq in range(1, 21):
            socket.send(encode_message(batch(seq)))

        answers: list[Message] = []
        while not answers or answers[-1] != Ack(20):
            answers.append(hear(socket))

    assert answers == sorted(answers, key=lambda ack: ack.seq if isinstance(ack, Ack) else -1)


@pytest.mark.slow
def test_a_stranger_is_refused_before_the_socket_opens(idle_server: RunningServer) -> None:
    with pytest.raises(InvalidStatus, match="403"), greet(idle_server, token="guessed"):
        pass


@pytest.mark.slow
@pytest.mark.parametrize("raw", [b"\x00garbage", encode_message(Ack(3)), encode_message(batch(1))])
def test_an_agent_that_does_not_greet_is_told_so(idle_server: RunningServer, raw: bytes) -> None:
    url = f"{idle_server.ws_url}/v1/agent/stream"
    with connect(url, additional_headers={"Authorization": f"Bearer {AGENT_TOKEN}"}) as socket:
        socket.send(raw)

        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=ANSWER_S)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1002


@pytest.mark.slow
def test_other_content_under_a_stored_number_closes_the_stream_with_the_reason(server: RunningServer) -> None:
    with greet(server) as socket:
        hear(socket)
        socket.send(encode_message(batch(1)))
        assert hear(socket) == Ack(1)
        socket.send(encode_message(batch(1, count=9)))

        with pytest.raises(ConnectionClosed, match="batch_conflict"):
            socket.recv(timeout=ANSWER_S)


@pytest.mark.slow
def test_a_person_attaches_and_drains_a_reader(server: RunningServer) -> None:
    with greet(server) as socket, as_person(server) as claire:
        hear(socket)

        shown = claire.post(f"/v1/rounds/{SEEDED.round}/attachments", json={"reader": "pad"})
        listen = hear(socket)
        assert isinstance(listen, Listen)
        socket.send(encode_message(Listening(listen.attachment, 1)))
        socket.send(encode_message(batch(1)))
        assert hear(socket) == Ack(1)
        draining = claire.post(f"/v1/rounds/{SEEDED.round}/drain")

        assert (shown.status_code, shown.json()["id"]) == (201, listen.attachment)
        assert (draining.status_code, draining.json()) == (202, {"attachments": 1})
        assert hear(socket) == Drain(listen.attachment)
        socket.send(encode_message(Drained(listen.attachment, 1)))


@pytest.mark.slow
def test_an_agent_that_comes_back_is_told_what_is_open(server: RunningServer) -> None:
    with greet(server) as socket, as_person(server) as claire:
        hear(socket)
        claire.post(f"/v1/rounds/{SEEDED.round}/attachments", json={"reader": "pad"})
        first = hear(socket)

    with greet(server) as socket:
        assert [hear(socket), hear(socket)] == [Ack(0), first]


@pytest.mark.slow
def test_an_agent_that_was_away_is_told_to_drain(server: RunningServer) -> None:
    with greet(server) as socket, as_person(server) as claire:
        hear(socket)
        claire.post(f"/v1/rounds/{SEEDED.round}/attachments", json={"reader": "pad"})
        listen = hear(socket)
    assert isinstance(listen, Listen)
    with as_person(server) as claire:
        claire.post(f"/v1/rounds/{SEEDED.round}/drain")

    with greet(server) as socket:
        assert [hear(socket), hear(socket)] == [Ack(0), Drain(listen.attachment)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/rounds/none/attachments", b'{"reader":"pad"}', 404, "round_absent"),
        ("/v1/rounds/round-1/attachments", b'{"reader":"none"}', 404, "reader_absent"),
        ("/v1/rounds/round-1/attachments", b'{"reader":"pad","reader":"pad"}', 422, "malformed"),
        ("/v1/rounds/round-1/attachments", b'{"reader":7}', 422, "malformed"),
        ("/v1/rounds/round-1/attachments", b"{", 422, "malformed"),
        ("/v1/nothing", b"{}", 404, "absent"),
    ],
)
def test_every_refusal_is_a_problem_with_a_code_and_a_sentence(
    idle_server: RunningServer, path: str, body: bytes, status: int, code: str
) -> None:
    with as_person(idle_server) as claire:
        answer = claire.post(path, content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > 10


@pytest.mark.slow
def test_without_a_session_nobody_attaches(idle_server: RunningServer) -> None:
    answer = httpx.post(f"{idle_server.url}/v1/rounds/{SEEDED.round}/attachments", json={"reader": "pad"})

    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


@pytest.mark.slow
def test_what_was_acknowledged_before_a_kill_is_there_after_it(tmp_path: Path) -> None:
    seeded_folder(tmp_path)
    server = start_server(tmp_path)
    with greet(server) as socket:
        acked = 0
        for seq in range(1, 200):
            socket.send(encode_message(batch(seq)))
        while acked < 100:
            ack = hear(socket)
            acked = ack.seq if isinstance(ack, Ack) else acked
        server.kill()
    if server.process.stdout is not None:
        server.process.stdout.close()

    with running_server(tmp_path) as again, greet(again) as socket:
        first = hear(socket)

    assert isinstance(first, Ack)
    assert first.seq >= acked

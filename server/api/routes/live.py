"""Live: a screen says what it watches and what it saw last; it gets what it missed, then what happens, and a heartbeat."""

import asyncio
from typing import Final

import orjson
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from server.api.auth import person_of
from server.api.context import Context, context_of
from server.core.errors import DomainError, Malformed
from server.feed.hub import Mailbox
from server.store.credentials import SignedIn

HEARTBEAT_S: Final = 4.0
"""Silence after which a heartbeat is sent; a screen that hears nothing for longer than 5 s says that it is not live."""
TOPICS_MAX: Final = 64
QUERY_CHARACTERS_MAX: Final = 4_000
POLICY_VIOLATION: Final = 1008
OPEN_TOPICS: Final = frozenset({"board", "readers", "tour"})

router = APIRouter()


def wanted_topics(asked: str, person: SignedIn) -> frozenset[str]:
    """The topics of a query that `person` may watch; the board is for those who manage, own or read.

    Raises: Malformed: too many, or a topic that does not exist.
    """
    topics = frozenset(word for word in asked.split(",") if word)
    unknown = sorted(topic for topic in topics if topic not in OPEN_TOPICS and not topic.startswith("round/"))
    if not topics or unknown or len(topics) > TOPICS_MAX:
        raise Malformed("Name 1 to 64 topics of board, readers, tour and round/<id>, separated by commas.")
    if not person.rights & {"manage", "own", "read"}:
        return topics - {"board"}
    return topics


def seen_sequences(asked: str, topics: frozenset[str]) -> dict[str, int]:
    """The last sequences of `since=board:41,tour:7`; a bare number holds for all topics; empty: from now on.

    Raises: Malformed: not in that form.
    """
    seen: dict[str, int] = {}
    for part in (word for word in asked.split(",") if word):
        topic, _, number = part.rpartition(":")
        if not number.isascii() or not number.isdigit() or len(number) > 15:
            raise Malformed(f"since={asked[:40]!r} is not a sequence; send since=board:41,tour:7 or since=41.")
        for one in [topic] if topic else topics:
            seen[one] = int(number)
    return seen


@router.websocket("/v1/live")
async def live(socket: WebSocket, *, topics: str = "", since: str = "", epoch: str | None = None) -> None:
    """`WS /v1/live?topics=board,tour&since=board:41&epoch=E`: every message `{seq, epoch, topic, type, at, body}`."""
    context = context_of(socket)
    try:
        if max(len(topics), len(since)) > QUERY_CHARACTERS_MAX:
            raise Malformed("The query is too long; watch fewer topics.")
        person = await asyncio.to_thread(person_of, context, socket)
        wanted = wanted_topics(topics, person)
        seen = seen_sequences(since, wanted)
    except DomainError as refusal:
        await socket.close(POLICY_VIOLATION, refusal.code)
        return
    offered = [word.strip() for word in socket.headers.get("sec-websocket-protocol", "").split(",")]
    await socket.accept(subprotocol="baguier.v1" if "baguier.v1" in offered else None)
    wake = asyncio.Event()
    mailbox = Mailbox(wanted, wake.set)
    context.hub.watch(mailbox, since=seen, epoch=epoch)
    try:
        await _serve(socket, context, mailbox=mailbox, wake=wake)
    finally:
        context.hub.leave(mailbox)


async def _serve(socket: WebSocket, context: Context, *, mailbox: Mailbox, wake: asyncio.Event) -> None:
    """Send what arrives in the mailbox until the viewer goes or its session ends."""
    leaving = asyncio.create_task(_until_gone(socket))
    try:
        while not leaving.done():
            waking = asyncio.create_task(wake.wait())
            await asyncio.wait({waking, leaving}, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
            if not wake.is_set():
                waking.cancel()
                await asyncio.to_thread(person_of, context, socket)
                await socket.send_text(_plain("heartbeat", context, heads=context.hub.heads(mailbox.topics)))
                continue
            wake.clear()
            messages, lost = mailbox.take()
            if lost:
                await socket.send_text(_plain("resync", context, heads=context.hub.heads(lost)))
            for message in messages:
                await socket.send_text(message.encode().decode())
    except DomainError as refusal:
        await socket.close(POLICY_VIOLATION, refusal.code)
    except WebSocketDisconnect:
        return
    finally:
        leaving.cancel()


def _plain(kind: str, context: Context, *, heads: dict[str, int]) -> str:
    return orjson.dumps({"type": kind, "epoch": context.hub.epoch, "heads": heads}).decode()


async def _until_gone(socket: WebSocket) -> None:
    """A viewer says nothing; whatever it says is ignored until it goes."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass

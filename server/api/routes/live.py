"""Live: a screen says what it watches and what it saw last; it gets what it missed, then what happens, and a heartbeat."""

import asyncio
from functools import partial
from time import monotonic
from typing import Final

import orjson
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from server.api.auth import WATCHERS, person_of, require_own_origin
from server.api.context import Context, context_of
from server.core.errors import DomainError, Malformed
from server.core.ids import RoundId
from server.feed.hub import Mailbox
from server.store import attachments, rounds
from server.store.credentials import SignedIn
from server.usecases.attach_reader import NotYourRound

HEARTBEAT_S: Final = 4.0
"""Silence after which a heartbeat is sent; a screen that hears nothing for longer than 5 s says that it is not live."""
SESSION_LOOK_S: Final = HEARTBEAT_S
"""How long a screen may go on after its session ended, however much there is to tell."""
TOPICS_MAX: Final = 64
QUERY_CHARACTERS_MAX: Final = 4_000
POLICY_VIOLATION: Final = 1008
BOARD: Final = "board"
ROUND: Final = "round/"
OPEN_TOPICS: Final = frozenset({BOARD, "readers", "tour"})

router = APIRouter()


def wanted_topics(asked: str, person: SignedIn) -> frozenset[str]:
    """The topics of a query that `person` may watch; the board is for those who manage, own or read.

    Raises: Malformed: too many, or a topic that does not exist.
    """
    topics = frozenset(word for word in asked.split(",") if word)
    unknown = sorted(topic for topic in topics if topic not in OPEN_TOPICS and not topic.startswith(ROUND))
    if not topics or unknown or len(topics) > TOPICS_MAX:
        raise Malformed("Name 1 to 64 topics of board, readers, tour and round/<id>, separated by commas.")
    if not person.rights & WATCHERS:
        return topics - {BOARD}
    return topics


def require_own_rounds(context: Context, person: SignedIn, topics: frozenset[str]) -> None:
    """Refuse the topic of a round to all but its own person on its own device.

    Raises: NotYourRound: it is another's, or there is no such round.
    """
    own = (person.person_id, person.device_id)
    rounds = sorted(RoundId(topic.removeprefix(ROUND)) for topic in topics if topic.startswith(ROUND))
    for round_id in rounds:
        facts = context.store.read(partial(attachments.round_facts, shop_id=person.shop_id, round_id=round_id))
        if facts is None or (facts.person_id, facts.device_id) != own:
            raise NotYourRound("Only who reads a round watches it, on the round's own device. Open your own count.")


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
        require_own_origin(socket)
        person = await asyncio.to_thread(person_of, context, socket)
        wanted = wanted_topics(topics, person)
        await asyncio.to_thread(require_own_rounds, context, person, wanted)
        seen = seen_sequences(since, wanted)
    except DomainError as refusal:
        await socket.close(POLICY_VIOLATION, refusal.code)
        return
    offered = [word.strip() for word in socket.headers.get("sec-websocket-protocol", "").split(",")]
    await socket.accept(subprotocol="baguier.v1" if "baguier.v1" in offered else None)
    wake = asyncio.Event()
    mailbox = Mailbox(wanted, wake=wake.set)
    context.hub.watch(mailbox, since=seen, epoch=epoch)
    try:
        await Viewer(socket, context, person, mailbox=mailbox, wake=wake).serve()
    finally:
        context.hub.leave(mailbox)


class Viewer:
    """One screen: gets what its mailbox holds, and nothing of the board while its person counts blind."""

    def __init__(
        self, socket: WebSocket, context: Context, person: SignedIn, *, mailbox: Mailbox, wake: asyncio.Event
    ) -> None:
        self._socket = socket
        self._context = context
        self._person = person
        self._mailbox = mailbox
        self._wake = wake
        self._is_muted = False
        self._looked_at = monotonic()

    async def serve(self) -> None:
        """Send what arrives in the mailbox until the viewer goes or its session ends."""
        leaving = asyncio.create_task(_until_gone(self._socket))
        try:
            await self._listen_or_mute()
            while not leaving.done():
                waking = asyncio.create_task(self._wake.wait())
                await asyncio.wait({waking, leaving}, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
                if self._wake.is_set():
                    self._wake.clear()
                    if monotonic() - self._looked_at >= SESSION_LOOK_S:
                        await self._require_session()
                    await self._deliver()
                else:
                    waking.cancel()
                    await self._beat()
        except DomainError as refusal:
            await self._socket.close(POLICY_VIOLATION, refusal.code)
        except WebSocketDisconnect:
            return
        finally:
            leaving.cancel()

    async def _deliver(self) -> None:
        messages, lost = self._mailbox.take()
        if BOARD in lost or any(message.announcement.topic == BOARD for message in messages):
            was_muted = self._is_muted
            # Asked after the commit that is announced, so a round begun before it is known.
            await self._listen_or_mute()
            if self._is_muted or was_muted:
                messages = [message for message in messages if message.announcement.topic != BOARD]
                lost = [topic for topic in lost if topic != BOARD]
        if lost:
            await self._say("resync", heads=self._context.hub.heads(lost))
        for message in messages:
            await self._socket.send_text(message.encode().decode())

    async def _beat(self) -> None:
        await self._require_session()
        if self._is_muted:
            await self._listen_or_mute()
        topics = self._mailbox.topics - ({BOARD} if self._is_muted else set())
        await self._say("heartbeat", heads=self._context.hub.heads(topics))

    async def _require_session(self) -> None:
        """Raises: NotSignedIn: the session has ended, the person or the device is barred."""
        await asyncio.to_thread(person_of, self._context, self._socket)
        self._looked_at = monotonic()

    async def _listen_or_mute(self) -> None:
        """Bring the board's muting up to date and say so once: `muted` at its begin, `resync` at its end."""
        if BOARD not in self._mailbox.topics:
            return
        was_muted, self._is_muted = self._is_muted, await asyncio.to_thread(self._is_counting)
        if self._is_muted and not was_muted:
            await self._say("muted")
        elif was_muted and not self._is_muted:
            await self._say("resync", heads=self._context.hub.heads([BOARD]))

    def _is_counting(self) -> bool:
        person = self._person
        return self._context.store.read(lambda conn: rounds.is_counting(conn, person.shop_id, person.person_id))

    async def _say(self, kind: str, **facts: object) -> None:
        await self._socket.send_text(orjson.dumps({"type": kind, "epoch": self._context.hub.epoch, **facts}).decode())


async def _until_gone(socket: WebSocket) -> None:
    """A viewer says nothing; whatever it says is ignored until it goes."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass

"""Agent stream: batches come in, acknowledgements go out once they are on the disk, commands go to the readers."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from reader_drivers.reads import (
    WIRE_VERSION,
    Ack,
    Batch,
    Drain,
    Drained,
    Hello,
    Listen,
    Listening,
    Message,
    MessageRefused,
    Press,
    ReaderHealth,
    decode_message,
    encode_message,
)
from server.api.auth import known_agent, require_own_origin
from server.api.context import Context, context_of
from server.core.errors import DomainError
from server.store.credentials import KnownDevice
from server.store.unit_of_work import UnitOfWork
from server.usecases.accept_reads import Accepted, accept_batch
from server.usecases.attach_reader import note_drained, note_listening, open_attachments
from server.usecases.describe_readers import describe_readers, note_health, note_press
from server.usecases.seal_round import seal_after_drain

T = TypeVar("T")

UNACKED_MAX: Final = 64
"""Batches of one agent that may wait for the disk; beyond it the server stops reading and the agent's spool grows."""
POLICY_VIOLATION: Final = 1008
PROTOCOL_ERROR: Final = 1002
REASON_CHARACTERS_MAX: Final = 120
"""A WebSocket close reason holds 123 bytes (RFC 6455, 5.5)."""

router = APIRouter()


class AgentSession:
    """One agent's connection, from its hello to its end."""

    def __init__(self, socket: WebSocket, context: Context, agent: KnownDevice) -> None:
        self._socket = socket
        self._context = context
        self._agent = agent
        self._is_greeted = asyncio.Event()
        self._waiting: asyncio.Queue[asyncio.Future[Accepted]] = asyncio.Queue(UNACKED_MAX)
        self._unsealed: dict[str, int] = {}
        """Drained attachments whose batches are still on their way, with the last number of each."""

    async def send(self, message: Message) -> None:
        """Send one message to the agent."""
        await self._socket.send_bytes(encode_message(message))

    async def command(self, message: Message) -> None:
        """Send a command, but not before the answer to the agent's hello: that is an acknowledgement, always."""
        await self._is_greeted.wait()
        await self.send(message)

    async def run(self) -> None:
        """Serve the agent until it goes. Raises: MessageRefused, BatchConflict: it broke the protocol."""
        hello, _ = await self._receive()
        if not isinstance(hello, Hello) or hello.v != WIRE_VERSION:
            raise MessageRefused(f"The first message must be hello with version {WIRE_VERSION}.")
        await self._written(lambda work: describe_readers(work, device_id=self._agent.id, readers=hello.readers))
        self._context.links.open(self._agent.id, self.command)
        tasks = [asyncio.create_task(self._acknowledge()), asyncio.create_task(self._take_messages())]
        try:
            await self._resume()
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self._context.links.close(self._agent.id, self.command)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _resume(self) -> None:
        """Tell the agent what is open or was ended meanwhile: the same word twice is answered the same."""
        opened = await self._written(lambda work: open_attachments(work, device_id=self._agent.id))
        self._unsealed |= opened.unsealed
        await self._seal_arrived(opened.acked_seq)
        await self.send(Ack(opened.acked_seq))
        for one in opened.attached:
            listen = Listen(one.attachment.id, one.attachment.reader, one.antennas, self._context.pass_min_ms)
            await self.send(Drain(one.attachment.id) if one.attachment.is_ending else listen)
        self._is_greeted.set()

    async def _receive(self) -> tuple[Message, bytes]:
        raw = await self._socket.receive_bytes()
        return decode_message(raw), raw

    async def _written(self, work: Callable[[UnitOfWork], T]) -> T:
        return await self._context.written(work)

    async def _take_messages(self) -> None:
        while True:
            message, raw = await self._receive()
            match message:
                case Batch():
                    await self._queue_batch(message, raw)
                case Listening(attachment, seq):
                    await self._note_listening(attachment, seq)
                case Drained(attachment, seq):
                    await self._note_drained(attachment, seq)
                case ReaderHealth():
                    await self._note_health(message)
                case Press():
                    await self._note_press(message)
                case _:
                    raise MessageRefused(f"An agent does not send {type(message).__name__.lower()}.")

    async def _queue_batch(self, batch: Batch, raw: bytes) -> None:
        device_id, heard = self._agent.id, self._context.rounds_heard
        future = self._context.store.writer.submit(
            lambda work: accept_batch(work, device_id=device_id, batch=batch, raw=raw, heard=heard),
            hot=True,
            rows=1 + len(batch.reads),
        )
        await self._waiting.put(asyncio.wrap_future(future))

    async def _note_listening(self, attachment: str, seq: int) -> None:
        await self._written(
            lambda work: note_listening(work, device_id=self._agent.id, attachment_id=attachment, from_seq=seq)
        )

    async def _note_drained(self, attachment: str, seq: int) -> None:
        await self._written(
            lambda work: note_drained(work, device_id=self._agent.id, attachment_id=attachment, to_seq=seq)
        )
        # An agent says that it drained before its last batches are through: their storing tries the seal again.
        self._unsealed[attachment] = seq
        await self._seal(attachment)

    async def _note_health(self, health: ReaderHealth) -> None:
        await self._written(lambda work: note_health(work, device_id=self._agent.id, health=health))

    async def _note_press(self, press: Press) -> None:
        await self._written(lambda work: note_press(work, press=press))

    async def _acknowledge(self) -> None:
        """Promise what is on the disk, in order; of several that are there at once, only the last."""
        while True:
            newest = await (await self._waiting.get())
            while not self._waiting.empty():
                following = self._waiting.get_nowait()
                if not following.done():
                    await self.send(Ack(newest.acked_seq))
                newest = await following
            await self._seal_arrived(newest.acked_seq)
            await self.send(Ack(newest.acked_seq))

    async def _seal_arrived(self, seq: int) -> None:
        """Try to seal the rounds of drained attachments that end at or before `seq`: all of theirs is stored."""
        for attachment in [one for one, to_seq in self._unsealed.items() if to_seq <= seq]:
            # While one seal is written, the other task may have taken the next.
            if self._unsealed.pop(attachment, None) is not None:
                await self._seal(attachment)

    async def _seal(self, attachment: str) -> None:
        # A unit of its own: what the agent said stands, whatever the seal says.
        await self._written(lambda work: seal_after_drain(work, attachment))


@router.websocket("/v1/agent/stream")
async def agent_stream(socket: WebSocket) -> None:
    """The agents' stream; see the table of messages in `reader_drivers.reads`. Refused before it opens without a token."""
    context = context_of(socket)
    try:
        require_own_origin(socket)
        agent = await asyncio.to_thread(known_agent, context, socket)
    except DomainError as refusal:
        await socket.close(POLICY_VIOLATION, refusal.code)
        return
    await socket.accept()
    try:
        await AgentSession(socket, context, agent).run()
    except WebSocketDisconnect:
        return
    except MessageRefused as refusal:
        await socket.close(PROTOCOL_ERROR, str(refusal)[:REASON_CHARACTERS_MAX])
    except DomainError as refusal:
        await socket.close(POLICY_VIOLATION, f"{refusal.code}: {refusal.sentence}"[:REASON_CHARACTERS_MAX])

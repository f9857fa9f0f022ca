"""Uplink: the spool's batches to the server, in order, until acknowledged; the server's orders back.

Given: a spool that keeps what is not acked. Does: one WebSocket, hello, then at most `IN_FLIGHT_MAX` batches ahead of the
acks. Promises: after any break the stream goes on behind the server's last ack; a batch may arrive twice, never not at all.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidURI, WebSocketException

from reader_drivers.reads import (
    MESSAGE_BYTES_MAX,
    Ack,
    Drain,
    Hello,
    Idle,
    Listen,
    Message,
    MessageRefused,
    decode_message,
    encode_message,
)

IN_FLIGHT_MAX: Final = 8
"""Unacked batches on the wire: hides one round trip at ten batches a second, and bounds what a break repeats."""
BACK_OFF_FIRST_S: Final = 0.25
BACK_OFF_MAX_S: Final = 3.0
"""A look every three seconds costs nothing, and people wait for a server that has just been started."""
OPEN_TIMEOUT_S: Final = 10.0
CLOSE_TIMEOUT_S: Final = 2.0
"""A server that does not say goodbye must not keep a shop's computer from shutting down."""
HELLO_TIMEOUT_S: Final = 10.0
"""The server answers hello with its ack in this time, else the connection is made again."""
CONTROL_WAITING_MAX: Final = 1_000
"""Answers and health reports that wait for the wire; the oldest go first when a server does not read."""

log = logging.getLogger("baguier.agent")


class BatchSource(Protocol):
    """What the uplink needs of the spool."""

    async def after(self, seq: int, limit: int) -> list[tuple[int, bytes]]:
        """The next batches behind `seq`."""
        ...

    async def trim(self, acked_seq: int) -> None:
        """The server has everything up to here."""
        ...


@dataclass(frozen=True, slots=True)
class Address:
    """Where the stream is and how this agent proves itself."""

    url: str
    token: str


class Uplink:
    """One server's stream. `run` never ends by itself; `send` and `wake` are called from the same event loop."""

    def __init__(
        self,
        address: Address,
        source: BatchSource,
        *,
        hello: Callable[[], Awaitable[Hello]],
        obey: Callable[[Listen | Drain | Idle], None],
    ) -> None:
        self._address = address
        self._source = source
        self._hello = hello
        self._obey = obey
        self._control: list[Message] = []
        self._news = asyncio.Event()
        self.is_open = False
        """True between hello and the end of a connection."""
        self._sent_seq = 0
        self._acked_seq = 0
        self._pause_s = BACK_OFF_FIRST_S

    def wake(self) -> None:
        """New batches are in the spool."""
        self._news.set()

    def send(self, message: Message) -> None:
        """Send an answer or a health report soon. Without a connection it is dropped: after hello the server asks again."""
        if self.is_open:
            self._control = [*self._control, message][-CONTROL_WAITING_MAX:]
            self._news.set()

    async def run(self) -> None:
        """Connect, stream, and connect again after every break, with growing pauses."""
        while True:
            try:
                await self._connection()
                log.info("the server ended the connection")
            except (OSError, TimeoutError, WebSocketException, InvalidHandshake, InvalidURI, MessageRefused) as error:
                log.warning("no connection to %s: %s; next try in %.1f s", self._address.url, error, self._pause_s)
            await asyncio.sleep(self._pause_s)
            self._pause_s = min(self._pause_s * 2, BACK_OFF_MAX_S)

    async def _connection(self) -> None:
        """One connection to its end."""
        socket = await connect(
            self._address.url,
            additional_headers={"Authorization": f"Bearer {self._address.token}"},
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=MESSAGE_BYTES_MAX,
            compression=None,
            proxy=None,
        )
        # What changes while hello is on its way must follow it, so the queue opens before hello is written.
        self._control, self.is_open = [], True
        try:
            await socket.send(encode_message(await self._hello()))
            # Not wait_for, which swallows a cancellation that meets the answer in Python 3.11.
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                first = decode_message(_binary(await socket.recv()))
            if not isinstance(first, Ack):
                raise MessageRefused(f"The server answered hello with {type(first).__name__.lower()} instead of ack.")
            self._acked_seq = self._sent_seq = first.seq
            await self._source.trim(first.seq)
            log.info("connected to %s, which has everything up to %d", self._address.url, first.seq)
            await self._both_ways(socket)
        finally:
            self.is_open = False
            await socket.close()

    async def _both_ways(self, socket: ClientConnection) -> None:
        tasks = [asyncio.create_task(self._send_all(socket)), asyncio.create_task(self._receive_all(socket))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _send_all(self, socket: ClientConnection) -> None:
        while True:
            self._news.clear()
            control, self._control = self._control, []
            for message in control:
                await socket.send(encode_message(message))
            room = IN_FLIGHT_MAX - (self._sent_seq - self._acked_seq)
            batches = await self._source.after(self._sent_seq, room) if room > 0 else []
            for seq, body in batches:
                self._sent_seq = seq
                await socket.send(body)
            if not batches and not self._control:
                await self._news.wait()

    async def _receive_all(self, socket: ClientConnection) -> None:
        async for raw in socket:
            match message := decode_message(_binary(raw)):
                case Ack(seq):
                    await self._source.trim(seq)
                    self._acked_seq = max(self._acked_seq, seq)
                    self._sent_seq = max(self._sent_seq, seq)
                    # Progress: the next break is a new one. A server that only answers hello is left alone longer.
                    self._pause_s = BACK_OFF_FIRST_S
                    self._news.set()
                case Listen() | Drain() | Idle():
                    self._obey(message)
                case _:
                    raise MessageRefused(f"A server does not send {type(message).__name__.lower()}.")


def _binary(raw: str | bytes) -> bytes:
    if isinstance(raw, str):
        raise MessageRefused("The server sent a text message; messages are binary.")
    return raw

"""Runner: readers, spool and uplink of one agent wired together; owns the tasks and the shutdown.

Given: settings. Does: resumes open attachments from the spool, keeps every reader open, folds what they hear every 100 ms
into the spool, obeys the server. Promises: what was answered `listening` or `drained` holds after any power cut.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from reader_drivers.agent.capture import Capture
from reader_drivers.agent.folding import FOLD_WINDOW_S
from reader_drivers.agent.session import ReaderSession
from reader_drivers.agent.settings import AgentSettings
from reader_drivers.agent.spool import SPOOL_BATCHES_MAX, Spool, SpoolFull
from reader_drivers.agent.talk import STOP_S
from reader_drivers.agent.transports import monotonic_ms
from reader_drivers.agent.uplink import Address, Uplink
from reader_drivers.reads import (
    WIRE_VERSION,
    Drain,
    Drained,
    Hello,
    Idle,
    Listen,
    Listening,
    Message,
    ReaderHealth,
)

SPOOL_FILE: Final = "spool.sqlite3"
CONFIRM_S: Final = 30.0
"""As long as an attachment's lease: the server repeats `listen` for all that is open right after hello."""
NANOSECONDS: Final = 1_000_000
"""In one millisecond."""

T = TypeVar("T")
log = logging.getLogger("baguier.agent")


class Agent:
    """One agent: made in a running event loop, then `run` until it is cancelled."""

    def __init__(
        self,
        settings: AgentSettings,
        *,
        batches_max: int = SPOOL_BATCHES_MAX,
        confirm_s: float = CONFIRM_S,
        capture: Capture | None = None,
    ) -> None:
        self._settings = settings
        self._confirm_s = confirm_s
        self._unconfirmed: set[str] = set()
        self._hellos = 0
        self._spool = Spool(settings.data_dir / SPOOL_FILE, batches_max=batches_max)
        # One thread: SQLite work keeps the order in which the event loop asked for it.
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._sessions = {
            reader.name: ReaderSession(reader, self._send, capture=capture, pressed=self._send)
            for reader in settings.readers
        }
        self._locks = {name: asyncio.Lock() for name in self._sessions}
        self._group = asyncio.TaskGroup()
        self._is_ending = False
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._unspooled: list[Callable[[int], bytes]] = []
        self._uplink = Uplink(
            Address(settings.server, settings.token), _DiskSource(self), hello=self._hello, obey=self._obey
        )

    async def run(self) -> None:
        """Work until cancelled; then stop the readers, spool what they said and give everything up."""
        for attachment in await self.on_disk(self._spool.open_attachments):
            if attachment.reader in self._sessions:
                self._sessions[attachment.reader].attach(attachment)
        try:
            async with self._group as group:
                for session in self._sessions.values():
                    group.create_task(session.run())
                group.create_task(self._flush_regularly())
                group.create_task(self._uplink.run())
                try:
                    await asyncio.Event().wait()
                finally:
                    await self._rest()
        finally:
            self._disk.shutdown()
            self._spool.close()

    async def on_disk(self, work: Callable[[], T]) -> T:
        """Run spool work on its thread, in the order of the calls."""
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)

    @property
    def spool(self) -> Spool:
        """To be used inside `on_disk` only."""
        return self._spool

    async def _rest(self) -> None:
        self._is_ending = True
        for session in self._sessions.values():
            session.pause()
        await asyncio.gather(*(session.wait_at_rest(STOP_S) for session in self._sessions.values()))
        await self._flush()

    async def _hello(self) -> Hello:
        last_seq = await self.on_disk(self._spool.last_seq)
        self._unconfirmed = {opened.id for opened in await self.on_disk(self._spool.open_attachments)}
        self._hellos += 1
        self._group.create_task(self._drain_forgotten(self._hellos))
        entries = tuple(session.entry() for session in self._sessions.values())
        return Hello(WIRE_VERSION, self._settings.name, last_seq, entries)

    async def _drain_forgotten(self, hello: int) -> None:
        """End attachments that a connected server does not speak of any more, or their reader would transmit for ever."""
        await asyncio.sleep(self._confirm_s)
        if hello != self._hellos or not self._uplink.is_open:
            return
        for attachment_id in sorted(self._unconfirmed):
            log.warning("the server does not speak of attachment %s any more; it ends", attachment_id)
            await self._drain(attachment_id)

    def _send(self, message: Message) -> None:
        self._uplink.send(message)

    def _obey(self, order: Listen | Drain | Idle) -> None:
        """Each order runs on its own, so that a slow stop of one reader holds up no other; per reader in order."""
        self._group.create_task(self._follow(order))

    async def _follow(self, order: Listen | Drain | Idle) -> None:
        match order:
            case Listen():
                self._unconfirmed.discard(order.attachment)
                await self._listen(order)
            case Drain(attachment):
                self._unconfirmed.discard(attachment)
                await self._drain(attachment)
            case Idle(reader):
                for opened in await self.on_disk(self._spool.open_attachments):
                    if opened.reader == reader:
                        await self._drain(opened.id)

    async def _listen(self, order: Listen) -> None:
        session = self._sessions.get(order.reader)
        if session is None:
            known = ", ".join(self._sessions)
            self._send(ReaderHealth(order.reader, "absent", f"This agent has no reader of that name; it has {known}."))
            return
        async with self._locks[order.reader]:
            known_one = await self.on_disk(lambda: self._spool.attachment(order.attachment))
            if known_one is None:
                session.end_passes(order.antennas)
                await self._flush()
            opened = await self.on_disk(
                lambda: self._spool.open_attachment(
                    order.attachment, order.reader, antennas=order.antennas, pass_min_ms=order.pass_min_ms
                )
            )
            if opened.to_seq is None:
                session.attach(opened)
            self._send(Listening(opened.id, opened.from_seq))

    async def _drain(self, attachment_id: str) -> None:
        opened = await self.on_disk(lambda: self._spool.attachment(attachment_id))
        session = None if opened is None else self._sessions.get(opened.reader)
        if opened is not None and opened.to_seq is None and session is not None:
            async with self._locks[opened.reader]:
                await session.detach(opened)
                await self._flush()
                # A full disk holds the answer back: drained must never be said of reads that are not stored.
                await self._has_room.wait()
                to_seq = await self.on_disk(lambda: self._spool.close_attachment(attachment_id))
        else:
            to_seq = await self.on_disk(lambda: self._spool.close_attachment(attachment_id))
        self._send(Drained(attachment_id, to_seq))

    async def _flush_regularly(self) -> None:
        while True:
            await asyncio.sleep(FOLD_WINDOW_S)
            await self._flush()

    async def _flush(self) -> None:
        """Everything heard until now, durable in the spool when this returns."""
        makers = self._unspooled + [
            folded.maker(session.name, self._utc_ns_of)
            for session in self._sessions.values()
            for folded in session.folder.take()
        ]
        self._unspooled = []
        if not makers:
            # Passing through the disk's queue waits for flushes that took their rows earlier.
            await self.on_disk(lambda: None)
            return
        try:
            await self.on_disk(lambda: self._spool.append(makers))
        except SpoolFull as error:
            self._unspooled = makers + self._unspooled
            self._has_room.clear()
            for session in self._sessions.values():
                if not session.is_paused:
                    session.pause()
                    self._send(ReaderHealth(session.name, "full", f"{error} Reading stops until there is room."))
                    log.error("%s: %s", session.name, error)  # noqa: TRY400 - a full disk is no bug of ours.
            return
        self._has_room.set()
        for session in self._sessions.values():
            if not self._is_ending:
                session.resume()
        self._uplink.wake()

    def _utc_ns_of(self, at_ms: int) -> int:
        shift_ms = _demo_shift_ms(self._settings.demo_clock_file)
        return time.time_ns() + (at_ms - monotonic_ms() + shift_ms) * NANOSECONDS


class _DiskSource:
    """The spool as the uplink sees it."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    async def after(self, seq: int, limit: int) -> list[tuple[int, bytes]]:
        """See `uplink.BatchSource`."""
        return await self._agent.on_disk(lambda: self._agent.spool.after(seq, limit))

    async def trim(self, acked_seq: int) -> None:
        """See `uplink.BatchSource`."""
        await self._agent.on_disk(lambda: self._agent.spool.trim(acked_seq))


def _demo_shift_ms(path: Path | None) -> int:
    """Offset of the demonstration's clock in ms; 0 when there is none."""
    if path is None:
        return 0
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0

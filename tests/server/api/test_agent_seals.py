"""A round is sealed when its last batch is stored, in whatever order the agent's words and its batches come through."""

import asyncio
from typing import cast

import pytest
from fastapi import WebSocket

from reader_drivers.reads import (
    Ack,
    Batch,
    Drained,
    Hello,
    Listening,
    Message,
    PassRow,
    ReaderEntry,
    ReadRow,
    decode_message,
    encode_message,
)
from server.api.agent_links import AgentLinks
from server.api.context import Context
from server.api.routes.agent_stream import AgentSession
from server.clock import FixedClock
from server.core.count_states import CountState
from server.core.ids import RoundId
from server.feed.hub import Hub
from server.signer.client import SignerClient
from server.store.credentials import KnownDevice
from server.store.unit_of_work import Store
from server.usecases.attach_reader import attach_reader, note_listening
from server.usecases.sign_in import PinGuard
from tests.server.usecases.conftest import announced, shop, shop_clock  # noqa: F401
from tests.server.usecases.count_shop import AGENT, CLAIRE, ONE, PAD, CountShop, epc, ref

HELLO = Hello(1, "test", 0, (ReaderEntry(PAD, "thingmagic_ff", (1,), "idle"),))


class Wire:
    """One agent's connection in memory: what it sends, and what it is told."""

    def __init__(self) -> None:
        self._sent: asyncio.Queue[bytes] = asyncio.Queue()
        self._told: asyncio.Queue[Message] = asyncio.Queue()

    def send(self, message: Message) -> None:
        self._sent.put_nowait(encode_message(message))

    async def told(self, wanted: Message) -> None:
        while await self._told.get() != wanted:
            pass

    async def receive_bytes(self) -> bytes:
        return await self._sent.get()

    async def send_bytes(self, raw: bytes) -> None:
        self._told.put_nowait(decode_message(raw))


def batch(seq: int, number: int) -> Batch:
    row = ReadRow(bytes.fromhex(epc(number)), None, 1, 0, 900, 10, 10, -50_000, -5_000)
    return Batch(seq, PAD, 1_772_440_800_000_000_000, (PassRow(1, seq, 0, 900),), (row,), ())


def attached(counting: CountShop) -> tuple[RoundId, str]:
    counting.plan()
    round_id = counting.begin(ONE)
    opened = counting.store.run(
        lambda work: attach_reader(
            work, round_id=round_id, reader=PAD, person_id=CLAIRE.person, device_id=CLAIRE.device
        )
    )
    return round_id, opened.attachment.id


async def connected(counting: CountShop, wire: Wire) -> asyncio.Task[None]:
    context = Context(counting.store, Hub("e"), AgentLinks(), cast("SignerClient", None), PinGuard())
    agent = KnownDevice(AGENT, counting.store.shop_id, "agent", "pc")
    session = AgentSession(cast("WebSocket", wire), context, agent)
    wire.send(HELLO)
    return asyncio.create_task(session.run())


@pytest.fixture
def counting(shop: Store, shop_clock: FixedClock) -> CountShop:  # noqa: F811
    return CountShop(shop, shop_clock)


def test_a_drain_said_before_its_last_batch_seals_with_that_batch(counting: CountShop) -> None:
    round_id, attachment = attached(counting)

    async def story() -> None:
        wire = Wire()
        running = await connected(counting, wire)
        wire.send(Listening(attachment, 1))
        wire.send(batch(1, 1))
        await wire.told(Ack(1))
        assert not counting.ask_seal(round_id, CLAIRE).is_sealed
        wire.send(Drained(attachment, 2))
        wire.send(batch(2, 2))
        await wire.told(Ack(2))
        running.cancel()

    asyncio.run(asyncio.wait_for(story(), timeout=20))

    sheet = counting.sheet(ONE)
    assert sheet.state is CountState.SEALED_A
    assert sheet.a1 is not None
    assert sheet.a1.heard == (ref(1), ref(2))


def test_a_round_left_waiting_by_a_lost_connection_is_sealed_when_the_batch_comes(counting: CountShop) -> None:
    round_id, attachment = attached(counting)
    counting.store.run(
        lambda work: note_listening(work, device_id=AGENT, attachment_id=attachment, from_seq=1),
    )
    counting.drained(attachment, to_seq=1)
    assert not counting.ask_seal(round_id, CLAIRE).is_sealed

    async def story() -> None:
        wire = Wire()
        running = await connected(counting, wire)
        wire.send(batch(1, 3))
        await wire.told(Ack(1))
        running.cancel()

    asyncio.run(asyncio.wait_for(story(), timeout=20))

    assert counting.sheet(ONE).state is CountState.SEALED_A

"""A server with one rule removed: it acknowledges a batch before it is committed. The journeys' control: they must notice."""

import asyncio

from reader_drivers.reads import Ack, Batch
from server.__main__ import main
from server.api.routes.agent_stream import AgentSession
from server.usecases.accept_reads import accept_batch

COMMIT_DELAY_S = 1.5
"""What is promised meanwhile is lost in a kill."""


async def _promise_then_store(self: AgentSession, batch: Batch, raw: bytes) -> None:
    await self.send(Ack(batch.seq))

    async def store() -> None:
        await asyncio.sleep(COMMIT_DELAY_S)
        self._context.store.writer.submit(
            lambda work: accept_batch(work, device_id=self._agent.id, batch=batch, raw=raw), hot=True
        )

    self.__dict__.setdefault("delayed", []).append(asyncio.create_task(store()))


AgentSession._queue_batch = _promise_then_store  # type: ignore[method-assign]

if __name__ == "__main__":
    main()

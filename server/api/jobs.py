"""Jobs: what the server does by itself while it runs. A refusal or a defect of one turn never ends a job."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from server.api.agent_links import AgentLinks
from server.api.complaints import complaints
from server.core.errors import DomainError
from server.signer.client import SignerClient
from server.store.checkpoints import signed_size
from server.store.unit_of_work import NoShopYet, Store
from server.usecases.attach_reader import LEASE, end_lapsed
from server.usecases.close_counts import close_covered
from server.usecases.close_counts_overdue import end_overdue
from server.usecases.make_records import make_records
from server.usecases.sign_checkpoint import sign_checkpoint

SIGN_EVERY_S: Final = 1.0
"""A leaf is unsigned for about this long: the tail that a thief of the whole machine could still cut."""
LEASES_EVERY_S: Final = 5.0
"""How much longer than its lease a reader may stay on the air for a handheld that died."""
PLANS_EVERY_S: Final = 60.0
"""How late an overdue count may be ended when nobody looks at its tour."""


def sign_and_close(store: Store, signer: SignerClient, *, signed: int) -> int:
    """Sign what was added to the log, then close the counts that this covers; give the signed size."""
    size = sign_checkpoint(store, signer)
    if size != signed:
        store.run(close_covered)
    return size


def record_ended(store: Store, signer: SignerClient, *, looked_at: int) -> int:
    """Make the records of tours that ended, if more was signed since the last look; give the signed size."""
    size = store.read(lambda conn: signed_size(conn, store.shop_id))
    if size != looked_at:
        make_records(store, signer)
    return size


async def keep_signed(store: Store, signer: SignerClient) -> None:
    """Sign the log within a second of its growing, for as long as the server runs; say once when it cannot."""
    await keep(
        lambda signed: asyncio.to_thread(sign_and_close, store, signer, signed=signed),
        every_s=SIGN_EVERY_S,
        failure="checkpoint_not_signed",
    )


async def keep_recorded(store: Store, signer: SignerClient) -> None:
    """Make each tour's record within seconds of its end. A job of its own: a page takes longer than a signature may wait."""
    await keep(
        lambda size: asyncio.to_thread(record_ended, store, signer, looked_at=size),
        every_s=SIGN_EVERY_S,
        failure="record_not_made",
    )


async def keep_plans(store: Store) -> None:
    """End what is overdue, once a minute: plans that nobody took, counts that were left."""

    async def end(_: int) -> int:
        return len(await asyncio.to_thread(store.run, end_overdue))

    await keep(end, every_s=PLANS_EVERY_S, failure="overdue_not_ended")


async def keep_leases(store: Store, links: AgentLinks) -> None:
    """Take readers off the air whose handheld no longer asks for them. After a start every device first gets time to ask."""

    async def end(_: int) -> int:
        lapsed = await asyncio.to_thread(store.run, end_lapsed)
        await links.drain(lapsed)
        return len(lapsed)

    await asyncio.sleep(LEASE.total_seconds())
    await keep(end, every_s=LEASES_EVERY_S, failure="lease_not_ended")


async def keep(step: Callable[[int], Awaitable[int]], *, every_s: float, failure: str) -> None:
    """Take a step again and again, with what the last good one gave; say each new reason once, as the event `failure`.

    Nothing but a cancellation ends it: a job that ended in silence would leave the log unsigned and every later draw unknown.
    """
    said, reached = "", 0
    while True:
        try:
            reached = await step(reached)
            said = ""
        except NoShopYet:
            pass
        except DomainError as refusal:
            if refusal.code != said:
                complaints().warning(failure, code=refusal.code, sentence=refusal.sentence)
            said = refusal.code
        except Exception as defect:  # noqa: BLE001 - said below
            # Top of the job: whatever it is, the next turn may do, and somebody must be able to read of it.
            if repr(defect) != said:
                complaints().exception(failure, code="defect")
            said = repr(defect)
        await asyncio.sleep(every_s)

"""A shop that was just opened, for the use cases."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.clock import FixedClock
from server.core.announcement import Announcement
from server.core.log import merkle
from server.core.log.trust import Trust
from server.signer.client import SignerClient
from server.signer.spawn import spawned_signer
from server.store import checkpoints, log
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.close_counts import close_counts
from server.usecases.export_trust import export_trust
from server.usecases.open_shop import open_shop
from server.usecases.sign_checkpoint import sign_checkpoint
from tests.server.usecases import count_shop
from tests.server.usecases.count_shop import CLAIRE, MARC, ONE, RINGS, TWO, CountShop

OPENING = datetime(2026, 3, 2, 8, 35, tzinfo=UTC)


@pytest.fixture
def shop_clock() -> FixedClock:
    return FixedClock(OPENING)


@pytest.fixture
def announced() -> list[Announcement]:
    """What viewers of `shop` were told."""
    return []


@pytest.fixture
def shop(tmp_path: Path, shop_clock: FixedClock, announced: list[Announcement]) -> Iterator[Store]:
    with Store(tmp_path / "shop" / "baguier.sqlite3", clock=shop_clock, listener=announced.extend) as store:
        store.run(lambda unit: open_shop(unit, name="Maison Claire", zone="Europe/Paris", currency="EUR"))
        yield store


@pytest.fixture
def counting(shop: Store, shop_clock: FixedClock) -> CountShop:
    """The shop with its opening tour planned; each checkpoint is written without a signer."""
    planned = CountShop(shop, shop_clock)
    planned.plan()
    return planned


@pytest.fixture
def signer(shop: Store) -> Iterator[SignerClient]:
    with spawned_signer(shop.path.parent) as client:
        yield client


@pytest.fixture
def signed_shop(
    shop: Store, shop_clock: FixedClock, signer: SignerClient, monkeypatch: pytest.MonkeyPatch
) -> CountShop:
    """The shop of the counting tests, but each checkpoint is one that the signer really signed."""

    def sign_here(work: UnitOfWork) -> None:
        head, origin = log.head(work.conn, work.shop_id), log.origin_of(work.shop_id)
        hashes = log.leaf_hashes(work.conn, work.shop_id, end=head.size)
        last, _ = signer.last(origin)
        proof = merkle.consistency_proof(hashes, last, head.size) if 0 < last < head.size else ()
        if checkpoints.signed_size(work.conn, work.shop_id) < head.size:
            note = signer.checkpoint(origin, size=head.size, root=head.root(), proof=proof)
            checkpoints.add(work.conn, work.shop_id, head=head, note=note, signed_at=work.now)

    monkeypatch.setattr(count_shop, "keep_checkpoint", sign_here)
    planned = CountShop(shop, shop_clock)
    planned.plan()
    return planned


@pytest.fixture
def trust(signed_shop: CountShop, signer: SignerClient) -> Trust:
    """What the insurer got before the day began."""
    return export_trust(signed_shop.store, signer)


@pytest.fixture
def closed_day(signed_shop: CountShop, signer: SignerClient, trust: Trust) -> CountShop:
    """A clean tray, and one with a missing ring, signed by two and closed."""
    assert trust.held()
    signed_shop.count_first(ONE, RINGS[ONE])
    signed_shop.count_first(TWO, [5, 6, 7])
    signed_shop.verify(ONE, 4)
    signed_shop.verify_blind(TWO, [5, 6, 7])
    signed_shop.sign(CLAIRE)
    signed_shop.sign(MARC)
    sign_checkpoint(signed_shop.store, signer)
    assert len(signed_shop.store.run(lambda work: close_counts(work, signed_shop.tour))) == 2
    return signed_shop

"""A day that two people counted, verified and signed becomes a pack that a stranger can verify; the signer is the real one."""

import json
from collections.abc import Iterator

import pytest

from server.clock import FixedClock
from server.core.log import merkle
from server.core.log.findings import Property, State, Verification
from server.core.log.trust import Trust
from server.core.log.verify import verify_pack
from server.exports.canonical_zip import read_zip
from server.signer.client import SignerClient
from server.signer.spawn import spawned_signer
from server.store import checkpoints, log, packs
from server.store.packs import SignedListLost
from server.store.shops import shop_facts
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.close_counts import close_counts
from server.usecases.export_pack import ExportedPack, Period, Profile, export_pack
from server.usecases.export_trust import export_trust
from server.usecases.sign_checkpoint import sign_checkpoint
from tests.server.usecases import count_shop
from tests.server.usecases.conftest import OPENING
from tests.server.usecases.count_shop import CLAIRE, MARC, ONE, RINGS, TWO, CountShop

DAY = Period(OPENING.date(), OPENING.date())

pytestmark = pytest.mark.slow


@pytest.fixture
def signer(shop: Store) -> Iterator[SignerClient]:
    with spawned_signer(shop.path.parent) as client:
        yield client


@pytest.fixture
def counting(shop: Store, shop_clock: FixedClock, signer: SignerClient, monkeypatch: pytest.MonkeyPatch) -> CountShop:
    """The shop of the counting tests, but each checkpoint is one that the signer really signed."""

    def sign_here(work: UnitOfWork) -> None:
        hashes = log.leaf_hashes(work.conn, work.shop_id, end=log.head(work.conn, work.shop_id).size)
        origin, size, root = log.origin_of(work.shop_id), len(hashes), merkle.root_of(hashes)
        last, _ = signer.last(origin)
        proof = merkle.consistency_proof(hashes, last, size) if 0 < last < size else ()
        if checkpoints.signed_size(work.conn, work.shop_id) < size:
            note = signer.checkpoint(origin, size=size, root=root, proof=proof)
            checkpoints.add(work.conn, work.shop_id, size=size, root=root, note=note, signed_at=work.now)

    monkeypatch.setattr(count_shop, "keep_checkpoint", sign_here)
    planned = CountShop(shop, shop_clock)
    planned.plan()
    return planned


@pytest.fixture
def trust(counting: CountShop, signer: SignerClient) -> Trust:
    """What the insurer got before the day began."""
    return export_trust(counting.store, signer)


@pytest.fixture
def closed(counting: CountShop, signer: SignerClient, trust: Trust) -> CountShop:
    """A clean tray, and one with a missing ring, signed by two and closed."""
    assert trust.held()
    counting.count_first(ONE, RINGS[ONE])
    counting.count_first(TWO, [5, 6, 7])
    counting.verify(ONE, 4)
    counting.verify_blind(TWO, [5, 6, 7])
    counting.sign(CLAIRE)
    counting.sign(MARC)
    sign_checkpoint(counting.store, signer)
    assert len(counting.store.run(lambda work: close_counts(work, counting.tour))) == 2
    return counting


def pack_of(counting: CountShop, signer: SignerClient) -> ExportedPack:
    return export_pack(counting.store, signer, period=DAY, profile=Profile.INSURER)


def verified(pack: ExportedPack, trust: Trust | None) -> Verification:
    opened = read_zip(pack.raw)
    return verify_pack(opened.members, trust, is_canonical=opened.is_canonical)


def told(verification: Verification) -> dict[Property, tuple[State, str]]:
    return {one.property: (one.state, one.sentence) for one in verification.findings}


def test_a_closed_day_is_verified_under_the_trust_held_before_it(
    closed: CountShop, signer: SignerClient, trust: Trust
) -> None:
    verification = verified(pack_of(closed, signer), trust)

    said = told(verification)
    needed = set(Property) - {Property.RECORDS, Property.TIME}
    assert {one: said[one] for one in needed if said[one][0] is not State.OK} == {}
    assert verification.exit_code == 0


def test_the_pack_holds_every_count_set_and_signed_list(closed: CountShop, signer: SignerClient) -> None:
    members = read_zip(pack_of(closed, signer).raw).members

    counts = [json.loads(line) for line in members["counts/2026-03.jsonl"].splitlines()]
    lists = [json.loads(line) for line in members["signatures.jsonl"].splitlines()]
    assert {(one["count"], one["state"]) for one in counts} == {
        (closed.count_of(place), "closed") for place in (ONE, TWO)
    }
    assert [len(one["lines"]) for one in lists] == [2, 2]
    assert sum(path.startswith("expected/") for path in members) == 2
    assert sum(path.startswith("sealed/") for path in members) == 5


def test_a_count_under_way_is_in_the_pack_and_one_not_opened_is_not(
    counting: CountShop, signer: SignerClient, trust: Trust
) -> None:
    counting.count_first(ONE, RINGS[ONE])

    pack = pack_of(counting, signer)

    rows = read_zip(pack.raw).members["counts/2026-03.jsonl"].splitlines()
    assert [json.loads(row)["count"] for row in rows] == [counting.count_of(ONE)]
    assert told(verified(pack, trust))[Property.COMPLETE][0] is State.OK


def test_a_list_that_was_lost_stops_the_export(closed: CountShop, signer: SignerClient) -> None:
    def lose(work: UnitOfWork) -> None:
        work.conn.exec_driver_sql("UPDATE tours SET body = replace(body, 'my_role', 'my_part')")

    closed.store.run(lose)

    with pytest.raises(SignedListLost, match="Restore a backup"):
        pack_of(closed, signer)


def test_the_pack_ends_at_the_export_itself(closed: CountShop, signer: SignerClient) -> None:
    first, second = pack_of(closed, signer), pack_of(closed, signer)

    size = closed.store.read(lambda conn: log.head(conn, closed.store.shop_id)).size
    assert (first.leaves, second.leaves) == (size - 1, size)
    leaves = closed.store.read(lambda conn: packs.leaves(conn, closed.store.shop_id, end=size))
    assert read_zip(second.raw).members["log/events.jsonl"] == b"".join(leaf + b"\n" for leaf in leaves)


def test_a_period_begins_and_ends_with_the_shops_day(shop: Store) -> None:
    facts = shop.read(lambda conn: shop_facts(conn, shop.shop_id))

    since, until = DAY.bounds(facts)

    assert (since.isoformat(), until.isoformat()) == ("2026-03-02T03:00:00+00:00", "2026-03-03T03:00:00+00:00")

"""What the shop logs is signed by a process of its own, checkpoint after checkpoint, and never twice differently."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from server.cli.log import check_command
from server.core.ids import ShopId
from server.core.log.checkpoint import open_note
from server.core.log.events import ActorKind, EventType, Subject
from server.core.log.note import VerifierKey
from server.signer.client import SignerClient, SignerDown
from server.signer.spawn import spawned_signer
from server.store import checkpoints, log
from server.store.shops import ShopFacts, add_shop
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.sign_checkpoint import sign_checkpoint
from tests.server.seeds import database_of


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(database_of(tmp_path)) as opened:
        facts = ShopFacts(ShopId("shop-1"), name="Maison", zone="Europe/Paris", day_start="04:00", currency="EUR")
        opened.run(lambda work: add_shop(work.conn, facts, created_at=work.now))
        yield opened


def note_fact(work: UnitOfWork) -> None:
    work.append_leaf(
        EventType.POLICY_CHANGED, Subject("policy", "p"), {"n": 1}, actor="system", actor_kind=ActorKind.SYSTEM
    )


@pytest.mark.slow
def test_each_growth_is_signed_and_continues_the_last(store: Store, tmp_path: Path) -> None:
    with spawned_signer(tmp_path) as signer:
        for growth in (1, 3, 2):
            for _ in range(growth):
                store.run(note_fact)
            sign_checkpoint(store, signer)
        sign_checkpoint(store, signer)
        key = VerifierKey.from_text(signer.vkey(log.origin_of(store.shop_id)))

    notes = store.read(lambda conn: checkpoints.notes(conn, store.shop_id, up_to=99))
    assert [open_note(note, [key]).size for note in notes] == [1, 4, 6]


@pytest.mark.slow
def test_a_checkpoint_reads_the_new_leaves_only(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    leaf_hashes = log.leaf_hashes

    def noted(connection: Connection, shop_id: ShopId, *, start: int = 0, end: int) -> tuple[bytes, ...]:
        read.append(end - start)
        return leaf_hashes(connection, shop_id, start=start, end=end)

    monkeypatch.setattr(log, "leaf_hashes", noted)
    with spawned_signer(tmp_path) as signer:
        for growth in (50, 3, 2):
            for _ in range(growth):
                store.run(note_fact)
            sign_checkpoint(store, signer)

    assert read == [3, 2]


@pytest.mark.slow
def test_a_note_that_was_signed_and_not_kept_is_got_over(store: Store, tmp_path: Path) -> None:
    with spawned_signer(tmp_path) as signer:
        for _ in range(3):
            store.run(note_fact)
        head = store.read(lambda conn: log.head(conn, store.shop_id))
        signer.checkpoint(log.origin_of(store.shop_id), size=head.size, root=head.root(), proof=())
        store.run(note_fact)

        assert sign_checkpoint(store, signer) == 4


@pytest.mark.slow
def test_a_signer_that_is_down_is_said_and_nothing_is_kept(store: Store, tmp_path: Path) -> None:
    store.run(note_fact)

    with pytest.raises(SignerDown, match="does not answer"):
        sign_checkpoint(store, SignerClient(tmp_path / "nobody"))

    assert store.read(lambda conn: checkpoints.signed_size(conn, store.shop_id)) == 0


def test_the_log_of_a_shop_is_checked_by_command(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store.run(note_fact)

    assert check_command(tmp_path, as_json=False) == 0
    assert capsys.readouterr().out.startswith("The log is intact: 1 leaves")


def test_a_folder_without_a_database_cannot_be_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_command(tmp_path / "none", as_json=True) == 2
    assert "no database" in capsys.readouterr().err

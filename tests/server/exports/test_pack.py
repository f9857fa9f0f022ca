from dataclasses import replace

import pytest

from server.core.log import checkpoint, merkle
from server.core.log.checkpoint import Checkpoint
from server.core.log.pack import CONSISTENCY, Manifest, PackMalformed, rows_of
from server.exports.canonical_zip import read_zip
from server.exports.pack import PackNotClosed, Table, build_pack
from tests.server.exports.shop_days import KEY, ORIGIN, honest_day


def test_the_same_source_gives_the_same_pack() -> None:
    assert honest_day().pack() == honest_day().pack()


def test_manifest_names_every_other_member() -> None:
    members = read_zip(honest_day().pack()).members

    manifest = Manifest.from_bytes(members["manifest.json"])

    assert {one.path for one in manifest.files} == members.keys() - {"manifest.json", "manifest.note"}
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest


def test_consistency_rows_lead_from_each_checkpoint_to_the_next() -> None:
    day = honest_day()
    members = read_zip(day.pack()).members
    hashes = [merkle.leaf_hash(leaf) for leaf in day.leaves]

    rows = rows_of(members[CONSISTENCY])

    assert [(row["old"], row["new"]) for row in rows if isinstance(row, dict)] == [(1, 8), (8, 17)]
    for row in rows:
        match row:
            case {"old": int(old), "new": int(new), "proof": list(proof)}:
                roots = {"old_root": merkle.root_of(hashes[:old]), "new_root": merkle.root_of(hashes[:new])}
                steps = [bytes.fromhex(str(one)) for one in proof]
                assert merkle.verify_consistency(old=old, new=new, proof=steps, **roots)
            case _:
                pytest.fail(f"{row} is no proof")


def test_leaves_beyond_the_signed_head_make_no_pack() -> None:
    day = honest_day()
    head = Checkpoint(ORIGIN, 14, merkle.root_of(map(merkle.leaf_hash, day.leaves[:14])))

    with pytest.raises(PackNotClosed):
        build_pack(day.source(), sign_manifest=lambda digest: checkpoint.sign_pack(digest, head, KEY))


@pytest.mark.parametrize("name", ["../x", "Été", "a b", ""])
def test_table_with_a_name_that_no_pack_has_is_refused(name: str) -> None:
    source = replace(honest_day().source(), tables=(Table(name, (), ()),))

    with pytest.raises(PackMalformed):
        build_pack(source, sign_manifest=lambda _: "")

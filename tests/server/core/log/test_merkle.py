from collections.abc import Iterator
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core.log import merkle
from server.core.log.merkle import Frontier, TreeMalformed

# The eight reference leaves and roots of the Certificate Transparency tests: merkle_tree_test.cc of
# google/certificate-transparency, also in transparency-dev/merkle testonly/constants.go.
CT_LEAVES = tuple(
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
)
CT_ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
CT_HASHES = tuple(merkle.leaf_hash(leaf) for leaf in CT_LEAVES)

sizes = st.integers(1, 70)


def hashes_for(size: int) -> list[bytes]:
    return [merkle.leaf_hash(bytes([number])) for number in range(size)]


def recursive_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962 section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + recursive_root(leaves[:split]) + recursive_root(leaves[split:])).digest()


@pytest.mark.parametrize("size", range(9))
def test_reference_leaves_give_the_reference_roots(size: int) -> None:
    assert merkle.root_of(CT_HASHES[:size]).hex() == CT_ROOTS[size]


@given(sizes)
def test_frontier_has_the_root_of_the_definition(size: int) -> None:
    leaves = hashes_for(size)

    assert Frontier.of(leaves).root() == recursive_root(leaves)


@given(sizes, st.sets(st.integers(0, 80)))
def test_roots_at_many_sizes_are_the_roots_of_each_prefix(size: int, wanted: set[int]) -> None:
    leaves = hashes_for(size)

    roots = merkle.roots_at(leaves, wanted)

    assert roots == {at: recursive_root(leaves[:at]) for at in wanted if at <= size}


@given(st.integers(0, 300))
def test_frontier_survives_its_bytes(size: int) -> None:
    frontier = Frontier.of(hashes_for(size % 256))

    assert Frontier.from_bytes(frontier.to_bytes()) == frontier


@pytest.mark.parametrize("raw", [b"", b"1234567", bytes(8) + bytes(32), (3).to_bytes(8, "big") + bytes(32)])
def test_frontier_with_the_wrong_number_of_hashes_is_refused(raw: bytes) -> None:
    with pytest.raises(TreeMalformed):
        Frontier.from_bytes(raw)


@given(sizes, st.integers(0, 1000))
def test_every_inclusion_proof_verifies_and_names_only_its_leaf(size: int, seed: int) -> None:
    leaves = hashes_for(size)
    index = seed % size
    proof = merkle.inclusion_proof(leaves, index, size)
    root = merkle.root_of(leaves)

    assert merkle.verify_inclusion(leaves[index], index=index, size=size, proof=proof, root=root)
    for other in range(size):
        if other != index:
            assert not merkle.verify_inclusion(leaves[index], index=other, size=size, proof=proof, root=root)


@given(sizes, sizes)
def test_every_consistency_proof_verifies(one: int, two: int) -> None:
    old, new = sorted((one, two))
    leaves = hashes_for(new)
    proof = merkle.consistency_proof(leaves, old, new)
    roots = {"old_root": merkle.root_of(leaves[:old]), "new_root": merkle.root_of(leaves)}

    assert merkle.verify_consistency(old=old, new=new, proof=proof, **roots)


def mutations(proof: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
    yield (*proof, bytes(32))
    yield (bytes(32), *proof)
    for at, one in enumerate(proof):
        yield (*proof[:at], bytes([one[0] ^ 1]) + one[1:], *proof[at + 1 :])
        yield proof[:at] + proof[at + 1 :]


@given(sizes, sizes)
def test_mutated_consistency_proofs_are_refused(one: int, two: int) -> None:
    old, new = sorted((one, two))
    leaves = hashes_for(new)
    old_root, new_root = merkle.root_of(leaves[:old]), merkle.root_of(leaves)

    for mutated in mutations(merkle.consistency_proof(leaves, old, new)):
        assert not merkle.verify_consistency(old=old, new=new, old_root=old_root, new_root=new_root, proof=mutated)


@given(sizes, st.integers(0, 1000))
def test_mutated_inclusion_proofs_are_refused(size: int, seed: int) -> None:
    leaves = hashes_for(size)
    index, root = seed % size, merkle.root_of(leaves)

    for mutated in mutations(merkle.inclusion_proof(leaves, index, size)):
        assert not merkle.verify_inclusion(leaves[index], index=index, size=size, proof=mutated, root=root)


@given(sizes, sizes)
def test_consistency_with_other_roots_or_sizes_is_refused(one: int, two: int) -> None:
    old, new = sorted((one, two))
    leaves = hashes_for(new)
    proof = merkle.consistency_proof(leaves, old, new)
    old_root, new_root = merkle.root_of(leaves[:old]), merkle.root_of(leaves)
    forked = merkle.root_of([bytes(32), *leaves[1:]])

    assert not merkle.verify_consistency(old=old, new=new, old_root=old_root, new_root=forked, proof=proof)
    assert not merkle.verify_consistency(old=old, new=new, old_root=bytes(32), new_root=new_root, proof=proof)
    if old != new:
        assert not merkle.verify_consistency(old=new, new=old, old_root=new_root, new_root=old_root, proof=proof)


def test_consistency_from_an_empty_tree_is_refused() -> None:
    leaves = hashes_for(3)
    roots = {"old_root": merkle.EMPTY_ROOT, "new_root": merkle.root_of(leaves)}

    assert not merkle.verify_consistency(old=0, new=3, proof=(), **roots)
    with pytest.raises(TreeMalformed):
        merkle.consistency_proof(leaves, 0, 3)
    with pytest.raises(TreeMalformed):
        merkle.extension_proof(Frontier(), leaves)


def test_a_node_cannot_pass_for_a_leaf() -> None:
    left, right = hashes_for(2)

    assert merkle.leaf_hash(left + right) != merkle.node_hash(left, right)

"""The Merkle tree of the log (RFC 6962 section 2, RFC 9162 section 2.1): one hash speaks for every leaf before it.

A leaf hash is SHA-256(00 ‖ leaf bytes), a node is SHA-256(01 ‖ left ‖ right). The frontier is all that has to be kept to
append: the roots of the perfect subtrees of the tree, largest first, at most 64 of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from server.core.errors import Malformed

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
"""Root of the tree without leaves (RFC 6962 section 2.1)."""
SIZE_MAX: Final = 2**53 - 1
"""Largest tree: its size must fit in a canonical whole number."""
PROOF_HASHES_MAX: Final = 2 * 53 + 2
"""No proof in a tree of `SIZE_MAX` leaves is longer."""


class TreeMalformed(Malformed):
    """A frontier, an index or a size that no tree can have."""

    code = "tree_malformed"


def leaf_hash(raw: bytes) -> bytes:
    """Hash of one leaf's exact bytes."""
    return sha256(b"\x00" + raw).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node; the other prefix keeps a node from passing for a leaf."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: enough to append to it and to know its root."""

    size: int = 0
    """Number of leaves."""
    nodes: tuple[bytes, ...] = ()
    """Roots of the perfect subtrees, largest first: one for each set bit of `size`."""

    def __post_init__(self) -> None:
        fits = 0 <= self.size <= SIZE_MAX and len(self.nodes) == self.size.bit_count()
        if not fits or any(len(node) != HASH_BYTES for node in self.nodes):
            raise TreeMalformed(f"A tree of {self.size} leaves cannot have {len(self.nodes)} frontier hashes.")

    @classmethod
    def of(cls, leaf_hashes: Iterable[bytes]) -> Self:
        """The frontier of a tree with these leaves, in order."""
        nodes, size = list[bytes](), 0
        for one in leaf_hashes:
            _append(nodes, size, one)
            size += 1
        return cls(size, tuple(nodes))

    def appended(self, leaf: bytes) -> Self:
        """The frontier after one more leaf hash. Cost: one hash on average, 53 at most."""
        nodes = list(self.nodes)
        _append(nodes, self.size, leaf)
        return type(self)(self.size + 1, tuple(nodes))

    def root(self) -> bytes:
        """The root hash of the tree."""
        return _folded(self.nodes) if self.nodes else EMPTY_ROOT

    def to_bytes(self) -> bytes:
        """Size in 8 bytes, big end first, then the hashes; `from_bytes` reads it back."""
        return self.size.to_bytes(8, "big") + b"".join(self.nodes)

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """The frontier written by `to_bytes`.

        Raises: TreeMalformed: the number of hashes does not follow from the size.
        """
        if len(raw) < 8 or (len(raw) - 8) % HASH_BYTES:
            raise TreeMalformed(f"A frontier of {len(raw)} bytes cannot be read; it is 8 bytes and whole hashes.")
        hashes = range(8, len(raw), HASH_BYTES)
        return cls(int.from_bytes(raw[:8], "big"), tuple(raw[at : at + HASH_BYTES] for at in hashes))


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """Root of the tree with these leaf hashes, in order."""
    return Frontier.of(leaf_hashes).root()


def roots_at(leaf_hashes: Iterable[bytes], sizes: Iterable[int]) -> dict[int, bytes]:
    """Root of the tree at each of `sizes` that the leaves reach, in one pass over them."""
    wanted = set(sizes)
    roots = {0: EMPTY_ROOT} if 0 in wanted else {}
    nodes = list[bytes]()
    for size, one in enumerate(leaf_hashes):
        _append(nodes, size, one)
        if size + 1 in wanted:
            roots[size + 1] = _folded(nodes)
    return roots


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int, size: int) -> tuple[bytes, ...]:
    """Hashes that lead from leaf `index` to the root of the first `size` leaves (RFC 9162 section 2.1.3.1)."""
    if not 0 <= index < size <= len(leaf_hashes):
        raise TreeMalformed(f"Leaf {index} is not in a tree of {size} leaves; {len(leaf_hashes)} are known.")
    start, end, proof = 0, size, list[bytes]()
    while end - start > 1:
        split = start + _left_size(end - start)
        if index < split:
            proof.append(root_of(leaf_hashes[split:end]))
            end = split
        else:
            proof.append(root_of(leaf_hashes[start:split]))
            start = split
    return tuple(reversed(proof))


def consistency_proof(leaf_hashes: Sequence[bytes], old: int, new: int) -> tuple[bytes, ...]:
    """Hashes that show the first `new` leaves begin with the first `old` (RFC 9162 section 2.1.4.1). Hashes `new` leaves.

    Raises: TreeMalformed: `old` is 0 (nothing is proved from nothing) or the sizes are out of order.
    """
    if not 0 < old <= new <= len(leaf_hashes):
        raise TreeMalformed(f"No proof leads from size {old} to size {new}; {len(leaf_hashes)} leaves are known.")
    return extension_proof(Frontier.of(leaf_hashes[:old]), leaf_hashes[old:new])


def extension_proof(old: Frontier, added: Sequence[bytes]) -> tuple[bytes, ...]:
    """The consistency proof from `old` to `old` with `added` after it. Hashes the added leaves only.

    A perfect subtree to the left of the old edge is a frontier hash; everything to its right is made of added leaves.
    Raises: TreeMalformed: `old` is empty.
    """
    if not old.size:
        raise TreeMalformed("No proof leads from an empty tree. Trust the first checkpoint as it is.")
    left = list(old.nodes)
    kept, size, is_whole, proof = old.size, old.size + len(added), True, list[bytes]()
    start, end = -old.size, len(added)  # The subtree in hand, as positions among the added leaves.
    while kept != size:
        split = _left_size(size)
        if kept <= split:
            proof.append(root_of(added[start + split : end]))
            end, size = start + split, split
        else:
            proof.append(left.pop(0))
            start, size, kept, is_whole = start + split, size - split, kept - split, False
    if not is_whole:
        proof.append(_folded(left))
    return tuple(reversed(proof))


def verify_inclusion(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether leaf hash `leaf` is number `index` of the tree with `size` leaves and this root (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size <= SIZE_MAX or len(proof) > PROOF_HASHES_MAX:
        return False
    at, last, result = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            result = node_hash(step, result)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            result = node_hash(result, step)
        at, last = at >> 1, last >> 1
    return last == 0 and result == root


def verify_consistency(*, old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `new` leaves begins with the tree of `old` leaves (RFC 9162 section 2.1.4.2).

    Size 0 is refused: an empty tree is the start of every tree, so such a proof would say nothing.
    """
    if not 0 < old <= new <= SIZE_MAX or len(proof) > PROOF_HASHES_MAX:
        return False
    if old == new:
        return not proof and old_root == new_root
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    first = second = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            second = node_hash(second, step)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def _append(nodes: list[bytes], size: int, leaf: bytes) -> None:
    """Add a leaf to the frontier `nodes` of a tree of `size` leaves, in place: each set low bit is a pair to join."""
    while size & 1:
        leaf = node_hash(nodes.pop(), leaf)
        size >>= 1
    nodes.append(leaf)


def _folded(nodes: Sequence[bytes]) -> bytes:
    result = nodes[-1]
    for node in reversed(nodes[:-1]):
        result = node_hash(node, result)
    return result


def _left_size(size: int) -> int:
    """The largest power of two below `size` (≥ 2): where RFC 6962 splits a tree."""
    return 1 << (size - 1).bit_length() - 1

"""A Merkle tree over an append-only log (RFC 6962 §2.1; verification algorithms as in RFC 9162 §2.1.3.2 and §2.1.4.2).

Rules kept here:
- leaves and nodes are hashed with different prefixes (0x00, 0x01), so that a node can never pass for a leaf;
- the log's right edge is a compact range, one hash per bit set in its size: appending and the root need nothing older;
- `verify_*` returns nothing or raises `ProofRejected` with the clause; no boolean to forget.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from privacy.errors import ProofRejected

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()

_NODE: Final = b"\x01"


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry's exact bytes into a leaf (RFC 6962 §2.1: 0x00 before the entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into their parent (RFC 6962 §2.1: 0x01 before both)."""
    return sha256(_NODE + left + right).digest()


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The size of a tree in leaves and its root: all that a checkpoint says."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: the roots of its perfect subtrees, largest first, one per bit set in `size`.

    Raises:
        ProofRejected: the hashes cannot be the edge of a tree of that size.

    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise ProofRejected("compact range: one hash per bit set in the size")
        if any(len(subtree) != HASH_BYTES for subtree in self.hashes):
            raise ProofRejected("compact range: hashes have 32 bytes")

    @classmethod
    def from_bytes(cls, size: int, edge: bytes) -> "Frontier":
        """Read what `to_bytes` wrote; the size is kept beside it."""
        return cls(size, tuple(edge[at : at + HASH_BYTES] for at in range(0, len(edge), HASH_BYTES)))

    def to_bytes(self) -> bytes:
        """Join the hashes, largest subtree first: 32 bytes each, at most 64 of them."""
        return b"".join(self.hashes)

    def extended(self, leaves: Iterable[bytes]) -> "Frontier":
        """Append leaf hashes in order; an iterator is read once and never held."""
        hashes, size = list(self.hashes), self.size
        for leaf in leaves:  # one hash per leaf and node: the log is a sequence, no column operation
            node, carry = leaf, size
            while carry & 1:
                node = sha256(_NODE + hashes.pop() + node).digest()
                carry >>= 1
            hashes.append(node)
            size += 1
        return Frontier(size, tuple(hashes))

    @property
    def head(self) -> TreeHead:
        """The size and root of the whole tree."""
        if not self.hashes:
            return TreeHead(0, EMPTY_ROOT)
        *larger, root = self.hashes
        for subtree in reversed(larger):
            root = node_hash(subtree, root)
        return TreeHead(self.size, root)


def head_of(leaves: Iterable[bytes]) -> TreeHead:
    """Return size and root of the tree over these leaf hashes."""
    return Frontier().extended(leaves).head


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """List the sibling hashes from the leaf at `index` up to the root (RFC 6962 §2.1.1, PATH).

    Raises:
        IndexError: no such leaf.

    """
    if not 0 <= index < len(leaves):
        raise IndexError("no leaf of that index in the tree")
    low, high, path = 0, len(leaves), list[bytes]()
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(head_of(leaves[middle:high]).root)
            high = middle
        else:
            path.append(head_of(leaves[low:middle]).root)
            low = middle
    return path[::-1]


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """List the hashes that show the first `first` leaves to be a prefix of all (RFC 6962 §2.1.2, PROOF).

    Raises:
        IndexError: the tree never had that size.

    """
    if not 0 <= first <= len(leaves):
        raise IndexError("the tree never had that size")
    if first in {0, len(leaves)}:
        return []
    low, high, path = 0, len(leaves), list[bytes]()
    while high != first:
        middle = low + _split(high - low)
        if first <= middle:
            path.append(head_of(leaves[middle:high]).root)
            high = middle
        else:
            path.append(head_of(leaves[low:middle]).root)
            low = middle
    if low:  # else the old tree is this very subtree, and the verifier has its root
        path.append(head_of(leaves[low:high]).root)
    return path[::-1]


def verify_inclusion(leaf: bytes, proof: Sequence[bytes], *, index: int, head: TreeHead) -> None:
    """Check that a leaf hash stands at `index` of the tree.

    Raises:
        ProofRejected: it does not, by this proof.

    """
    if not 0 <= index < head.size:
        raise ProofRejected("RFC 9162 §2.1.3.2 step 1: the leaf's index is not below the tree's size")
    at, last, root = index, head.size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofRejected("RFC 9162 §2.1.3.2 step 4a: more hashes than levels")
        if at & 1 or at == last:
            root = node_hash(sibling, root)
            at, last = _risen(at, last)
        else:
            root = node_hash(root, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofRejected("RFC 9162 §2.1.3.2 step 5: fewer hashes than levels")
    if root != head.root:
        raise ProofRejected("RFC 9162 §2.1.3.2 step 5: another root")


def verify_consistency(old: TreeHead, new: TreeHead, proof: Sequence[bytes]) -> None:
    """Check that the new tree begins with the old one: nothing was changed, removed or put in between.

    Raises:
        ProofRejected: it does not, by this proof.

    """
    if not 0 <= old.size <= new.size:
        raise ProofRejected("RFC 9162 §2.1.4.2: the newer tree is smaller")
    if old.size in {0, new.size}:
        _verify_trivial(old, new, proof)
        return
    path = [old.root, *proof] if old.size & (old.size - 1) == 0 else list(proof)
    if not path:
        raise ProofRejected("RFC 9162 §2.1.4.2 step 1: an empty proof")
    at, last = old.size - 1, new.size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_root, new_root = _walk(path, at, last)
    if old_root != old.root:
        raise ProofRejected("RFC 9162 §2.1.4.2 step 7: another root of the older tree")
    if new_root != new.root:
        raise ProofRejected("RFC 9162 §2.1.4.2 step 7: another root of the newer tree")


def _walk(path: Sequence[bytes], at: int, last: int) -> tuple[bytes, bytes]:
    """Climb both trees at once (RFC 9162 §2.1.4.2 steps 5 and 6)."""
    old_root = new_root = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofRejected("RFC 9162 §2.1.4.2 step 6a: more hashes than levels")
        if at & 1 or at == last:
            old_root, new_root = node_hash(sibling, old_root), node_hash(sibling, new_root)
            at, last = _risen(at, last)
        else:
            new_root = node_hash(new_root, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofRejected("RFC 9162 §2.1.4.2 step 7: fewer hashes than levels")
    return old_root, new_root


def _verify_trivial(old: TreeHead, new: TreeHead, proof: Sequence[bytes]) -> None:
    """Check the two cases that need no hash: an empty tree begins every tree, and every tree begins itself."""
    if proof:
        raise ProofRejected("RFC 6962 §2.1.2: a proof from nothing, or to itself, has no hashes")
    if old.root != (new.root if old.size == new.size else EMPTY_ROOT):
        raise ProofRejected("RFC 6962 §2.1: two roots for one size")


def _risen(at: int, last: int) -> tuple[int, int]:
    """Skip the levels at which the right edge has no sibling."""
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last


def _split(size: int) -> int:
    """Return the largest power of two below `size` (RFC 6962 §2.1's k)."""
    return 1 << ((size - 1).bit_length() - 1)

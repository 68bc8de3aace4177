"""Making what `privacy.verifier` verifies: roots and proofs of a Merkle tree over an append-only log (RFC 6962 §2.1).

The log's right edge is a compact range, one hash per bit set in its size: appending and the root need nothing older.
"""

from collections.abc import Iterable, Sequence

from privacy.verifier import HASH_BYTES, Frontier, ProofRejected, TreeHead, split_of


def frontier_of(size: int, edge: bytes) -> Frontier:
    """Read a right edge as `edge_of` wrote it; the size is kept beside it.

    Raises:
        ProofRejected: the hashes cannot be the edge of a tree of that size.

    """
    if size < 0 or len(edge) != size.bit_count() * HASH_BYTES:
        raise ProofRejected("compact range: one hash of 32 bytes per bit set in the size")
    return Frontier(size, tuple(edge[at : at + HASH_BYTES] for at in range(0, len(edge), HASH_BYTES)))


def edge_of(frontier: Frontier) -> bytes:
    """Join the hashes of a right edge, largest subtree first: 32 bytes each, at most 63 of them."""
    return b"".join(frontier.hashes)


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
        middle = low + split_of(high - low)
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
        middle = low + split_of(high - low)
        if first <= middle:
            path.append(head_of(leaves[middle:high]).root)
            high = middle
        else:
            path.append(head_of(leaves[low:middle]).root)
            low = middle
    if low:  # else the old tree is this very subtree, and the verifier has its root
        path.append(head_of(leaves[low:high]).root)
    return path[::-1]

"""Making what `privacy.verifier` verifies: roots and proofs of a Merkle tree over an append-only log (RFC 6962 §2.1).

Rules kept here:
- the log's right edge is a compact range, one hash per bit set in its size: appending and the root need nothing older;
- a proof is a list of ranges of leaves, each told by its root; a range is cut into perfect subtrees;
- the path of one leaf is read off tier by tier: the sixteen kept hashes around it, and the tree's right edge;
- the roots of perfect subtrees are kept at every fourth level, so that a proof over n leaves reads O(log n) of them,
  for a fifteenth more rows than leaves.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, reduce
from typing import Final, NamedTuple

from privacy.verifier import HASH_BYTES, Frontier, ProofRejected, TreeHead, node_hash, split_of

KEPT_LEVELS: Final = 4
"""Roots are kept at the levels 4, 8, 12 ...; leaves are level 0."""

_GROUP: Final = 1 << KEPT_LEVELS

_REMEMBERED: Final = 4_096
"""Ranges and subtrees whose parts are worked out once: what is read and what is made of it ask for the same ones."""


Subtree = tuple[int, int]
"""A perfect subtree: its level (2^level leaves) and its position in that level from the left."""


class Run(NamedTuple):
    """Subtrees of one level that stand side by side: positions from `first` to before `end`."""

    level: int
    first: int
    end: int


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


def grown(frontier: Frontier, leaves: Iterable[bytes]) -> tuple[Frontier, list[tuple[Subtree, bytes]]]:
    """Append leaf hashes; return the new edge and the kept subtrees that became complete."""
    completed: list[tuple[int, int, list[bytes]]] = []
    extended = frontier.extended(leaves, completed=completed)
    kept = ((level, first, roots) for level, first, roots in completed if level % KEPT_LEVELS == 0)
    return extended, [((level, at), root) for level, first, roots in kept for at, root in enumerate(roots, first)]


def head_of(leaves: Iterable[bytes]) -> TreeHead:
    """Return size and root of the tree over these leaf hashes."""
    return Frontier().extended(leaves).head


def inclusion_ranges(index: int, size: int) -> list[range]:
    """List the ranges of leaves whose roots prove a leaf, from its sibling up (RFC 6962 §2.1.1, PATH).

    Raises:
        IndexError: no such leaf in a tree of that size.

    """
    if not 0 <= index < size:
        raise IndexError("no leaf of that index in the tree")
    low, high, path = 0, size, list[range]()
    while high - low > 1:
        middle = low + split_of(high - low)
        if index < middle:
            path.append(range(middle, high))
            high = middle
        else:
            path.append(range(low, middle))
            low = middle
    return path[::-1]


def groups_around(index: int, size: int) -> list[Run]:
    """Say which kept hashes `path_from` needs: those around a leaf at each kept level, none beyond the tree.

    Raises:
        IndexError: no such leaf in a tree of that size.

    """
    if not 0 <= index < size:
        raise IndexError("no leaf of that index in the tree")
    groups = list[Run]()
    for level in range(0, (size - 1).bit_length(), KEPT_LEVELS):
        first = index >> level & -_GROUP
        groups.append(Run(level, first, max(first, min(first + _GROUP, size >> level))))
    return groups


def path_from(index: int, edge: Frontier, groups: Sequence[Sequence[bytes]]) -> list[bytes]:
    """Prove a leaf from the hashes of `groups_around` and the edge of the tree (RFC 6962 §2.1.1, PATH).

    A group that the tree ends in has one more member: the root of what is too small for a subtree of that level. In
    RFC 6962's trees an odd last node is carried up as it is.
    """
    path = list[bytes]()
    for tier, group in enumerate(groups):
        level, nodes = tier * KEPT_LEVELS, list(group)
        if len(nodes) < _GROUP and (rest := _rest_of(edge, level)) is not None:
            nodes.append(rest)
        at = (index >> level) % _GROUP
        while len(nodes) > 1:
            if (sibling := at ^ 1) < len(nodes):
                path.append(nodes[sibling])
            even = len(nodes) & -2
            nodes = [node_hash(nodes[left], nodes[left + 1]) for left in range(0, even, 2)] + nodes[even:]
            at >>= 1
    return path


def _rest_of(edge: Frontier, level: int) -> bytes | None:
    """Return the root of the leaves behind the last whole subtree of a level."""
    few = (edge.size & ((1 << level) - 1)).bit_count()
    return reduce(lambda right, left: node_hash(left, right), reversed(edge.hashes[-few:])) if few else None


def consistency_ranges(first: int, size: int) -> list[range]:
    """List the ranges whose roots show the first `first` leaves to be a prefix of all (RFC 6962 §2.1.2, PROOF).

    Raises:
        IndexError: the tree never had that size.

    """
    if not 0 <= first <= size:
        raise IndexError("the tree never had that size")
    if first in {0, size}:
        return []
    low, high, path = 0, size, list[range]()
    while high != first:
        middle = low + split_of(high - low)
        if first <= middle:
            path.append(range(middle, high))
            high = middle
        else:
            path.append(range(low, middle))
            low = middle
    if low:  # else the old tree is this very subtree, and the verifier has its root
        path.append(range(low, high))
    return path[::-1]


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Prove a leaf from all leaf hashes; reads every one of them."""
    return [head_of(leaves[part.start : part.stop]).root for part in inclusion_ranges(index, len(leaves))]


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """Prove a prefix from all leaf hashes; reads every one of them."""
    return [head_of(leaves[part.start : part.stop]).root for part in consistency_ranges(first, len(leaves))]


@lru_cache(maxsize=_REMEMBERED)
def subtrees_of(part: range) -> tuple[Subtree, ...]:
    """Cut a range that a proof or a head names into perfect subtrees, left to right."""
    found, low = list[Subtree](), part.start
    while low < part.stop:
        level = (part.stop - low).bit_length() - 1
        found.append((level, low >> level))
        low += 1 << level
    return tuple(found)


def runs_for(parts: Iterable[range]) -> list[Run]:
    """Say which kept hashes, level by level, the roots of these ranges are made from."""
    runs = list[Run]()
    for run in sorted(_kept_below(subtree) for part in parts for subtree in subtrees_of(part)):
        if runs and runs[-1].level == run.level and runs[-1].end >= run.first:
            runs[-1] = Run(run.level, runs[-1].first, max(run.end, runs[-1].end))
        else:
            runs.append(run)
    return runs


def root_from(part: range, kept: Mapping[Subtree, bytes]) -> bytes:
    """Make the root of a range from kept hashes.

    Raises:
        KeyError: a hash that `runs_for` asks for is missing.

    """
    roots = [_root(subtree, kept) for subtree in subtrees_of(part)]
    return reduce(lambda right, left: node_hash(left, right), reversed(roots))


def _root(subtree: Subtree, kept: Mapping[Subtree, bytes]) -> bytes:
    below, first, end = _kept_below(subtree)
    level = [kept[below, at] for at in range(first, end)]
    while len(level) > 1:
        level = [node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=True)]
    return level[0]


def _kept_below(subtree: Subtree) -> Run:
    """Return the kept subtrees that a perfect subtree is made of: 1, 2, 4 or 8 of them."""
    level, position = subtree
    above = level % KEPT_LEVELS
    return Run(level - above, position << above, (position + 1) << above)

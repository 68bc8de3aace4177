from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.merkle import (
    consistency_proof,
    edge_of,
    frontier_of,
    groups_around,
    grown,
    head_of,
    inclusion_proof,
    path_from,
)
from privacy.verifier import Frontier, ProofRejected, TreeHead, leaf_hash, verify_consistency, verify_inclusion

sizes = st.integers(1, 80)


def leaves(size: int) -> list[bytes]:
    return [leaf_hash(bytes([n])) for n in range(size)]


def naive_root(tree: list[bytes]) -> bytes:
    """RFC 6962 §2.1's definition, word for word."""
    if not tree:
        return sha256(b"").digest()
    if len(tree) == 1:
        return tree[0]
    k = max(1 << n for n in range(7) if 1 << n < len(tree))
    return sha256(b"\x01" + naive_root(tree[:k]) + naive_root(tree[k:])).digest()


def naive_path(m: int, tree: list[bytes]) -> list[bytes]:
    """RFC 6962 §2.1.1's PATH."""
    if len(tree) == 1:
        return []
    k = max(1 << n for n in range(7) if 1 << n < len(tree))
    if m < k:
        return [*naive_path(m, tree[:k]), naive_root(tree[k:])]
    return [*naive_path(m - k, tree[k:]), naive_root(tree[:k])]


def naive_proof(m: int, tree: list[bytes], *, complete: bool = True) -> list[bytes]:
    """RFC 6962 §2.1.2's SUBPROOF."""
    if m == len(tree):
        return [] if complete else [naive_root(tree)]
    k = max(1 << n for n in range(7) if 1 << n < len(tree))
    if m <= k:
        return [*naive_proof(m, tree[:k], complete=complete), naive_root(tree[k:])]
    return [*naive_proof(m - k, tree[k:], complete=False), naive_root(tree[:k])]


@given(sizes)
def test_root_agrees_with_the_definition(size: int) -> None:
    assert head_of(leaves(size)) == TreeHead(size, naive_root(leaves(size)))


@given(sizes, st.data())
def test_tree_may_be_continued_from_its_edge(size: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, size))
    tree = leaves(size)
    edge = Frontier().extended(tree[:first])
    kept = frontier_of(first, edge_of(edge))
    assert kept == edge
    assert kept.extended(iter(tree[first:])) == Frontier().extended(tree)


@given(sizes, st.data())
def test_inclusion_proofs_agree_with_the_definition_and_verify(size: int, data: st.DataObject) -> None:
    tree, index = leaves(size), data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(tree, index)
    assert proof == naive_path(index, tree)
    verify_inclusion(tree[index], proof, index=index, head=head_of(tree))


@given(sizes, st.data())
def test_consistency_proofs_agree_with_the_definition_and_verify(size: int, data: st.DataObject) -> None:
    tree, first = leaves(size), data.draw(st.integers(0, size))
    proof = consistency_proof(tree, first)
    assert proof == (naive_proof(first, tree) if first else [])
    verify_consistency(head_of(tree[:first]), head_of(tree), proof)


@given(sizes, st.data())
def test_one_changed_leaf_is_noticed(size: int, data: st.DataObject) -> None:
    tree, index = leaves(size), data.draw(st.integers(0, size - 1))
    first = data.draw(st.integers(index + 1, size))
    altered = [*tree[:index], leaf_hash(b"altered"), *tree[index + 1 :]]
    with pytest.raises(ProofRejected):
        verify_consistency(head_of(tree[:first]), head_of(altered), consistency_proof(altered, first))
    with pytest.raises(ProofRejected):
        verify_inclusion(tree[index], inclusion_proof(altered, index), index=index, head=head_of(altered))


@given(st.integers(1, 5_000), st.data())
def test_a_path_is_read_off_kept_hashes_and_the_edge(size: int, data: st.DataObject) -> None:
    """Sizes on both sides of sixteen, 256 and 4,096: there a tier of kept hashes begins."""
    size = data.draw(st.sampled_from([size, 1, 15, 16, 17, 255, 256, 257, 272, 4_095, 4_096, 4_097, 4_353]))
    index = data.draw(st.integers(0, size - 1) | st.just(size - 1))
    tree = [leaf_hash(n.to_bytes(2, "big")) for n in range(size)]
    edge, kept = grown(Frontier(), tree)
    hashes = dict(kept) | {(0, at): leaf for at, leaf in enumerate(tree)}
    groups = [[hashes[level, at] for at in range(first, end)] for level, first, end in groups_around(index, size)]
    path = path_from(index, edge, groups)
    assert path == inclusion_proof(tree, index)
    verify_inclusion(tree[index], path, index=index, head=edge.head)


@given(sizes, st.data())
def test_a_tree_that_grows_tells_every_inner_node_once(size: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, size))
    tree, told = leaves(size), list[tuple[int, int, list[bytes]]]()
    Frontier().extended(tree[:first], completed=told).extended(tree[first:], completed=told)
    nodes = [((level, at), root) for level, start, roots in told for at, root in enumerate(roots, start)]
    assert dict(nodes) == {
        (level, at): naive_root(tree[at << level : (at + 1) << level])
        for level in range(1, size.bit_length())
        for at in range(size >> level)
    }
    assert len(nodes) == len(dict(nodes))

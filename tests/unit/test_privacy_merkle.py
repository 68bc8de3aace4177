import json
from pathlib import Path
from typing import Any

import pytest

from privacy.merkle import consistency_proof, frontier_of, head_of, inclusion_proof
from privacy.verifier import EMPTY_ROOT, ProofRejected, TreeHead, leaf_hash, verify_consistency, verify_inclusion

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "rfc6962.json").read_text(encoding="utf-8")
)
LEAVES = [leaf_hash(bytes.fromhex(entry)) for entry in VECTORS["leaves"]]
HEADS = [TreeHead(0, EMPTY_ROOT), *(TreeHead(n, bytes.fromhex(r)) for n, r in enumerate(VECTORS["roots"], 1))]


def hashes(proof: list[str]) -> list[bytes]:
    return [bytes.fromhex(each) for each in proof]


def test_roots_of_the_reference_tree() -> None:
    assert bytes.fromhex(VECTORS["empty_root"]) == EMPTY_ROOT
    assert [head_of(LEAVES[:size]) for size in range(9)] == HEADS


@pytest.mark.parametrize("vector", VECTORS["inclusion"], ids=lambda v: f"{v['index']}in{v['size']}")
def test_inclusion_proofs_of_the_reference_tree(vector: dict[str, Any]) -> None:
    index, size, proof = vector["index"], vector["size"], hashes(vector["proof"])
    assert inclusion_proof(LEAVES[:size], index) == proof
    verify_inclusion(LEAVES[index], proof, index=index, head=HEADS[size])


@pytest.mark.parametrize("vector", VECTORS["consistency"], ids=lambda v: f"{v['first']}to{v['second']}")
def test_consistency_proofs_of_the_reference_tree(vector: dict[str, Any]) -> None:
    first, second, proof = vector["first"], vector["second"], hashes(vector["proof"])
    assert consistency_proof(LEAVES[:second], first) == proof
    verify_consistency(HEADS[first], HEADS[second], proof)


PROOF = inclusion_proof(LEAVES, 5)
OTHER = bytes(32)


@pytest.mark.parametrize(
    ("index", "size", "proof", "clause"),
    [
        (8, 8, PROOF, "index"),
        (-1, 8, PROOF, "index"),
        (0, 0, [], "index"),
        (5, 8, [*PROOF, OTHER], "more hashes"),
        (5, 8, PROOF[:-1], "fewer hashes"),
        (5, 8, [OTHER, *PROOF[1:]], "another root"),
        (4, 8, PROOF, "another root"),
        (5, 6, PROOF[:2], "another root"),
    ],
)
def test_inclusion_is_rejected_with_its_clause(index: int, size: int, proof: list[bytes], clause: str) -> None:
    with pytest.raises(ProofRejected, match=clause):
        verify_inclusion(LEAVES[5], proof, index=index, head=HEADS[size])


STEPS = consistency_proof(LEAVES, 6)


@pytest.mark.parametrize(
    ("old", "new", "proof", "clause"),
    [
        (HEADS[8], HEADS[6], STEPS, "smaller"),
        (TreeHead(-1, EMPTY_ROOT), HEADS[6], [], "smaller"),
        (HEADS[6], HEADS[8], [], "fewer"),
        (HEADS[6], HEADS[8], STEPS[:-1], "fewer"),
        (HEADS[6], HEADS[8], [*STEPS, OTHER], "more hashes"),
        (HEADS[6], HEADS[8], [*STEPS[:-1], OTHER], "older|newer"),
        (TreeHead(6, OTHER), HEADS[8], STEPS, "older"),
        (HEADS[6], TreeHead(8, OTHER), STEPS, "newer"),
        (HEADS[4], TreeHead(8, OTHER), consistency_proof(LEAVES, 4), "newer"),
        (HEADS[8], HEADS[8], [OTHER], "more hashes"),
        (HEADS[0], HEADS[8], [OTHER], "more hashes"),
        (HEADS[8], TreeHead(8, OTHER), [], "newer"),
        (TreeHead(0, OTHER), HEADS[8], [], "older"),
    ],
)
def test_inconsistency_is_rejected_with_its_clause(
    old: TreeHead, new: TreeHead, proof: list[bytes], clause: str
) -> None:
    with pytest.raises(ProofRejected, match=clause):
        verify_consistency(old, new, proof)


def test_what_a_tree_does_not_hold_cannot_be_proved() -> None:
    for index in (-1, 8):
        with pytest.raises(IndexError):
            inclusion_proof(LEAVES, index)
    for first in (-1, 9):
        with pytest.raises(IndexError):
            consistency_proof(LEAVES, first)


@pytest.mark.parametrize(
    ("size", "edge"), [(0, OTHER), (3, OTHER), (4, OTHER + OTHER), (4, OTHER[:-1]), (-1, b""), (3, OTHER + b"x")]
)
def test_edge_that_fits_no_tree_is_refused(size: int, edge: bytes) -> None:
    with pytest.raises(ProofRejected, match="compact range"):
        frontier_of(size, edge)


def test_refusal_names_its_clause() -> None:
    assert ProofRejected("RFC 6962").because == "RFC 6962"


def test_a_node_never_passes_for_a_leaf() -> None:
    inner = head_of(LEAVES[:2]).root
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != inner
    with pytest.raises(ProofRejected):
        verify_inclusion(inner, [], index=0, head=HEADS[2])

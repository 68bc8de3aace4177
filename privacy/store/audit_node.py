"""Kept subtree roots of the audit log: what lets a proof over a million entries read a hundred rows.

They are a convenience, never evidence: a wrong one makes a proof that does not verify, and all can be made again from
the leaves.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import delete, select
from sqlmodel import Session, col

from privacy.merkle import Run, Subtree, groups_around, grown, path_from, root_from, runs_for, subtrees_of
from privacy.store.bulk import insert_rows
from privacy.tables.audit import AuditLeaf, AuditNode
from privacy.verifier import HASH_BYTES, Frontier, ProofRejected, TreeHead

_PAGE: Final = 16_384
_NODES: Final = (
    "SELECT level, position, node_hash FROM audit_node WHERE log = {0} AND level = {0} AND position >= {0} "
    "AND position < {0}"
)
_LEAVES: Final = (
    "SELECT 0 AS level, leaf_index - {0} AS position, leaf_hash FROM audit_leaf WHERE leaf_index >= {0} "
    "AND leaf_index < {0}"
)
_JOINED: Final = {
    "sqlite": "SELECT {{0}}, group_concat(hex({0}), '') FROM (SELECT {0} FROM {1} ORDER BY {2})",
    "postgresql": "SELECT {{0}}, string_agg({0}, '' ORDER BY {2}) FROM {1}",
}
"""A run of hashes in one row: a row of its own for each costs more than making the proof of them."""
_NODE_RUN: Final = ("node_hash", "audit_node WHERE log = {0} AND level = {0} AND position >= {0} AND position < {0}")
_LEAF_RUN: Final = ("leaf_hash", "audit_leaf WHERE leaf_index >= {0} AND leaf_index < {0}")


def add_nodes(session: Session, log: int, nodes: Iterable[tuple[Subtree, bytes]]) -> None:
    """Keep the roots of subtrees that became complete."""
    insert_rows(
        session,
        AuditNode,
        [{"log": log, "level": level, "position": at, "node_hash": root} for (level, at), root in nodes],
    )


def roots_of(session: Session, parts: Sequence[range], *, log: int, start: int) -> list[bytes]:
    """Make the roots of ranges of one log's leaves; `start` is the number of its first entry.

    Raises:
        ProofRejected: a kept root is missing.

    """
    kept = _kept(session, runs_for(parts), log, start)
    try:
        return [root_from(part, kept) for part in parts]
    except KeyError:
        raise _missing() from None


def path_to(session: Session, index: int, head: TreeHead, *, log: int, start: int) -> list[bytes]:
    """Make the proof that a leaf is under a head of one log; `start` is the number of its first entry.

    Raises:
        IndexError: the head does not reach as far.
        ProofRejected: a kept root is missing, or those at the tree's edge are not those of the head.

    """
    edges = _edges_of(head)
    if not edges:
        parts = [range(at << level, (at + 1) << level) for level, at in subtrees_of(range(head.size))]
        edges.append(Frontier(head.size, tuple(roots_of(session, parts, log=log, start=start))))
        if edges[0].head != head:
            edges.clear()
            raise ProofRejected("audit log: kept subtree roots are damaged; run `varde audit rebuild`")
    runs = groups_around(index, head.size)
    return path_from(index, edges[0], _groups(session, runs, log, start))


@lru_cache(maxsize=64)
def _edges_of(_head: TreeHead) -> list[Frontier]:
    """Keep the right edge that makes up a head: the same for all its proofs, and true of nothing else."""
    return []


def rebuild_nodes(session: Session, logs: Mapping[int, range]) -> int:
    """Make all kept roots again from the leaves; `logs` tells each log's entry numbers. Return how many there are."""
    session.execute(delete(AuditNode))
    made = 0
    for log, numbers in logs.items():
        frontier = Frontier()
        for leaves in _leaves(session, numbers):
            frontier, nodes = grown(frontier, leaves)
            add_nodes(session, log, nodes)
            made += len(nodes)
    return made


class NodeTally:
    """A running hash a level over kept roots in their order: compares any number of them in constant memory."""

    def __init__(self) -> None:
        self._levels: dict[int, Any] = {}

    def take(self, nodes: Iterable[tuple[Subtree, bytes]]) -> None:
        """Take roots, each level from left to right."""
        for (level, at), root in nodes:
            self._levels.setdefault(level, sha256()).update(at.to_bytes(8, "big") + root)

    def verify_kept(self, session: Session, log: int) -> None:
        """Check that exactly these roots are kept for a log.

        Raises:
            ProofRejected: one is missing, superfluous or another.

        """
        kept = NodeTally()
        query = (
            select(col(AuditNode.level), col(AuditNode.position), col(AuditNode.node_hash))
            .where(col(AuditNode.log) == log)
            .order_by(col(AuditNode.level), col(AuditNode.position))
            .execution_options(yield_per=_PAGE)
        )
        for page in session.connection().execute(query).partitions():
            kept.take(((level, position), root) for level, position, root in page)
        if kept._digests() != self._digests():
            raise ProofRejected("audit log: kept subtree roots do not match the leaves; run `varde audit rebuild`")

    def _digests(self) -> dict[int, bytes]:
        return {level: running.digest() for level, running in self._levels.items()}


def _kept(session: Session, runs: Sequence[Run], log: int, start: int) -> dict[Subtree, bytes]:
    """Read the hashes of all runs with one statement: on PostgreSQL a round trip costs more than the rows."""
    if not runs:
        return {}
    connection = session.connection()
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    pieces, values = list[str](), list[int]()
    for level, first, end in runs:
        pieces.append((_NODES if level else _LEAVES).format(mark))
        values += (log, level, first, end) if level else (start, start + first, start + end)
    found = connection.exec_driver_sql(" UNION ALL ".join(pieces), tuple(values)).all()
    return {(level, position): bytes(root) for level, position, root in found}


def _groups(session: Session, runs: Sequence[Run], log: int, start: int) -> list[list[bytes]]:
    """Read runs of hashes, each joined in one row."""
    wanted = [run for run in runs if run.end > run.first]
    if not wanted:
        return [[] for _ in runs]
    connection, values = session.connection(), list[int]()
    for level, first, end in wanted:
        values += (level, log, level, first, end) if level else (0, start + first, start + end)
    statement = _joined(connection.dialect.name, tuple(run.level > 0 for run in wanted))
    found = {
        level: bytes.fromhex(joined) if isinstance(joined, str) else bytes(joined or b"")
        for level, joined in connection.exec_driver_sql(statement, tuple(values))
    }
    groups = list[list[bytes]]()
    for level, first, end in runs:
        joined = found.get(level, b"")
        if len(joined) != (end - first) * HASH_BYTES:
            raise _missing()
        groups.append([joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES)])
    return groups


@lru_cache(maxsize=64)
def _joined(dialect: str, inner: tuple[bool, ...]) -> str:
    """Write the statement that reads so many runs, told whether each is of inner nodes or of leaves."""
    node, leaf = (
        _JOINED[dialect].format(*run, order) for run, order in ((_NODE_RUN, "position"), (_LEAF_RUN, "leaf_index"))
    )
    text = " UNION ALL ".join(node if each else leaf for each in inner)
    return text.format("?" if dialect == "sqlite" else "%s")


def _missing() -> ProofRejected:
    return ProofRejected("audit log: kept subtree roots are missing; run `varde audit rebuild`")


def _leaves(session: Session, numbers: range) -> Iterator[list[bytes]]:
    for low in range(numbers.start, numbers.stop, _PAGE):
        query = select(col(AuditLeaf.leaf_hash)).where(
            col(AuditLeaf.leaf_index) >= low, col(AuditLeaf.leaf_index) < min(low + _PAGE, numbers.stop)
        )
        yield [bytes(leaf) for (leaf,) in session.connection().execute(query.order_by(col(AuditLeaf.leaf_index)))]

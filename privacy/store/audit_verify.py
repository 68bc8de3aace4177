"""Recompute the whole audit log from its bodies: leaves, order, kept roots, heads, checkpoints, continuations.

What this finds is a log that contradicts itself. Whoever holds the signing key and the database can write another log
that does not; that is found only against checkpoints which somebody else kept (`outside`).
"""

import os
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Final, cast

from sqlalchemy import BigInteger, Select, select, type_coerce
from sqlmodel import Session, col

from privacy.audit import parse_entry
from privacy.checkpoint import origin_of
from privacy.merkle import grown
from privacy.store.audit import log_head
from privacy.store.audit_arrival import verify_arrivals
from privacy.store.audit_continuation import Continuation, continuations, logs_of, number_of, owned_up
from privacy.store.audit_filing import Filing
from privacy.store.audit_node import NodeTally
from privacy.tables.audit import AuditBody, AuditCheckpoint, AuditLeaf
from privacy.verifier import (
    CONTINUED,
    Checkpoint,
    Frontier,
    ProofRejected,
    TreeHead,
    VerifierKey,
    leaf_hash,
    verify_checkpoint,
)

_PAGE: Final = 2_000
"""What a core's cache holds: larger pages are slower."""
_LEAVES: Final = (
    select(
        col(AuditLeaf.leaf_index),
        col(AuditLeaf.leaf_hash),
        col(AuditBody.body),
        col(AuditBody.action),
        type_coerce(col(AuditBody.at), BigInteger),
    )
    .outerjoin(AuditBody, col(AuditBody.leaf_index) == col(AuditLeaf.leaf_index))
    .order_by(col(AuditLeaf.leaf_index))
    .limit(_PAGE)
)
_BODY_ALONE: Final = (
    select(col(AuditBody.leaf_index))
    .outerjoin(AuditLeaf, col(AuditLeaf.leaf_index) == col(AuditBody.leaf_index))
    .where(col(AuditLeaf.leaf_index).is_(None))
    .limit(1)
)


Leaf = tuple[int, bytes, bytes | None, str | None, int | None]
"""An entry as stored: number, leaf hash, body, action, instant (microseconds); the last three None if pruned."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Entries that a log had and this database has not: it was restored from a backup that is older than them."""

    origin: str
    held: int
    known: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a full recomputation found: entries, pruned bodies, signed checkpoints and outside ones, all of which hold.

    `logs` is 1 unless the database was restored and went on under a new log; `gaps` are the entries lost thereby.
    `unsequenced` entries are committed and have no place in the tree yet: they are what was written, and that is all
    that can be said of them.
    """

    size: int
    pruned: int
    checkpoints: int
    outside: int = 0
    logs: int = 1
    gaps: tuple[Gap, ...] = ()
    unsequenced: int = 0


def verify_log(
    session: Session,
    key: VerifierKey,
    *,
    outside: Sequence[str] = (),
    progress: Callable[[int], None] = lambda _entries: None,
) -> Verdict:
    """Recompute the whole log and compare it with every checkpoint, those that somebody else kept (`outside`) included.

    `key` is the public key of the hub's first log; `progress` is told how many entries were read.

    Raises:
        ProofRejected: names the first entry or checkpoint that does not hold.

    """
    claims = _claims(session, key, outside)
    state = _Recomputation(claims)
    for page in stored_pages(session):
        state.take(page)
        progress(state.next)
    state.finish(session)
    return Verdict(
        size=state.next,
        pruned=state.pruned,
        checkpoints=claims.signed,
        outside=len(outside),
        logs=len(claims.logs) + 1,
        gaps=(*state.gaps, *claims.lost),
        unsequenced=verify_arrivals(session),
    )


@dataclass(frozen=True, slots=True)
class _Claims:
    """What was signed, by the number of entries it was signed over; and how the logs follow one another."""

    base: str
    heads: dict[int, list[Checkpoint]]
    cuts: list[int]  # the numbers of entries at which there is a head to compare or a log begins, in order
    logs: dict[int, Continuation]  # by the number of the entry that begins the log
    continued: dict[int, Checkpoint]  # by log: the last known checkpoint of the log before
    signed: int
    lost: list[Gap]  # logs of which nothing is held


def _claims(session: Session, key: VerifierKey, outside: Sequence[str]) -> _Claims:
    following, held, lost = continuations(session), logs_of(session), owned_up(session)
    verified = partial(_verified, key=key)
    heads: dict[int, list[Checkpoint]] = defaultdict(list)
    stored = _stored_checkpoints(session, verified)
    for size, (log, checkpoint) in stored:
        if log not in held or held[log].start + checkpoint.head.size != size:
            raise ProofRejected(f"audit log: the checkpoint over {size} entries states another size")
        heads[size].append(checkpoint)
    continued = {each.log: verified(each.note) for each in following}
    after = dict(zip(held, following, strict=False))  # nothing continues the last one
    for log, checkpoint in [*map(verified, outside), *continued.values()]:
        if log not in held:
            _verify_owned_up(checkpoint, lost.get(log))
        elif log not in after or not _is_lost(checkpoint, continued[after[log].log][1], held[log]):
            heads[held[log].start + checkpoint.head.size].append(checkpoint)
    logs = {each.start: each for each in following}
    return _Claims(
        base=key.name,
        heads=heads,
        cuts=sorted({*heads, *logs}),
        logs=logs,
        continued={log: checkpoint for log, (_, checkpoint) in continued.items()},
        signed=len(stored),
        lost=[Gap(origin_of(key.name, log), 0, each.size) for log, each in sorted(lost.items()) if log not in held],
    )


def _verified(note: str, key: VerifierKey) -> tuple[int, Checkpoint]:
    """Verify a checkpoint of whichever of a hub's logs; return that log's number, too."""
    log = number_of(note.partition("\n")[0], key)
    return log, verify_checkpoint(note, VerifierKey(origin_of(key.name, log), key.public))


def _stored_checkpoints(
    session: Session, verified: Callable[[str], tuple[int, Checkpoint]]
) -> list[tuple[int, tuple[int, Checkpoint]]]:
    """Verify every stored checkpoint, on all cores: checking a signature, most of the work, lets go of the interpreter.

    A log that grows all the time has half a million of them a year.
    """
    rows = session.connection().execute(select(col(AuditCheckpoint.size), col(AuditCheckpoint.note))).all()

    def check(first: int) -> list[tuple[int, tuple[int, Checkpoint]]]:
        return [(size, verified(note)) for size, note in rows[first : first + _PAGE]]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [each for part in pool.map(check, range(0, len(rows), _PAGE)) for each in part]


def _verify_owned_up(checkpoint: Checkpoint, known: TreeHead | None) -> None:
    """Check that a log that is not held was owned up to as lost, with as much as an outside checkpoint states."""
    if known is None or checkpoint.head.size > known.size:
        raise ProofRejected("audit log: an outside checkpoint is of a log that is not here, nor owned up to as lost")
    if checkpoint.head.size == known.size and checkpoint.head != known:
        raise ProofRejected("audit log: another history was owned up to as lost than an outside checkpoint states")


def _is_lost(checkpoint: Checkpoint, after: Checkpoint, held: range) -> bool:
    """Say whether a head lies among entries that a restore lost, so that only its successor's word can be compared."""
    if checkpoint.head.size <= len(held):
        return False
    if checkpoint.head.size > after.head.size:
        raise ProofRejected("audit log: an outside checkpoint is newer than the one that the next log continues from")
    if checkpoint.head.size == after.head.size and checkpoint.head != after.head:
        raise ProofRejected("audit log: the next log continues from another history than an outside checkpoint states")
    return True


@dataclass(slots=True)
class _Recomputation:
    claims: _Claims
    next: int = 0
    pruned: int = 0
    log: int = 0
    start: int = 0
    frontier: Frontier = field(default_factory=Frontier)
    nodes: dict[int, NodeTally] = field(default_factory=lambda: {0: NodeTally()})
    gaps: list[Gap] = field(default_factory=list)
    filing: Filing = field(default_factory=Filing)

    def take(self, page: Sequence[Leaf]) -> None:
        """Take the next entries in order, a column at a time: a million of them leave microseconds for each."""
        numbers, leaves, bodies, actions, instants = zip(*page, strict=True)
        first, end = self.next, self.next + len(page)
        if numbers != tuple(range(first, end)):
            missing = next(at for at, number in enumerate(numbers, first) if at != number)
            raise ProofRejected(f"audit log: entry {missing} is missing")
        _verify_hashes(first, leaves, bodies)
        self.filing.verify(first, bodies, actions, instants)
        self.pruned += bodies.count(None)
        cuts = self.claims.cuts
        for cut in cuts[bisect_left(cuts, first) : bisect_left(cuts, end)]:
            self._extend(leaves[self.next - first : cut - first])
            if cut in self.claims.logs:
                self._begin(self.claims.logs[cut], bodies[cut - first])
        self._extend(leaves[self.next - first :])

    def finish(self, session: Session) -> None:
        """Compare what was recomputed with the head row, and see that nothing is left over."""
        head = log_head(session)
        if (head.log, head.start, head.frontier) != (self.log, self.start, self.frontier):
            raise ProofRejected("audit log: the head row does not match its leaves")
        if session.execute(_BODY_ALONE).first() is not None:
            raise ProofRejected("audit log: a body belongs to no leaf")
        if late := [start for start in self.claims.logs if start >= self.next]:
            raise ProofRejected(f"audit log: the log that begins with entry {min(late)} has no entries")
        if self.claims.heads:
            raise ProofRejected(f"audit log: a checkpoint over {min(self.claims.heads)} entries is longer than the log")
        for log, tally in self.nodes.items():
            tally.verify_kept(session, log)

    def _extend(self, leaves: Sequence[bytes]) -> None:
        """Go on to the next place where something was signed or a log begins."""
        self.frontier, nodes = grown(self.frontier, leaves)
        self.nodes[self.log].take(nodes)
        self.next += len(leaves)
        self._verify_heads(self.claims.heads.pop(self.next, ()))

    def _begin(self, following: Continuation, body: bytes | None) -> None:
        """End one log and begin the next, whose first entry commits to the end of the one before."""
        known, held = self.claims.continued[following.log].head, self.frontier.size
        entry = None if body is None else parse_entry(body)
        told = None if entry is None else (entry.action, entry.fields.log_size, entry.fields.log_root)
        if told != (CONTINUED, known.size, known.root.hex()):
            raise ProofRejected(f"audit log: entry {following.start} does not continue the log before it")
        if known.size > held:
            self.gaps.append(Gap(origin_of(self.claims.base, self.log), held, known.size))
        self.log, self.start, self.frontier = following.log, following.start, Frontier()
        self.nodes[self.log] = NodeTally()

    def _verify_heads(self, stated: Sequence[Checkpoint]) -> None:
        for checkpoint in stated:
            if checkpoint != Checkpoint(origin_of(self.claims.base, self.log), self.frontier.head):
                raise ProofRejected(f"audit log: a checkpoint over {self.next} entries states another root")


def _verify_hashes(first: int, leaves: Sequence[bytes], bodies: Sequence[bytes | None]) -> None:
    """Verify that every body there is, is what was hashed."""
    hashed = tuple([leaf if body is None else leaf_hash(body) for leaf, body in zip(leaves, bodies, strict=True)])
    if hashed != leaves:
        wrong = next(at for at, (leaf, made) in enumerate(zip(leaves, hashed, strict=True), first) if leaf != made)
        raise ProofRejected(f"audit log: the body of entry {wrong} is not what was hashed")


def stored_pages(session: Session) -> Iterator[Sequence[Leaf]]:
    """Read entries in order, a page at a time: a log larger than memory is verified in bounded memory."""
    after = -1
    while page := _fetched(session, _LEAVES.where(col(AuditLeaf.leaf_index) > after)):
        yield page
        after = page[-1][0]


def _fetched(session: Session, query: Select[int, bytes, bytes | None, str | None, int | None]) -> Sequence[Leaf]:
    """Take rows from the driver as the tuples that they are: SQLAlchemy's own cost a million entries two seconds."""
    with session.connection().execute(query) as result:
        return cast("Sequence[Leaf]", result.cursor.fetchall())

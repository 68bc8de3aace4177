"""The audit log: entries appended in the business transaction, in commit order, under one locked head row.

First form of the sequencer: the head row's lock makes leaf order the commit order on SQLite and PostgreSQL alike;
group commit keeps it fast. Bodies are the exact bytes that were hashed.
"""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, insert, select, update
from sqlmodel import Session, col

from privacy.audit import SALT_BYTES, AuditEntry, AuditFields, entry_bytes, parse_entry
from privacy.checkpoint import sign_checkpoint
from privacy.instant import microseconds_of
from privacy.keys import Key
from privacy.merkle import edge_of, frontier_of
from privacy.store.bulk import insert_rows
from privacy.tables.audit import AuditBody, AuditCheckpoint, AuditHead, AuditLeaf
from privacy.terms import PrincipalId
from privacy.verifier import (
    Checkpoint,
    Frontier,
    ProofRejected,
    TreeHead,
    VerifierKey,
    leaf_hash,
    verify_checkpoint,
)

_ONLY_ROW: Final = 1
_PAGE: Final = 10_000
_HEAD: Final = select(col(AuditHead.size), col(AuditHead.frontier)).where(col(AuditHead.id) == _ONLY_ROW)
_LOCKED_HEAD: Final = _HEAD.with_for_update()
_MOVE_HEAD: Final = (
    update(AuditHead)
    .where(col(AuditHead.id) == _ONLY_ROW)
    .values(size=bindparam("to_size"), frontier=bindparam("to_frontier"))
)
_BEGINNING: Final = re.compile(rb'\{"action":"([a-z0-9_.:-]+)","actor":"[0-9a-f]{32}","at":(-?[0-9]+),')
_BODY_ALONE: Final = (
    select(col(AuditBody.leaf_index))
    .outerjoin(AuditLeaf, col(AuditLeaf.leaf_index) == col(AuditBody.leaf_index))
    .where(col(AuditLeaf.leaf_index).is_(None))
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a full recomputation found: the log's size, how many bodies were pruned, the checkpoints that hold."""

    size: int
    pruned: int
    checkpoints: int


def start_log(session: Session) -> None:
    """Create the head of a new log; does nothing if it is there."""
    if session.execute(select(AuditHead).where(col(AuditHead.id) == _ONLY_ROW)).first() is None:
        session.execute(insert(AuditHead), [{"id": _ONLY_ROW, "size": 0, "frontier": b""}])


def append_entry(session: Session, action: str, *, at: datetime, actor: PrincipalId, fields: AuditFields) -> int:
    """Append one entry in the caller's transaction; return its leaf index.

    Raises:
        AuditFieldRefused: a field has not its shape; then the caller's act must not happen either.

    """
    body = entry_bytes(action, at=at, actor=actor, fields=fields, salt=secrets.token_bytes(SALT_BYTES))
    leaf = leaf_hash(body)
    frontier = _frontier(session, lock=True)
    index = frontier.size
    insert_rows(session, AuditLeaf, [{"leaf_index": index, "leaf_hash": leaf}])
    insert_rows(session, AuditBody, [{"leaf_index": index, "at": at, "action": action, "body": body}])
    extended = frontier.extended([leaf])
    session.connection().execute(_MOVE_HEAD, {"to_size": extended.size, "to_frontier": edge_of(extended)})
    return index


def head_of_log(session: Session) -> TreeHead:
    """Return size and root of the log as its head row has them."""
    return _frontier(session, lock=False).head


def add_checkpoint(session: Session, origin: str, key: Key, *, at: datetime) -> str | None:
    """Sign the log's present head, unless it is signed already; return the note.

    Raises:
        ProofRejected: the log is shorter than what was signed before: two such notes would contradict each other.

    """
    head = _frontier(session, lock=True).head
    newest = session.execute(select(AuditCheckpoint).order_by(col(AuditCheckpoint.size).desc()).limit(1)).scalar()
    if newest is not None and newest.size > head.size:
        raise ProofRejected(f"audit log: a checkpoint over {newest.size} leaves is longer than the log")
    if head.size == 0 or (newest is not None and newest.size == head.size):
        return None if newest is None else newest.note
    note = sign_checkpoint(Checkpoint(origin, head), key)
    session.execute(insert(AuditCheckpoint), [{"size": head.size, "at": at, "note": note}])
    return note


def verify_log(session: Session, key: VerifierKey) -> Verdict:
    """Recompute the whole log from its bodies: leaves, order, head and every checkpoint on the way.

    Raises:
        ProofRejected: names the first leaf or checkpoint that does not hold.

    """
    notes = {row.size: row.note for row in session.execute(select(AuditCheckpoint)).scalars()}
    frontier, pruned = Frontier(), 0
    for index, leaf, body, action, at in _leaves(session):
        if index != frontier.size:
            raise ProofRejected(f"audit log: leaf {frontier.size} is missing")
        pruned += body is None
        if body is not None:
            _verify_body(index, leaf, body, (action, at))
        frontier = frontier.extended([leaf])
        if (note := notes.pop(frontier.size, None)) is not None:
            _verify_note(note, key, frontier.head)
    if frontier.head != head_of_log(session):
        raise ProofRejected("audit log: the head row does not match its leaves")
    if session.execute(_BODY_ALONE).first() is not None:
        raise ProofRejected("audit log: a body belongs to no leaf")
    if notes:
        raise ProofRejected(f"audit log: a checkpoint over {min(notes)} leaves is longer than the log")
    count = len(session.execute(select(col(AuditCheckpoint.size))).all())
    return Verdict(size=frontier.size, pruned=pruned, checkpoints=count)


def entries(
    session: Session, *, action: str | None = None, since: datetime | None = None, limit: int = 100
) -> list[tuple[int, AuditEntry]]:
    """Read entries, newest first, by action prefix and time."""
    query = select(AuditBody).order_by(col(AuditBody.leaf_index).desc()).limit(limit)
    if action:
        query = query.where(col(AuditBody.action).startswith(action, autoescape=True))
    if since is not None:
        query = query.where(col(AuditBody.at) >= since)
    return [(row.leaf_index, parse_entry(row.body)) for row in session.execute(query).scalars()]


def newest_checkpoint(session: Session) -> str | None:
    """Return the newest signed note."""
    query = select(col(AuditCheckpoint.note)).order_by(col(AuditCheckpoint.size).desc()).limit(1)
    return session.execute(query).scalar()


def _verify_note(note: str, key: VerifierKey, head: TreeHead) -> None:
    if verify_checkpoint(note, key).head != head:
        raise ProofRejected(f"audit log: the checkpoint over {head.size} leaves states another root")


def _verify_body(index: int, leaf: bytes, body: bytes, filed: tuple[str | None, datetime | None]) -> None:
    """Verify that a body is what was hashed, and that it stands under its own action and instant.

    Under others it would not be found. The canonical bytes begin with both; parsing a whole entry would cost ten
    times what hashing it does.
    """
    if leaf_hash(body) != leaf:
        raise ProofRejected(f"audit log: the body of leaf {index} is not what was hashed")
    told, (action, at) = _BEGINNING.match(body), filed
    if told is None or at is None or (told[1].decode(), int(told[2])) != (action, microseconds_of(at)):
        raise ProofRejected(f"audit log: leaf {index} is filed under another action or instant")


def _leaves(session: Session) -> Iterator[tuple[int, bytes, bytes | None, str | None, datetime | None]]:
    """Read leaves in order, a page at a time: a log larger than memory is verified in bounded memory."""
    after = -1
    while True:
        page = session.execute(
            select(
                col(AuditLeaf.leaf_index),
                col(AuditLeaf.leaf_hash),
                *(col(AuditBody.body), col(AuditBody.action), col(AuditBody.at)),
            )
            .outerjoin(AuditBody, col(AuditBody.leaf_index) == col(AuditLeaf.leaf_index))
            .where(col(AuditLeaf.leaf_index) > after)
            .order_by(col(AuditLeaf.leaf_index))
            .limit(_PAGE)
        ).all()
        if not page:
            return
        yield from (tuple(row) for row in page)
        after = page[-1][0]


def _frontier(session: Session, *, lock: bool) -> Frontier:
    size, edge = session.connection().execute(_LOCKED_HEAD if lock else _HEAD).one()
    return frontier_of(size, edge)

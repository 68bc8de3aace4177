"""The audit log: entries appended in the business transaction, in commit order, under one locked head row.

The head row's lock makes leaf order the commit order on SQLite and PostgreSQL alike, so that whatever is committed has
its place in the tree; group commit keeps it fast. Bodies are the exact bytes that were hashed.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final

from sqlalchemy import Dialect, Select, event, insert, select
from sqlalchemy.orm import SessionTransaction
from sqlmodel import Session, col

from privacy.audit import SALT_BYTES, AuditEntry, AuditFields, entry_bytes, parse_entry
from privacy.checkpoint import origin_of, sign_checkpoint
from privacy.errors import PrivacyError
from privacy.keys import Key
from privacy.merkle import edge_of, frontier_of, grown
from privacy.store.audit_node import add_nodes
from privacy.store.bulk import insert_rows
from privacy.tables.audit import AuditBody, AuditCheckpoint, AuditHead, AuditLeaf
from privacy.terms import PrincipalId
from privacy.verifier import Checkpoint, Frontier, ProofRejected, TreeHead, leaf_hash

_ONLY_ROW: Final = 1
_HEAD: Final = select(col(AuditHead.log), col(AuditHead.start), col(AuditHead.size), col(AuditHead.frontier)).where(
    col(AuditHead.id) == _ONLY_ROW
)
_LOCKED_HEAD: Final = _HEAD.with_for_update()
_MOVE_HEAD: Final = f"UPDATE audit_head SET size = {{0}}, frontier = {{0}} WHERE id = {_ONLY_ROW}"  # noqa: S608 - a constant
_REMEMBERED: Final = "audit_head"


class EntryNotFound(PrivacyError):
    """The log has no entry of that number, or only its leaf hash is left."""

    def __init__(self, number: int) -> None:
        super().__init__(f"the log has no entry {number}, or its body was pruned; see `varde audit log`")
        self.number = number


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry to append."""

    action: str
    at: datetime
    actor: PrincipalId
    fields: AuditFields


@dataclass(frozen=True, slots=True)
class LogHead:
    """The end of the log that is written: its number, the entry number of its first leaf, its tree's right edge."""

    log: int
    start: int
    frontier: Frontier

    @property
    def end(self) -> int:
        """The number that the next entry gets."""
        return self.start + self.frontier.size


def start_log(session: Session) -> None:
    """Create the head of a new log; does nothing if it is there."""
    if session.execute(select(AuditHead).where(col(AuditHead.id) == _ONLY_ROW)).first() is None:
        session.execute(insert(AuditHead), [{"id": _ONLY_ROW, "size": 0, "frontier": b""}])


def append_entry(session: Session, action: str, *, at: datetime, actor: PrincipalId, fields: AuditFields) -> int:
    """Append one entry in the caller's transaction; return its number.

    Raises:
        AuditFieldRefused: a field has not its shape; then the caller's act must not happen either.

    """
    return append_entries(session, [NewEntry(action=action, at=at, actor=actor, fields=fields)]).start


def append_entries(session: Session, new: Sequence[NewEntry]) -> range:
    """Append entries in the caller's transaction, all with a handful of statements; return their numbers.

    Raises:
        AuditFieldRefused: a field has not its shape; nothing was appended.

    """
    bodies = [
        entry_bytes(each.action, at=each.at, actor=each.actor, fields=each.fields, salt=secrets.token_bytes(SALT_BYTES))
        for each in new
    ]
    leaves = [leaf_hash(body) for body in bodies]
    head = _remembered_head(session) or locked_log_head(session)
    numbers = range(head.end, head.end + len(new))
    extended, nodes = grown(head.frontier, leaves)
    placed = list(zip(numbers, new, leaves, bodies, strict=True))
    insert_rows(session, AuditLeaf, [{"leaf_index": at, "leaf_hash": leaf} for at, _, leaf, _ in placed])
    insert_rows(
        session,
        AuditBody,
        [{"leaf_index": at, "at": each.at, "action": each.action, "body": body} for at, each, _, body in placed],
    )
    add_nodes(session, head.log, nodes)
    _move_head(session, replace(head, frontier=extended))
    return numbers


def log_head(session: Session) -> LogHead:
    """Return the end of the log that is written."""
    return _head_by(session, _HEAD)


def locked_log_head(session: Session) -> LogHead:
    """Return the end of the log and keep every other writer of it waiting until this transaction ends."""
    return _head_by(session, _LOCKED_HEAD)


def head_of_log(session: Session) -> TreeHead:
    """Return size and root of the log's tree as its head row has them."""
    return log_head(session).frontier.head


def add_checkpoint(session: Session, base: str, key: Key, *, at: datetime) -> str | None:
    """Sign the log's present head, unless it is signed already; return the note.

    `base` is the origin of the hub's first log. The lock on the head makes two servers that sign at once take turns:
    there is one note a size.

    Raises:
        ProofRejected: the log is shorter than what was signed before: two such notes would contradict each other.

    """
    head = locked_log_head(session)
    newest = session.execute(select(AuditCheckpoint).order_by(col(AuditCheckpoint.size).desc()).limit(1)).scalar()
    if newest is not None and newest.size > head.end:
        raise ProofRejected(f"audit log: a checkpoint over {newest.size} entries is longer than the log")
    if head.frontier.size == 0 or (newest is not None and newest.size == head.end):
        return None if newest is None else newest.note
    note = sign_checkpoint(Checkpoint(origin_of(base, head.log), head.frontier.head), key)
    session.execute(insert(AuditCheckpoint), [{"size": head.end, "at": at, "note": note}])
    return note


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


def forget_head(session: Session) -> None:
    """Read the head again at the next entry: it was moved by another statement than an entry's."""
    session.info.pop(_REMEMBERED, None)


def _head_by(session: Session, query: Select[int, int, int, bytes]) -> LogHead:
    connection = session.connection()
    log, start, size, edge = connection.exec_driver_sql(_text_of(query, connection.dialect)).one()
    return LogHead(log, start, frontier_of(size, edge))


def _remembered_head(session: Session) -> LogHead | None:
    """Return the head that this transaction locked and moved before, so that a group of acts reads it once."""
    return session.info.get(_REMEMBERED)


def _move_head(session: Session, head: LogHead) -> None:
    """Write the head and remember it until this transaction ends, or until any part of it is rolled back.

    A savepoint that is rolled back takes the entries of its act along, and on PostgreSQL the lock that it took.
    """
    connection = session.connection()
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    connection.exec_driver_sql(_MOVE_HEAD.format(mark), (head.frontier.size, edge_of(head.frontier)))
    if _REMEMBERED not in session.info:
        event.listen(session, "after_soft_rollback", _forget_after)
    session.info[_REMEMBERED] = head


def _forget_after(session: Session, _rolled_back: SessionTransaction) -> None:
    forget_head(session)


@lru_cache(maxsize=8)
def _text_of(query: Select[int, int, int, bytes], dialect: Dialect) -> str:
    """Compile once a dialect: for a single row that costs more than the database does."""
    return str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))

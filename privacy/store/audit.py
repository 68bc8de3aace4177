"""The audit log: every entry is a row of its act's transaction; under one locked head row it gets its place.

Two ways in (ADR 0031):
- `append_entries` places entries in the caller's transaction, under the lock on the head row: reads in bulk, reveals,
  erasures, policy, roles and keys are in the tree once they are committed;
- `note_entries` lets entries of `MAY_WAIT` arrive (PostgreSQL): committed with their act, placed by the next who holds
  the head: a sequencer (`sequence_entries`), a signature, or an act of the first kind. On SQLite it places at once.
Who places takes what waits first, so entries of one caller keep their order. Bodies are the exact bytes that were
hashed.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Select, event, insert, select
from sqlalchemy.orm import SessionTransaction
from sqlmodel import Session, col

from privacy.audit import MAY_WAIT, SALT_BYTES, AuditEntry, AuditFieldRefused, AuditFields, entry_bytes, parse_entry
from privacy.errors import PrivacyError
from privacy.merkle import edge_of, frontier_of, grown
from privacy.store.audit_arrival import Arrival, Written, add_arrivals, arrivals, count_arrivals, move_arrivals
from privacy.store.audit_group import keep, keep_no_more, kept_in
from privacy.store.audit_node import add_nodes
from privacy.store.bulk import insert_rows, select_rows
from privacy.tables.audit import AuditBody, AuditHead, AuditLeaf
from privacy.terms import PrincipalId
from privacy.verifier import Frontier, TreeHead, leaf_hash

_ONLY_ROW: Final = 1
_HEAD: Final = select(col(AuditHead.log), col(AuditHead.start), col(AuditHead.size), col(AuditHead.frontier)).where(
    col(AuditHead.id) == _ONLY_ROW
)
_LOCKED_HEAD: Final = _HEAD.with_for_update()
_MOVE_HEAD: Final = f"UPDATE audit_head SET size = {{0}}, frontier = {{0}} WHERE id = {_ONLY_ROW}"  # noqa: S608 - a constant
_REMEMBERED: Final = "audit_head"
_ARRIVED: Final = "audit_arrived"
SEQUENCED_AT_ONCE: Final = 2_000
"""A tenth of a second under the lock of the head, which reads in bulk wait for."""


class LogHeadMissing(PrivacyError):
    """The log has no head row: the database was damaged by hand or never set up; nothing can be written."""

    def __init__(self) -> None:
        super().__init__(
            "the audit log has no head row, so nothing can be recorded or released: restore the control database, "
            "see docs/guides/audit.md"
        )


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
        LogHeadMissing: the log has no head row; nothing was appended.

    """
    written = [_written(each) for each in new]
    write_kept(session)  # what this transaction noted before comes first
    return _append(session, written)


def note_entries(session: Session, new: Sequence[NewEntry]) -> None:
    """Write entries in the caller's transaction whose place in the tree may be given after its commit.

    In a group (`together`) they are written at its end.

    Raises:
        AuditFieldRefused: a field has not its shape, or the action is not one that may wait; nothing was written.

    """
    if any(each.action not in MAY_WAIT for each in new):
        raise AuditFieldRefused("action", "one of those that may wait for their place")
    written = [_written(each) for each in new]
    kept = kept_in(session)
    if kept is None:
        _write(session, written)
    else:
        kept.entries += written


def sequence_entries(session: Session, *, reached: Callable[[str], None] = lambda _step: None) -> int:
    """Place the first entries that wait, in the caller's transaction; return how many, 0 if none waits.

    The lock on the head row lets one at a time do so, in whichever process; it goes with its holder.
    """
    head = locked_log_head(session)
    reached("audit_head_locked")
    if some := arrivals(session, limit=SEQUENCED_AT_ONCE):
        _place(session, head, some)
        reached("audit_placed")
    return len(some)


@contextmanager
def together(session: Session) -> Iterator[None]:
    """Write the entries that a group of acts notes with one statement, at the end of the block.

    An act whose savepoint is rolled back takes its entries along. A block that fails writes none: neither may its
    transaction be committed then.
    """
    keep(session)
    yield
    write_kept(session)
    keep_no_more(session)


def write_kept(session: Session) -> None:
    """Write what a group has noted so far."""
    kept = kept_in(session)
    if kept is not None and kept.entries:
        written, kept.entries = kept.entries, []
        _write(session, written)


def known_end(session: Session) -> int:
    """Return how many entries this database has: those in the log and those that wait for their place."""
    return log_head(session).end + count_arrivals(session)


def log_head(session: Session) -> LogHead:
    """Return the end of the log that is written."""
    return _head_by(session, _HEAD)


def locked_log_head(session: Session) -> LogHead:
    """Return the end of the log and keep everybody else who places entries waiting until this transaction ends."""
    return _head_by(session, _LOCKED_HEAD)


def complete_log_head(session: Session) -> LogHead:
    """Lock the log, place whatever waits, and return its end."""
    head = locked_log_head(session)
    while some := arrivals(session, limit=SEQUENCED_AT_ONCE):
        head = _place(session, head, some)
    return head


def head_of_log(session: Session) -> TreeHead:
    """Return size and root of the log's tree as its head row has them."""
    return log_head(session).frontier.head


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


def remember_head(session: Session, head: LogHead) -> None:
    """Go on from this head at the next entry: the caller holds its lock and has just written it.

    It is forgotten when this transaction ends, or any part of it is rolled back: a savepoint takes the entries of its
    act along, and on PostgreSQL the lock that it took.
    """
    if _REMEMBERED not in session.info:
        event.listen(session, "after_soft_rollback", _forget_after)
    session.info[_REMEMBERED] = head


def _written(new: NewEntry) -> Written:
    salt = secrets.token_bytes(SALT_BYTES)
    body = entry_bytes(new.action, at=new.at, actor=new.actor, fields=new.fields, salt=salt)
    return Written(new.action, new.at, leaf_hash(body), body)


def _write(session: Session, written: Sequence[Written]) -> None:
    if session.connection().dialect.name == "sqlite":  # one writer at a time: nobody waits for the head
        _append(session, written)
        return
    add_arrivals(session, written)
    session.info[_ARRIVED] = True


def _append(session: Session, written: Sequence[Written]) -> range:
    head = _head_to_append_to(session)
    numbers = range(head.end, head.end + len(written))
    extended, nodes = grown(head.frontier, [each.leaf for each in written])
    placed = list(zip(numbers, written, strict=True))
    insert_rows(session, AuditLeaf, [{"leaf_index": at, "leaf_hash": each.leaf} for at, each in placed])
    insert_rows(
        session,
        AuditBody,
        [{"leaf_index": at, "at": each.at, "action": each.action, "body": each.body} for at, each in placed],
    )
    add_nodes(session, head.log, nodes)
    _move_head(session, replace(head, frontier=extended))
    return numbers


def _head_to_append_to(session: Session) -> LogHead:
    """Return the end of the complete log; a group of acts that locked and moved it before reads it once."""
    remembered: LogHead | None = session.info.get(_REMEMBERED)
    if remembered is None or session.info.pop(_ARRIVED, None):
        return complete_log_head(session)
    return remembered


def _place(session: Session, head: LogHead, some: Sequence[Arrival]) -> LogHead:
    """Give entries that wait their places at the end of the locked log."""
    extended, nodes = grown(head.frontier, [each.leaf for each in some])
    move_arrivals(session, some, first=head.end)
    add_nodes(session, head.log, nodes)
    return _move_head(session, replace(head, frontier=extended))


def _head_by(session: Session, query: Select[int, int, int, bytes]) -> LogHead:
    found = select_rows(session, query)
    if not found:
        raise LogHeadMissing
    ((log, start, size, edge),) = found
    return LogHead(log, start, frontier_of(size, edge))


def _move_head(session: Session, head: LogHead) -> LogHead:
    connection = session.connection()
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    connection.exec_driver_sql(_MOVE_HEAD.format(mark), (head.frontier.size, edge_of(head.frontier)))
    remember_head(session, head)
    return head


def _forget_after(session: Session, _rolled_back: SessionTransaction) -> None:
    session.info.pop(_REMEMBERED, None)

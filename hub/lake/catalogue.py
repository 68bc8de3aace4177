"""The catalogue's store: the only module that touches the lake's tables.

Rules kept here:
- no function commits: the caller's unit of work does, so files change together with batches, erasures and audit;
- a file is removed by compare-and-set on its state and `removed_by IS NULL`: of two writers exactly one wins;
- every removal takes the next number of `lake_head` and holds that row until commit, every snapshot reads the number
  under a share lock first: whatever is removed after a snapshot has a higher number, on PostgreSQL too;
- time is an argument, and the caller takes it from `database_time`.
"""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import CursorResult, Executable, Row, Table, delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from hub.lake.errors import CatalogueConflict, IntentExpired, SnapshotExpired
from hub.lake.tables import LakeFileRow, LakeHeadRow, LakeIntentRow, LakeLeaseRow
from hub.lake.terms import Act, CatalogueFile, FileState, Intent, Lease, Snapshot, StagedFile
from privacy.instant import instant_of
from privacy.terms import BatchId, FileId, KeyId, random_id

LEASE_LASTS: Final = timedelta(minutes=10)
LEASE_LASTS_AT_MOST: Final = timedelta(hours=1)
INTENT_LASTS: Final = timedelta(hours=6)
"""Far longer than any one append or rewrite takes: an expired intent belongs to a process that is gone."""

_FILE: Final = cast("Table", LakeFileRow.__table__)  # type: ignore[attr-defined] # SQLModel does not declare it
_HEAD: Final = cast("Table", LakeHeadRow.__table__)  # type: ignore[attr-defined] # SQLModel does not declare it
_LEASE: Final = cast("Table", LakeLeaseRow.__table__)  # type: ignore[attr-defined] # SQLModel does not declare it
_INTENT: Final = cast("Table", LakeIntentRow.__table__)  # type: ignore[attr-defined] # SQLModel does not declare it
_COLUMNS: Final = {"table": "table_name"}  # fields whose column has another name
_ADVANCE: Final = text(
    "INSERT INTO lake_head (id, seq) VALUES (1, :step) "
    "ON CONFLICT (id) DO UPDATE SET seq = lake_head.seq + :step RETURNING seq"
)
_CLOCKS: Final = {
    "sqlite": text("SELECT CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"),
    "postgresql": text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"),
}


def database_time(session: Session) -> datetime:
    """Read the database's clock, the one clock that all processes of a home share (SQLite: to the millisecond)."""
    return instant_of(int(session.execute(_CLOCKS[session.get_bind().dialect.name]).scalar_one()))


# Intents ------------------------------------------------------------------------------------------------------------


def intend(session: Session, intents: Sequence[Intent], *, at: datetime) -> None:
    """Record which files are about to be written; must be committed before the first byte."""
    rows = [
        {
            "file_id": intent.file_id,
            "intent_id": intent.intent_id,
            "kind": intent.act.value,
            "table_name": intent.table,
            "key_id": intent.key_id,
            "state": "open",
            "expires_at": at + INTENT_LASTS,
            "instance_id": intent.instance_id,
        }
        for intent in intents
    ]
    session.execute(insert(_INTENT), rows)


def claim_expired(session: Session, *, instance_id: bytes, at: datetime) -> list[Intent]:
    """Take this instance's expired intents away from their writers, and return them with those claimed before."""
    mine = _INTENT.c.instance_id == instance_id
    session.execute(update(_INTENT).where(mine, _INTENT.c.expires_at <= at).values(state="sweeping"))
    return [_intent_of(row) for row in session.execute(select(_INTENT).where(mine, _INTENT.c.state == "sweeping"))]


def open_intents(session: Session, *, expired_at: datetime | None = None) -> list[Intent]:
    """List intents; with `expired_at` only those that had expired by then."""
    wanted = select(_INTENT)
    if expired_at is not None:
        wanted = wanted.where(_INTENT.c.expires_at <= expired_at)
    return [_intent_of(row) for row in session.execute(wanted)]


def end_intents(session: Session, file_ids: Collection[FileId]) -> int:
    """Forget intents whose files were staged or removed; return how many there were."""
    return _count(session, delete(_INTENT).where(_INTENT.c.file_id.in_(file_ids)))


# Files --------------------------------------------------------------------------------------------------------------


def stage(session: Session, files: Sequence[StagedFile], *, batch_id: BatchId, at: datetime) -> None:
    """Enter a batch's durable files, still invisible to every reader.

    Raises:
        IntentExpired: a sweep has taken one of the files: append again.

    """
    _enter(session, files, state=FileState.STAGED, added_by=batch_id, at=at)


def publish(session: Session, batch_id: BatchId) -> int:
    """Make all staged files of a batch visible: one UPDATE, however many rows they hold; return how many files.

    The head row is locked first: on PostgreSQL an erasure that is just replacing a staged file would otherwise commit
    its replacement unseen by the UPDATE, and the batch would lose that file.
    """
    session.execute(_ADVANCE, {"step": 0})
    staged = (_FILE.c.added_by == batch_id) & (_FILE.c.state == FileState.STAGED.value)
    return _count(session, update(_FILE).where(staged).values(state=FileState.LIVE.value))


def abort(session: Session, batch_id: BatchId, *, operation_id: bytes, at: datetime) -> int:
    """Remove the staged files of a batch that will never be published; the purge does the rest."""
    staged = (_FILE.c.added_by == batch_id) & (_FILE.c.state == FileState.STAGED.value)
    return _count(session, update(_FILE).where(staged).values(_removal(session, operation_id, at)))


def replace(
    session: Session,
    sources: Sequence[CatalogueFile],
    files: Sequence[StagedFile],
    *,
    operation_id: bytes,
    at: datetime,
) -> None:
    """Put `files` in the place of `sources` (all of one table and state), or do nothing.

    Replacements of staged files stay staged under the same batch, so that publishing or aborting it finds them.

    Raises:
        CatalogueConflict: a source is no longer what the caller read; the caller's transaction must roll back.
        IntentExpired: a sweep has taken one of the new files.

    """
    state, added_by = sources[0].state, sources[0].added_by
    removed = update(_FILE).where(
        _FILE.c.file_id.in_([source.file_id for source in sources]),
        _FILE.c.removed_by.is_(None),
        _FILE.c.state == state.value,
    )
    if _count(session, removed.values(_removal(session, operation_id, at))) != len(sources):
        raise CatalogueConflict(sources[0].table)
    if files:
        by = added_by if state is FileState.STAGED else operation_id
        _enter(session, files, state=state, added_by=by, at=at)


def files_of(session: Session, *, table: str | None = None, states: Collection[FileState]) -> list[CatalogueFile]:
    """List files in any of the states, of one table or of all."""
    wanted = select(_FILE).where(_FILE.c.state.in_([state.value for state in states])).order_by(_FILE.c.file_id)
    if table is not None:
        wanted = wanted.where(_FILE.c.table_name == table)
    return [_file_of(row) for row in session.execute(wanted)]


def purgeable(session: Session, *, at: datetime, limit: int) -> list[CatalogueFile]:
    """List removed files that no reader with a running lease can still be reading."""
    held = select(_LEASE.c.lease_id).where(_LEASE.c.until > at, _LEASE.c.snapshot_seq < _FILE.c.removed_seq)
    removed = select(_FILE).where(_FILE.c.state == FileState.REMOVED.value, ~held.exists())
    return [_file_of(row) for row in session.execute(removed.order_by(_FILE.c.removed_seq).limit(limit))]


def record_purged(session: Session, file_ids: Collection[FileId]) -> int:
    """Note that key and file are gone; return how many were still open."""
    removed = (_FILE.c.file_id.in_(file_ids)) & (_FILE.c.state == FileState.REMOVED.value)
    return _count(session, update(_FILE).where(removed).values(state=FileState.PURGED.value))


def declare_lost(session: Session, file_id: FileId, *, operation_id: bytes, at: datetime) -> bool:
    """Take a live file that fsck found missing or unreadable out of all reads; a person's act, to be audited."""
    live = (_FILE.c.file_id == file_id) & (_FILE.c.state == FileState.LIVE.value)
    lost = _removal(session, operation_id, at) | {"state": FileState.LOST.value}
    return _count(session, update(_FILE).where(live).values(lost)) == 1


def give_up(session: Session, file_ids: Collection[FileId], *, operation_id: bytes, at: datetime) -> int:
    """Remove lost files for good, so that the purge destroys their keys: a copy in a backup never opens again."""
    lost = (_FILE.c.file_id.in_(file_ids)) & (_FILE.c.state == FileState.LOST.value)
    return _count(session, update(_FILE).where(lost).values(_removal(session, operation_id, at)))


def head(session: Session) -> int:
    """Return the number of the latest removal."""
    return session.execute(select(_HEAD.c.seq).where(_HEAD.c.id == 1)).scalar_one_or_none() or 0


def awaiting_purge(session: Session, *, up_to: int) -> int:
    """Count the files removed up to that number whose keys still exist."""
    open_ = (_FILE.c.state == FileState.REMOVED.value) & (_FILE.c.removed_seq <= up_to)
    return session.execute(select(func.count()).select_from(_FILE).where(open_)).scalar_one()


# Leases -------------------------------------------------------------------------------------------------------------


def open_snapshot(session: Session, *, at: datetime) -> Snapshot:
    """Pin the live files of this moment under a new lease; commit at once, the lease counts from the commit."""
    locked = select(_HEAD.c.seq).where(_HEAD.c.id == 1).with_for_update(read=True)
    seq = session.execute(locked).scalar_one_or_none()
    if seq is None:  # a new home: nothing was ever removed, but a row must be there to lock
        seq = session.execute(_ADVANCE, {"step": 0}).scalar_one()
    lease = Lease(lease_id=random_id(), opened_at=at, until=at + LEASE_LASTS, snapshot_seq=seq)
    session.execute(
        insert(_LEASE).values(lease_id=lease.lease_id, opened_at=at, until=lease.until, snapshot_seq=lease.snapshot_seq)
    )
    return Snapshot(lease=lease, files=tuple(files_of(session, states=[FileState.LIVE])))


def renew(session: Session, lease_id: bytes, *, at: datetime) -> datetime:
    """Prolong a running lease, never past one hour from its opening; return the new end.

    Raises:
        SnapshotExpired: it has ended already.

    """
    verify_lease(session, lease_id, at=at)
    opened_at = session.execute(select(_LEASE.c.opened_at).where(_LEASE.c.lease_id == lease_id)).scalar_one()
    until = min(at + LEASE_LASTS, opened_at + LEASE_LASTS_AT_MOST)
    running = (_LEASE.c.lease_id == lease_id) & (_LEASE.c.until > at)
    if _count(session, update(_LEASE).where(running).values(until=until)) != 1:
        raise SnapshotExpired(lease_id)
    return cast("datetime", until)


def verify_lease(session: Session, lease_id: bytes, *, at: datetime) -> None:
    """Raise `SnapshotExpired` unless the lease still runs."""
    running = select(_LEASE.c.lease_id).where(_LEASE.c.lease_id == lease_id, _LEASE.c.until > at)
    if session.execute(running).first() is None:
        raise SnapshotExpired(lease_id)


def end_lease(session: Session, lease_id: bytes) -> None:
    """Let go of a snapshot."""
    session.execute(delete(_LEASE).where(_LEASE.c.lease_id == lease_id))


def end_expired_leases(session: Session, *, at: datetime) -> int:
    """Drop leases that have run out; return how many."""
    return _count(session, delete(_LEASE).where(_LEASE.c.until <= at))


# Rows ---------------------------------------------------------------------------------------------------------------


def _enter(session: Session, files: Sequence[StagedFile], *, state: FileState, added_by: bytes, at: datetime) -> None:
    """Insert rows for files whose intents still stand, and end the intents in the same transaction."""
    if not files:
        return
    mine = (_INTENT.c.file_id.in_([file.file_id for file in files])) & (_INTENT.c.state == "open")
    found = _count(session, delete(_INTENT).where(mine))
    if found != len(files):
        raise IntentExpired(len(files), found)
    common = {"state": state.value, "added_by": added_by, "added_at": at}
    session.execute(insert(_FILE), [_row_of(file) | common for file in files])


def _removal(session: Session, operation_id: bytes, at: datetime) -> dict[str, Any]:
    """Return the columns of a removal, under the next number."""
    seq = session.execute(_ADVANCE, {"step": 1}).scalar_one()
    return {
        "state": FileState.REMOVED.value,
        "removed_by": operation_id,
        "removed_at": at,
        "removed_seq": seq,
    }


def _count(session: Session, statement: Executable) -> int:
    """Execute and return how many rows were touched."""
    return cast("CursorResult[Any]", session.execute(statement)).rowcount


def _row_of(file: StagedFile) -> dict[str, Any]:
    """Return a file's columns."""
    return {_COLUMNS.get(field.name, field.name): getattr(file, field.name) for field in fields(StagedFile)}


def _file_of(row: Row[Any]) -> CatalogueFile:
    """Return a row as a value."""
    values = {
        field.name: row._mapping[_COLUMNS.get(field.name, field.name)]  # noqa: SLF001 - SQLAlchemy's documented name
        for field in fields(CatalogueFile)
    }
    return CatalogueFile(**values | {"state": FileState(row.state)})


def _intent_of(row: Row[Any]) -> Intent:
    """Return a row as a value."""
    return Intent(
        intent_id=bytes(row.intent_id),
        file_id=FileId(bytes(row.file_id)),
        table=row.table_name,
        key_id=KeyId(bytes(row.key_id)),
        act=Act(row.kind),
        instance_id=bytes(row.instance_id),
    )

"""The epoch: one locked counter that orders every act which can change who may be read.

Whoever takes its lock takes it before the others that acts share: heads, tombstones, batches, credentials, the heads of
the catalogue and of the audit log (`lock_epoch`, where the act itself comes later). Two who took two of them crosswise
would be a deadlock on PostgreSQL, which ends one of the two.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from sqlalchemy import bindparam, func, insert, select, update
from sqlmodel import Session, col

from privacy.store.bulk import insert_rows, select_rows
from privacy.tables.epoch import Change, Epoch

_ONLY_ROW: Final = 1
_PRESENT: Final = select(col(Epoch.value)).where(col(Epoch.id) == _ONLY_ROW)
_LOCKED: Final = _PRESENT.with_for_update()
_NEXT: Final = (
    update(Epoch)
    .where(col(Epoch.id) == _ONLY_ROW)
    .values(value=col(Epoch.value) + bindparam("acts"))
    .returning(col(Epoch.value))
)


def start_epoch(session: Session) -> None:
    """Create the counter of a new hub; does nothing if it is there."""
    if session.execute(select(Epoch).where(col(Epoch.id) == _ONLY_ROW)).first() is None:
        session.execute(insert(Epoch), [{"id": _ONLY_ROW, "value": 1}])


def current_epoch(session: Session) -> int:
    """Read the epoch inside the caller's transaction: an answer is valid for this epoch only."""
    ((epoch,),) = select_rows(session, _PRESENT)
    return int(epoch)


def lock_epoch(session: Session) -> int:
    """Take the counter's row lock and read it: no act can commit between this and the caller's commit."""
    ((epoch,),) = select_rows(session, _LOCKED)
    return int(epoch)


def bump_epoch(session: Session, records: Iterable[bytes], *, kind: str) -> int:
    """Start a new epoch and note which records it touches; return it.

    The UPDATE locks the row until commit, so epochs commit in order on PostgreSQL too.
    """
    return bump_epochs(session, [tuple(records)], kind=kind).start


def bump_epochs(session: Session, touched: Sequence[Collection[bytes]], *, kind: str) -> range:
    """Start an epoch an act, all with two statements, and note which records each touches; return them in order."""
    last = _next(session, len(touched))
    epochs = range(last - len(touched) + 1, last + 1)
    insert_rows(
        session,
        Change,
        [
            {"epoch": epoch, "record_id": bytes(record), "kind": kind}
            for epoch, records in zip(epochs, touched, strict=True)
            for record in records
        ],
    )
    return epochs


def bump_epoch_for_all(session: Session, *, kind: str) -> int:
    """Start a new epoch that touches everybody: policy, view state, a batch made visible, a restore."""
    epoch = _next(session, 1)
    insert_rows(session, Change, [{"epoch": epoch, "record_id": None, "kind": kind}])
    return epoch


def advance_epoch(session: Session, beyond: int) -> None:
    """Go on after an epoch that a database which was restored does not know: no number is used twice."""
    behind = update(Epoch).where(col(Epoch.id) == _ONLY_ROW, col(Epoch.value) < beyond)
    session.execute(behind.values(value=beyond))


def records_changed_since(session: Session, epoch: int) -> set[bytes] | None:
    """Return the records touched after `epoch`, or None if everybody was."""
    found = session.execute(select(col(Change.record_id)).where(col(Change.epoch) > epoch).distinct()).scalars().all()
    return None if None in found else {bytes(record) for record in found if record is not None}


def count_changes(session: Session) -> int:
    """Count the rows of the change log."""
    return int(session.execute(select(func.count()).select_from(Change)).scalar_one())


def _next(session: Session, acts: int) -> int:
    ((epoch,),) = select_rows(session, _NEXT, acts=acts)
    return int(epoch)

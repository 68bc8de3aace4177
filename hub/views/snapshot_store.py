"""Which snapshots of views there are; the newest of a view is the one that serves."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlmodel import Session, col

from hub.views.tables import ViewSnapshot
from privacy.store.frozen import frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A view's rows at `as_of` as they were made at one epoch; they must not be used after `expires_at`."""

    snapshot_id: bytes
    view: str
    version: int
    spec_hash: bytes
    as_of: datetime
    made_at: datetime
    expires_at: datetime
    epoch: int
    rows: int


def add_snapshot(session: Session, snapshot: Snapshot) -> None:
    """Enter a snapshot in the transaction that makes its rows visible."""
    row = {
        "snapshot_id": snapshot.snapshot_id,
        "view": snapshot.view,
        "version": snapshot.version,
        "spec_hash": snapshot.spec_hash,
        "as_of": snapshot.as_of,
        "made_at": snapshot.made_at,
        "expires_at": snapshot.expires_at,
        "epoch": snapshot.epoch,
        "rows": snapshot.rows,
    }
    session.execute(insert(ViewSnapshot), [row])


def newest_snapshot(session: Session, view: str) -> Snapshot | None:
    """Return the snapshot of a view that was made last."""
    query = select(ViewSnapshot).where(col(ViewSnapshot.view) == view)
    query = query.order_by(col(ViewSnapshot.epoch).desc(), col(ViewSnapshot.made_at).desc()).limit(1)
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else frozen(Snapshot, row)


def serving_snapshots(session: Session, *, at: datetime) -> list[Snapshot]:
    """Return the newest snapshot of each view, of those that have not expired; in the order of their making."""
    newest = select(func.max(col(ViewSnapshot.epoch))).group_by(col(ViewSnapshot.view))
    serves = col(ViewSnapshot.epoch).in_(newest) & (col(ViewSnapshot.expires_at) > at)
    query = select(ViewSnapshot).where(serves).order_by(col(ViewSnapshot.epoch))
    return [frozen(Snapshot, row) for row in session.execute(query).scalars()]


def spent_snapshots(session: Session, *, at: datetime) -> list[bytes]:
    """Return the ids of the snapshots that serve no more: those that have expired, and all but the newest of a view."""
    newest = select(func.max(col(ViewSnapshot.epoch))).group_by(col(ViewSnapshot.view))
    spent = col(ViewSnapshot.epoch).not_in(newest) | (col(ViewSnapshot.expires_at) <= at)
    return [bytes(each) for each in session.execute(select(col(ViewSnapshot.snapshot_id)).where(spent)).scalars()]

"""When deliveries became visible: the instant at which what they hold was accepted."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from ingest.store.batch import BatchState
from ingest.tables.batch import Batch


def visible_since(session: Session, batches: Sequence[bytes]) -> dict[bytes, datetime]:
    """Return of each batch among some ids when it became visible; an id of something else is absent."""
    query = select(col(Batch.batch_id), col(Batch.visible_at)).where(col(Batch.batch_id).in_(batches))
    return {bytes(batch): at for batch, at in session.execute(query).all() if at is not None}


def settling_since(session: Session) -> datetime | None:
    """Say since when the oldest batch is visible and not settled yet: whoever is new in it is held back from reads.

    None: every batch is settled.
    """
    query = select(func.min(col(Batch.visible_at))).where(col(Batch.state) == BatchState.VISIBLE.value)
    since: datetime | None = session.execute(query).scalar_one()
    return since

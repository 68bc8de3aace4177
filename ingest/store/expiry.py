"""Sealed rows with an end: which are over, and their deletion."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from ingest.tables.batch import QuarantineRow
from ingest.tables.record import HeldText


def expired_keys(session: Session, *, at: datetime) -> set[bytes]:
    """Return the ids of the keys that seal nothing but what is over."""
    keys = set(session.execute(select(col(HeldText.key_id)).where(col(HeldText.expires_at) <= at)).scalars())
    over = select(col(QuarantineRow.key_id)).where(col(QuarantineRow.expires_at) <= at)
    running = select(col(QuarantineRow.key_id)).where(col(QuarantineRow.expires_at) > at)
    return keys | (set(session.execute(over).scalars()) - set(session.execute(running).scalars()))


def delete_expired(session: Session, *, at: datetime) -> int:
    """Delete what is over; return how many rows."""
    deleted = 0
    for table in (HeldText, QuarantineRow):
        result = session.execute(delete(table).where(col(table.expires_at) <= at))
        deleted += int(getattr(result, "rowcount", 0))
    return deleted


def count_expired(session: Session, *, at: datetime) -> dict[str, int]:
    """Count what is over at an instant, by table."""
    return {
        str(table.__tablename__): int(
            session.execute(select(func.count()).select_from(table).where(col(table.expires_at) <= at)).scalar_one()
        )
        for table in (HeldText, QuarantineRow)
    }

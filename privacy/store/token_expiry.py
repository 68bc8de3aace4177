"""Tokens that open nothing any more: which are over, and their deletion."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from privacy.tables.subject_token import SubjectTokenRow


def count_expired_tokens(session: Session, *, at: datetime) -> int:
    """Count the tokens whose time is over at an instant."""
    query = select(func.count()).select_from(SubjectTokenRow).where(col(SubjectTokenRow.expires_at) <= at)
    return int(session.execute(query).scalar_one())


def delete_expired_tokens(session: Session, *, at: datetime) -> int:
    """Delete the tokens whose time is over; return how many."""
    result = session.execute(delete(SubjectTokenRow).where(col(SubjectTokenRow.expires_at) <= at))
    return int(getattr(result, "rowcount", 0))

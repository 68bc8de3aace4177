"""What humans said of scores: appended, the newest holds (GDPR Art. 22(3))."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from privacy.store.bulk import insert_rows
from privacy.store.frozen import frozen
from privacy.tables.request import ScoreReview
from privacy.terms import RecordId


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """One review of one score: the score is named by its module, model and instant."""

    review_id: bytes
    request_id: bytes
    record_id: bytes
    module: str
    model_id: bytes
    scored_at: datetime
    outcome: str
    reason: str
    reviewed_by: bytes
    reviewer_person: bytes
    reviewed_at: datetime


def add_review(session: Session, reviewed: Reviewed) -> None:
    """Keep a review."""
    insert_rows(session, ScoreReview, [{name: getattr(reviewed, name) for name in Reviewed.__slots__}])


def reviews_of_request(session: Session, request_id: bytes) -> list[Reviewed]:
    """List the reviews that a request led to, oldest first."""
    query = select(ScoreReview).where(col(ScoreReview.request_id) == request_id)
    return [frozen(Reviewed, row) for row in session.execute(query.order_by(col(ScoreReview.reviewed_at))).scalars()]


def reviews_of(session: Session, records: Iterable[RecordId]) -> list[Reviewed]:
    """List the reviews of some records' scores, oldest first."""
    query = select(ScoreReview).where(col(ScoreReview.record_id).in_([bytes(record) for record in records]))
    return [frozen(Reviewed, row) for row in session.execute(query.order_by(col(ScoreReview.reviewed_at))).scalars()]

"""What was done to answer people's rights, appended for good; whether a request has its answer is read from here."""

from collections.abc import Iterable

from sqlalchemy import and_, or_, select
from sqlmodel import Session, col

from privacy.answer import Answer
from privacy.request import Right, SubjectRequest
from privacy.store.bulk import insert_rows
from privacy.tables.request import RequestAnswer
from privacy.terms import PrincipalId, RecordId


def add_answer(session: Session, answer: Answer) -> None:
    """Keep what was done."""
    insert_rows(session, RequestAnswer, [_row_of(answer)])


def has_answer(session: Session, request: SubjectRequest, records: Iterable[RecordId]) -> bool:
    """Say whether what a request asks for was done for it, or by the hub for its person since it was received.

    What was done elsewhere counts for the request that it was said of alone.
    """
    since = and_(
        col(RequestAnswer.record_id).in_([bytes(record) for record in records]),
        col(RequestAnswer.at) >= request.received_at,
        col(RequestAnswer.reason) == "",
    )
    query = select(col(RequestAnswer.answer_id)).where(
        col(RequestAnswer.right) == request.right.value,
        or_(col(RequestAnswer.request_id) == request.request_id, since),
    )
    return session.execute(query.limit(1)).first() is not None


def was_answered_before(session: Session, request: SubjectRequest, records: Iterable[RecordId]) -> bool:
    """Say whether the same right of the same person was answered before a request was received."""
    query = select(col(RequestAnswer.answer_id)).where(
        col(RequestAnswer.right) == request.right.value,
        col(RequestAnswer.record_id).in_([bytes(record) for record in records]),
        col(RequestAnswer.at) < request.received_at,
    )
    return session.execute(query.limit(1)).first() is not None


def answers_of_request(session: Session, request_id: bytes) -> list[Answer]:
    """List what was done for a request, oldest first."""
    query = select(RequestAnswer).where(col(RequestAnswer.request_id) == request_id).order_by(col(RequestAnswer.at))
    return [
        Answer(
            answer_id=row.answer_id,
            right=Right(row.right),
            record_id=RecordId(row.record_id),
            request_id=row.request_id,
            at=row.at,
            actor=PrincipalId(row.actor),
            reason=row.reason,
            reference=row.reference,
        )
        for row in session.execute(query).scalars()
    ]


def _row_of(answer: Answer) -> dict[str, object]:
    kept = {name: getattr(answer, name) for name in Answer.__slots__}
    return kept | {"right": answer.right.value}

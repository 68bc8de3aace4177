"""Subject requests at rest: a head row for each, and every step appended beside it in the same transaction."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select, update
from sqlmodel import Session, col

from privacy.request import CLOSED, Arrival, RequestState, Right, Step, SubjectRequest
from privacy.store.bulk import insert_rows
from privacy.tables.request import SubjectRequestRow, SubjectRequestStep
from privacy.terms import PrincipalId, RecordId


def add_request(session: Session, opened: SubjectRequest, first: Step) -> None:
    """Keep a request that has just come, with its first step."""
    insert_rows(session, SubjectRequestRow, [{"request_id": opened.request_id, **_head(opened)}])
    insert_rows(session, SubjectRequestStep, [_step(opened.request_id, opened.version, first)])


def find_request(session: Session, request_id: bytes) -> SubjectRequest | None:
    """Find a request as it stands."""
    query = select(SubjectRequestRow).where(col(SubjectRequestRow.request_id) == request_id)
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else _request(row)


def open_requests(session: Session) -> list[SubjectRequest]:
    """List what still waits for an answer: the first due first, those whose clock stands still at the end."""
    query = select(SubjectRequestRow).where(col(SubjectRequestRow.state).not_in([state.value for state in CLOSED]))
    found = [_request(row) for row in session.execute(query).scalars()]
    return sorted(found, key=lambda each: (each.due_on or date.max, each.received_at, each.request_id))


def all_requests(session: Session) -> list[SubjectRequest]:
    """List every request, newest first."""
    query = select(SubjectRequestRow).order_by(col(SubjectRequestRow.received_at).desc())
    return [_request(row) for row in session.execute(query).scalars()]


def requests_of(session: Session, records: Iterable[RecordId]) -> list[SubjectRequest]:
    """List the requests of an identified person, oldest first."""
    query = (
        select(SubjectRequestRow)
        .where(col(SubjectRequestRow.record_id).in_([bytes(record) for record in records]))
        .order_by(col(SubjectRequestRow.received_at), col(SubjectRequestRow.request_id))
    )
    return [_request(row) for row in session.execute(query).scalars()]


def steps_of(session: Session, request_id: bytes) -> list[Step]:
    """List the steps of a request, oldest first."""
    query = (
        select(SubjectRequestStep)
        .where(col(SubjectRequestStep.request_id) == request_id)
        .order_by(col(SubjectRequestStep.number))
    )
    return [
        Step(state=RequestState(row.state), at=row.at, actor=PrincipalId(row.actor), reason=row.reason)
        for row in session.execute(query).scalars()
    ]


def take_step(session: Session, after: SubjectRequest, step: Step) -> bool:
    """Append a step and move the head to `after`; False if somebody else took the step of that number first."""
    moved = session.execute(
        update(SubjectRequestRow)
        .where(
            col(SubjectRequestRow.request_id) == after.request_id, col(SubjectRequestRow.version) == after.version - 1
        )
        .values(**_head(after))
    )
    if not getattr(moved, "rowcount", 0):
        return False
    insert_rows(session, SubjectRequestStep, [_step(after.request_id, after.version, step)])
    return True


def _head(request: SubjectRequest) -> dict[str, object]:
    return {
        "right": request.right.value,
        "state": request.state.value,
        "arrival": request.arrival.value,
        "language": request.language,
        "received_at": request.received_at,
        "due_on": None if request.due_on is None else request.due_on.isoformat(),
        "record_id": request.record_id,
        "duplicate_of": request.duplicate_of,
        "closed_at": request.closed_at,
        "version": request.version,
    }


def _step(request_id: bytes, number: int, step: Step) -> dict[str, object]:
    return {
        "request_id": request_id,
        "number": number,
        "state": step.state.value,
        "at": step.at,
        "actor": step.actor,
        "reason": step.reason,
    }


def _request(row: SubjectRequestRow) -> SubjectRequest:
    return SubjectRequest(
        request_id=row.request_id,
        right=Right(row.right),
        state=RequestState(row.state),
        arrival=Arrival(row.arrival),
        language=row.language,
        received_at=row.received_at,
        due_on=None if row.due_on is None else date.fromisoformat(row.due_on),
        record_id=None if row.record_id is None else RecordId(row.record_id),
        duplicate_of=row.duplicate_of,
        closed_at=row.closed_at,
        version=row.version,
    )

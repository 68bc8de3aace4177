"""Reveals at rest: requests, one approval each, and every reveal that was allowed.

Whoever counts and then adds holds the epoch's lock (`privacy.store.epoch.lock_epoch`) from before the count to the
commit: two processes cannot both be the last within a limit.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from privacy.store.bulk import insert_rows
from privacy.store.principal import Principal
from privacy.tables.reveal import Reveal, RevealRequest
from privacy.terms import EntityId, PersonId, PrincipalId, PurposeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """A request to reveal: what was asked by whom, and, once another person has agreed, until when it serves."""

    request_id: bytes
    principal_id: PrincipalId
    person_id: PersonId
    purpose: PurposeId
    entity_id: EntityId
    reason: str
    attributes: frozenset[str]
    requested_at: datetime
    approver_person: PersonId | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedReveal:
    """A reveal that nothing refused; `request_id` where a second person had to agree."""

    reveal_id: bytes
    by: Principal
    purpose: PurposeId
    at: datetime
    request_id: bytes | None


def add_request(session: Session, requested: Requested) -> None:
    """Keep a request."""
    row = {
        "request_id": requested.request_id,
        "principal_id": requested.principal_id,
        "person_id": requested.person_id,
        "purpose": requested.purpose,
        "entity_id": requested.entity_id,
        "reason": requested.reason,
        "attributes": " ".join(sorted(requested.attributes)),
        "requested_at": requested.requested_at,
    }
    insert_rows(session, RevealRequest, [row])


def find_request(session: Session, request_id: bytes) -> Requested | None:
    """Find a request."""
    query = select(RevealRequest).where(col(RevealRequest.request_id) == request_id)
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else _requested(row)


def open_requests(session: Session, *, since: datetime) -> list[Requested]:
    """List the requests made since an instant that served no reveal yet, oldest first."""
    used = select(col(Reveal.request_id)).where(col(Reveal.request_id) == col(RevealRequest.request_id)).exists()
    query = select(RevealRequest).where(col(RevealRequest.requested_at) >= since, ~used)
    return [_requested(row) for row in session.execute(query.order_by(col(RevealRequest.requested_at))).scalars()]


def approve_request(session: Session, request_id: bytes, by: Principal, *, at: datetime, valid_until: datetime) -> bool:
    """Note that another person agreed; False if somebody did already."""
    result = session.execute(
        update(RevealRequest)
        .where(col(RevealRequest.request_id) == request_id, col(RevealRequest.approver_person).is_(None))
        .values(approver_person=by.person_id, approved_by=by.principal_id, approved_at=at, valid_until=valid_until)
    )
    return bool(getattr(result, "rowcount", 0))


def count_requests(session: Session, person_id: PersonId, purpose: str, *, since: datetime) -> int:
    """Count what a person has asked for a purpose after an instant, whichever credential was used."""
    query = select(func.count()).where(
        col(RevealRequest.person_id) == person_id,
        col(RevealRequest.purpose) == purpose,
        col(RevealRequest.requested_at) > since,
    )
    return int(session.execute(query).scalar_one())


def was_used(session: Session, request_id: bytes) -> bool:
    """Say whether a request has served its reveal."""
    return session.execute(select(Reveal).where(col(Reveal.request_id) == request_id)).first() is not None


def count_reveals(session: Session, person_id: PersonId, purpose: str, *, since: datetime) -> int:
    """Count what a person has revealed for a purpose after an instant, whichever credential was used."""
    query = select(func.count()).where(
        col(Reveal.person_id) == person_id, col(Reveal.purpose) == purpose, col(Reveal.at) > since
    )
    return int(session.execute(query).scalar_one())


def add_reveal(session: Session, allowed: AllowedReveal) -> None:
    """Note a reveal that is about to take place; the database refuses a second one for the same request."""
    row = {
        "reveal_id": allowed.reveal_id,
        "request_id": allowed.request_id,
        "principal_id": allowed.by.principal_id,
        "person_id": allowed.by.person_id,
        "purpose": allowed.purpose,
        "at": allowed.at,
    }
    insert_rows(session, Reveal, [row])


def _requested(row: RevealRequest) -> Requested:
    return Requested(
        request_id=row.request_id,
        principal_id=PrincipalId(row.principal_id),
        person_id=PersonId(row.person_id),
        purpose=PurposeId(row.purpose),
        entity_id=EntityId(row.entity_id),
        reason=row.reason,
        attributes=frozenset(row.attributes.split()),
        requested_at=row.requested_at,
        approver_person=None if row.approver_person is None else PersonId(row.approver_person),
        valid_until=row.valid_until,
    )

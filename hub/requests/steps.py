"""The steps of a request inside the caller's transaction: checked, appended, audited, and what is due reckoned anew.

The deadline follows from the whole history at every step; it is never carried on from the last figure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.consents import Subject
from hub.requests.answering import verify_answered
from hub.requests.letter import tell
from hub.requests.seat import Seat, seat_of
from ingest.store.identity import records_beside
from privacy.audit import AuditFields
from privacy.deadline import due_on
from privacy.request import (
    CLOSED,
    WORKED_ON,
    Arrival,
    Proof,
    RequestState,
    Right,
    Step,
    StepRefused,
    SubjectRequest,
    clock_of,
    verify_step,
)
from privacy.store.erasure import tombstones_among
from privacy.store.request import add_request, find_request, open_requests, requests_of, steps_of, take_step
from privacy.terms import PrincipalId, RecordId, random_id

TOGETHER: Final = "answered_together"
"""Why a duplicate was answered: with the request that it repeats."""


class RequestNotFound(StepRefused):
    """No request has this id."""

    def __init__(self) -> None:
        super().__init__("no_such_request", "`varde request list` shows the ids")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody asks for, by which way, in which language the answer is to be, and when it came."""

    right: Right
    arrival: Arrival
    language: str
    received_at: datetime


def opened(hub: Hub, session: Session, asked: Asked, by: PrincipalId) -> SubjectRequest:
    """Enter a request in the caller's transaction."""
    seat = seat_here(hub)
    request = SubjectRequest(
        request_id=random_id(),
        right=asked.right,
        state=RequestState.RECEIVED,
        arrival=asked.arrival,
        language=asked.language,
        received_at=asked.received_at,
        due_on=due_on(clock_of(seat.today(asked.received_at), []), seat.is_working_day),
        record_id=None,
        duplicate_of=None,
        closed_at=None,
        version=1,
    )
    add_request(session, request, Step(state=request.state, at=hub.clock(), actor=by))
    fields = AuditFields(act_id=request.request_id, reason=request.right.value, outcome=request.arrival.value)
    hub.audit(session, "request.received", by, fields)
    return request


@dataclass(frozen=True, slots=True)
class Proven:
    """How somebody proved who they are, and who says so."""

    proof: Proof
    by: PrincipalId


def identified(hub: Hub, session: Session, request: SubjectRequest, subject: Subject, proven: Proven) -> SubjectRequest:
    """Identify the asker in the caller's transaction; a duplicate is linked, and is identified like any other."""
    earlier = [
        each
        for each in requests_of(session, subject.records)
        if each.is_open and each.right is request.right and each.duplicate_of is None
    ]
    known = replace(
        request,
        record_id=min(subject.records),
        duplicate_of=earlier[0].request_id if earlier else None,
    )
    return stepped(
        hub, session, known, Step(state=RequestState.IDENTIFIED, at=hub.clock(), actor=proven.by, reason=proven.proof)
    )


def fulfilled(hub: Hub, session: Session, request: SubjectRequest, by: PrincipalId) -> SubjectRequest:
    """Answer a request in the caller's transaction, which sees that what the right asks for was done.

    Raises:
        StepRefused: the step may not follow.
        AnswerMissing: nothing is on record of what was asked for.

    """
    verify_step(request, RequestState.FULFILLED)
    verify_answered(session, request)
    hub.reached("answer_verified")
    at = hub.clock()
    answered = stepped(hub, session, request, Step(state=RequestState.FULFILLED, at=at, actor=by))
    for each in open_requests(session):
        if each.duplicate_of == request.request_id and each.record_id is not None:
            _answer_together(hub, session, each, by)
    return answered


def stepped(hub: Hub, session: Session, request: SubjectRequest, step: Step) -> SubjectRequest:
    """Take a step in the caller's transaction: check, reckon what is due, append, audit, write to the person.

    Raises:
        StepRefused: it may not follow, or somebody else took the next step at this moment.

    """
    before = get_request(session, request.request_id)
    verify_step(before, step.state)
    seat = seat_here(hub)
    received, days = history(session, seat, before)
    clock = clock_of(received, [*days, (step.state, seat.today(step.at))])
    closed = step.state in CLOSED
    after = replace(
        request,
        state=step.state,
        due_on=before.due_on if closed else due_on(clock, seat.is_working_day),
        closed_at=step.at if closed else None,
        version=request.version + 1,
    )
    if not take_step(session, after, step):
        raise StepRefused("somebody_else_was_first", "Look at the request again: `varde request show`")
    fields = AuditFields(
        act_id=after.request_id,
        reason=step.reason or None,
        outcome=after.right.value,
        records=None if after.record_id is None else (after.record_id,),
    )
    hub.audit(session, f"request.{step.state.value}", step.actor, fields)
    tell(hub, session, after, step)
    return after


def get_request(session: Session, request_id: bytes) -> SubjectRequest:
    """Return a request.

    Raises:
        RequestNotFound: there is none of that id.

    """
    found = find_request(session, request_id)
    if found is None:
        raise RequestNotFound
    return found


def verify_worked_on(request: SubjectRequest, *rights: Right) -> RecordId:
    """Return the record of the identified person whose request is being worked on, for one of some rights.

    Raises:
        StepRefused: nobody is identified, nobody has started, or it is for another right.

    """
    if request.right not in rights:
        raise StepRefused("request_is_for_another_right", f"This one is for {request.right}")
    if request.record_id is None or request.state not in WORKED_ON:
        raise StepRefused("request_not_in_progress", "Identify the asker, then `varde request start`")
    return request.record_id


def subject_of(session: Session, record: RecordId) -> Subject:
    """Return every record of the person now; records may have been joined or parted since.

    Raises:
        StepRefused: the person was erased, or is closed by an erasure that is not finished yet.

    """
    records = records_beside(session, record)
    verify_held(session, records)
    return Subject(records=tuple(sorted(records)))


def verify_held(session: Session, records: Iterable[RecordId]) -> None:
    """Refuse to look at somebody whom an erasure has closed: their rows may still be there, and are nobody's to see.

    Raises:
        StepRefused: no record is left, or one of them is closed.

    """
    found = list(records)
    if not found or tombstones_among(session, found):
        raise StepRefused("nothing_held", "The person is not here any more; nothing is left to show or change")


def seat_here(hub: Hub) -> Seat:
    """Return where the controller has its seat."""
    return seat_of(hub.settings.country)


def history(session: Session, seat: Seat, request: SubjectRequest) -> tuple[date, Sequence[tuple[RequestState, date]]]:
    """Return the day of receipt, and the steps so far with their days."""
    days = [(step.state, seat.today(step.at)) for step in steps_of(session, request.request_id)]
    return seat.today(request.received_at), days


def _answer_together(hub: Hub, session: Session, duplicate: SubjectRequest, by: PrincipalId) -> None:
    at = hub.clock()
    if duplicate.state is RequestState.IDENTIFIED:
        duplicate = stepped(hub, session, duplicate, Step(state=RequestState.IN_PROGRESS, at=at, actor=by))
    stepped(hub, session, duplicate, Step(state=RequestState.FULFILLED, at=at, actor=by, reason=TOGETHER))

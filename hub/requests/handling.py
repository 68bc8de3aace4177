"""Handling subject requests as the colleague who answers them: who may, and one transaction for each step."""

import re
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.consents import Subject
from hub.errors import AccessRefused
from hub.requests.answering import DoneElsewhere, is_answered, note_elsewhere, verify_refusable
from hub.requests.steps import (
    Asked,
    Proven,
    fulfilled,
    get_request,
    history,
    identified,
    opened,
    seat_here,
    stepped,
    verify_worked_on,
)
from privacy.answer import AnswerMissing, verify_elsewhere
from privacy.deadline import may_extend
from privacy.redaction.redactor import find_spans
from privacy.request import (
    ExtensionReason,
    Proof,
    RefusalReason,
    RequestState,
    Step,
    StepRefused,
    SubjectRequest,
    clock_of,
    verify_refusal,
    verify_step,
)
from privacy.store.balancing import balancing_tests
from privacy.store.principal import Principal
from privacy.terms import RecordId, Role

_SIGNS: Final = re.compile(r"[._:/-]+")
_MAY_OPEN: Final = frozenset({Role.OWNER, Role.DPO, Role.AGENT})
_MAY_HANDLE: Final = frozenset({Role.OWNER, Role.DPO})


def open_request(hub: Hub, asked: Asked, by: Principal) -> SubjectRequest:
    """Enter a request that came by mail, telephone or at the counter; nobody is identified by that.

    Raises:
        AccessRefused: the role may not.
        StepRefused: it is said to have come in the future.

    """
    _verify_role(by, _MAY_OPEN)
    if asked.received_at > hub.clock():
        raise StepRefused("received_in_the_future", "Give the day on which it came, not the day of the answer")
    with hub.unit_of_work() as session:
        return opened(hub, session, asked, by.principal_id)


def ask_for_proof(hub: Hub, request_id: bytes, by: Principal) -> SubjectRequest:
    """Note that proof of identity was asked for: the clock stands still until it comes (Art. 12(6))."""
    return _handled(hub, request_id, by, RequestState.IDENTITY_PENDING)


def identify(hub: Hub, request_id: bytes, subject: Subject, proof: Proof, by: Principal) -> SubjectRequest:
    """Note who the asker is and how that was proven; an earlier open request of theirs for the same right is linked.

    Raises:
        AccessRefused: the role may not, or several people carry the identifier.
        StepRefused: the request is not at this step.

    """
    _verify_role(by, _MAY_HANDLE)
    subject.verify_one_person()
    with hub.unit_of_work() as session:
        return identified(hub, session, get_request(session, request_id), subject, Proven(proof, by.principal_id))


def start(hub: Hub, request_id: bytes, by: Principal) -> SubjectRequest:
    """Note that somebody works on an identified request."""
    return _handled(hub, request_id, by, RequestState.IN_PROGRESS)


def extend(hub: Hub, request_id: bytes, reason: ExtensionReason, by: Principal) -> SubjectRequest:
    """Take two further months, told to the person today with the reason (Art. 12(3)).

    Raises:
        StepRefused: the first month is over: then the answer is late, and no extension mends that.

    """
    seat = seat_here(hub)
    today = seat.today(hub.clock())
    with hub.reading() as session:
        clock = clock_of(*history(session, seat, get_request(session, request_id)))
    if not may_extend(clock, today, seat.is_working_day):
        raise StepRefused("extension_not_in_first_month", "Answer now, and tell the person why it is late")
    return _handled(hub, request_id, by, RequestState.EXTENDED, reason.value)


def refuse(hub: Hub, request_id: bytes, reason: RefusalReason, by: Principal) -> SubjectRequest:
    """Refuse a request for a reason of the list; the answer names where to complain (Art. 12(4), 12(5)).

    Raises:
        StepRefused: the reason is none for this right or lacks what it rests on, or what was asked for is done.

    """
    _verify_role(by, _MAY_HANDLE)
    with hub.unit_of_work() as session:
        request = get_request(session, request_id)
        _verify_refusal(session, request, reason)
        step = Step(state=RequestState.REFUSED, at=hub.clock(), actor=by.principal_id, reason=reason.value)
        return stepped(hub, session, request, step)


def verify_may_refuse(hub: Hub, request_id: bytes, reason: RefusalReason, by: Principal) -> None:
    """Refuse what `refuse` would refuse now.

    Raises:
        StepRefused: as it does.

    """
    _verify_role(by, _MAY_HANDLE)
    with hub.reading() as session:
        request = get_request(session, request_id)
        verify_step(request, RequestState.REFUSED)
        _verify_refusal(session, request, reason)


def fulfil(hub: Hub, request_id: bytes, by: Principal) -> SubjectRequest:
    """Note that a request was answered; its duplicates whose askers are identified are answered with it.

    Raises:
        StepRefused: no work was noted.
        AnswerMissing: nothing is on record of what was asked for.

    """
    _verify_role(by, _MAY_HANDLE)
    with hub.unit_of_work() as session:
        return fulfilled(hub, session, get_request(session, request_id), by.principal_id)


def fulfil_elsewhere(hub: Hub, request_id: bytes, done: DoneElsewhere, by: Principal) -> SubjectRequest:
    """Note that what was asked for was done where the hub cannot see it, and close the request with that word.

    Raises:
        StepRefused: no work was noted, the reason is none for this right, or the reference could say who somebody is.

    """
    _verify_role(by, _MAY_HANDLE)
    with hub.unit_of_work() as session:
        request = get_request(session, request_id)
        record = _verify_elsewhere(request, done)
        note_elsewhere(hub, session, request, (record, done), by.principal_id)
        return fulfilled(hub, session, request, by.principal_id)


def verify_fulfillable(hub: Hub, request_id: bytes, done: DoneElsewhere | None, by: Principal) -> None:
    """Refuse what `fulfil`, or with a word on what was done elsewhere `fulfil_elsewhere`, would refuse now.

    Raises:
        StepRefused: as they do.
        AnswerMissing: likewise.

    """
    _verify_role(by, _MAY_HANDLE)
    with hub.reading() as session:
        request = get_request(session, request_id)
        verify_step(request, RequestState.FULFILLED)
        if done is not None:
            _verify_elsewhere(request, done)
        elif not is_answered(session, request):
            raise AnswerMissing(request.right)


def _verify_refusal(session: Session, request: SubjectRequest, reason: RefusalReason) -> None:
    verify_refusal(request.right, reason)
    verify_refusable(session, request, reason)
    if reason is RefusalReason.OVERRIDING_GROUNDS and not balancing_tests(session, request.request_id):
        raise StepRefused("balancing_test_missing", "Weigh the interests first: `varde request balance`")


def _verify_elsewhere(request: SubjectRequest, done: DoneElsewhere) -> RecordId:
    verify_step(request, RequestState.FULFILLED)
    verify_elsewhere(request.right, done.reason, done.reference)
    if find_spans(_SIGNS.sub(" ", done.reference)):
        raise StepRefused("reference_unfit", "It looks like somebody's name or address: use the number of the case")
    return verify_worked_on(request, request.right)


def verify_may_handle(by: Principal) -> None:
    """Refuse whoever may not work on requests.

    Raises:
        AccessRefused: names the rule and whom to ask.

    """
    _verify_role(by, _MAY_HANDLE)


def verify_may_list(by: Principal) -> None:
    """Refuse whoever may not see that requests are there.

    Raises:
        AccessRefused: names the rule and whom to ask.

    """
    _verify_role(by, _MAY_OPEN)


def _handled(hub: Hub, request_id: bytes, by: Principal, state: RequestState, reason: str = "") -> SubjectRequest:
    _verify_role(by, _MAY_HANDLE)
    with hub.unit_of_work() as session:
        request = get_request(session, request_id)
        return stepped(hub, session, request, Step(state=state, at=hub.clock(), actor=by.principal_id, reason=reason))


def _verify_role(by: Principal, roles: frozenset[Role]) -> None:
    if by.role not in roles:
        raise AccessRefused("role_may_not_handle_requests", f"Ask the {' or '.join(sorted(roles))}")

"""Asking for a second person, and that person's answer: before a reveal whose purpose wants four eyes."""

from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.reveals.ask import Ask, Ruled, refused, rules_of
from hub.reveals.reveal import audited, prepared, target_of
from privacy.audit import AuditFields
from privacy.reidentification import HOUR, ReidentificationRules, RevealBecause
from privacy.store.epoch import lock_epoch
from privacy.store.principal import Principal
from privacy.store.reveal import Requested, add_request, approve_request, count_requests, find_request, open_requests
from privacy.terms import random_id

WAITS: Final = timedelta(days=1)
"""How long a request waits for its approval: what nobody approved in a day is asked anew."""


def request(hub: Hub, by: Principal, ask: Ask) -> bytes:
    """Ask to reveal a person; return the request's id, for the one who approves and for the reveal itself.

    Raises:
        AccessRefused: a reveal would be refused whoever approves it, or the hour's requests are used up; audited.

    """

    def act() -> bytes:
        question, at, request_id = prepared(hub, by, ask), hub.clock(), random_id()
        with hub.unit_of_work() as session:
            lock_epoch(session)
            target = target_of(session, question, at=at)
            _verify_limit(session, by, question, at)
            requested = Requested(
                request_id=request_id,
                principal_id=by.principal_id,
                person_id=by.person_id,
                purpose=question.purpose.id,
                entity_id=target.entity,
                reason=ask.reason,
                attributes=question.ask.attributes,
                requested_at=at,
            )
            add_request(session, requested)
            hub.audit(session, "reveal.request", by.principal_id, _fields(requested, by))
        return request_id

    return audited(hub, by, ask.purpose, act)


def approve(hub: Hub, by: Principal, request_id: bytes, *, separate_accounts: bool = False) -> datetime:
    """Agree to a request of another person; return until when it serves, once.

    `separate_accounts`: the approver acts from an account of their own, so four eyes are enforced and noted so.

    Raises:
        AccessRefused: no such request waits, the role may not approve, or it is the asker's own; audited.

    """
    with hub.reading() as session:
        found = find_request(session, request_id)
    purpose = "" if found is None else found.purpose

    def act() -> datetime:
        at = hub.clock()
        with hub.unit_of_work() as session:
            requested, rules = _waiting(hub, session, request_id, at)
            _verify_approver(by, requested, rules)
            valid_until = at + timedelta(minutes=rules.within_minutes)
            if not approve_request(session, request_id, by, at=at, valid_until=valid_until):
                raise refused(RevealBecause.APPROVED)
            fields = _fields(requested, by, four_eyes=separate_accounts)
            hub.audit(session, "reveal.approve", by.principal_id, fields)
        return valid_until

    return audited(hub, by, purpose, act)


def waiting(hub: Hub, by: Principal) -> list[Requested]:
    """List the requests of the last day that served no reveal yet and that the principal may approve or made."""
    policy = hub.policy()
    with hub.reading() as session:
        found = open_requests(session, since=hub.clock() - WAITS)
    rules = {purpose.id: purpose.reidentification for purpose in policy.purposes}
    return [each for each in found if each.person_id == by.person_id or _may_approve(by, rules.get(each.purpose))]


def _verify_limit(session: Session, by: Principal, question: Ruled, at: datetime) -> None:
    """Hold requests to the limit of reveals: each looks a person up and fills the approvers' list."""
    asked = count_requests(session, by.person_id, question.purpose.id, since=at - HOUR)
    if asked >= question.rules.per_hour:
        raise refused(RevealBecause.LIMIT)


def _may_approve(by: Principal, rules: ReidentificationRules | None) -> bool:
    return rules is not None and by.role in rules.approvers


def _waiting(hub: Hub, session: Session, request_id: bytes, at: datetime) -> tuple[Requested, ReidentificationRules]:
    requested = find_request(session, request_id)
    if requested is None:
        raise refused(RevealBecause.REQUEST_UNFIT)
    if requested.requested_at + WAITS <= at:
        raise refused(RevealBecause.RUN_OUT)
    return requested, rules_of(hub.policy(), requested.purpose)[1]


def _verify_approver(by: Principal, requested: Requested, rules: ReidentificationRules) -> None:
    if by.role not in rules.approvers:
        raise refused(RevealBecause.ROLE)
    if by.person_id == requested.person_id:
        raise refused(RevealBecause.FOUR_EYES)


def _fields(requested: Requested, by: Principal, *, four_eyes: bool | None = None) -> AuditFields:
    return AuditFields(
        act_id=requested.request_id,
        role=by.role,
        purpose=requested.purpose,
        reason=requested.reason,
        columns=tuple(sorted(requested.attributes)),
        entity=requested.entity_id,
        four_eyes=four_eyes,
    )

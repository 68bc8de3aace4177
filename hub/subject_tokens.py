"""Handing data subjects the means to act on their own choices: for links in messages and for the customer's app."""

import secrets
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.consents import Subject
from hub.errors import AccessRefused, NotAuthenticated
from privacy.audit import AuditFields
from privacy.store.principal import Principal
from privacy.store.subject_token import (
    IssuedToken,
    SubjectToken,
    add_subject_token,
    find_subject_token,
    issued_tokens,
    revoke_subject_tokens,
)
from privacy.terms import Role

_MAY_ISSUE: Final = frozenset({Role.OWNER, Role.DPO, Role.AGENT, Role.SERVICE})


def verify_issuer(by: Principal) -> None:
    """Refuse whoever may not issue, revoke or list subjects' tokens.

    Raises:
        AccessRefused: names the rule and whom to ask.

    """
    if by.role not in _MAY_ISSUE:
        raise AccessRefused("role_may_not_issue_tokens", "Ask the owner, the DPO, an agent or a service")


def issue(hub: Hub, opens: SubjectToken, by: Principal) -> str:
    """Make a token for one record; return it, this once. It acts for every record of the same person.

    Raises:
        AccessRefused: the role may not issue tokens.

    """
    verify_issuer(by)
    token = secrets.token_urlsafe(32)
    with hub.unit_of_work() as session:
        add_subject_token(session, token, opens, at=hub.clock())
        fields = AuditFields(records=(opens.record_id,), outcome="issued", reason=opens.scope.value)
        hub.audit(session, "subject_token.issue", by.principal_id, fields)
    return token


def authenticate_subject(hub: Hub, session: Session, token: str) -> SubjectToken:
    """Return what a subject's token opens, in the caller's transaction: it cannot be revoked before the act is written.

    Raises:
        NotAuthenticated: it is unknown, expired, revoked, or of somebody erased (which of them is not told).

    """
    found = find_subject_token(session, token, at=hub.clock())
    if found is None:
        raise NotAuthenticated
    return found


def revoke(hub: Hub, subject: Subject, by: Principal) -> int:
    """Revoke every live token of a subject, from its next call on; return how many."""
    verify_issuer(by)
    with hub.unit_of_work() as session:
        count = revoke_subject_tokens(session, subject.records, at=hub.clock())
        fields = AuditFields(records=subject.records, rows=count, outcome="revoked")
        hub.audit(session, "subject_token.revoke", by.principal_id, fields)
    return count


def listed(hub: Hub, subject: Subject, by: Principal) -> list[IssuedToken]:
    """List every token of a subject, live or not, without the tokens themselves: they are nowhere; audited first."""
    verify_issuer(by)
    with hub.unit_of_work() as session:
        found = issued_tokens(session, subject.records)
        hub.audit(session, "subject_token.list", by.principal_id, AuditFields(records=subject.records, rows=len(found)))
    return found

"""Handing data subjects the means to act on their own choices: for links in messages and for the customer's app."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.consents import Subject, find_subject
from hub.errors import AccessRefused, NotAuthenticated
from ingest.store.identity import records_beside_each, records_sharing_each
from privacy.audit import AuditFields
from privacy.secret import SecretText
from privacy.store.principal import Principal
from privacy.store.revocation import Revocation, note_revocation
from privacy.store.subject_token import (
    VERIFIED_FOR,
    IssuedToken,
    SubjectScope,
    SubjectToken,
    add_subject_token,
    find_subject_token,
    issued_tokens,
    revoke_subject_tokens,
)
from privacy.terms import EVERY_PURPOSE, PurposeId, RecordId, Role

_MAY_ISSUE: Final = frozenset({Role.OWNER, Role.DPO, Role.AGENT, Role.SERVICE})
_MAY_VOUCH: Final = frozenset({Role.OWNER, Role.DPO})
_MAY_ANSWER: Final = frozenset({Role.OWNER, Role.DPO, Role.AGENT})
LASTS: Final = timedelta(days=90)
"""How long a token is valid unless somebody says otherwise: a link in a message is read late, not for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenWish:
    """A token that somebody asks for by an identifier; no `purposes`: all, no `lasts`: as long as its scope does."""

    identifier: str = field(repr=False)
    scope: SubjectScope
    purposes: frozenset[PurposeId] = frozenset()
    lasts: timedelta | None = None


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was made, this once, and what it opens."""

    token: SecretText = field(repr=False)
    opens: SubjectToken


def verify_issuer(by: Principal) -> None:
    """Refuse whoever may not issue, revoke or list subjects' tokens.

    Raises:
        AccessRefused: names the rule and whom to ask.

    """
    if by.role not in _MAY_ISSUE:
        raise AccessRefused("role_may_not_issue_tokens", "Ask the owner, the DPO, an agent or a service")


def verify_voucher(by: Principal, opens: SubjectToken, *, at: datetime) -> None:
    """Refuse whoever may not vouch for somebody's identity, and a proof that would outlive its worth.

    Whoever holds such a token reads what is held of a person, so handing it out by hand is a way around the gate: it is
    kept to those who answer for the gate.

    Raises:
        AccessRefused: names the rule and whom to ask.

    """
    if not opens.is_verified:
        return
    if by.role not in _MAY_VOUCH:
        raise AccessRefused("role_may_not_vouch", "Let the person prove who they are, or ask the owner or the DPO")
    if opens.expires_at > at + VERIFIED_FOR:
        minutes = int(VERIFIED_FOR.total_seconds() // 60)
        raise AccessRefused("proof_too_long", f"A proof of identity is worth {minutes} minutes at most")


def verify_identity(token: SubjectToken) -> None:
    """Refuse what needs a proven identity to a token that proves none (Article 12(6)).

    Raises:
        AccessRefused: the person must prove who they are first.

    """
    if not token.is_verified:
        raise AccessRefused("identity_not_verified", "Prove who you are first: `POST /v1/identify`")


def issue(hub: Hub, opens: SubjectToken, by: Principal) -> str:
    """Make a token for one record; return it, this once. It acts for every record of the same person.

    Raises:
        AccessRefused: the role may not issue such tokens.

    """
    verify_issuer(by)
    at = hub.clock()
    verify_voucher(by, opens, at=at)
    token = secrets.token_urlsafe(32)
    with hub.unit_of_work() as session:
        add_subject_token(session, token, opens, at=at)
        fields = AuditFields(records=(opens.record_id,), outcome="issued", reason=opens.scope.value)
        hub.audit(session, "subject_token.issue", by.principal_id, fields)
    return token


def issue_for(hub: Hub, wish: TokenWish, by: Principal) -> NewToken:
    """Make a token for the one person whom an identifier means, for an agent who answers them.

    A service may issue tokens for records that it was given, and is refused here: it could try out who is a customer.

    Raises:
        AccessRefused: the role may not, a proof would last too long, or several people carry the identifier.
        SubjectNotFound: nobody carries it.
        PurposeUnknown: the policy has no such purpose.

    """
    if by.role not in _MAY_ANSWER:
        raise AccessRefused("role_may_not_issue_by_name", "Ask the owner, the DPO or an agent")
    policy, at = hub.policy(), hub.clock()
    purposes = frozenset(policy.purpose(each).id for each in wish.purposes)
    subject = find_subject(hub, wish.identifier)
    subject.verify_one_person()
    opens = SubjectToken(
        record_id=min(subject.records),
        scope=wish.scope,
        purposes=purposes or frozenset({EVERY_PURPOSE}),
        expires_at=at + (wish.lasts or (VERIFIED_FOR if wish.scope is SubjectScope.VERIFIED else LASTS)),
    )
    return NewToken(SecretText(issue(hub, opens, by)), opens)


def listed_for(hub: Hub, identifier: str, by: Principal) -> list[IssuedToken]:
    """List the tokens of the one person whom an identifier means, for an agent who answers them; audited first.

    Raises:
        AccessRefused: the role may not, or several people carry the identifier.
        SubjectNotFound: nobody carries it.

    """
    return listed(hub, _answered_for(hub, identifier, by), by)


def revoke_for(hub: Hub, identifier: str, by: Principal) -> int:
    """Revoke every live token of the one person whom an identifier means; return how many. Raises as `listed_for`."""
    return revoke(hub, _answered_for(hub, identifier, by), by)


def _answered_for(hub: Hub, identifier: str, by: Principal) -> Subject:
    """Find a person for whoever may answer them; a service could try out who is a customer."""
    if by.role not in _MAY_ANSWER:
        raise AccessRefused("role_may_not_answer_by_name", "Ask the owner, the DPO or an agent")
    subject = find_subject(hub, identifier)
    subject.verify_one_person()
    return subject


def authenticate_subject(hub: Hub, session: Session, token: str) -> SubjectToken:
    """Return what a subject's token opens, in the caller's transaction: it cannot be revoked before the act is written.

    Raises:
        NotAuthenticated: it is unknown, expired, revoked, or of somebody erased (which of them is not told).

    """
    found = find_subject_token(session, token, at=hub.clock())
    if found is None:
        raise NotAuthenticated
    return found


def reach_of(session: Session, token: SubjectToken) -> tuple[RecordId, ...]:
    """Return every record that a no of this token means, ordered; empty where the record belongs to no entity."""
    return reaches(session, [token])[0].meant


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose records a token's acts mean, both ordered.

    `own` are all records of the person. `meant` are those, and of whoever else carries the identifier that was proven,
    merged or not: a no that reaches too far costs a message, one that does not reach far enough breaks a promise. What
    widens permission or shows data means `own` only.
    """

    own: tuple[RecordId, ...]
    meant: tuple[RecordId, ...]


def reaches(session: Session, tokens: Sequence[SubjectToken]) -> list[Reach]:
    """Return the reach of each token; empty where its record belongs to no entity."""
    own = records_beside_each(session, [token.record_id for token in tokens])
    proven = {(token.proven.field, token.proven.index) for token in tokens if token.proven is not None}
    shared = records_sharing_each(session, proven) if proven else {}
    found = []
    for token in tokens:
        beside = own.get(token.record_id, set())
        others = set() if token.proven is None else shared.get((token.proven.field, token.proven.index), set())
        found.append(Reach(tuple(sorted(beside)), tuple(sorted(beside | others))))
    return found


def revoke(hub: Hub, subject: Subject, by: Principal) -> int:
    """Revoke every live token of a subject, from its next call on; return how many."""
    verify_issuer(by)
    with hub.unit_of_work() as session:
        note_revocation(session, Revocation.LINKS, subject.records, at=hub.clock())  # first: it locks the epoch
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

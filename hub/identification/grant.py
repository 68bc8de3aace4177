"""What a proof is worth: a token that lives minutes, for the one person who carries what was proven.

An address that several people share proves that one of them is there, not which: it opens their opting out and shows
nothing of anybody (Article 12(6): more is asked for where there is doubt).
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from hub.compose import Hub
from privacy.audit import AuditFields
from privacy.secret import SecretText
from privacy.store.epoch import lock_epoch
from privacy.store.subject_token import VERIFIED_FOR, Proven, SubjectScope, SubjectToken, add_subject_token
from privacy.terms import EVERY_PURPOSE, EntityId, PrincipalId, RecordId


class Means(StrEnum):
    """By what a person proved who they are."""

    ONE_TIME_CODE = "one_time_code"
    ISSUER = "issuer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whom a proof means: one of their records, and whether others carry the identifier, too."""

    record: RecordId
    proven: Proven | None
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A token, shown this once, what it opens and until when."""

    token: SecretText = field(repr=False)
    scope: SubjectScope
    expires_at: datetime


def holder_of(carriers: Mapping[RecordId, EntityId], proven: Proven | None) -> Holder:
    """Say whom an identifier means whose carriers (at least one) were confirmed."""
    return Holder(record=min(carriers), proven=proven, shared=len(set(carriers.values())) > 1)


def grant(hub: Hub, session: Session, holder: Holder, means: Means) -> Granted:
    """Give a token to whoever proved an identifier, in the caller's transaction."""
    at, token = hub.clock(), SecretText(secrets.token_urlsafe(32))
    opens = SubjectToken(
        record_id=holder.record,
        scope=SubjectScope.OPT_OUT if holder.shared else SubjectScope.VERIFIED,
        purposes=frozenset({EVERY_PURPOSE}),
        expires_at=at + VERIFIED_FOR,
        proven=holder.proven,
    )
    add_subject_token(session, token, opens, at=at)
    lock_epoch(session)  # before the audit log's head: a choice may follow in the same group
    fields = AuditFields(records=(holder.record,), reason=means.value, outcome=opens.scope.value)
    hub.audit(session, "identity.prove", PrincipalId(holder.record), fields)
    return Granted(token=token, scope=opens.scope, expires_at=opens.expires_at)

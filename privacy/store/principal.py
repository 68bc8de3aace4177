"""Principals: who acts. A token is 32 random bytes, shown once, kept as SHA-256; the label is sealed."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NoReturn

from sqlalchemy import bindparam, insert, or_, select, update
from sqlmodel import Session, col

from privacy.secret import SecretText
from privacy.store.revocation import Revocation, note_revocation
from privacy.tables.principal import PrincipalRow
from privacy.terms import PersonId, PrincipalId, Role

EVERYTHING = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """An authenticated actor: whose credential, which role, and to what it is bound."""

    principal_id: PrincipalId
    person_id: PersonId
    role: Role
    purposes: frozenset[str]
    views: frozenset[str]

    def may_use(self, *, purpose: str, view: str) -> bool:
        """Say whether the credential is bound to this purpose and view (`*` binds to all)."""
        return not {purpose, EVERYTHING}.isdisjoint(self.purposes) and not {view, EVERYTHING}.isdisjoint(self.views)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPrincipal:
    """A principal about to be added; `label_index` and `label_sealed` name the person to those who may open it."""

    principal: Principal
    token: str = field(repr=False)
    label_index: bytes
    label_sealed: bytes
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "token", SecretText(self.token))

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with the token in clear."""
        raise TypeError("a NewPrincipal is never pickled")


def digest_of(token: str) -> bytes:
    """Digest a token: it has 256 random bits, so a plain hash cannot be guessed back."""
    return hashlib.sha256(token.encode()).digest()


def add_principal(session: Session, new: NewPrincipal, *, at: datetime) -> None:
    """Insert a principal."""
    principal = new.principal
    session.execute(
        insert(PrincipalRow),
        [
            {
                "principal_id": principal.principal_id,
                "person_id": principal.person_id,
                "role": principal.role.value,
                "purposes": " ".join(sorted(principal.purposes)),
                "views": " ".join(sorted(principal.views)),
                "token_hash": digest_of(new.token),
                "label_index": new.label_index,
                "label_sealed": new.label_sealed,
                "created_at": at,
                "expires_at": new.expires_at,
                "revoked_at": None,
            }
        ],
    )


_LIVE: Final = select(PrincipalRow).where(  # made once: every call of a program asks it
    col(PrincipalRow.token_hash) == bindparam("token"),
    col(PrincipalRow.revoked_at).is_(None),
    or_(col(PrincipalRow.expires_at).is_(None), col(PrincipalRow.expires_at) > bindparam("at")),
)


def find_principal(session: Session, token: str, *, at: datetime) -> Principal | None:
    """Find the principal of a token that is neither expired nor revoked at `at`."""
    row = session.execute(_LIVE, {"token": digest_of(token), "at": at}).scalar_one_or_none()
    return None if row is None else principal_of(row)


def person_of_label(session: Session, label_index: bytes) -> PersonId | None:
    """Find the person behind a label, so that two credentials of one person are known to be one pair of eyes."""
    query = select(col(PrincipalRow.person_id)).where(col(PrincipalRow.label_index) == label_index).limit(1)
    found = session.execute(query).scalar()
    return None if found is None else PersonId(found)


def all_principals(session: Session) -> Sequence[PrincipalRow]:
    """List every principal, oldest first."""
    return list(session.execute(select(PrincipalRow).order_by(col(PrincipalRow.created_at))).scalars())


def roles_of(session: Session, principals: Collection[PrincipalId]) -> dict[PrincipalId, Role]:
    """Return the roles of some principals; who is none (a data subject, the hub itself) is left out."""
    query = select(col(PrincipalRow.principal_id), col(PrincipalRow.role)).where(
        col(PrincipalRow.principal_id).in_(principals)
    )
    return {PrincipalId(principal): Role(role) for principal, role in session.execute(query)}


def find_unrevoked(session: Session, principal_id: PrincipalId) -> Principal | None:
    """Find the principal of an id that nobody revoked; it may have expired."""
    query = select(PrincipalRow).where(
        col(PrincipalRow.principal_id) == principal_id, col(PrincipalRow.revoked_at).is_(None)
    )
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else principal_of(row)


def person_of(session: Session, principal_id: PrincipalId) -> PersonId | None:
    """Find the person behind a credential, revoked ones included: what somebody did stays theirs."""
    query = select(col(PrincipalRow.person_id)).where(col(PrincipalRow.principal_id) == principal_id)
    found = session.execute(query).scalar_one_or_none()
    return None if found is None else PersonId(found)


def grant(session: Session, principal: Principal, *, at: datetime) -> bool:
    """Bind a credential to the purposes and views of `principal`, whose role it must have; its expiry stays.

    False if there is no such principal live at `at`.
    """
    result = session.execute(
        update(PrincipalRow)
        .where(
            col(PrincipalRow.principal_id) == principal.principal_id,
            col(PrincipalRow.role) == principal.role.value,
            col(PrincipalRow.revoked_at).is_(None),
            or_(col(PrincipalRow.expires_at).is_(None), col(PrincipalRow.expires_at) > at),
        )
        .values(purposes=" ".join(sorted(principal.purposes)), views=" ".join(sorted(principal.views)))
    )
    if not getattr(result, "rowcount", 0):
        return False
    note_revocation(session, Revocation.REBOUND, [principal.principal_id], at=at)
    return True


def lock_owners(session: Session, *, at: datetime) -> list[PrincipalId]:
    """Lock the owners that are live at `at` until the caller commits, and return them.

    Of two that revoke each other at once the second waits, and then sees that it is the last.
    """
    query = select(col(PrincipalRow.principal_id)).where(
        col(PrincipalRow.role) == Role.OWNER.value,
        col(PrincipalRow.revoked_at).is_(None),
        or_(col(PrincipalRow.expires_at).is_(None), col(PrincipalRow.expires_at) > at),
    )
    found = session.execute(query.order_by(col(PrincipalRow.principal_id)).with_for_update()).scalars()
    return [PrincipalId(owner) for owner in found]


def revoke(session: Session, principal_id: PrincipalId, *, at: datetime) -> bool:
    """Revoke a credential from the next call on; False if there is no such live principal."""
    result = session.execute(
        update(PrincipalRow)
        .where(col(PrincipalRow.principal_id) == principal_id, col(PrincipalRow.revoked_at).is_(None))
        .values(revoked_at=at)
    )
    if not getattr(result, "rowcount", 0):
        return False
    note_revocation(session, Revocation.CREDENTIAL, [principal_id], at=at)
    return True


def principal_of(row: PrincipalRow) -> Principal:
    """Return the checked value of a row."""
    return Principal(
        principal_id=PrincipalId(row.principal_id),
        person_id=PersonId(row.person_id),
        role=Role(row.role),
        purposes=frozenset(row.purposes.split()),
        views=frozenset(row.views.split()),
    )

"""Who acts: a token in, a principal out; nobody acts under a free name."""

import os
import secrets
import stat
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from hub.compose import Hub
from hub.errors import AccessRefused, HomeUnsafe, NotAuthenticated
from hub.home import label_index, new_principal
from privacy.audit import AuditFields
from privacy.keys import KeyKind
from privacy.sealing import Cell, SealedTable, open_sealed
from privacy.store.epoch import lock_epoch
from privacy.store.principal import (
    Principal,
    add_principal,
    all_principals,
    find_principal,
    find_unrevoked,
    grant,
    lock_owners,
    person_of_label,
    principal_of,
    revoke,
)
from privacy.terms import PersonId, PrincipalId, Role, random_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """To what a credential is bound: role, purposes, views (`*` means all), and until when."""

    role: Role
    purposes: frozenset[str]
    views: frozenset[str]
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """The purposes and views (`*` means all) of a credential: what may change while role and expiry stay."""

    purposes: frozenset[str]
    views: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A principal as the owner or DPO sees it in a list, with the label opened."""

    principal: Principal
    label: str
    expires_at: datetime | None
    revoked: bool


def authenticate(hub: Hub, token: str | None) -> Principal:
    """Return the principal of a token.

    Raises:
        NotAuthenticated: no token, or one that is unknown, expired or revoked (which of them is not told).

    """
    found = None
    if token:
        with hub.reading() as session:
            found = find_principal(session, token, at=hub.clock())
    if found is None:
        raise NotAuthenticated
    return found


def acting_principal(hub: Hub) -> Principal:
    """Return the principal of this process.

    `VARDE_TOKEN`, else the owner's token file, which only the account can read.

    Raises:
        HomeUnsafe: others can read the token file, so whoever reads it would act as the owner.
        NotAuthenticated: neither is there, or the token acts for nobody.

    """
    return authenticate(hub, hub.settings.token or _token_in(hub.settings.owner_token_file))


def add(hub: Hub, label: str, scope: Scope, by: Principal) -> tuple[Principal, str]:
    """Add a credential for a person; return it with its token, which is shown this once.

    A second credential under the same label belongs to the same person: four eyes are two persons, not two tokens.

    Raises:
        AccessRefused: the actor's role may not give this one.

    """
    verify_grant(by, scope.role)
    index = label_index(hub.named_key(KeyKind.INDEX, "identity"), label)
    token = secrets.token_urlsafe(32)
    with hub.unit_of_work() as session:
        person = person_of_label(session, index) or PersonId(random_id())
        principal = Principal(
            principal_id=PrincipalId(random_id()),
            person_id=person,
            role=scope.role,
            purposes=scope.purposes,
            views=scope.views,
        )
        new = new_principal(principal, label, token=token, instance=hub.instance, keystore=hub.keystore)
        add_principal(session, replace(new, expires_at=scope.expires_at), at=hub.clock())
        fields = AuditFields(principal=principal.principal_id, role=principal.role, outcome="added")
        hub.audit(session, "principal.add", by.principal_id, fields)
    return principal, token


def rebind(hub: Hub, principal_id: PrincipalId, binding: Binding, by: Principal) -> None:
    """Bind a live credential to other purposes and views, from its next call on; its role and expiry stay.

    Raises:
        AccessRefused: there is no such live credential, or its role is above the actor's.

    """
    with hub.unit_of_work() as session:
        lock_epoch(session)
        found = replace(_target(session, principal_id, by), purposes=binding.purposes, views=binding.views)
        if not grant(session, found, at=hub.clock()):
            raise _nobody()
        fields = AuditFields(principal=principal_id, role=found.role, outcome="granted")
        hub.audit(session, "principal.grant", by.principal_id, fields)


def withdraw(hub: Hub, principal_id: PrincipalId, by: Principal) -> None:
    """Revoke a credential, from its next call on.

    Raises:
        AccessRefused: there is no such credential, its role is above the actor's, or it is the last owner's.

    """
    with hub.unit_of_work() as session:
        lock_epoch(session)
        verify_revocable(session, _target(session, principal_id, by), at=hub.clock())
        if not revoke(session, principal_id, at=hub.clock()):
            raise _nobody()
        hub.audit(session, "principal.revoke", by.principal_id, AuditFields(principal=principal_id, outcome="revoked"))


def verify_revocable(session: Session, target: Principal, *, at: datetime) -> None:
    """Refuse to revoke the last live owner: nobody could make another, rotate a key or continue the log.

    Raises:
        AccessRefused: names the rule.

    """
    if target.role is Role.OWNER and lock_owners(session, at=at) == [target.principal_id]:
        raise AccessRefused("last_owner", "Add another owner first: `varde principal add LABEL --role owner`")


def find_target(hub: Hub, principal_id: PrincipalId, by: Principal) -> Principal:
    """Find the credential that the actor may bind anew or revoke.

    Raises:
        AccessRefused: there is none, or its role is above the actor's.

    """
    with hub.reading() as session:
        return _target(session, principal_id, by)


def verify_grant(by: Principal, role: Role) -> None:
    """Refuse whoever may not make or change a credential of this role: nobody gives what is above his own.

    Raises:
        AccessRefused: names the rule.

    """
    _verify_administrator(by)
    if role is Role.OWNER and by.role is not Role.OWNER:
        raise AccessRefused("role_above_own", "Only an owner makes or changes an owner")


def listed(hub: Hub, by: Principal) -> list[Listed]:
    """List every principal with its label opened; the opening is audited first."""
    _verify_administrator(by)
    with hub.reading() as session:
        rows = all_principals(session)
    with hub.unit_of_work() as session:
        hub.audit(session, "principal.list", by.principal_id, AuditFields(opened=len(rows)))
    key = hub.named_key(KeyKind.INSTANCE, "labels")
    return [
        Listed(
            principal=principal_of(row),
            label=open_sealed(
                row.label_sealed,
                key=key,
                cell=Cell(instance=hub.instance, table=SealedTable.PRINCIPAL, field=1, row=row.principal_id),
            ).decode(),
            expires_at=row.expires_at,
            revoked=row.revoked_at is not None,
        )
        for row in rows
    ]


def _token_in(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise HomeUnsafe(
                    "the owner's token file", "others may read it", "Run `chmod 600` on it and ask who did"
                )
            return file.read().decode("ascii", "replace").strip()
    except OSError:
        return None


def _target(session: Session, principal_id: PrincipalId, by: Principal) -> Principal:
    _verify_administrator(by)
    found = find_unrevoked(session, principal_id)
    if found is None:
        raise _nobody()
    verify_grant(by, found.role)
    return found


def _nobody() -> AccessRefused:
    return AccessRefused("no_such_principal", "See `varde principal list`")


def _verify_administrator(principal: Principal) -> None:
    if principal.role not in {Role.OWNER, Role.DPO}:
        raise AccessRefused("role_may_not_administer", "Only the owner and the DPO manage principals")

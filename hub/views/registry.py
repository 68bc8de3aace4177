"""The life of a view: submitted by one person.

Approved by another, readable only while everything approved still holds.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import func, insert, select, update
from sqlmodel import Session, col

from hub.compose import Hub
from hub.errors import AccessRefused
from hub.views.load import load_spec
from hub.views.spec import ViewSpec
from hub.views.tables import Release, ViewVersion
from privacy.audit import AuditFields
from privacy.purposes import Policy, purpose_hash
from privacy.store.epoch import bump_epoch_for_all, lock_epoch
from privacy.store.frozen import frozen
from privacy.store.principal import Principal
from privacy.store.revocation import Revocation, note_revocation
from privacy.terms import DataCategory, Role, random_id

APPROVAL_DAYS: Final = 365
_MAY_SUBMIT: Final = frozenset({Role.OWNER, Role.SCIENTIST, Role.ENGINEER})
_MAY_APPROVE: Final = frozenset({Role.DPO})


class ViewState(StrEnum):
    """Where a view version is in its life; expiry is a matter of time and shows at the next read."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of a view as it stands: its text, and what an approval bound."""

    name: str
    version: int
    spec: str
    spec_hash: bytes
    purpose: str
    state: str
    author_person: bytes
    submitted_at: datetime | None
    approved_at: datetime | None
    approved_spec_hash: bytes | None
    approved_purpose_hash: bytes | None
    four_eyes_enforced: bool
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What an approval came to: `four_eyes_enforced` is False where one OS account holds both credentials."""

    view: str
    version: int
    expires_at: datetime
    four_eyes_enforced: bool


def submit(hub: Hub, text: str, principal: Principal) -> ViewSpec:
    """Submit a view for approval.

    Raises:
        SpecRefused: the spec breaks a rule, named with its remedy.
        AccessRefused: the principal may not submit, or this version exists already.

    """
    policy = hub.policy()
    with hub.unit_of_work() as session:
        spec = submittable(session, policy, text, principal)
        session.execute(insert(ViewVersion), [_row(spec, text, principal, hub.clock())])
        hub.audit(session, "view.submit", principal.principal_id, _fields(spec))
    return spec


def submittable(session: Session, policy: Policy, text: str, principal: Principal) -> ViewSpec:
    """Return the spec that a principal may submit now, as `submit` checks it; raises what `submit` raises."""
    if principal.role not in _MAY_SUBMIT:
        raise AccessRefused("role_may_not_submit", "Ask a scientist, an engineer or the owner")
    spec = load_spec(text)
    _verify_purpose(spec, policy)
    if _find(session, spec.name, spec.version) is not None:
        raise AccessRefused("version_exists", "Raise `version` in the spec: an approved text never changes")
    return spec


def approve(
    hub: Hub, name: str, principal: Principal, *, separate_accounts: bool = False, looked_at: bytes | None = None
) -> Approval:
    """Approve the newest submitted version: by a DPO who is not its author; `looked_at` is the hash that they saw.

    Raises:
        AccessRefused: wrong role, the author's own eyes, nothing submitted, or another text than was looked at.

    """
    at = hub.clock()
    with hub.unit_of_work() as session:
        row = approvable(session, name, principal)
        spec = load_spec(row.spec)
        if looked_at not in {None, spec.hash}:
            raise AccessRefused("another_version_submitted", "Look at the newest submission, then approve that")
        purpose = hub.policy().purpose(spec.purpose)
        expires_at = at + timedelta(days=APPROVAL_DAYS)
        bump_epoch_for_all(session, kind="view")
        session.execute(
            update(ViewVersion)
            .where(col(ViewVersion.name) == row.name, col(ViewVersion.version) == row.version)
            .values(
                state=ViewState.APPROVED.value,
                approver_person=principal.person_id,
                approved_at=at,
                approved_spec_hash=spec.hash,
                approved_purpose_hash=bytes.fromhex(purpose_hash(purpose)),
                four_eyes_enforced=separate_accounts,
                expires_at=expires_at,
            )
        )
        hub.audit(session, "view.approve", principal.principal_id, _fields(spec, four_eyes=separate_accounts))
    return Approval(view=name, version=row.version, expires_at=expires_at, four_eyes_enforced=separate_accounts)


def approvable(session: Session, name: str, principal: Principal) -> Version:
    """Return the version that a principal may approve now, as `approve` checks it; raises what `approve` raises."""
    row = _newest(session, name, ViewState.SUBMITTED)
    if row is None:
        raise AccessRefused("nothing_submitted", "Submit the view first: `varde view submit FILE`")
    if principal.role not in _MAY_APPROVE:
        raise AccessRefused("role_may_not_approve", "Only a DPO approves a view")
    if principal.person_id == row.author_person:
        raise AccessRefused("four_eyes", "The author cannot approve; another person must")
    return row


def verify_revoker(principal: Principal) -> None:
    """Refuse whoever may not revoke a view.

    Raises:
        AccessRefused: names the roles to ask.

    """
    if principal.role not in _MAY_APPROVE | {Role.OWNER}:
        raise AccessRefused("role_may_not_revoke", "Ask the DPO or the owner")


def revoke(hub: Hub, name: str, principal: Principal) -> int:
    """Revoke every approved version of a view; effective at the next read. Return how many."""
    verify_revoker(principal)
    with hub.unit_of_work() as session:
        lock_epoch(session)
        result = session.execute(
            update(ViewVersion)
            .where(col(ViewVersion.name) == name, col(ViewVersion.state) == ViewState.APPROVED.value)
            .values(state=ViewState.REVOKED.value, revoked_at=hub.clock())
        )
        revoked = int(getattr(result, "rowcount", 0))
        if revoked:
            bump_epoch_for_all(session, kind="view")
            note_revocation(session, Revocation.VIEW, [random_id()], at=hub.clock(), detail=name)
            hub.audit(session, "view.revoke", principal.principal_id, AuditFields(view=name, rows=revoked))
    return revoked


def revoke_restored(session: Session, name: str | None, *, approved_by: datetime, at: datetime) -> int:
    """Revoke what a restore brought back as approved: of one view, or of every one; return how many versions."""
    which = [col(ViewVersion.state) == ViewState.APPROVED.value, col(ViewVersion.approved_at) <= approved_by]
    if name is not None:
        which.append(col(ViewVersion.name) == name)
    gone = update(ViewVersion).where(*which).values(state=ViewState.REVOKED.value, revoked_at=at)
    return int(getattr(session.execute(gone), "rowcount", 0))


def readable_spec(session: Session, policy: Policy, name: str, *, at: datetime) -> ViewSpec:
    """Return the spec of a view that may be read at `at`, in the caller's snapshot.

    Raises:
        AccessRefused: not approved, expired, or the spec or its purpose is not what was approved.

    """
    row = _newest(session, name, ViewState.APPROVED)
    if row is None:
        raise AccessRefused("view_not_approved", "See `varde view list`; a DPO approves with `varde view approve`")
    if row.expires_at is None or row.expires_at <= at:
        raise AccessRefused("approval_expired", "Submit it again for review")
    spec = load_spec(row.spec)
    if spec.hash != row.approved_spec_hash:
        raise AccessRefused("spec_changed_since_approval", "Submit it as a new version")
    if bytes.fromhex(purpose_hash(policy.purpose(spec.purpose))) != row.approved_purpose_hash:
        raise AccessRefused("purpose_changed_since_approval", "Have the view approved under the new purpose version")
    return spec


def all_versions(session: Session) -> list[Version]:
    """List every version of every view."""
    query = select(ViewVersion).order_by(col(ViewVersion.name), col(ViewVersion.version))
    return [frozen(Version, row) for row in session.execute(query).scalars()]


def count_unenforced(session: Session) -> int:
    """Count the approved views for which four eyes were not enforced: one OS account held both credentials."""
    query = select(func.count()).select_from(ViewVersion).where(col(ViewVersion.state) == ViewState.APPROVED.value)
    return int(session.execute(query.where(col(ViewVersion.four_eyes_enforced).is_(False))).scalar_one())


def count_incomplete(session: Session) -> int:
    """Count the releases whose rows may have left although nobody noted that they arrived."""
    query = select(func.count()).select_from(Release).where(col(Release.completed_at).is_(None))
    return int(session.execute(query).scalar_one())


def _verify_purpose(spec: ViewSpec, policy: Policy) -> None:
    """Refuse a view that reads a table or a kind of data that its purpose does not list (Article 5(1)(b), (c))."""
    purpose = policy.purpose(spec.purpose)
    if not set(spec.tables) <= purpose.tables:
        beyond = ", ".join(sorted(set(spec.tables) - purpose.tables))
        raise AccessRefused("table_not_of_purpose", f"Purpose {purpose.id} does not list {beyond}")
    if DataCategory.BEHAVIOUR not in purpose.data_categories:
        raise AccessRefused("category_not_of_purpose", f"Purpose {purpose.id} does not list behaviour")


def _row(spec: ViewSpec, text: str, principal: Principal, at: datetime) -> dict[str, object]:
    return {
        "name": spec.name,
        "version": spec.version,
        "spec": text,
        "spec_hash": spec.hash,
        "purpose": spec.purpose,
        "state": ViewState.SUBMITTED.value,
        "author_person": principal.person_id,
        "submitted_at": at,
        "four_eyes_enforced": False,
    }


def _fields(spec: ViewSpec, *, four_eyes: bool | None = None) -> AuditFields:
    return AuditFields(
        view=spec.name,
        view_version=spec.version,
        purpose=spec.purpose,
        view_hash=spec.hash.hex(),
        four_eyes=four_eyes,
    )


def _find(session: Session, name: str, version: int) -> Version | None:
    query = select(ViewVersion).where(col(ViewVersion.name) == name, col(ViewVersion.version) == version)
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else frozen(Version, row)


def _newest(session: Session, name: str, state: ViewState) -> Version | None:
    query = (
        select(ViewVersion)
        .where(col(ViewVersion.name) == name, col(ViewVersion.state) == state.value)
        .order_by(col(ViewVersion.version).desc())
        .limit(1)
    )
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else frozen(Version, row)

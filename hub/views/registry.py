"""The life of a view: drafted in a file, submitted, approved or refused by somebody else, revoked or run out.

An approval binds the hashes of the canonical spec, of its purpose and of the policy's rules over the tables it reads,
and names the check on real data that the approver could see (`hub.inspection`). A view is readable only while all of
that still holds.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, insert, select, update
from sqlmodel import Session, col

from hub.compose import Hub
from hub.errors import AccessRefused
from hub.views.checked import Check, bound_of
from hub.views.column_rules import categories_of
from hub.views.currency import check_currency
from hub.views.load import catalogue_names, load_spec
from hub.views.look import Look, Refusal, Unchecked, seen_check
from hub.views.spec import ViewSpec
from hub.views.tables import Release, ViewVersion
from hub.views.version import Version, ViewState, find_version, newest_version
from privacy.audit import AuditFields
from privacy.purposes import Policy
from privacy.store.epoch import bump_epoch_for_all, lock_epoch
from privacy.store.principal import Principal
from privacy.store.revocation import Revocation, note_revocation
from privacy.terms import Role, random_id

APPROVAL_DAYS: Final = 365
REVIEW_DAYS: Final = 60
"""So long before an approval runs out its review is due: time for a check, questions and a new version."""
MAY_SUBMIT: Final = frozenset({Role.OWNER, Role.SCIENTIST, Role.ENGINEER})
_MAY_APPROVE: Final = frozenset({Role.DPO})


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What an approval came to: `four_eyes_enforced` is False where one OS account holds both credentials."""

    view: str
    version: int
    expires_at: datetime
    review_at: datetime
    four_eyes_enforced: bool


_PLAIN_LOOK: Final = Look()


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
    if principal.role not in MAY_SUBMIT:
        raise AccessRefused("role_may_not_submit", "Ask a scientist, an engineer or the owner")
    spec = load_spec(text)
    if not principal.may_use(purpose=spec.purpose, view=spec.name):
        raise AccessRefused("credential_not_bound", "Ask for a grant on this purpose and view")
    check_currency(spec)  # of what is new: a view that was approved before this rule is read until that runs out
    _verify_purpose(spec, policy)
    if find_version(session, spec.name, spec.version) is not None:
        raise AccessRefused("version_exists", "Raise `version` in the spec: an approved text never changes")
    return spec


def approve(hub: Hub, name: str, principal: Principal, look: Look = _PLAIN_LOOK) -> Approval:
    """Approve the newest submitted version: by a DPO who is not its author, and after a check under the same rules.

    Raises:
        AccessRefused: wrong role, the author's own eyes, nothing submitted, another text than was looked at, no check.

    """
    at = hub.clock()
    with hub.unit_of_work() as session:
        bump_epoch_for_all(session, kind="view")
        row = approvable(session, name, principal)
        spec, policy = load_spec(row.spec), hub.policy()
        if look.looked_at not in {None, spec.hash}:
            raise AccessRefused("another_version_submitted", "Look at the newest submission, then approve that")
        expires_at = min(at + timedelta(days=APPROVAL_DAYS), look.until or datetime.max.replace(tzinfo=at.tzinfo))
        if expires_at <= at:
            raise AccessRefused("approval_expired", "Name a day to come")
        bound, check = bound_of(spec, policy), seen_check(session, spec, policy, look, at=at)
        values: dict[str, object] = {
            "state": ViewState.APPROVED.value,
            "approver_person": principal.person_id,
            "approved_at": at,
            "approved_spec_hash": bound.spec_hash,
            "approved_purpose_hash": bound.purpose_hash,
            "approved_reach_hash": bound.reach_hash,
            "approved_check": None if check is None else check.check_id,
            "unchecked_because": None if look.unchecked is None else look.unchecked.value,
            "four_eyes_enforced": look.separate_accounts,
            "expires_at": expires_at,
            "review_at": max(at, expires_at - timedelta(days=REVIEW_DAYS)),
        }
        _change(session, row, values)
        fields = _fields(spec, four_eyes=look.separate_accounts, unchecked=look.unchecked, check=check)
        hub.audit(session, "view.approve", principal.principal_id, fields)
    return Approval(
        view=name,
        version=row.version,
        expires_at=expires_at,
        review_at=max(at, expires_at - timedelta(days=REVIEW_DAYS)),
        four_eyes_enforced=look.separate_accounts,
    )


def refuse(hub: Hub, name: str, principal: Principal, because: Refusal) -> int:
    """Refuse the newest submitted version, with a reason; return its number. The author may submit another.

    Raises:
        AccessRefused: as `approve`, but that a DPO may refuse what they wrote themselves.

    """
    with hub.unit_of_work() as session:
        lock_epoch(session)
        row = refusable(session, name, principal)
        refused = {"state": ViewState.REFUSED.value, "refused_at": hub.clock(), "refused_because": because.value}
        _change(session, row, refused)
        hub.audit(session, "view.refuse", principal.principal_id, _fields(load_spec(row.spec), reason=because.value))
    return row.version


def refusable(session: Session, name: str, principal: Principal) -> Version:
    """Return the version that a principal may refuse now, as `refuse` checks it; raises what `refuse` raises."""
    row = _submitted(session, name)
    _verify_approver(principal)
    return row


def approvable(session: Session, name: str, principal: Principal) -> Version:
    """Return the version that a principal may approve now, as `approve` checks it; raises what `approve` raises."""
    row = refusable(session, name, principal)
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
    row = newest_version(session, name, ViewState.APPROVED)
    if row is None:
        # A name is not repeated unless it is one of ours: it is what somebody typed, and an unknown view is told as one
        # that is not approved.
        ours, named = (f"It is {name}; ", f" {name}") if name in catalogue_names() else ("", "")
        steps = f"`varde view new{named}`, `varde view submit` and a DPO's `varde view approve{named}` bring it about"
        raise AccessRefused("view_not_approved", f"{ours}`varde view list` shows where it stands; {steps}")
    if row.expires_at is None or row.expires_at <= at:
        raise AccessRefused("approval_expired", "Submit it again for review")
    spec = load_spec(row.spec)
    bound = bound_of(spec, policy)
    if bound.spec_hash != row.approved_spec_hash:
        raise AccessRefused("spec_changed_since_approval", "Submit it as a new version")
    if bound.purpose_hash != row.approved_purpose_hash:
        raise AccessRefused("purpose_changed_since_approval", "Have the view approved under the new purpose version")
    if row.approved_reach_hash not in {None, bound.reach_hash}:  # None: approved before it was bound
        raise AccessRefused("policy_changed_since_approval", "Have the view approved under the new rules of its tables")
    return spec


def count_incomplete(session: Session) -> int:
    """Count the releases whose rows may have left although nobody noted that they arrived."""
    query = select(func.count()).select_from(Release).where(col(Release.completed_at).is_(None))
    return int(session.execute(query).scalar_one())


def last_released(session: Session, name: str, principal_id: bytes) -> datetime | None:
    """Say when somebody was last given rows of a view; None: never, or so long ago that it is no longer kept."""
    mine = col(Release.view) == name, col(Release.principal_id) == principal_id
    query = select(func.max(col(Release.released_at))).where(*mine)
    newest: datetime | None = session.execute(query).scalar_one()
    return newest


def _verify_purpose(spec: ViewSpec, policy: Policy) -> None:
    """Refuse a view that reads a table or a kind of data that its purpose does not list (Article 5(1)(b), (c))."""
    purpose = policy.purpose(spec.purpose)
    if not set(spec.tables) <= purpose.tables:
        beyond = ", ".join(sorted(set(spec.tables) - purpose.tables))
        raise AccessRefused("table_not_of_purpose", f"Purpose {purpose.id} does not list {beyond}")
    beyond_categories = categories_of(spec) - purpose.data_categories
    if beyond_categories:  # a purpose that lists redacted text has a DPIA: `privacy.purposes` sees to it
        kinds = ", ".join(sorted(beyond_categories))
        raise AccessRefused("category_not_of_purpose", f"Purpose {purpose.id} does not list {kinds}")


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


def _fields(
    spec: ViewSpec,
    *,
    four_eyes: bool | None = None,
    unchecked: Unchecked | None = None,
    check: Check | None = None,
    reason: str | None = None,
) -> AuditFields:
    return AuditFields(
        act_id=None if check is None else check.check_id,
        view=spec.name,
        view_version=spec.version,
        purpose=spec.purpose,
        view_hash=spec.hash.hex(),
        four_eyes=four_eyes,
        reason=reason if unchecked is None else unchecked.value,
    )


def _change(session: Session, row: Version, values: dict[str, object]) -> None:
    mine = (col(ViewVersion.name) == row.name, col(ViewVersion.version) == row.version)
    session.execute(update(ViewVersion).where(*mine).values(**values))


def _submitted(session: Session, name: str) -> Version:
    row = newest_version(session, name, ViewState.SUBMITTED)
    if row is None:
        raise AccessRefused("nothing_submitted", "Submit the view first: `varde view submit FILE`")
    return row


def _verify_approver(principal: Principal) -> None:
    if principal.role not in _MAY_APPROVE:
        raise AccessRefused("role_may_not_approve", "Only a DPO approves a view")

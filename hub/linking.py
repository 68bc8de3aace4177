"""Approving that two pseudonymisation domains may be linked: by a DPO who did not put the policy in force."""

from sqlmodel import Session

from hub.compose import Hub
from hub.domains import find_domain, unknown
from hub.errors import AccessRefused
from privacy.audit import AuditFields
from privacy.store.domain import RecordedDomain, approve_domain, find_recorder
from privacy.store.principal import Principal
from privacy.terms import Role


def approve(
    hub: Hub, name: str, by: Principal, *, separate_accounts: bool = False, looked_at: int | None = None
) -> int:
    """Approve the newest version of a domain's record, or that which was `looked_at`; return its number.

    Raises:
        AccessRefused: wrong role, the same person who applied the policy, nothing waits for approval, or another
            version does than was looked at.

    """
    verify_approver(by)
    with hub.unit_of_work() as session:
        found = _waiting(session, name, by)
        if looked_at not in {None, found.version}:
            raise AccessRefused("another_version_waits", "Look at the newest version, then approve that")
        approve_domain(session, found, by, at=hub.clock())
        fields = AuditFields(
            purpose=found.record.purpose, role=by.role, outcome="approved", four_eyes=separate_accounts
        )
        hub.audit(session, "domain.approve", by.principal_id, fields)
    return found.version


def waiting(hub: Hub, name: str, by: Principal) -> RecordedDomain:
    """Return the record that waits for this person's approval; raises what `approve` raises."""
    verify_approver(by)
    with hub.reading() as session:
        return _waiting(session, name, by)


def _waiting(session: Session, name: str, by: Principal) -> RecordedDomain:
    found = find_domain(session, name)
    if found is None:
        raise unknown()
    if found.approved or not found.record.needs_approval:
        raise AccessRefused("nothing_to_approve", "Only a record that links domains waits: `varde domain show`")
    if find_recorder(session, found) == by.person_id:
        raise AccessRefused("four_eyes", "Who applied the policy cannot approve its links; another person must")
    return found


def verify_approver(by: Principal) -> None:
    """Refuse whoever may not approve links.

    Raises:
        AccessRefused: names the rule and whom to ask.

    """
    if by.role is not Role.DPO:
        raise AccessRefused("role_may_not_approve", "Only a DPO approves a link between domains")

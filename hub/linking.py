"""Approving that two pseudonymisation domains may be linked: by a DPO who did not put the policy in force."""

from hub.compose import Hub
from hub.domains import find_domain, unknown
from hub.errors import AccessRefused
from privacy.audit import AuditFields
from privacy.store.domain import approve_domain, find_recorder
from privacy.store.principal import Principal
from privacy.terms import Role


def approve(hub: Hub, name: str, by: Principal, *, separate_accounts: bool = False) -> int:
    """Approve the newest version of a domain's record; return its number.

    Raises:
        AccessRefused: wrong role, the same person who applied the policy, or nothing waits for approval.

    """
    verify_approver(by)
    with hub.unit_of_work() as session:
        found = find_domain(session, name)
        if found is None:
            raise unknown()
        if found.approved or not found.record.needs_approval:
            raise AccessRefused("nothing_to_approve", "Only a record that links domains waits: `varde domain show`")
        if find_recorder(session, found) == by.person_id:
            raise AccessRefused("four_eyes", "Who applied the policy cannot approve its links; another person must")
        approve_domain(session, found, by, at=hub.clock())
        fields = AuditFields(
            purpose=found.record.purpose, role=by.role, outcome="approved", four_eyes=separate_accounts
        )
        hub.audit(session, "domain.approve", by.principal_id, fields)
    return found.version


def verify_approver(by: Principal) -> None:
    """Refuse whoever may not approve links.

    Raises:
        AccessRefused: names the rule and whom to ask.

    """
    if by.role is not Role.DPO:
        raise AccessRefused("role_may_not_approve", "Only a DPO approves a link between domains")

"""Agreeing, as a second person, to rules of re-identification that somebody else is about to put in force."""

from typing import Final

from hub.compose import Hub
from hub.errors import AccessRefused
from hub.policy.agreement import changed_rules, rules_hash
from privacy.audit import AuditFields
from privacy.errors import PolicyInvalid
from privacy.purposes import Policy, Purpose
from privacy.store.principal import Principal
from privacy.terms import Role

_MAY_AGREE: Final = frozenset({Role.OWNER, Role.DPO})


def agreeable(hub: Hub, proposed: Policy, purpose: str, by: Principal) -> Purpose:
    """Return the purpose to whose changed rules somebody may agree; raises what `agree` raises."""
    if by.role not in _MAY_AGREE:
        raise AccessRefused("role_may_not_agree", "Ask the DPO or the owner")
    changed = {str(each.id): each for each in changed_rules(hub.policy(), proposed)}
    if purpose not in changed:
        rule = "the pack gives it no other rules of re-identification"
        raise PolicyInvalid(f"purposes.{purpose}", rule, "name a purpose that the plan warns of")
    return changed[purpose]


def agree(hub: Hub, proposed: Policy, purpose: str, by: Principal, *, separate_accounts: bool = False) -> str:
    """Agree to the rules of re-identification that a pack gives a purpose; return their hash. Audited.

    The agreement serves whoever applies these very rules, unless it is the same person.

    Raises:
        AccessRefused: neither owner nor DPO.
        PolicyInvalid: the pack does not change that purpose's rules.

    """
    agreed = agreeable(hub, proposed, purpose, by)
    fields = AuditFields(
        purpose=agreed.id, purpose_hash=rules_hash(agreed), role=by.role, outcome="agreed", four_eyes=separate_accounts
    )
    with hub.unit_of_work() as session:
        hub.audit(session, "policy.agree", by.principal_id, fields)
    return rules_hash(agreed)

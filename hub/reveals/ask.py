"""What is asked of a reveal, and what the rules of its purpose say to it before anybody is looked up."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from hub.errors import AccessRefused
from privacy.errors import PurposeUnknown
from privacy.pseudonym import PseudonymisationDomain
from privacy.purposes import Policy, Purpose
from privacy.reidentification import ReidentificationRules, RevealBecause
from privacy.store.principal import EVERYTHING, Principal
from privacy.terms import Pseudonym

_REMEDIES: Final[Mapping[RevealBecause, str]] = {
    RevealBecause.PURPOSE_UNKNOWN: "`varde policy show` lists the purposes in force",
    RevealBecause.NO_RULES: "Its policy has no reidentification section: nobody may, until the DPO writes one",
    RevealBecause.ROLE: "`varde reveal rules` lists the roles of each purpose; ask one of them",
    RevealBecause.NOT_BOUND: "Ask for a grant on this purpose: `varde principal grant`",
    RevealBecause.REASON: "`varde reveal rules` lists the reasons of each purpose",
    RevealBecause.ATTRIBUTE: "`varde reveal rules` lists the attributes of each purpose",
    RevealBecause.CHANGED: "The policy changed at this moment: try again",
    RevealBecause.NOWHERE: "It is of another purpose or an ended key version, or the person was merged or erased",
    RevealBecause.NOT_PERMITTED: "The decision for this purpose says no; `varde consent show` tells the DPO why",
    RevealBecause.LIMIT: "Your hour is used up: wait, or have per_hour of the purpose looked at by the DPO",
    RevealBecause.NEEDS_SECOND: "Ask first: `varde reveal request`; somebody else approves it",
    RevealBecause.REQUEST_UNFIT: "A request serves the person, purpose, reason and attributes that it was made for",
    RevealBecause.NOT_APPROVED: "Somebody else approves it first: `varde reveal approve`",
    RevealBecause.RUN_OUT: "Ask anew: `varde reveal request`",
    RevealBecause.APPROVED: "Somebody agreed before you: nothing is left to do",
    RevealBecause.USED: "An approval serves once: ask anew with `varde reveal request`",
    RevealBecause.FOUR_EYES: "Who asked cannot approve; another person must",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Whom somebody wants to see, for which purpose and reason.

    `attributes` empty means all that the purpose allows; `request_id` names the request that a second person approved.
    """

    purpose: str
    pseudonym: Pseudonym
    reason: str
    attributes: frozenset[str] = frozenset()
    request_id: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """An ask that role, reason and attributes allow, with the rules that go on to bind it.

    `domains` is the purpose's domain under each live version, once its keys have been taken out.
    """

    ask: Ask
    purpose: Purpose
    rules: ReidentificationRules
    domains: tuple[PseudonymisationDomain, ...] = ()


def refused(because: RevealBecause, rule: str = "") -> AccessRefused:
    """Make the refusal of a rule, with its remedy; `rule` is the word of a decision, appended to the reason."""
    return AccessRefused(f"{because}.{rule}" if rule else because.value, _REMEDIES[because])


def rules_of(policy: Policy, purpose_id: str) -> tuple[Purpose, ReidentificationRules]:
    """Return a purpose with its rules of re-identification.

    Raises:
        AccessRefused: there is no such purpose, or it has none.

    """
    try:
        purpose = policy.purpose(purpose_id)
    except PurposeUnknown:
        raise refused(RevealBecause.PURPOSE_UNKNOWN) from None
    if purpose.reidentification is None:
        raise refused(RevealBecause.NO_RULES)
    return purpose, purpose.reidentification


def ruled(policy: Policy, by: Principal, ask: Ask) -> Ruled:
    """Hold an ask to the rules of its purpose.

    Raises:
        AccessRefused: names the first rule that says no.

    """
    purpose, rules = rules_of(policy, ask.purpose)
    because = rules.refusal_of(by.role, ask.reason, ask.attributes)
    if because is None and {purpose.id, EVERYTHING}.isdisjoint(by.purposes):
        because = RevealBecause.NOT_BOUND
    if because is not None:
        raise refused(because)
    return Ruled(ask=replace(ask, attributes=ask.attributes or rules.attributes), purpose=purpose, rules=rules)

"""Who may lead a pseudonym back to a person, to which attributes, why and how often (GDPR Art. 4(5), 5(1)(c), 25, 32).

Rules kept here:
- a purpose without rules of re-identification has none: nobody may;
- role, reason and attributes are each of a closed list; a reason is a code, never free text about a person;
- the number of persons is limited per acting person and hour, and small by design: a limit that nobody can reach
  limits nothing.
"""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from privacy.errors import PolicyInvalid
from privacy.terms import Role

HOUR: Final = timedelta(hours=1)
MOST_PER_HOUR: Final = 500
LONGEST_MINUTES: Final = 24 * 60
_CODE: Final = re.compile(r"[a-z][a-z_]{0,47}")  # no digits: a code cannot carry a number of anybody


class RevealBecause(StrEnum):
    """Why a reveal is refused; these words stand in audit entries, so they are permanent."""

    PURPOSE_UNKNOWN = "purpose_unknown"
    NO_RULES = "purpose_without_reidentification"
    ROLE = "role_may_not_reveal"
    NOT_BOUND = "credential_not_bound"
    REASON = "reason_not_listed"
    ATTRIBUTE = "attribute_not_listed"
    CHANGED = "policy_changed"
    NOWHERE = "pseudonym_points_nowhere"
    NOT_PERMITTED = "person_not_permitted"  # with the rule of the decision behind it
    LIMIT = "hourly_limit_reached"
    NEEDS_SECOND = "second_person_needed"
    REQUEST_UNFIT = "request_is_for_another_reveal"
    NOT_APPROVED = "request_not_approved"
    RUN_OUT = "approval_has_run_out"
    APPROVED = "request_approved_already"
    USED = "approval_was_used"
    FOUR_EYES = "four_eyes"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReidentificationRules:
    """A purpose's rules of re-identification.

    - `roles` may ask; `attributes` may be shown (names of identity attributes); `reasons` are codes;
    - `per_hour`: persons that one acting person may reveal within any hour;
    - `second_person`: somebody of `approvers` who is not the asker approves first; the approval serves once, for
      `within_minutes`.

    Raises:
        PolicyInvalid: a list is empty or a number is out of bounds.

    """

    roles: frozenset[Role]
    attributes: frozenset[str]
    reasons: frozenset[str]
    per_hour: int
    second_person: bool = False
    approvers: frozenset[Role] = frozenset({Role.DPO})
    within_minutes: int = 60

    def __post_init__(self) -> None:
        for broken, rule, remedy in self._shape():
            if broken:
                raise PolicyInvalid("reidentification", rule, remedy)

    def refusal_of(self, role: Role, reason: str, attributes: AbstractSet[str]) -> RevealBecause | None:
        """Return why the rules refuse, the first that does; None if they do not."""
        if role not in self.roles:
            return RevealBecause.ROLE
        if reason not in self.reasons:
            return RevealBecause.REASON
        return None if attributes <= self.attributes else RevealBecause.ATTRIBUTE

    def _shape(self) -> list[tuple[bool, str, str]]:
        """List what the rules must look like: (broken, rule, remedy)."""
        minutes = f"from 1 to {LONGEST_MINUTES}"
        return [
            (not self.roles, "somebody may reveal", "list roles, or leave the section out: then nobody may"),
            (not self.attributes, "a reveal shows something", "list attributes"),
            (not self.reasons, "a reveal has a reason from a list", "list codes in reasons"),
            (
                not all(map(_CODE.fullmatch, self.reasons | self.attributes)),
                "reasons and attributes are codes",
                "use at most 48 of a-z and _",
            ),
            (not self.approvers, "somebody may approve", "list roles in approvers"),
            (not 1 <= self.per_hour <= MOST_PER_HOUR, f"1 to {MOST_PER_HOUR} persons an hour", "set per_hour"),
            (not 1 <= self.within_minutes <= LONGEST_MINUTES, f"an approval lasts {minutes} minutes", "set it so"),
        ]


def plain_reidentification(rules: ReidentificationRules | None) -> dict[str, object] | None:
    """Return the rules as JSON can hold them, in one order: what a purpose's version binds."""
    if rules is None:
        return None
    return {
        "roles": sorted(rules.roles),
        "attributes": sorted(rules.attributes),
        "reasons": sorted(rules.reasons),
        "per_hour": rules.per_hour,
        "second_person": rules.second_person,
        "approvers": sorted(rules.approvers),
        "within_minutes": rules.within_minutes,
    }

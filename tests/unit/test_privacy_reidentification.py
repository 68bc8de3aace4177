"""Rules of re-identification: closed lists, small numbers, and what a purpose's version binds."""

from dataclasses import replace
from typing import Any

import pytest

from privacy.errors import PolicyInvalid
from privacy.policy import policy_of, verify_versions
from privacy.purposes import Policy
from privacy.reidentification import ReidentificationRules, RevealBecause
from privacy.terms import Role
from tests.privacy_builders import a_pack, a_purpose

RULES = ReidentificationRules(
    roles=frozenset({Role.SUCCESS}),
    attributes=frozenset({"full_name", "email"}),
    reasons=frozenset({"complaint_answered"}),
    per_hour=5,
)
CHANGED: dict[str, Any] = {
    "roles": frozenset({Role.DPO}),
    "attributes": frozenset({"phone"}),
    "reasons": frozenset({"other"}),
    "per_hour": 6,
    "second_person": True,
    "approvers": frozenset({Role.OWNER}),
    "within_minutes": 61,
}


@pytest.mark.parametrize(
    ("role", "reason", "attributes", "because"),
    [
        (Role.SUCCESS, "complaint_answered", {"email"}, None),
        (Role.SUCCESS, "complaint_answered", set(), None),
        (Role.OWNER, "complaint_answered", {"email"}, RevealBecause.ROLE),
        (Role.SUCCESS, "curiosity", {"email"}, RevealBecause.REASON),
        (Role.SUCCESS, "complaint_answered", {"email", "birth_date"}, RevealBecause.ATTRIBUTE),
    ],
)
def test_the_first_rule_that_refuses_is_told(role: Role, reason: str, attributes: set[str], because) -> None:
    assert RULES.refusal_of(role, reason, attributes) is because


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"roles": frozenset()}, "somebody may reveal"),
        ({"attributes": frozenset()}, "shows something"),
        ({"reasons": frozenset()}, "a reason from a list"),
        ({"approvers": frozenset()}, "somebody may approve"),
        ({"reasons": frozenset({"call 90012345"})}, "codes"),
        ({"reasons": frozenset({"kari@a.example"})}, "codes"),
        ({"per_hour": 0}, "persons an hour"),
        ({"per_hour": 501}, "persons an hour"),
        ({"within_minutes": 0}, "lasts from 1"),
        ({"within_minutes": 1441}, "lasts from 1"),
    ],
)
def test_rules_that_limit_nothing_cannot_be_made(changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(PolicyInvalid, match=rule):
        replace(RULES, **changes)


@pytest.mark.parametrize("name", CHANGED)
def test_one_version_of_a_purpose_stands_for_one_set_of_them(name: str) -> None:
    first = a_purpose(reidentification=RULES)
    history = [Policy(version=1, purposes=(first,))]
    for other in (replace(RULES, **{name: CHANGED[name]}), None):
        with pytest.raises(PolicyInvalid, match="raise the version"):
            verify_versions(Policy(version=2, purposes=(a_purpose(reidentification=other),)), history)
    verify_versions(Policy(version=2, purposes=(first,)), history)


def section(**changes: Any) -> dict[str, Any]:
    pack = a_pack()
    pack["purposes"]["churn"]["reidentification"] = {
        "roles": ["success", "dpo"],
        "attributes": ["email"],
        "reasons": ["complaint_answered"],
        "per_hour": 3,
    } | changes
    return pack


def test_the_pack_says_who_may() -> None:
    rules = policy_of(section(second_person=True)).purpose("churn").reidentification
    assert rules == ReidentificationRules(
        roles=frozenset({Role.SUCCESS, Role.DPO}),
        attributes=frozenset({"email"}),
        reasons=frozenset({"complaint_answered"}),
        per_hour=3,
        second_person=True,
    )
    assert rules is not None
    assert rules.approvers == {Role.DPO}


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"roles": ["boss"]}, "purposes.churn.reidentification.roles"),
        ({"roles": []}, "purposes.churn.reidentification"),
        ({"per_hour": "many"}, "purposes.churn.reidentification.per_hour"),
        ({"per_day": 3}, "purposes.churn.reidentification.per_day"),
        ({"second_person": "no"}, "purposes.churn.reidentification.second_person"),
    ],
)
def test_the_section_is_refused_at_the_field_that_is_wrong(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(PolicyInvalid) as refused:
        policy_of(section(**changes))
    assert refused.value.where == where

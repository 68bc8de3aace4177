"""Gates of a policy: what must be true on the day on which it is put in force."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.errors import PolicyInvalid
from privacy.gates import is_review_due, verify_gates
from privacy.policy import policy_of
from privacy.purposes import Policy, policy_hash, purpose_hash
from privacy.risk import RiskCriterion
from privacy.terms import LegalBasis
from privacy.uses import PROHIBITED, Use
from tests.privacy_builders import a_pack, a_purpose

MADE, DUE = date(2025, 1, 15), date(2027, 1, 15)
DAYS = st.dates(date(2020, 1, 1), date(2035, 1, 1))


def a_weighed(**changes: object) -> Policy:
    days = {"lia_date": MADE, "lia_review_by": DUE} | changes
    return Policy(version=1, purposes=(a_purpose(legal_basis=LegalBasis.LEGITIMATE_INTERESTS, **days),))


@pytest.mark.parametrize(
    ("changes", "on", "field"),
    [
        ({"lia_date": None}, MADE, "lia_date"),
        ({}, MADE - timedelta(days=1), "lia_date"),
        ({"lia_review_by": None}, MADE, "lia_review_by"),
        ({}, DUE + timedelta(days=1), "lia_review_by"),
    ],
)
def test_a_balancing_test_that_is_not_current_is_named(changes: dict, on: date, field: str) -> None:
    with pytest.raises(PolicyInvalid) as refused:
        verify_gates(a_weighed(**changes), on=on)
    assert refused.value.where == f"purposes.winback.{field}"


@given(made=DAYS, due=DAYS, on=DAYS)
def test_a_policy_passes_exactly_from_the_test_to_its_review(made: date, due: date, on: date) -> None:
    if due <= made:
        with pytest.raises(PolicyInvalid, match="reviewed after it was made"):
            a_weighed(lia_date=made, lia_review_by=due)
        return
    policy = a_weighed(lia_date=made, lia_review_by=due)
    assert is_review_due(policy.purposes[0], on=on) == (on > due)
    if made <= on <= due:
        verify_gates(policy, on=on)
        return
    with pytest.raises(PolicyInvalid):
        verify_gates(policy, on=on)


def test_other_bases_need_no_balancing_test() -> None:
    verify_gates(Policy(version=1, purposes=(a_purpose(lia_ref=None),)), on=MADE)


def test_a_pack_says_days_criteria_and_uses_and_no_word_of_its_own() -> None:
    pack = a_pack()
    churn = pack["purposes"]["churn"]
    before = policy_of(a_pack())
    churn |= {"lia_date": "2025-01-15", "lia_review_by": "2027-01-15", "risk_criteria": ["scoring"]}
    policy = policy_of(pack)
    said = policy.purpose("churn")
    assert (said.lia_date, said.lia_review_by) == (MADE, DUE)
    assert said.risk_criteria == {RiskCriterion.SCORING}
    assert said.prohibited_uses == PROHIBITED
    assert policy_hash(policy) != policy_hash(before)
    assert purpose_hash(said) == purpose_hash(before.purpose("churn"))  # paper, so no approval lapses
    for uses in ([], ["rows_sold"]):
        churn["prohibited_uses"] = uses
        own = policy_of(pack).purpose("churn")
        assert own.prohibited_uses == frozenset(map(Use, uses))
        assert purpose_hash(own) != purpose_hash(said)  # a rule that a release can reach
    churn["prohibited_uses"] = ["being_mean"]
    with pytest.raises(PolicyInvalid) as refused:
        policy_of(pack)
    assert refused.value.where == "purposes.churn.prohibited_uses"

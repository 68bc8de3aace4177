"""What must be true on the day on which a policy is put in force, beside the rules that each purpose keeps for good.

A purpose on legitimate interests rests on a balancing test that was made and whose review is not overdue (GDPR
Art. 6(1)(f), 5(2); EDPB Guidelines 1/2024). Which day it is changes the answer, so this is no part of a purpose's own
rules: a policy that was applied in time is still read afterwards, and only putting it in force again is refused.
"""

from datetime import date

from privacy.errors import PolicyInvalid
from privacy.purposes import Policy, Purpose
from privacy.terms import LegalBasis


def verify_gates(policy: Policy, *, on: date) -> None:
    """Refuse a purpose on legitimate interests whose balancing test is undated, still to come, or due for review.

    Raises:
        PolicyInvalid: names the purpose's field, the rule and the remedy.

    """
    for purpose in policy.purposes:
        if purpose.legal_basis is LegalBasis.LEGITIMATE_INTERESTS:
            _verify_balanced(purpose, on)


def is_review_due(purpose: Purpose, *, on: date) -> bool:
    """Say whether the balancing test of a purpose should have been looked at again by now."""
    return purpose.lia_review_by is not None and purpose.lia_review_by < on


def _verify_balanced(purpose: Purpose, on: date) -> None:
    where = f"purposes.{purpose.id}"
    if purpose.lia_date is None or purpose.lia_date > on:
        rule = "a balancing test is made before use (Art. 6(1)(f))"
        raise PolicyInvalid(f"{where}.lia_date", rule, 'write the day on which it was made, as "2026-01-31"')
    if purpose.lia_review_by is None:
        raise PolicyInvalid(f"{where}.lia_review_by", "a balancing test is reviewed", "write by which day")
    if is_review_due(purpose, on=on):
        rule = "the balancing test is past its review (Art. 6(1)(f))"
        raise PolicyInvalid(f"{where}.lia_review_by", rule, "weigh anew, then write the new lia_date and lia_review_by")

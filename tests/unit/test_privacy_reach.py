"""The hash of what a policy says of a view's tables changes with every rule that can change its rows, and no other."""

from dataclasses import replace

import pytest

from privacy.policy import policy_of
from privacy.purposes import Policy
from privacy.reach import reach_hash
from privacy.retention import Bookkeeping, ContactEvent, HoldStart, RetentionRule, RetentionStart, StatutoryHold
from privacy.terms import DataCategory
from tests.privacy_builders import a_pack

ORDERS = RetentionRule(table="orders", data_category=DataCategory.BEHAVIOUR, days=100)
CONTACT = replace(ORDERS, starts=RetentionStart.LAST_CONTACT)
HOLD = StatutoryHold(
    source="a law",
    name="books",
    country="NO",
    tables=frozenset({"orders"}),
    months=60,
    after=HoldStart.CALENDAR_YEAR,
    purpose="churn",
)
BASE = replace(policy_of(a_pack()), retention=(CONTACT,), statutory_holds=(HOLD,))


def reached(policy: Policy) -> bytes:
    return reach_hash(policy, "churn", ("orders",))


@pytest.mark.parametrize(
    "changed",
    [
        replace(BASE, retention=(replace(CONTACT, days=99),)),
        replace(BASE, retention=(CONTACT, replace(ORDERS, purpose="churn", days=9))),
        replace(BASE, retention=(ORDERS,)),
        replace(BASE, statutory_holds=()),
        replace(BASE, statutory_holds=(replace(HOLD, months=61),)),
        replace(BASE, bookkeeping=Bookkeeping(countries=frozenset({"SE"}))),
        replace(BASE, contact_events=(ContactEvent(table="usage"),)),
    ],
)
def test_a_rule_that_can_change_rows_changes_the_hash(changed: Policy) -> None:
    assert reached(changed) != reached(BASE)


@pytest.mark.parametrize(
    "changed",
    [
        replace(BASE, retention=(CONTACT, replace(ORDERS, table="tickets"))),
        replace(BASE, retention=(CONTACT, replace(ORDERS, purpose="winback", days=9))),
        replace(BASE, statutory_holds=(HOLD, replace(HOLD, name="other", purpose="winback"))),
        replace(BASE, version=BASE.version + 1),
    ],
)
def test_rules_of_other_tables_and_purposes_do_not(changed: Policy) -> None:
    assert reached(changed) == reached(BASE)


def test_the_order_of_rules_says_nothing() -> None:
    rules = (CONTACT, replace(ORDERS, data_category=DataCategory.QUASI_IDENTIFIER))
    assert reached(replace(BASE, retention=rules)) == reached(replace(BASE, retention=rules[::-1]))
    plain = replace(BASE, retention=(ORDERS,), statutory_holds=())
    assert reached(plain) == reached(replace(plain, contact_events=(), bookkeeping=Bookkeeping(countries=frozenset())))


def test_how_good_a_redactor_has_to_be_is_a_rule_of_who_reads_text() -> None:
    stricter = replace(BASE, minimum_redactor_version=BASE.minimum_redactor_version + 1)
    assert reached(stricter) == reached(BASE)
    assert reach_hash(stricter, "churn", ("orders",), redacted=("said",)) != reach_hash(
        BASE, "churn", ("orders",), redacted=("said",)
    )

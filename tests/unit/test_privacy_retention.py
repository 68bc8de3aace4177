from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.errors import PolicyInvalid
from privacy.policy import policy_of
from privacy.retention import (
    EVERYTHING,
    NOTHING,
    Bookkeeping,
    HoldStart,
    RetentionRule,
    RetentionStart,
    StatutoryHold,
    cut_of,
    expired_before,
    first_held,
    first_kept,
    held_until,
    last_day,
)
from privacy.terms import DataCategory
from tests.privacy_builders import a_pack, on

USAGE = {"table": "usage", "data_category": "behaviour"}
DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))


def a_rule(**changes) -> RetentionRule:
    return RetentionRule(**{"table": "usage", "data_category": DataCategory.BEHAVIOUR} | changes)


def a_hold(after: HoldStart, months: int = 60) -> StatutoryHold:
    tables = frozenset({"orders"})
    return StatutoryHold(
        name="law", country="NO", tables=tables, months=months, after=after, purpose="books", source="section 1"
    )


def test_the_last_day_is_granted_in_full() -> None:
    """A row of 10 March is kept for 10 days: to the end of 20 March, whatever the hour."""
    rule = a_rule(days=10)
    assert expired_before(rule, at=datetime(2025, 3, 20, 23, 59, tzinfo=UTC)) == datetime(2025, 3, 10, tzinfo=UTC)
    assert expired_before(rule, at=datetime(2025, 3, 21, tzinfo=UTC)) == datetime(2025, 3, 11, tzinfo=UTC)


@pytest.mark.parametrize("said", [{}, {"days": 3, "months": 1}, {"until": date(2027, 1, 1)}])
def test_a_rule_says_one_time(said) -> None:
    with pytest.raises(ValueError, match="until"):
        a_rule(**said)


@pytest.mark.parametrize("said", [{"days": 0}, {"months": 0}])
def test_rule_keeps_rows_for_a_day_at_least(said) -> None:
    with pytest.raises(ValueError, match="at least 1 day"):
        a_rule(**said)


def test_local_time_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        expired_before(a_rule(days=10), at=datetime(2025, 3, 1))  # noqa: DTZ001 - the naive instant is what must be refused


def test_cut_moves_with_the_question() -> None:
    rule = a_rule(days=10)
    assert expired_before(rule, at=on(21)) - expired_before(rule, at=on(20)) == timedelta(days=1)


@pytest.mark.parametrize(
    ("start", "months", "last"),
    [
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2024, 12, 31), 2, date(2025, 2, 28)),
    ],
)
def test_calendar_periods_end_on_the_same_day_or_the_months_last(start: date, months: int, last: date) -> None:
    """Regulation 1182/71, Art. 3(2)(c)."""
    assert last_day(start, months=months) == last


@given(DAYS, st.integers(1, 130))
def test_the_cut_is_the_inverse_of_the_period(day: date, months: int) -> None:
    """Whoever asks row by row and whoever asks by the cut get one answer, on the days around it too."""
    cut = first_kept(day, months=months)
    for near in range(-35, 36):
        start = cut + timedelta(days=near)
        assert (last_day(start, months=months) >= day) is (start >= cut)


@given(DAYS, st.sampled_from(HoldStart), st.integers(1, 12), st.sampled_from([42, 60, 72, 84, 96, 120]))
def test_the_first_held_day_is_the_inverse_of_the_hold(day: date, after: HoldStart, month: int, months: int) -> None:
    hold, books = a_hold(after, months), Bookkeeping(financial_year_starts=month)
    first = first_held(hold, books, on=day)
    for near in (-400, -1, 0, 1, 200, 400):
        event = first + timedelta(days=near)
        assert (held_until(hold, books, event) >= day) is (event >= first)


def test_bookkeeping_counts_from_the_end_of_the_year_that_the_law_names() -> None:
    """One purchase of 10 August 2020, books from July to June: three laws, three last days."""
    bought, books = date(2020, 8, 10), Bookkeeping(financial_year_starts=7)
    assert held_until(a_hold(HoldStart.FINANCIAL_YEAR), books, bought) == date(2026, 6, 30)
    assert held_until(a_hold(HoldStart.CALENDAR_YEAR_OF_FINANCIAL_YEAR, 84), books, bought) == date(2028, 12, 31)
    assert held_until(a_hold(HoldStart.CALENDAR_YEAR, 96), books, bought) == date(2028, 12, 31)


def test_an_absolute_date_is_kept_to_its_end() -> None:
    rule = a_rule(until=date(2027, 1, 31), starts=RetentionStart.ABSOLUTE)
    assert cut_of(rule, on=date(2027, 1, 31)) == NOTHING
    assert cut_of(rule, on=date(2027, 2, 1)) == EVERYTHING


def test_a_rule_of_many_lifetimes_never_ends() -> None:
    assert cut_of(a_rule(days=5_000_000), on=date(2025, 1, 1)) == NOTHING
    assert cut_of(a_rule(months=50_000), on=date(2025, 1, 1)) == NOTHING


@pytest.mark.parametrize(
    ("section", "value", "where"),
    [
        ("retention", [USAGE], "retention[0]"),
        (
            "retention",
            [{"table": "usage", "data_category": "behaviour", "years": 1, "months": 1}],
            "retention[0].years",
        ),
        ("retention", [USAGE | {"until": "soon"}], "retention[0].until"),
        ("retention", [USAGE | {"until": date(2027, 1, 1)}], "retention[0].until"),
        ("statutory_holds", [{"name": "x"}], "statutory_holds[0].years"),
        ("statutory_holds", [{"colour": "x"}], "statutory_holds[0].colour"),
        ("bookkeeping", {"financial_year_starts": 13}, "bookkeeping.financial_year_starts"),
        ("contact_events", [{"table": "usage", "column": "kind"}], "contact_events[0]"),
        (
            "contact_events",
            [{"table": "campaign_contacts", "column": "kind", "values": ["opened"]}],
            "contact_events[0].values",
        ),
        ("contact_events", [{"table": "campaign_contacts"}], "contact_events[0].values"),
    ],
)
def test_what_a_pack_says_wrongly_is_refused_where_it_says_it(section: str, value, where: str) -> None:
    with pytest.raises(PolicyInvalid) as refused:
        policy_of({**a_pack(), section: value})
    assert refused.value.where == where


def test_a_pack_says_years_dates_and_purposes() -> None:
    rules = [
        {"table": "usage", "data_category": "behaviour", "years": 3},
        {"table": "usage", "data_category": "behaviour", "months": 6, "purpose": "churn", "starts": "last_contact"},
        {"table": "orders", "data_category": "behaviour", "until": "2027-01-01", "source": "a contract's end"},
    ]
    usage, churn, orders = policy_of({**a_pack(), "retention": rules}).retention
    assert (usage.months, usage.starts, usage.name) == (36, RetentionStart.EVENT_TIME, "usage.behaviour")
    assert (churn.months, churn.starts, churn.name) == (6, RetentionStart.LAST_CONTACT, "usage.behaviour.churn")
    assert (orders.until, orders.starts) == (date(2027, 1, 1), RetentionStart.ABSOLUTE)

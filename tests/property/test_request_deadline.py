"""The legal clock against an oracle that walks the calendar day by day, and against the law's own examples."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.deadline import Clock, due_on, may_extend, next_working_day, same_day_after

DAY = timedelta(days=1)
DAYS = st.dates(date(2018, 1, 1), date(2040, 12, 31))
MONTHS = st.sampled_from([1, 3])


def no_weekend(day: date) -> bool:
    return day.isoweekday() <= 5


@st.composite
def calendars(draw: st.DrawFn) -> "tuple[frozenset[int], frozenset[date]]":
    """Weekends and some holidays, in runs now and then, as at Easter and Christmas."""
    starts = draw(st.lists(DAYS, max_size=4))
    runs = [start + DAY * n for start in starts for n in range(draw(st.integers(1, 5)))]
    return frozenset({6, 7}), frozenset(runs)


def walked_end(received: date, months: int) -> date:
    """Walk on one day at a time, counting how often a new month begins."""
    day, begun = received, 0
    while True:
        day += DAY
        begun += day.day == 1
        last_of_month = (day + DAY).day == 1
        if begun == months and (day.day == received.day or (last_of_month and day.day < received.day)):
            return day


@given(DAYS, st.integers(1, 3))
def test_a_month_ends_where_a_walk_along_the_calendar_ends(received: date, months: int) -> None:
    assert same_day_after(received, months) == walked_end(received, months)


@given(DAYS, calendars(), MONTHS)
def test_the_deadline_is_the_first_working_day_from_the_end_of_the_period(
    received: date, calendar: tuple[frozenset[int], frozenset[date]], months: int
) -> None:
    weekend, holidays = calendar

    def works(day: date) -> bool:
        return day.isoweekday() not in weekend and day not in holidays

    due = due_on(Clock(received=received, extended=months == 3), works)
    end = walked_end(received, months)
    assert due is not None
    assert due >= end
    assert works(due)
    assert not any(works(end + DAY * n) for n in range((due - end).days))


@given(DAYS, st.integers(0, 60), st.integers(0, 60), MONTHS)
def test_a_pause_moves_the_end_by_its_own_days_and_no_other_way(
    received: date, until_asked: int, waited: int, months: int
) -> None:
    asked = received + DAY * until_asked
    clock = Clock(received=received, asked=asked, proved=asked + DAY * waited, extended=months == 3)
    end = walked_end(received, months)
    in_time = asked <= next_working_day(end, no_weekend)
    assert due_on(clock, no_weekend) == next_working_day(end + DAY * (waited if in_time else 0), no_weekend)


@given(DAYS, st.integers(0, 60))
def test_while_proof_is_awaited_there_is_no_deadline_unless_it_had_passed(received: date, until_asked: int) -> None:
    asked = received + DAY * until_asked
    plain = due_on(Clock(received=received), no_weekend)
    assert plain is not None
    assert due_on(Clock(received=received, asked=asked), no_weekend) == (plain if asked > plain else None)


@given(DAYS, st.integers(0, 120))
def test_an_extension_is_had_in_the_first_month_and_once(received: date, told_after: int) -> None:
    told = received + DAY * told_after
    first = due_on(Clock(received=received), no_weekend)
    assert first is not None
    assert may_extend(Clock(received=received), told, no_weekend) == (told <= first)
    assert not may_extend(Clock(received=received, extended=True), told, no_weekend)
    assert not may_extend(Clock(received=received, asked=received), told, no_weekend)


@given(DAYS, DAYS)
def test_who_asks_later_is_not_answered_earlier(one: date, other: date) -> None:
    due = [due_on(Clock(received=day), no_weekend) for day in sorted([one, other])]
    assert due[0] is not None
    assert due[1] is not None
    assert due[0] <= due[1]


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ((2019, 3, 5), (2019, 4, 5)),  # EDPB Guidelines 01/2022, paragraph 160
        ((2019, 8, 31), (2019, 9, 30)),  # the same: September has no 31st
        ((2024, 1, 31), (2024, 2, 29)),  # a leap year
        ((2023, 1, 31), (2023, 2, 28)),
        ((2025, 12, 31), (2026, 2, 2)),  # 31 January 2026 is a Saturday
        ((2026, 10, 22), (2026, 11, 23)),  # 22 November 2026 is a Sunday
    ],
)
def test_examples_worked_out_by_hand(received: tuple[int, int, int], due: tuple[int, int, int]) -> None:
    assert due_on(Clock(received=date(*received)), no_weekend) == date(*due)

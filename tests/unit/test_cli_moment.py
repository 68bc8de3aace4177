"""Instants on the command line."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import typer

from hub.cli.moment import end_from, instant_from

OSLO = ZoneInfo("Europe/Oslo")


@pytest.mark.parametrize(
    ("last", "ends"),
    [
        ("2027-06-30", datetime(2027, 6, 30, 22, tzinfo=UTC)),
        ("2027-12-31", datetime(2027, 12, 31, 23, tzinfo=UTC)),
        ("2027-03-28", datetime(2027, 3, 28, 22, tzinfo=UTC)),  # clocks go forward: a day of 23 hours
        ("2027-10-31", datetime(2027, 10, 31, 23, tzinfo=UTC)),  # and of 25
    ],
)
def test_a_date_as_an_end_counts_in_full_where_the_seat_is(last: str, ends: datetime) -> None:
    assert end_from(last, OSLO) == ends


def test_a_day_without_a_next_one_is_refused() -> None:
    with pytest.raises(typer.BadParameter):
        end_from("9999-12-31", OSLO)


def test_an_instant_as_an_end_is_that_instant() -> None:
    assert end_from("2027-06-30T12:00+02:00", OSLO) == instant_from("2027-06-30T10:00Z")

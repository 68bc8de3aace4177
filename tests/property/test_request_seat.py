"""Working days of the countries against holidays reckoned by hand from their laws: fixed days, days from Easter."""

from datetime import date, timedelta

import pytest

from hub.errors import SettingsInvalid
from hub.requests.seat import seat_of

FIXED = {
    "NO": {(1, 1), (5, 1), (5, 17), (12, 25), (12, 26)},
    "SE": {(1, 1), (1, 6), (5, 1), (6, 6), (12, 25), (12, 26)},
    "DE": {(1, 1), (5, 1), (10, 3), (12, 25), (12, 26)},
    "DE-BW": {(1, 1), (1, 6), (5, 1), (10, 3), (11, 1), (12, 25), (12, 26)},
}
FROM_EASTER = {
    "NO": {-3, -2, 1, 39, 50},  # Maundy Thursday to Whit Monday
    "SE": {-2, 1, 39},
    "DE": {-2, 1, 39, 50},
    "DE-BW": {-2, 1, 39, 50, 60},  # and Corpus Christi
}


def easter(year: int) -> date:
    """Easter Sunday by the anonymous Gregorian algorithm (Meeus, Jones, Butcher)."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), g = divmod(b, 4), (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    leap = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * leap) // 451
    month, day = divmod(h + leap - 7 * m + 114, 31)
    return date(year, month, day + 1)


def is_midsummer_weekend(country: str, day: date) -> bool:
    """Sweden keeps Midsummer and All Saints on Saturdays: no working days anyhow."""
    return country == "SE" and day.isoweekday() == 6


@pytest.mark.parametrize("country", FIXED)
@pytest.mark.parametrize("year", [2019, 2024, 2026, 2031, 2038])
def test_each_day_of_a_year_works_or_not_as_the_law_says(country: str, year: int) -> None:
    seat, sunday = seat_of(country), easter(year)
    holidays = {date(year, month, day) for month, day in FIXED[country]}
    holidays |= {sunday + timedelta(days=days) for days in FROM_EASTER[country]}
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(366)]
    expected = {day for day in days if day.isoweekday() > 5 or day in holidays}
    found = {day for day in days if not seat.is_working_day(day)}
    assert {day for day in found ^ expected if not is_midsummer_weekend(country, day) and day.year == year} == set()


@pytest.mark.parametrize("word", ["", "XX", "DE-XX", "Norge", "NO_03"])
def test_a_country_that_we_do_not_know_the_days_of_is_refused(word: str) -> None:
    with pytest.raises(SettingsInvalid, match="VARDE_COUNTRY"):
        seat_of(word)


def test_each_land_has_its_own_authority() -> None:
    lands = ["BW", "BY", "BE", "BB", "HB", "HH", "HE", "MV", "NI", "NW", "RP", "SL", "SN", "ST", "SH", "TH"]
    assert len({seat_of(f"DE-{land}").authority.site for land in [*lands]} | {seat_of("DE").authority.site}) == 17

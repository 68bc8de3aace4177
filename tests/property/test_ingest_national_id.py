"""The column of national identity numbers against the library's judgement of each: they never disagree."""

import random

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stdnum import luhn

from ingest.standardise import national_id as national_id_module
from ingest.standardise.column import standardised
from ingest.standardise.national_id import standardised_national_ids
from ingest.standardise.number import standardised_national_id

ENOUGH = 64  # copies, so that a column is not too small for its own path
ELEVENS = {"NO": [(3, 7, 6, 1, 8, 9, 4, 5, 2), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)], "DK": [(4, 3, 2, 7, 6, 5, 4, 3, 2)]}
DAYS = st.one_of(st.integers(0, 32), st.integers(40, 72), st.integers(79, 99), st.just(29))
MONTHS = st.one_of(st.integers(0, 13), st.integers(40, 53), st.just(2), st.just(99))
YEARS = st.one_of(st.integers(0, 99), st.sampled_from([0, 4, 23, 24, 25, 26, 36, 37, 39, 40, 53, 54, 57, 58]))
SERIALS = st.one_of(st.integers(0, 999), st.sampled_from([0, 399, 400, 499, 500, 749, 750, 899, 900, 999]))
GAPS = ["", "", " ", "-", ":", "+", "--", "\u00a0", "–", "\n", "x"]
AROUND = ["", "", "", " ", "\n", "0", "SE"]


def disagreements(values: list[str], country: str) -> list[tuple[str, str | None, str | None]]:
    forms = standardised_national_ids(pl.Series(values * ENOUGH, dtype=pl.String), country).to_list()
    judged = [
        (value, standardised_national_id(value, country), form) for value, form in zip(values, forms, strict=False)
    ]
    return [(value, expected, form) for value, expected, form in judged if expected != form]


def with_check_digits(first: str, country: str) -> str:
    """Append the digits that hold, where there are such."""
    if country == "SE":
        return first + luhn.calc_check_digit(first)
    for weights in ELEVENS[country]:
        first += str(-sum(int(digit) * weight for digit, weight in zip(first, weights, strict=True)) % 11)[-1]
    return first


def number_of(country: str, *, birth: tuple[int, int, int], serial: int, century: str = "") -> str:
    day, month, year = (f"{part:02d}" for part in birth)
    date = year + month + day if country == "SE" else day + month + year
    return century + with_check_digits(f"{date}{serial:03d}", country)


LEAP_DAY = number_of("SE", birth=(29, 2, 0), serial=7)  # there was none in 1900


@st.composite
def written(draw: st.DrawFn, country: str) -> str:
    """A number with check digits, mostly the right ones, of a date that may be none, in some notation."""
    century = draw(st.sampled_from(["", "", "19", "20", "18", "00", "17", "21"])) if country == "SE" else ""
    birth = draw(st.tuples(DAYS, MONTHS, YEARS))
    number = number_of(country, birth=birth, serial=draw(SERIALS), century=century)
    wrong = number[:-1] + draw(st.sampled_from("0123456789"))
    number = draw(st.sampled_from([number, number, number, wrong, number[:-1]]))
    place = draw(st.sampled_from([6, 6, 6, len(century) + 6, 3]))
    gap, before, after = draw(st.sampled_from(GAPS)), draw(st.sampled_from(AROUND)), draw(st.sampled_from(AROUND))
    return before + number[:place] + gap + number[place:] + after


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["NO", "SE", "DK"]).flatmap(
        lambda country: st.tuples(st.lists(written(country), min_size=1, max_size=12), st.just(country))
    )
)
@example(([LEAP_DAY, f"{LEAP_DAY[:6]}+{LEAP_DAY[6:]}", f"19{LEAP_DAY}", f"20{LEAP_DAY}", f"00{LEAP_DAY}"], "SE"))
@example((["", " ", "00000000000", "15108695088", "151086 95088", "151086-95088", "15108695089"], "NO"))
def test_the_column_says_what_the_library_says(given_column: tuple[list[str], str]) -> None:
    assert not disagreements(*given_column)


@pytest.mark.parametrize("country", ["NO", "SE", "DK"])
def test_a_sweep_agrees_and_finds_both_verdicts(country: str) -> None:
    seeded = random.Random(country)  # noqa: S311 - a seeded sample
    births = [(seeded.randrange(1, 32), seeded.randrange(1, 13), seeded.randrange(100)) for _ in range(3_000)]
    values = [number_of(country, birth=birth, serial=seeded.randrange(1_000)) for birth in births]
    forms = standardised_national_ids(pl.Series(values), country)
    assert forms.to_list() == [standardised_national_id(value, country) for value in values]
    assert 0 < forms.null_count() < len(values)


def _refusing(_value: str, _country: str) -> str | None:
    raise AssertionError("an ordinary number reached the library")


@pytest.mark.parametrize(
    ("country", "spellings"),
    [
        ("NO", ["15108695088", "151086 95088", "151086-95088"]),
        ("SE", ["880320-0016", "8803200016", "19880320-0016", "198803200016"]),
        ("DK", ["211062-5629", "211062 5629", "2110625629"]),
    ],
)
def test_an_ordinary_number_never_waits_for_the_library(
    country: str, spellings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {standardised_national_id(value, country) for value in spellings}
    monkeypatch.setattr(national_id_module, "standardised_national_id", _refusing)
    assert set(standardised_national_ids(pl.Series(spellings * ENOUGH), country)) == expected
    assert len(expected - {None}) == len(expected) == 1


@pytest.mark.parametrize("size", [1, ENOUGH])
def test_nulls_rows_and_name_are_kept(size: int) -> None:
    values = pl.Series("fnr", [None, "", "15108695088", "ukjent", "15108695089"] * size, dtype=pl.String)
    forms = standardised(values, "national_id", country="NO")
    expected = [None, None, "NO:15108695088", None, None]
    assert (forms.name, forms.dtype, forms.to_list()) == ("fnr", pl.String, expected * size)

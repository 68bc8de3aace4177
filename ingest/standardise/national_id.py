"""National identity numbers in comparable form, a column at a time, where the library is slowest: NO, SE and DK.

Only numbers in their ordinary notation are judged here: by check digits, which are weighted sums, and by the date of
birth they begin with. python-stdnum judges the rest, and every number whose date could still lie in the future: it
reads the clock, and nothing here does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from ingest.standardise.number import over_distinct, standardised_national_id

_PAST: Final = date(2025, 1, 1)
"""Dates before it were past when this was written, so they always are."""
_WORTH_A_COLUMN: Final = 50  # values; below, setting up the expressions costs more than the library
_FIRST_CHECK_NO: Final = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)  # Skatteetaten, modulus 11, with the check digit itself
_SECOND_CHECK_NO: Final = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_CHECK_DK: Final = (4, 3, 2, 7, 6, 5, 4, 3, 2, 1)  # CPR-kontoret, modulus 11
_CHECK_SE: Final = (2, 1, 2, 1, 2, 1, 2, 1, 2, 1)  # Luhn, ISO/IEC 7812-1 annex B
_D_NUMBER: Final = 40  # added to the day, or to the month of an H number; an FH number, from 80, stays no date
_CENTURIES_NO: Final = (
    (0, 499, 0, 99, 1900),
    (500, 749, 54, 99, 1800),
    (500, 999, 0, 39, 2000),
    (900, 999, 40, 99, 1900),
)
"""First and last individual digits, first and last year, and the century that they mean; others mean none."""
_CENTURIES_DK: Final = (
    (0, 3, 0, 99, 1900),
    (4, 4, 0, 36, 2000),
    (4, 4, 37, 99, 1900),
    (5, 8, 0, 57, 2000),
    (5, 8, 58, 99, 1800),
    (9, 9, 0, 36, 2000),
    (9, 9, 37, 99, 1900),
)  # the same by the seventh digit


@dataclass(frozen=True, slots=True)
class _Rule:
    """How a country writes its numbers, and who judges them: true, false, or null for the library to say."""

    written: str
    separators: str
    kept: int  # digits of the comparable form, from the right
    verdict: Callable[[pl.Expr], pl.Expr]


def standardised_national_ids(values: pl.Series, country: str) -> pl.Series:
    """Return `CC:number`, or null where there is none: `standardised_national_id` of every value, by the column."""
    texts, rule = values.cast(pl.String), _RULES.get(country)
    if rule is None or texts.len() < _WORTH_A_COLUMN:
        return over_distinct(texts, country, standardised_national_id)
    bare = pl.col("value").str.replace_all(rule.separators, "")
    digits = pl.when(pl.col("bare").str.contains(rule.written)).then(pl.col("bare").str.replace("-", "", literal=True))
    read = texts.to_frame("value").with_columns(bare=bare).with_columns(digits=digits)
    verdict = pl.when(pl.col("digits").is_not_null()).then(rule.verdict(pl.col("digits")))
    judged = read.with_columns(verdict=verdict)
    left = pl.when(pl.col("verdict").is_null()).then("value")
    by_library = over_distinct(judged.select(left).to_series(), country, standardised_national_id)
    form = pl.lit(f"{country}:") + pl.col("digits").str.tail(rule.kept)
    by_column = judged.select(pl.when("verdict").then(form)).to_series()
    return by_column.fill_null(by_library).rename(values.name)


def _verdict_no(digits: pl.Expr) -> pl.Expr:
    """Judge a birth, D or H number; the individual digits tell the century."""
    is_checked = (_sum(digits, _FIRST_CHECK_NO) % 11 == 0) & (_sum(digits, _SECOND_CHECK_NO) % 11 == 0)
    day, month, year = _part(digits, 0, 2), _part(digits, 2, 2), _part(digits, 4, 2)
    born_day = pl.when(day > _D_NUMBER).then(day - _D_NUMBER).otherwise(day)
    born_month = pl.when(month > _D_NUMBER).then(month - _D_NUMBER).otherwise(month)
    century = _century(_part(digits, 6, 3), year, _CENTURIES_NO)
    return is_checked & _is_past(_date(century + year, born_month, born_day))


def _verdict_dk(digits: pl.Expr) -> pl.Expr:
    """Judge a number with a check digit; the seventh digit tells the century."""
    day, month, year = _part(digits, 0, 2), _part(digits, 2, 2), _part(digits, 4, 2)
    century = _century(_part(digits, 6, 1), year, _CENTURIES_DK)
    return (_sum(digits, _CHECK_DK) % 11 == 0) & _is_past(_date(century + year, month, day))


def _verdict_se(digits: pl.Expr) -> pl.Expr:
    """Judge a personal number; the library takes any date, past or not, and reads year 00 as 2000 until 2100."""
    short = digits.str.tail(len(_CHECK_SE))
    doubled = [_part(short, place, 1) * weight for place, weight in enumerate(_CHECK_SE)]
    is_checked = pl.sum_horizontal(product // 10 + product % 10 for product in doubled) % 10 == 0
    is_long = digits.str.len_bytes() > len(_CHECK_SE)
    year = pl.when(is_long).then(_part(digits, 0, 4)).otherwise(2000 + _part(short, 0, 2))
    return is_checked & _date(year, _part(short, 2, 2), _part(short, 4, 2)).is_not_null()


def _part(digits: pl.Expr, start: int, length: int) -> pl.Expr:
    return digits.str.slice(start, length).cast(pl.Int32)


def _sum(digits: pl.Expr, weights: Sequence[int]) -> pl.Expr:
    return pl.sum_horizontal(_part(digits, place, 1) * weight for place, weight in enumerate(weights))


def _century(serial: pl.Expr, year: pl.Expr, table: Sequence[tuple[int, int, int, int, int]]) -> pl.Expr:
    return pl.coalesce(
        pl.when(serial.is_between(first, last) & year.is_between(since, until)).then(century)
        for first, last, since, until, century in table
    )


def _date(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Return the date; null where there is no such day."""
    return pl.format("{}-{}-{}", year, month, day).str.to_date("%Y-%m-%d", strict=False)


def _is_past(day: pl.Expr) -> pl.Expr:
    """Say whether a date is one and surely past; null where that is for the library, which knows what day it is."""
    return pl.when(day.is_null()).then(pl.lit(value=False)).when(day < _PAST).then(pl.lit(value=True))


_RULES: Final = {
    "NO": _Rule(r"^[0-9]{11}$", r"[ :-]", 11, _verdict_no),
    "SE": _Rule(r"^(?:(?:18|19|20)[0-9]{2}|[0-9]{2})[0-9]{4}-?[0-9]{4}$", r"[ :]", 10, _verdict_se),
    "DK": _Rule(r"^[0-9]{10}$", r"[ -]", 10, _verdict_dk),
}

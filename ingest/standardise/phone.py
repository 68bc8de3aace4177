"""Telephone numbers in comparable form, a column at a time.

The library needs some hundred microseconds for a number, a column of ordinary ones a hundredth of that. What is written
with digits, separators and at most one plus sign is read here, by the rules that `numbering` takes from the library;
letters after the first digit, extensions, odd signs and plans with rules of their own are left to the library. The two
give one answer: that is tested, and nothing here may decide what the library would decide otherwise.
"""

import unicodedata
from functools import cache
from typing import Final

import polars as pl
from phonenumbers import SUPPORTED_REGIONS

from ingest.standardise.number import over_distinct, standardised_phone
from ingest.standardise.numbering import NumberingPlan, calling_codes, home_plan, plan_of

_LEADING: Final = r"[A-Za-z .,:(\[/\t\r\n-]*"
"""Signs before a number that the library skips (`Tel.: (`). No semicolon: with one begins a phone-context."""
_TRAILING: Final = r"[ .,:;()\[\]/\t\r\n-]*"
_WRITTEN: Final = rf"^{_LEADING}(?:\+[ ().\[\]/-]*)?(?:[0-9][ ().\[\]/-]*){{3,}}{_TRAILING}$"
_LONGEST_TEXT: Final = 250  # characters; the library reads no longer one
_SEPARATORS: Final = (
    "\u00a0\u00ad\u200b\u2060\u3000\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff08\uff09\uff0d\uff0e\uff0f"
)
"""Blanks, dashes, brackets, stop and stroke that the library allows between digits, beside those of ASCII."""
_LAST_OF_PLANE: Final = 0xFFFF
_NO_NUMBER: Final = "none"
_WORTH_COMPILING: Final = 50
"""Values; the patterns of a plan take some milliseconds to compile, the library reads this many in that time."""


def standardised_phones(values: pl.Series, country: str) -> pl.Series:
    """Return E.164, or null where a value is no valid number: `standardised_phone` of every value, by the column."""
    texts = values.cast(pl.String)  # a column of nothing but nulls has a type of its own
    if texts.len() < _WORTH_COMPILING:
        return over_distinct(texts, country, standardised_phone)
    read = _dialled(texts).with_row_index("row")
    parts = (_judged(part, country) for part in _routed(read, country).partition_by("code"))
    return pl.concat(parts).sort("row").get_column("form").rename(values.name)


def _dialled(values: pl.Series) -> pl.DataFrame:
    """Return columns value and dialled: digits with at most a plus before them; null where written otherwise."""
    text = pl.col("value")
    if (values.str.len_bytes() != values.str.len_chars()).any():
        text = text.str.replace_many(_plain_signs())
    is_read = text.str.contains(_WRITTEN) & (text.str.len_chars() <= _LONGEST_TEXT)
    dialled = pl.when(is_read).then(text.str.replace_all(r"[^0-9+]+", ""))
    return values.to_frame("value").with_columns(dialled=dialled)


def _routed(read: pl.DataFrame, country: str) -> pl.DataFrame:
    """Add calling code and national number; code is null for the library's, `none` for what can be no number."""
    dialled, abroad = pl.col("dialled"), pl.col("abroad")
    home = home_plan(country)
    dialled_abroad = _after_plus(dialled)
    if home is not None:
        dialled_abroad = pl.coalesce(dialled_abroad, _after_international_prefix(dialled, home))
    coded = read.with_columns(abroad=dialled_abroad).with_columns(code=abroad.str.extract(f"^({calling_codes()})"))
    code, national = pl.col("code"), abroad.str.slice(pl.col("code").str.len_bytes())
    is_domestic = dialled.is_not_null() & abroad.is_null()
    if home is not None:
        code = pl.when(is_domestic).then(pl.lit(home.code)).otherwise(code)
        national = pl.when(is_domestic).then(home.without_own_code(dialled)).otherwise(national)
    elif country not in SUPPORTED_REGIONS:  # with nowhere to be dialled from, only a number with a plus is one
        code = pl.when(is_domestic).then(pl.lit(_NO_NUMBER)).otherwise(code)
    return coded.with_columns(code=code, national=national)


def _after_plus(dialled: pl.Expr) -> pl.Expr:
    return pl.when(dialled.str.starts_with("+")).then(dialled.str.strip_prefix("+"))


def _after_international_prefix(dialled: pl.Expr, home: NumberingPlan) -> pl.Expr:
    """Return what follows `00` or its like; null where there is none, or a zero follows, as no calling code does."""
    rest = dialled.str.replace(f"^(?:{home.international_prefix})", "")
    return pl.when((rest.str.len_bytes() < dialled.str.len_bytes()) & ~rest.str.starts_with("0")).then(rest)


def _judged(part: pl.DataFrame, country: str) -> pl.DataFrame:
    """Return columns row and form for the values of one calling code."""
    code = part.item(0, "code")
    if code == _NO_NUMBER:
        return part.select("row", form=pl.lit(None, dtype=pl.String))
    plan = None if code is None or part.height < _WORTH_COMPILING else plan_of(int(code))
    if plan is None:
        return part.select("row", form=over_distinct(part["value"], country, standardised_phone))
    national = part.select("row", national=plan.without_national_prefix(pl.col("national")))
    return national.select("row", form=pl.lit(f"+{plan.code}") + plan.valid(pl.col("national")))


@cache
def _plain_signs() -> dict[str, str]:
    """Return the decimal digits of other scripts as ASCII, the wide plus sign, and separators as a space.

    Only of the first plane: those beyond are left to the library.
    """
    signs = map(chr, range(0x80, _LAST_OF_PLANE + 1))
    digits = {sign: str(unicodedata.decimal(sign)) for sign in signs if sign.isdecimal()}
    return digits | dict.fromkeys(_SEPARATORS, " ") | {"\uff0b": "+"}

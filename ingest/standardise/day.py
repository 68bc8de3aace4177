"""Dates as eight digits, YYYYMMDD, from how people write them.

For comparing only: a day that no calendar has (`1856-86-18`) keeps its digits, because two records that share the same
slip are alike, and one sign apart from the right day. Where day and month could be either, the column tells: a part
over 12 is a day; a column without one is read day first, as in all countries here.
"""

from typing import Final

import polars as pl

YEAR_FIRST: Final = r"^\s*(\d{4})[-/. ]?(\d{2})[-/. ]?(\d{2})(?:[T ].*)?\s*$"
YEAR_LAST: Final = r"^\s*(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})\s*$"
_MONTHS: Final = 12


def standardised_days(values: pl.Series) -> pl.Series:
    """Return dates of a column as YYYYMMDD; null where a value is not written as a date."""
    text = values.cast(pl.String).to_frame("value")
    year_first = pl.col("value").str.extract_groups(YEAR_FIRST).struct
    year_last = pl.col("value").str.extract_groups(YEAR_LAST).struct
    one, two = year_last.field("1").str.zfill(2), year_last.field("2").str.zfill(2)
    is_month_first = (two.cast(pl.Int8).max() > _MONTHS) & (one.cast(pl.Int8).max() <= _MONTHS)
    month, day = pl.when(is_month_first).then(one).otherwise(two), pl.when(is_month_first).then(two).otherwise(one)
    return (
        text.select(
            pl.coalesce(
                pl.concat_str(year_first.field("1"), year_first.field("2"), year_first.field("3")),
                pl.concat_str(year_last.field("3"), month, day),
            )
        )
        .to_series()
        .rename(values.name)
    )

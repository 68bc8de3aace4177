"""The calendar: days that are known in advance, the same for everybody, and where a day lies beside them.

A calendar is data: a row a day, `day` (Date) and `kind` (String), such as holiday or payday. It is about nobody.
"""

from datetime import date
from typing import Final

import polars as pl

from predict.errors import FrameRefused

DAY, KIND = "day", "kind"
ORDINARY: Final = "ordinary"


def checked(calendar: pl.DataFrame) -> pl.DataFrame:
    """Insist on `day` and `kind`, complete.

    Raises:
        FrameRefused: a column is missing, of another type or not complete.
    """
    for name, kind in ((DAY, pl.Date), (KIND, pl.String)):
        if calendar.schema.get(name) != kind or calendar[name].null_count():
            raise FrameRefused(name, f"is not a complete {kind.__name__} column", "give day and kind, a row a day")
    return calendar.unique([DAY, KIND]).sort(DAY, KIND)


def beside(days: pl.Series, calendar: pl.DataFrame) -> pl.DataFrame:
    """Say of each day where it lies: `day`, `position` (`before KIND`, `KIND`, `after KIND`, `ordinary`).

    The day itself counts before its eve, and its eve before the day after another.
    """
    known = checked(calendar)
    places = [("", 0), ("before ", -1), ("after ", 1)]
    near = pl.concat(
        known.select(
            pl.col(DAY).dt.offset_by(f"{shift}d"), position=pl.concat_str(pl.lit(word), KIND), order=pl.lit(order)
        )
        for order, (word, shift) in enumerate(places)
    )
    first = near.sort("order", "position").unique(DAY, keep="first")
    wanted = pl.DataFrame({DAY: days.unique().sort()}, schema={DAY: pl.Date})
    return (
        wanted.join(first.drop("order"), on=DAY, how="left")
        .with_columns(pl.col("position").fill_null(ORDINARY))
        .sort(DAY)
    )


def days_until(days: pl.Series, calendar: pl.DataFrame, kind: str) -> pl.Series:
    """Count the days from each day to the next of a kind (0: it is one); null where none is known any more."""
    of_kind = checked(calendar).filter(pl.col(KIND) == kind).select(DAY, following=DAY)
    rows = pl.DataFrame({DAY: days}, schema={DAY: pl.Date}).with_row_index("row").sort(DAY)
    joined = rows.join_asof(of_kind, on=DAY, strategy="forward").sort("row")
    return joined.select((pl.col("following") - pl.col(DAY)).dt.total_days().alias(f"days_until_{kind}")).to_series()


def ahead(first: date, many: int) -> pl.Series:
    """List so many days from a first."""
    return pl.date_range(first, pl.lit(first).dt.offset_by(f"{many - 1}d"), eager=True).alias(DAY)

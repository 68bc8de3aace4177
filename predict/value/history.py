"""What is known of a customer's purchases: how many after the first, when the last one was, how long it is observed."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from predict.errors import FrameRefused
from predict.frames import Vector

REPEATS, LAST, OBSERVED, MEAN_SPEND = "repeats", "last", "observed", "mean_spend"


@dataclass(frozen=True, slots=True)
class History:
    """Per customer: repeat purchases x, time of the last one since the first t_x, time observed since the first T.

    Times are in one unit, whichever; `mean_spend` is the mean of the repeat purchases in minor units of one currency,
    NaN where there is none.
    """

    repeats: Vector
    last: Vector
    observed: Vector
    mean_spend: Vector

    def __post_init__(self) -> None:
        """Insist on a history that can have been: nobody buys after the observation, or repeats nothing late.

        Raises:
            FrameRefused: it cannot.
        """
        if not ((self.last >= 0) & (self.last <= self.observed)).all():
            raise FrameRefused(LAST, "lies outside the time observed", "count time since the first purchase")
        if not ((self.repeats >= 0) & ((self.repeats > 0) | (self.last == 0))).all():
            raise FrameRefused(REPEATS, "contradicts the last purchase", "count purchases after the first")


def history_of(purchases: pl.DataFrame, *, until: date, unit_days: float = 1.0) -> tuple[pl.Series, History]:
    """Sum up purchases (columns pseudonym, day: Date, amount: Float64 in minor units) strictly before `until`, a date.

    Purchases of one day are one. Returns the pseudonyms, sorted, and their history in units of `unit_days` days.
    """
    day = pl.col("day")
    daily = purchases.filter(day < until).group_by("pseudonym", "day").agg(pl.col("amount").sum())
    first = day.min()
    later = pl.col("amount").filter(day > first)
    summed = (
        daily.group_by("pseudonym")
        .agg(
            (pl.len() - 1).cast(pl.Float64).alias(REPEATS),
            ((day.max() - first).dt.total_days() / unit_days).alias(LAST),
            ((pl.lit(until) - first).dt.total_days() / unit_days).alias(OBSERVED),
            later.mean().alias(MEAN_SPEND),
        )
        .sort("pseudonym")
    )
    columns = (summed[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in _COLUMNS)
    return summed["pseudonym"], History(*(np.asarray(column, dtype=np.float64) for column in columns))


_COLUMNS = (REPEATS, LAST, OBSERVED, MEAN_SPEND)

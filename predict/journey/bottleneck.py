"""Where customers wait on the way from enquiry to after-sales, where the way stops, and what became slower.

A step is *overdue* when it is open longer than nine in ten of the finished ones took. Of the steps begun in the
newest weeks, those are *slow* that took, or are open for, longer than half of the earlier ones took; half of them
would be if nothing had changed (median test: Mood, Ann. Math. Stat. 21, 1950). All steps of a customer may be slow for
one reason: they count as far as customers differ (effective size: Kish, Survey Sampling, 1965). Steps that are open
and younger than that are not judged yet.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from scipy.stats import binomtest

from predict.disclosure import LEAST_CUSTOMERS
from predict.errors import FrameRefused
from predict.evaluate import Interval
from predict.shares import share

CUSTOMER, STEP, HOURS, AGE = "pseudonym", "step", "hours", "age_hours"
LATE_HOURS: Final = 28 * 24.0
LEAST_STEPS: Final = 20
LEVEL: Final = 0.01
SLOWER: Final = 0.6  # share of slow steps from which on a change is worth somebody's look


@dataclass(frozen=True, slots=True, kw_only=True)
class Bottleneck:
    """A step: how many began, what finished ones took (median, nine in ten; hours), what is overdue, what is slow.

    `slow` is None where too few are new; `chance` is that of such a change in any step, where nothing changed.
    """

    step: str
    begun: int
    customers: int
    median: float
    most: float
    overdue: Interval
    slow: Interval | None
    chance: float

    @property
    def slower(self) -> bool:
        """Say whether the step clearly became slower."""
        return self.slow is not None and self.slow.figure >= SLOWER and self.chance <= LEVEL

    def told(self) -> dict[str, Any]:
        """Give it for a report."""
        plain = {name: getattr(self, name) for name in ("step", "begun", "customers", "median", "most", "slower")}
        spans = {"overdue": self.overdue, "slow": self.slow}
        told = {name: one and {"figure": one.figure, "low": one.low, "high": one.high} for name, one in spans.items()}
        return plain | told


def bottlenecks(frame: pl.DataFrame) -> list[Bottleneck]:
    """Judge each step of a frame (pseudonym, step, hours: null while open, age_hours: since it began), slowest first.

    Steps of few customers are left out.

    Raises:
        FrameRefused: a column is missing, or hours or age are negative or age is null.
    """
    for name in (CUSTOMER, STEP, HOURS, AGE):
        if name not in frame.columns:
            raise FrameRefused(name, "is missing", "put it into the view")
    for name, wrong in ((HOURS, pl.col(HOURS) < 0), (AGE, pl.col(AGE).is_null() | (pl.col(AGE) < 0))):
        if frame.select(wrong.any()).item():
            raise FrameRefused(name, "must be hours from 0 on", "look at rows whose end lies before their beginning")
    done = pl.col(HOURS).is_not_null()
    took = pl.col(HOURS).quantile(0.9).over(STEP)
    earlier = pl.col(AGE) >= LATE_HOURS
    usual = pl.when(earlier).then(HOURS).median().over(STEP)
    waited = pl.coalesce(HOURS, AGE)
    judged = ~earlier & (done | (pl.col(AGE) > usual))
    summed = (
        frame.with_columns(pl.col(STEP).cast(pl.String).fill_null("unknown"))
        .with_columns(
            overdue=~done & (pl.col(AGE) > took),
            ripe=done | (pl.col(AGE) > took),
            new=judged & usual.is_not_null(),
            slow=judged & (waited > usual),
        )
        .group_by(STEP)
        .agg(
            pl.col("overdue", "ripe", "new", "slow").sum(),
            begun=pl.len(),
            customers=pl.col(CUSTOMER).n_unique(),
            of=pl.col(CUSTOMER).filter("new").n_unique(),
            alike=pl.col(CUSTOMER).filter("new").value_counts().struct.field("count").pow(2).sum(),
            median=pl.col(HOURS).median(),
            most=pl.col(HOURS).quantile(0.9),
        )
        .filter(pl.col("begun") >= LEAST_STEPS, pl.col("customers") >= LEAST_CUSTOMERS, pl.col("median").is_not_null())
        .sort("median", STEP, descending=[True, False])
    )
    return [_bottleneck(row, steps=summed.height) for row in summed.iter_rows(named=True)]


def _bottleneck(row: dict[str, Any], *, steps: int) -> Bottleneck:
    enough = row["new"] >= LEAST_STEPS and row["of"] >= LEAST_CUSTOMERS
    size = round(row["new"] ** 2 / row["alike"]) if enough else 0
    slow = math.floor(size * row["slow"] / row["new"]) if enough else 0
    chance = binomtest(slow, size, 0.5, alternative="greater").pvalue if enough else 1.0
    return Bottleneck(
        **{name: row[name] for name in ("step", "begun", "customers", "median", "most")},
        overdue=share(row["overdue"], row["ripe"]),
        slow=share(row["slow"], row["new"]) if enough else None,
        chance=min(1.0, float(chance) * steps),
    )

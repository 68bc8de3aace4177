"""Whether answers of the last weeks are worse or better than those before, so clearly that chance does not explain it.

The newest `LATE_WEEKS` against the `EARLY_WEEKS` before them, for each kind and channel at once. A customer who
answered in both counts once (clusters, as in `predict.opinion.answers`); of all series looked at the chance of any
false alarm is `LEVEL` at most (Holm, Scand. J. Stat. 6, 1979). It is looked at each week: at .01 nobody is alarmed
for nothing more than about once in two years.

Ten equal answers have no spread and are not certain for that: the variance is at least that of as many customers
drawn from both times together, which is the one that holds where nothing changed (score test).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import polars as pl
from scipy.stats import t as student

from predict.disclosure import LEAST_CUSTOMERS
from predict.evaluate import Interval
from predict.opinion.answers import (
    AT,
    CHANNEL,
    CONFIDENCE,
    CUSTOMER,
    KIND,
    POINTS,
    tellable,
    with_every_channel,
)
from predict.opinion.scale import SCALES, Kind

LATE_WEEKS: Final = 4
EARLY_WEEKS: Final = 26
LEVEL: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How the figure of a kind and channel moved: before, now, the difference with its interval, and the chance of it.

    `chance` is already that of all series together. `alarming` says whether it is certain and large enough to matter.
    """

    kind: Kind
    channel: str
    before: float
    now: float
    gap: Interval
    customers: int
    chance: float

    @property
    def alarming(self) -> bool:
        """Say whether somebody should look; better news is news as well."""
        return self.chance <= LEVEL and abs(self.gap.figure) >= SCALES[self.kind].worth


def changes(answers: pl.DataFrame, *, until: datetime) -> list[Change]:
    """Compare the newest weeks before `until` with those before, surest first; groups of few customers are left out."""
    begins, broke = (until - timedelta(weeks=LATE_WEEKS + weeks) for weeks in (EARLY_WEEKS, 0))
    # The newest weeks are those of `by_period`, to the row: what one had more would be told by the difference.
    seen = answers.filter(pl.col(AT) > begins, pl.col(AT) <= until).with_columns(late=pl.col(AT) > broke)
    compared = _compared(with_every_channel(seen))
    for side in (pl.col("late"), ~pl.col("late")):
        told = tellable(seen.filter(side), [KIND])
        compared = compared.join(told, on=[KIND, CHANNEL], how="semi", maintain_order="left")
    if compared.is_empty():
        return []
    gap, error = compared["gap"].to_numpy(), np.sqrt(compared["variance"].to_numpy())
    freedom = compared["customers"].to_numpy() - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = np.where(error > 0, 2 * student.sf(np.abs(gap) / error, freedom), 1.0)
    half = student.ppf((1 + CONFIDENCE) / 2, freedom) * error
    found = [
        Change(
            kind=Kind(row["kind"]),
            channel=row["channel"],
            before=row["early"],
            now=row["late"],
            gap=Interval(float(gap[at]), float(gap[at] - half[at]), float(gap[at] + half[at])),
            customers=row["customers"],
            chance=float(adjusted),
        )
        for at, (row, adjusted) in enumerate(zip(compared.iter_rows(named=True), holm(chance), strict=True))
    ]
    return sorted(found, key=lambda one: (one.chance, -abs(one.gap.figure), one.kind, one.channel))


def _compared(seen: pl.DataFrame) -> pl.DataFrame:
    """Give by kind and channel early, late, gap, variance of the gap and customers of the smaller side."""
    series = [KIND, CHANNEL]
    each = seen.group_by([*series, CUSTOMER]).agg(
        *(
            expr.alias(f"{name}_{side}")
            for side, here in (("late", pl.col("late")), ("early", ~pl.col("late")))
            for name, expr in (("size", here.sum()), ("total", pl.col(POINTS).filter(here).sum()))
        ),
        squares=(pl.col(POINTS) ** 2).sum(),
    )
    each = each.sort(*series, CUSTOMER)  # sums of the same numbers in the same order are the same
    means = {
        side: pl.col(f"total_{side}").sum().over(series) / pl.col(f"size_{side}").sum().over(series)
        for side in ("late", "early")
    }
    off = {
        side: (pl.col(f"total_{side}") - means[side] * pl.col(f"size_{side}"))
        / pl.col(f"size_{side}").sum().over(series)
        for side in means
    }
    summed = (
        each.with_columns(off=off["late"] - off["early"])
        .group_by(series)
        .agg(
            late=pl.col("total_late").sum() / pl.col("size_late").sum(),
            early=pl.col("total_early").sum() / pl.col("size_early").sum(),
            variance=(pl.col("off") ** 2).sum() * pl.len() / (pl.len() - 1),
            of_both=_of_both(),
            customers=pl.min_horizontal(_answered("late"), _answered("early")),
        )
    )
    judged = summed.filter(pl.col("customers") >= LEAST_CUSTOMERS).sort(series)
    variance = pl.max_horizontal("variance", "of_both")
    return judged.with_columns(variance=variance, gap=pl.col("late") - pl.col("early"))


def _answered(side: str) -> pl.Expr:
    return (pl.col(f"size_{side}") > 0).sum().cast(pl.Int64)


def _of_both() -> pl.Expr:
    """Give the variance of the gap where answers of both times are of one heap, and a customer's are alike."""
    total, size = (pl.col(f"{name}_late").sum() + pl.col(f"{name}_early").sum() for name in ("total", "size"))
    spread = pl.col("squares").sum() / size - (total / size) ** 2
    return pl.max_horizontal(spread, 0.0) * (1 / _answered("late") + 1 / _answered("early"))


def holm(chances: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Raise chances so that the chance of any false alarm among them is what each says (step-down)."""
    order = np.argsort(chances, kind="stable")
    raised = np.maximum.accumulate(chances[order] * np.arange(chances.size, 0, -1))
    found = np.empty_like(chances)
    found[order] = np.minimum(raised, 1.0)
    return found

"""Where something changed: shares and tones over weeks, each asked when it broke, all asked together.

Rules kept:
- the break is the week that tells before from after best (largest absolute standardised difference of means; at least
  `LEAST_WEEKS` on either side); that the week was looked for is paid for: its p-value is the share of seeded orders of
  the weeks whose best week tells as much (a permutation test of the maximum);
- many series are many chances: Benjamini & Hochberg (1995) at `LEVEL` over all of them;
- what is told is the size with its 95 % interval, not the p-value alone.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from predict.text.feeling import Table, Values

LEVEL: Final = 0.05
LEAST_WEEKS: Final = 4
LEAST_TEXTS: Final = 3
ORDERS: Final = 1999
_NORMAL_95: Final = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One series that broke: from which week on, by how much (after less before) with its interval, and its p-value."""

    name: str
    week: int
    size: float
    low: float
    high: float
    p: float


def weekly(texts: pl.DataFrame, by: str) -> pl.DataFrame:
    """Lay shares and tones out by week: name, week, share (of all texts of the week), lean.

    Lean is null where fewer than `LEAST_TEXTS` tell it: their mean is chance.

    Args:
        texts: columns week (0: the first), lean and the column `by`.
        by: a column of names (category, topic).
    """
    last = int(texts["week"].cast(pl.Int64).to_numpy().max(initial=0))
    weeks = pl.DataFrame({"week": pl.int_range(last + 1, dtype=pl.Int64, eager=True)})
    names = texts.select(name=pl.col(by).cast(pl.String)).unique().sort("name")
    counted = texts.group_by(pl.col(by).cast(pl.String).alias("name"), "week").agg(
        n=pl.len(), lean=pl.col("lean").mean()
    )
    told = names.join(weeks, how="cross").join(counted, on=["name", "week"], how="left")
    return told.with_columns(
        share=pl.col("n").fill_null(0) / pl.col("n").sum().over("week"),
        lean=pl.when(pl.col("n") >= LEAST_TEXTS).then("lean"),
    ).sort("name", "week")


def changes(series: pl.DataFrame, value: str, *, seed: int, level: float = LEVEL) -> list[Change]:
    """Find the series (columns name, week and `value`) that broke, false discoveries held at `level`; sorted by p."""
    asked = [
        _asked(name, part.drop_nulls(value), value, seed)
        for (name,), part in series.group_by("name", maintain_order=True)
        if part.drop_nulls(value).height >= 2 * LEAST_WEEKS
    ]
    asked.sort(key=lambda each: each.p)
    passed = [place for place, each in enumerate(asked, 1) if each.p <= level * place / len(asked)]
    return asked[: max(passed, default=0)]


def _asked(name: object, part: pl.DataFrame, value: str, seed: int) -> Change:
    values = part[value].to_numpy().astype(np.float64)
    best = _tells(values[None, :])
    rng = np.random.default_rng(seed)
    orders = rng.permuted(np.tile(values, (ORDERS, 1)), axis=1)
    place = int(np.argmax(best[0]))
    cut = place + LEAST_WEEKS
    p = (1 + int((_tells(orders).max(axis=1) >= best[0, place] - 1e-12).sum())) / (ORDERS + 1)
    before, after = values[:cut], values[cut:]
    size = float(after.mean() - before.mean())
    half = _NORMAL_95 * float(np.sqrt(before.var(ddof=1) / before.size + after.var(ddof=1) / after.size))
    return Change(name=str(name), week=int(part["week"][cut]), size=size, low=size - half, high=size + half, p=p)


def _tells(rows: Table) -> Table:
    """Standardise the difference of means at every possible week: a row a series, a column a week."""
    count = rows.shape[1]
    sums = np.cumsum(rows, axis=1)
    cuts = np.arange(LEAST_WEEKS, count - LEAST_WEEKS + 1)
    before = sums[:, cuts - 1] / cuts
    after = (sums[:, -1:] - sums[:, cuts - 1]) / (count - cuts)
    spread: Values = rows.std(axis=1, keepdims=True)
    return np.asarray(
        np.abs(after - before) / np.where(spread > 0, spread, 1.0) * np.sqrt(cuts * (count - cuts) / count)
    )

"""What customers answered, as figures by period and channel, each with its interval.

A figure is a mean of points (`predict.opinion.scale`). Its variance counts customers, not answers: who answers four
times is one customer (ratio estimator, clusters: Cochran, Sampling Techniques, 3rd ed. 1977, 9A). A handful of equal
answers has no spread and is not certain for that: as many as `ADDED` answers are added for the interval alone, a
quarter at each end of the scale and half in its middle (Rocks, Am. Stat. 70, 2016, for NPS; Agresti & Coull, Am.
Stat. 52, 1998, for shares). Below `LEAST_CUSTOMERS` no figure is told, and none that would tell it by what is left of
all when the others are taken off (complementary suppression: Hundepool et al., Statistical Disclosure Control, 2012).
"""

from typing import Final

import numpy as np
import polars as pl
from scipy.stats import t as student

from predict.disclosure import LEAST_CUSTOMERS
from predict.disclosure import tellable as levels_tellable
from predict.errors import FrameRefused
from predict.opinion.scale import SCALES, Kind, points

CUSTOMER, AT, KIND, SCORE, CHANNEL = "pseudonym", "at", "kind", "score", "channel"
ADDED: Final = 3.0
POINTS: Final = "points"
CONFIDENCE: Final = 0.95
_EVERY_CHANNEL: Final = "all"


def on_scale() -> pl.Expr:
    """Say of an answer whether its kind is known and its score lies on the kind's scale."""
    kind, score = pl.col(KIND).cast(pl.String), pl.col(SCORE).cast(pl.Float64)
    ends = {one.value: scale.answers for one, scale in SCALES.items()}
    low, high = (
        kind.replace_strict({name: pair[end] for name, pair in ends.items()}, default=None, return_dtype=pl.Float64)
        for end in (0, 1)
    )
    return ((score >= low) & (score <= high)).fill_null(value=False)


def answers_of(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the answers with their points: pseudonym, at, kind, channel (null: `unknown`), points.

    Raises:
        FrameRefused: a column is missing, or an answer is not `on_scale`.
    """
    for name in (CUSTOMER, AT, KIND, SCORE, CHANNEL):
        if name not in frame.columns:
            raise FrameRefused(name, "is missing", "put it into the view")
    if not frame.select(on_scale().all()).item():
        rule = "must lie on the scale of its kind (nps, csat, ces, stars) in every row"
        raise FrameRefused(SCORE, rule, "check how the source counts, or leave such answers out")
    kind, channel = pl.col(KIND).cast(pl.String), pl.col(CHANNEL).cast(pl.String).fill_null("unknown")
    made = points(kind, pl.col(SCORE).cast(pl.Float64)).alias(POINTS)
    return frame.select(CUSTOMER, AT, kind.alias(KIND), channel.alias(CHANNEL), made)


def by_period(answers: pl.DataFrame, *, until: object, days: int, periods: int) -> pl.DataFrame:
    """Give figures by kind, channel (and `all`) and period of so many days, counted back from `until`.

    Returns kind, channel, period (0 is the newest, 1 the one before), answers, customers, figure, low, high of what
    may be told: no row for fewer than `LEAST_CUSTOMERS`, and none for a channel that is not `tellable`.
    """
    age = (pl.lit(until) - pl.col(AT)).dt.total_seconds() / 86_400
    aged = answers.with_columns(period=(age / days).floor().cast(pl.Int64)).filter(
        pl.col("period").is_between(0, periods - 1)
    )
    series = [KIND, CHANNEL, "period"]
    figures = measured(with_every_channel(aged), series).filter(pl.col("figure").is_not_null())
    return figures.join(tellable(aged, [KIND, "period"]), on=series, how="semi", maintain_order="left")


def tellable(answers: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Say which channels may be told beside all (`predict.disclosure`): columns of `by`, and channel (`all` too)."""
    kept = levels_tellable(answers, by, CHANNEL).select(*by, CHANNEL)
    every = answers.select(*by, pl.lit(_EVERY_CHANNEL).alias(CHANNEL)).unique()
    return pl.concat([kept, every]).unique()


def with_every_channel(answers: pl.DataFrame) -> pl.DataFrame:
    """Return the answers, and all of them once more as those of the channel `all`."""
    return pl.concat([answers, answers.with_columns(pl.lit(_EVERY_CHANNEL).alias(CHANNEL))])


def measured(answers: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Give the figure of each group with its 95 % interval; `by` holds `kind`."""
    each = answers.group_by([*by, CUSTOMER]).agg(
        size=pl.len(), total=pl.col(POINTS).sum(), squares=(pl.col(POINTS) ** 2).sum()
    )
    each = each.sort(*by, CUSTOMER)  # sums of the same numbers in the same order are the same
    mean = pl.col("total").sum().over(by) / pl.col("size").sum().over(by)
    summed = (
        each.with_columns(off=(pl.col("total") - mean * pl.col("size")) ** 2)
        .group_by(by)
        .agg(
            answers=pl.col("size").sum(),
            customers=pl.len(),
            figure=pl.col("total").sum() / pl.col("size").sum(),
            squares=pl.col("squares").sum(),
            off=pl.col("off").sum(),
        )
        .sort(by)
    )
    told = pl.col("customers") >= LEAST_CUSTOMERS
    low, high = _interval(summed)
    shown = [pl.when(told).then(name).alias(name) for name in ("figure", "low", "high")]
    return summed.with_columns(low=pl.Series(low), high=pl.Series(high)).select(*by, "answers", "customers", *shown)


def _interval(summed: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    size, mean, customers = (summed[name].to_numpy().astype(np.float64) for name in ("answers", "figure", "customers"))
    ends = np.array([SCALES[Kind(kind)].figures for kind in summed[KIND]], dtype=np.float64).reshape(-1, 2)
    bottom, top = ends[:, 0], ends[:, 1]
    simple = np.maximum(summed["squares"].to_numpy() / size - mean**2, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        clustered = summed["off"].to_numpy() / size * np.where(customers > 1, customers / (customers - 1), 1.0)
        effect = np.where(simple > 0, np.maximum(clustered / simple, 1.0), 1.0)
    counted = size / effect  # as many independent answers would tell as much
    middle = (bottom + top) / 2
    centre = (counted * mean + ADDED * middle) / (counted + ADDED)
    added = ADDED / 2 * ((bottom - centre) ** 2 + (top - centre) ** 2) / 2 + ADDED / 2 * (middle - centre) ** 2
    variance = (counted * (simple + (mean - centre) ** 2) + added) / (counted + ADDED)
    half = student.ppf((1 + CONFIDENCE) / 2, np.maximum(customers - 1, 1)) * np.sqrt(variance / (counted + ADDED))
    low, high = np.minimum(centre - half, mean), np.maximum(centre + half, mean)
    return np.maximum(low, bottom), np.minimum(high, top)

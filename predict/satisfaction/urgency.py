"""What comes first: categories weighed by how often, how badly, of how many customers and of what worth.

Points of a text are its category's priority (1 low to medium, 2 medium, 3 medium to high, 4 high) times
`1 + strength of blame`; a critical text has at least `CRITICAL_POINTS`. Points of a category are

    priority * (1 + mean blame) * ln(1 + texts) * ln(1 + customers) * worth,

where worth is the customers' mean value over everybody's (1 where no value is known, kept within 0.5 and 2, so that
nobody is heard only because they are rich). Weights are data: `Weights` may be a company's own.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from predict.satisfaction.themes import PRIORITIES
from predict.satisfaction.threats import CRITICAL

CRITICAL_POINTS: Final = 8.0
LEAST_WORTH, MOST_WORTH = 0.5, 2.0
FEWEST: Final = 5  # customers of a line that is told


@dataclass(frozen=True, slots=True)
class Weights:
    """What a priority weighs, lowest first."""

    low_medium: float = 1.0
    medium: float = 2.0
    medium_high: float = 3.0
    high: float = 4.0

    def of(self, priority: pl.Expr) -> pl.Expr:
        """Weigh a column of priorities."""
        return priority.replace_strict({name: getattr(self, name) for name in PRIORITIES}, return_dtype=pl.Float64)


def with_urgency(texts: pl.DataFrame, weights: Weights | None = None) -> pl.DataFrame:
    """Add `critical` and `urgency` to texts (columns priority, lean, critical_*): points, higher first."""
    critical = pl.any_horizontal(f"critical_{name}" for name in CRITICAL)
    points = (weights or Weights()).of(pl.col("priority")) * (1 + (-pl.col("lean")).clip(0.0))
    return texts.with_columns(
        critical=critical, urgency=pl.when(critical).then(pl.max_horizontal(points, CRITICAL_POINTS)).otherwise(points)
    )


def by_category(texts: pl.DataFrame, weights: Weights | None = None, *, fewest: int = FEWEST) -> pl.DataFrame:
    """Order categories by points: category, priority, texts, customers, blame, worth, points.

    Args:
        texts: pseudonym, category, priority, lean; `value` (of the customer, may be null or absent).
        weights: a company's own.
        fewest: customers below which a category is not told.
    """
    value = pl.col("value") if "value" in texts.columns else pl.lit(None, dtype=pl.Float64)
    worth = (value.mean().over("category") / value.mean()).fill_null(1.0).fill_nan(1.0).clip(LEAST_WORTH, MOST_WORTH)
    told = (
        texts.with_columns(worth=worth)
        .group_by("category")
        .agg(
            priority=pl.col("priority").first(),
            texts=pl.len().cast(pl.Int64),
            customers=pl.col("pseudonym").n_unique().cast(pl.Int64),
            blame=(-pl.col("lean")).clip(0.0).mean(),
            worth=pl.col("worth").first(),
        )
    )
    often = pl.col("texts").log1p() * pl.col("customers").log1p()
    points = (weights or Weights()).of(pl.col("priority")) * (1 + pl.col("blame")) * often * pl.col("worth")
    return (
        told.filter(pl.col("customers") >= fewest)
        .with_columns(points=points)
        .sort("points", "category", descending=[True, False])
    )

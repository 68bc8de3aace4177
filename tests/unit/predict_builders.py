"""Customers with a known cause of leaving, for the tests of `predict`."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl

from predict.churn.declaration import CHURN

HORIZON_DAYS = 90
FEW = replace(CHURN, readiness=replace(CHURN.readiness, least=200))
"""Churn as it is, but that a model of a few hundred customers may be called one: tests take less time."""
DESCRIBED = [
    {"name": "recency_days", "role": "recency", "unit": "days", "activity": "order"},
    {"name": "days_per_order", "role": "rhythm", "unit": "days"},
    {
        "name": "orders_365d",
        "unit": "count",
        "labels": {"nb": "Bestillinger siste år", "en": "Orders in the last year"},
    },
]


def month(number: int) -> datetime:
    return datetime(2024 + (number - 1) // 12, (number - 1) % 12 + 1, 1, tzinfo=UTC)


def customers(*, cuts: int, each: int, seed: int = 0, strength: float = 1.0) -> pl.DataFrame:
    """Make `each` customers at `cuts` monthly cuts; churn follows silence against the own rhythm, times `strength`."""
    rng = np.random.default_rng(seed)
    pieces = []
    rhythm = rng.lognormal(3.5, 0.8, each)
    for cut in range(1, cuts + 1):
        silence = rng.exponential(rhythm)
        orders = np.floor(365 / rhythm)
        odds = strength * 2.5 * (np.log1p(silence) - np.log1p(rhythm) + 0.5)
        churned = rng.random(each) < 1 / (1 + np.exp(-odds))
        frame = pl.DataFrame(
            {
                "pseudonym": [number.to_bytes(16, "big") for number in range(each)],
                "recency_days": silence,
                "days_per_order": rhythm,
                "orders_365d": orders.astype(np.int64),
                "newsletter": rng.random(each) < 0.5,
                "churned": churned,
            }
        )
        pieces.append(frame.with_columns(as_of=pl.lit(month(cut))))
    return pl.concat(pieces)

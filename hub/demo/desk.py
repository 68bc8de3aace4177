"""Of which product a case is and in which step of the process it arose; in one place of all it goes wrong.

Planted: who writes about the delivery of desks in the step `delivery` is escalated half of the time, and annoyed
more often than not. Without the plant all products and steps are alike. Drawn by itself, so that all else stays.
"""

from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import flags

PRODUCTS: Final = ("mobile", "reports", "desks", "invoicing")
STEPS: Final = ("enquiry", "quote", "order", "delivery", "after_sales")
PLACE: Final = {"category": "delivery", "product": "desks", "step": "delivery"}
_DRAWN_THERE: Final = 0.35  # of cases on deliveries
_ESCALATED: Final = 0.5
_ANNOYED: Final = 0.6


def with_places(rng: np.random.Generator, cases: pl.DataFrame, planted: float) -> pl.DataFrame:
    """Add product and step, and let cases of `PLACE` go wrong as far as it is `planted` (0: not at all).

    Args:
        rng: a stream of its own.
        cases: category, tone and escalated.
        planted: share of the plant, 0 to 1.
    """
    count = cases.height
    drawn = {name: rng.choice(of, count) for name, of in (("product", PRODUCTS), ("step", STEPS))}
    there, escalated, annoyed = (
        pl.Series(flags(rng, count, share * planted)) for share in (_DRAWN_THERE, _ESCALATED, _ANNOYED)
    )
    there &= cases["category"] == PLACE["category"]
    placed = cases.with_columns(
        pl.when(there).then(pl.lit(PLACE[name])).otherwise(pl.Series(values, dtype=pl.String)).alias(name)
        for name, values in drawn.items()
    )
    inside = pl.all_horizontal(pl.col(name) == level for name, level in PLACE.items())
    return placed.with_columns(
        pl.col("escalated") | (inside & escalated),
        tone=pl.when(inside & annoyed).then(pl.lit("annoyed")).otherwise("tone"),
    )

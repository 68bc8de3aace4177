"""How relations ended and what customers said of it: lost with a stated reason, and who referred somebody."""

from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import flags, stream
from hub.demo.lives import Lives, churn_of
from hub.demo.occasions import WINDOW_DAYS
from hub.demo.rhythm import instant_of

REASONS: Final = {
    "fading_use": "no_need",
    "fewer_orders": "competitor",
    "slow_service": "service",
    "late_deliveries": "service",
    "price": "price",
    "sudden": "no_need",
}
STATED: Final = ("price", "service", "product", "missing_function", "competitor", "no_need")
_SAYS: Final = 0.55  # who gives a reason when leaving
_POLITE: Final = 0.25  # reasons that are not the true one
_REFERS: Final = 0.04  # who brought somebody, in two years


def outcomes_of(seed: int, lives: Lives, *, until: datetime) -> pl.DataFrame:
    """Draw what the CRM notes of beginnings and ends.

    Columns: entity, at, kind (lost, referred), reason (a stated one for about half of the lost; a quarter of these is
    an excuse).
    """
    rng = stream(seed, "outcomes")
    left = churn_of(lives)
    count = left.height
    true = left["cause"].replace_strict(REASONS)
    excuse = pl.Series(rng.choice(STATED, count))
    lost = left.select(
        "entity",
        day=pl.min_horizontal(pl.col("left_day") + pl.lit(pl.Series(rng.uniform(0, 10, count))), WINDOW_DAYS - 0.01),
        kind=pl.lit("lost"),
        reason=pl.when(pl.lit(pl.Series(flags(rng, count, _SAYS)))).then(
            pl.when(pl.lit(pl.Series(flags(rng, count, _POLITE)))).then(pl.lit(excuse)).otherwise(pl.lit(true))
        ),
    )
    calm = lives.customers.filter(pl.col("left_day").is_null() & pl.Series(flags(rng, lives.customers.height, _REFERS)))
    day = rng.uniform(np.maximum(calm["joined_day"].to_numpy(), 0), WINDOW_DAYS)
    referred = calm.select("entity", day=pl.Series(day), kind=pl.lit("referred"), reason=pl.lit(None, dtype=pl.String))
    return (
        pl.concat([lost, referred]).with_columns(at=instant_of(pl.col("day"), until)).drop("day").sort("at", "entity")
    )

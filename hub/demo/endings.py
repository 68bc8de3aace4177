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
    "price": "price_sensitive",
    "slow_service": "service_frustrated",
    "late_deliveries": "service_frustrated",
    "fewer_orders": "lured_away",
    "fading_use": "drifting",
    "sudden": "drifting",
}
_CODES: Final = {
    "price_sensitive": "price",
    "service_frustrated": "service",
    "lured_away": "competitor",
    "drifting": "no_need",
    "feature_seeking": "missing_function",
}
_SEEKING: Final = 0.4  # whose use fades because a function is missing
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
    reasons = left.select("entity").join(reasons_of(seed, lives), on="entity", how="left", maintain_order="left")
    true = reasons["reason"].replace_strict(_CODES)
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


def reasons_of(seed: int, lives: Lives) -> pl.DataFrame:
    """Return why everybody left who did: entity, reason (five of them; behind the cause of the trouble)."""
    left = churn_of(lives)
    seeks = pl.Series(flags(stream(seed, "reasons"), left.height, _SEEKING))
    reason = pl.when((pl.col("cause") == "fading_use") & seeks).then(pl.lit("feature_seeking"))
    return left.select("entity", reason=reason.otherwise(pl.col("cause").replace_strict(REASONS)))

"""Who comes back: former customers, a month after they left, by lot contacted with an offer or left alone.

Whether a contact helps depends on why they left and what they are offered: a discount brings back who left over the
price and puts off who left over the service. The true reason is known to nobody; causes of trouble have left their
traces in the events, and some customers state a reason (`hub.demo.endings`), not always the true one.
"""

from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import flags, stream
from hub.demo.endings import reasons_of
from hub.demo.lived import Truth

OFFERS: Final = ("discount", "apology", "new_function", "reminder", "better_terms")
ALONE: Final = 0.04  # who comes back within 90 days without being asked
TREATED: Final = 0.5
WITHIN_DAYS: Final = 90
_ANSWER: Final = {
    "price_sensitive": "discount",
    "service_frustrated": "apology",
    "lured_away": "better_terms",
    "drifting": "reminder",
    "feature_seeking": "new_function",
}
_RIGHT, _WRONG, _OFFENSIVE = 0.24, 0.02, -0.03


def win_back_of(seed: int, truth: Truth, until: datetime) -> pl.DataFrame:
    """Draw one contact, or none, for each former customer.

    Columns: entity, as_of (midnight UTC, the first of the month after 30 days of absence: a cut of the views), treated,
    offer and channel (of those treated), returned (within 90 days), returned_at; and what only the truth knows: reason,
    uplift (chance of returning that the contact adds).
    """
    rng = stream(seed, "win back")
    left = truth.churn.select("entity", "left_at").join(reasons_of(seed, truth.lives), on="entity", how="left")
    asked = (pl.col("left_at") + pl.duration(days=30)).dt.offset_by("1mo").dt.truncate("1mo")
    known = pl.lit(until).dt.cast_time_unit("us") - pl.duration(days=WITHIN_DAYS)
    frame = left.with_columns(as_of=asked).filter(pl.col("as_of") <= known)
    count = frame.height
    treated = flags(rng, count, TREATED)
    offer = pl.Series(rng.choice(OFFERS, count, p=[0.4, 0.15, 0.15, 0.15, 0.15]), dtype=pl.String)
    frame = frame.with_columns(
        treated=pl.Series(treated),
        offer=offer,
        channel=pl.Series(rng.choice(["email", "phone", "letter"], count, p=[0.6, 0.25, 0.15]), dtype=pl.String),
    )
    frame = frame.with_columns(uplift=_uplift() * truth.lives.planted.winback)
    chance = ALONE + np.where(treated, frame["uplift"].to_numpy(), 0.0)
    returned = rng.random(count) < chance
    days = pl.duration(seconds=pl.lit(pl.Series((rng.uniform(2, WITHIN_DAYS, count) * 86_400).astype(np.int64))))
    own = [pl.when("treated").then(name).alias(name) for name in ("offer", "channel", "uplift")]
    return frame.with_columns(
        returned=pl.Series(returned), returned_at=pl.when(pl.Series(returned)).then(pl.col("as_of") + days)
    ).with_columns(own)


def _uplift() -> pl.Expr:
    """Return what an offer adds for a reason."""
    right = pl.col("offer") == pl.col("reason").replace_strict(_ANSWER)
    offends = (pl.col("offer") == "discount") & (pl.col("reason") == "service_frustrated")
    return pl.when(right).then(_RIGHT).when(offends).then(_OFFENSIVE).otherwise(_WRONG)

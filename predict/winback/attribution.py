"""Which channel may claim a return: shared among the touches before it, less what the hold-out did unasked.

Attribution is bookkeeping, not proof: only arms that differ in the channel can prove it (`predict.winback.experiment`).
The *touch frame* has `pseudonym` (Binary), `channel` (String) and `at` (Datetime), one row a message that was sent.
"""

import math
from datetime import timedelta

import polars as pl

from predict.shares import share
from predict.winback.experiment import ARM, CONTACT, HOLD_OUT
from predict.winback.kpi import Window, check_campaign, observed

LOOK_BACK_DAYS = 30


def attributed(campaign: pl.DataFrame, touches: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Give by channel: touched (customers), last_touch, shared, extra (all in returns); sorted by channel.

    `last_touch` gives a return to the last message in the `LOOK_BACK_DAYS` before it; `shared` divides it equally among
    those messages (linear attribution); `extra` is `shared` times the part of returns that the hold-out lacks, so that
    its sum is never more than the returns that the campaign brought about.

    Raises:
        FrameRefused: the campaign frame does not keep its contract.
    """
    check_campaign(campaign)
    rows = observed(campaign, window)
    contact = rows.filter(pl.col(ARM) == CONTACT)
    inside = touches.filter(pl.col("at") < window.at).join(contact, on="pseudonym")
    inside = inside.filter(pl.col("at") >= pl.col("started_at"))
    since = pl.col("returned_at") - timedelta(days=LOOK_BACK_DAYS)
    before = inside.filter(pl.col("returned") & pl.col("at").is_between(since, "returned_at", closed="both"))
    claims = before.sort("pseudonym", "at", "channel").with_columns(
        last_touch=(pl.int_range(pl.len()).over("pseudonym") == pl.len().over("pseudonym") - 1).cast(pl.Float64),
        shared=1 / pl.len().over("pseudonym"),
    )
    claimed = claims.group_by("channel").agg(pl.col("last_touch", "shared").sum())
    reached = inside.group_by("channel").agg(touched=pl.col("pseudonym").n_unique())
    joined = reached.join(claimed, on="channel", how="left").with_columns(pl.col("last_touch", "shared").fill_null(0.0))
    return joined.with_columns(extra=pl.col("shared") * _brought_about(rows)).sort("channel")


def _brought_about(rows: pl.DataFrame) -> float:
    """Give the part of the contacted's returns that the hold-out does not show: 1 - unasked rate / win-back rate."""
    won, unasked = (
        share(int(arm["returned"].sum()), arm.height).figure
        for arm in (rows.filter(pl.col(ARM) == CONTACT), rows.filter(pl.col(ARM) == HOLD_OUT))
    )
    return max(0.0, 1 - unasked / won) if won > 0 and math.isfinite(unasked) else 0.0

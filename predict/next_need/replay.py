"""Was it better to choose? The newest contacts, judged by what the older ones would have chosen for each customer.

Of contacts that went by the level that would have been chosen, which share was answered, beside those by the level
that most answer (popularity), by the one that the customer answered most often (own frequency), and beside all.
Contacts were not sent by lot, so the shares are what was, not what would be: who was written to by telephone may have
been another kind of customer. So the gain holds each customer against themselves: contacts by the chosen level beside
their own others, weighed as Mantel and Haenszel do (J. Natl. Cancer Inst. 22, 1959; w = n1 * n0 / (n1 + n0)), with an
interval over customers, whose contacts are alike. Who was only ever written to by one level says nothing of it.

Older contacts teach only where every answer to them was in before the first of the newest. Segments are those of today.
"""

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from predict.frames import PSEUDONYM
from predict.next_need.contacts import ANSWERED_WITHIN_DAYS
from predict.next_need.timing import Slots, best, levels
from predict.shares import Z_95, told_share

DIMENSIONS: Final = ("channel", "hour", "weekday")
_TEACH: Final = 0.7  # of the contacts, by time
_LEAST: Final = 30  # contacts to teach and to judge, and customers who are held against themselves


def replayed(
    contacts: pl.DataFrame, customers: pl.DataFrame, slots: Slots, *, channels: Sequence[str]
) -> list[dict[str, Any]]:
    """Tell for each dimension the ways' shares of answers and the gain of the chosen level over any other.

    Args:
        contacts: pseudonym, at, channel, answered: those that no answer can come to any more.
        customers: pseudonym and segment.
        slots: hours and weekdays to choose from.
        channels: the channels to choose from.

    Returns:
        a mapping a dimension: `dimension`; `chosen`, `popularity`, `own_frequency`, `any`: told shares; `gain`: figure,
        low, high, and null where fewer than 30 customers were written to both ways; `holds`: the whole interval of the
        gain is above 0.
    """
    ordered = contacts.sort("at", PSEUDONYM)
    cut = int(ordered.height * _TEACH)
    later = levels(ordered.tail(ordered.height - cut), slots)
    begins = pl.lit(ordered["at"][cut : cut + 1]).first()
    in_by_then = pl.col("at") <= begins - timedelta(days=ANSWERED_WITHIN_DAYS + 1)
    earlier = levels(ordered.head(cut).filter(in_by_then), slots)
    if min(earlier.height, later.height) < _LEAST:
        return []
    chosen = best(earlier, customers, slots, channels=channels)
    return [_judged(dimension, chosen, earlier, later) for dimension in DIMENSIONS]


def _judged(dimension: str, chosen: pl.DataFrame, earlier: pl.DataFrame, later: pl.DataFrame) -> dict[str, Any]:
    key = [PSEUDONYM, dimension]
    rates = earlier.group_by(dimension).agg(rate=pl.col("answered").mean())
    popular = rates.sort("rate", dimension, descending=[True, False])[dimension][0]
    counted = earlier.group_by(key).agg(pl.col("answered").sum())
    own = counted.sort("answered", dimension, descending=[True, False]).unique(PSEUDONYM, keep="first")
    ways = {
        "chosen": later.join(chosen, on=key, how="semi"),
        "popularity": later.filter(pl.col(dimension) == popular),
        "own_frequency": later.join(own, on=key, how="semi"),
        "any": later,
    }
    told = {name: told_share(*_counts(rows)) for name, rows in ways.items()}
    return {"dimension": dimension, **told, **_gain(later, chosen, key)}


def _gain(later: pl.DataFrame, chosen: pl.DataFrame, key: list[str]) -> dict[str, Any]:
    """Hold what went by the chosen level against what went by any other, customer by customer."""
    marked = later.join(chosen.select(key).with_columns(by=True), on=key, how="left")
    by, answered = pl.col("by").fill_null(value=False), pl.col("answered").cast(pl.Float64)
    both = (
        marked.group_by(PSEUDONYM, maintain_order=True)
        .agg(own=answered.filter(by).mean(), other=answered.filter(~by).mean(), sent=by.sum(), all=pl.len())
        .filter(pl.col("sent").is_between(0, pl.col("all"), closed="none"))
    )
    if both.height < _LEAST:
        return {"gain": None, "holds": False}
    own, other, sent, everything = (
        np.asarray(both[name].cast(pl.Float64).to_numpy(), dtype=np.float64) for name in ("own", "other", "sent", "all")
    )
    weight, gap = sent * (everything - sent) / everything, own - other
    figure = float(weight @ gap / weight.sum())
    half = Z_95 * math.sqrt(float(((weight * (gap - figure)) ** 2).sum())) / float(weight.sum())
    return {"gain": {"figure": figure, "low": figure - half, "high": figure + half}, "holds": figure - half > 0}


def _counts(rows: pl.DataFrame) -> tuple[float, float]:
    return float(rows["answered"].sum()), float(rows.height)

"""Was it better to choose? The newest contacts, judged by what the older ones would have chosen for each customer.

Of contacts that went by the level that would have been chosen, which share was answered, beside those by the level
that most answer (popularity), by the one that the customer answered most often (own frequency), and beside all.
Contacts were not sent by lot, so this is what was, not what would be: who was written to by telephone may have been
another kind of customer. It says at least whether the choice found anything.
"""

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from predict.frames import PSEUDONYM
from predict.next_need.timing import Slots, best, levels
from predict.shares import difference, told_share

DIMENSIONS: Final = ("channel", "hour", "weekday")
_TEACH: Final = 0.7  # of the contacts, by time
_LEAST: Final = 30  # contacts on either side: of fewer nothing is told


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
        low, high, and null where fewer than 30 went either way; `holds`: the whole interval of the gain is above 0.
    """
    ordered = contacts.sort("at", PSEUDONYM)
    cut = int(ordered.height * _TEACH)
    earlier, later = levels(ordered.head(cut), slots), levels(ordered.tail(ordered.height - cut), slots)
    if min(earlier.height, later.height) < _LEAST:
        return []
    chosen = best(ordered.head(cut), customers, slots, channels=channels)
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
    return {"dimension": dimension, **told, **_gain(_counts(ways["chosen"]), _counts(later))}


def _gain(chosen: tuple[float, float], everything: tuple[float, float]) -> dict[str, Any]:
    """Hold what went by the chosen level against what went by any other."""
    others = (everything[0] - chosen[0], everything[1] - chosen[1])
    if min(chosen[1], others[1]) < _LEAST:
        return {"gain": None, "holds": False}
    gain = difference(chosen, others)
    return {"gain": {"figure": gain.figure, "low": gain.low, "high": gain.high}, "holds": gain.low > 0}


def _counts(rows: pl.DataFrame) -> tuple[float, float]:
    return float(rows["answered"].sum()), float(rows.height)

"""Weights of pairs whose levels are known, with rarities that were counted elsewhere than in the records at hand.

What `edges.score` says of a whole set is said here of a delivery: the same sum, but how rare a value is comes from what
was counted before (`pooled`), for ten records cannot tell.
"""

from collections.abc import Mapping
from math import log2
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from ingest.match.model import LookAlike, Model
from ingest.match.spec import Spec

_CERTAIN: Final = 60
"""Log2 odds beyond which a probability is 0 or 1 to the last digit."""
Numbers = npt.NDArray[np.float64]


def weighed(levels: pl.DataFrame, spec: Spec, model: Model, rare: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Add `weight_NAME` (log2, rarity included), `weight_look_alikes`, `weight` and `probability`.

    Args:
        levels: left, right (rows), `level_NAME` (-1 absent) of every comparison that the model knows.
        spec: of the model.
        model: what agreement is worth.
        rare: by column, how rare each row's value is (-log2 of its share).

    """
    rarity = _rarities(levels, spec, model, rare)
    whole = {
        name: np.append(model.weights(name), 0.0)[levels[f"level_{name}"].to_numpy()] + rarity[name]
        for name in model.names  # absent is level -1, the last place: it says nothing
    }
    odds = np.zeros(levels.height)
    for each in model.look_alikes:
        odds += np.exp2(_odds_of(each, model, levels, rarity))
    look_alikes = -np.log2(1 + odds)
    weight = sum(whole.values(), look_alikes + model.prior)
    return levels.with_columns(
        *(pl.Series(f"weight_{name}", values, dtype=pl.Float32) for name, values in whole.items()),
        weight_look_alikes=pl.Series(look_alikes, dtype=pl.Float64),
        weight=pl.Series(weight, dtype=pl.Float64),
    ).with_columns(probability=1 / (1 + 2.0 ** -pl.col("weight").clip(-_CERTAIN, _CERTAIN)))


def _rarities(levels: pl.DataFrame, spec: Spec, model: Model, rare: Mapping[str, pl.Series]) -> dict[str, Numbers]:
    """Say of each comparison what a rarer value than usual adds: of two values the more common counts."""
    found = {name: np.zeros(levels.height) for name in model.names}
    for comparison in spec.comparisons:
        for place, level in enumerate(comparison.levels):
            if comparison.name not in found or level.frequency is None or level.frequency not in rare:
                continue
            number = comparison.size - 1 - place
            at = np.flatnonzero(levels[f"level_{comparison.name}"].to_numpy() == number)
            ends = [rare[level.frequency].gather(levels[end].gather(at)).to_numpy() for end in ("left", "right")]
            found[comparison.name][at] = np.minimum(*ends) + log2(model.u[comparison.name][number])
    return found


def _odds_of(look_alike: LookAlike, model: Model, levels: pl.DataFrame, rarity: Mapping[str, Numbers]) -> Numbers:
    """Return log2 of how much likelier a look-alike is than two strangers."""
    strangers = 1 - model.match_share - sum(each.share for each in model.look_alikes)
    odds = np.full(levels.height, log2(look_alike.share / strangers))
    for name, shares in look_alike.levels.items():
        odds += np.append(np.log2(shares / model.u[name]), 0.0)[levels[f"level_{name}"].to_numpy()]
        if look_alike.by_frequency:
            odds += rarity[name]
    return odds.clip(-_CERTAIN, _CERTAIN)

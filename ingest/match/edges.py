"""Edges: how likely two records are one person, and why. Numbers only, nothing of a record's values.

weight = prior + sum over comparisons of (log2(m/u) + rarity) - log2(1 + odds of each look-alike): the last part says
how well a household or a namesake explains the same agreement.
"""

from collections.abc import Mapping
from math import log2
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from ingest.match.model import LookAlike, Model
from ingest.match.rarity import rarities, usual_shares
from ingest.match.scorer import Weights, levels_of, weights_of
from ingest.match.spec import Spec

_AT_ONCE: Final = 1_000_000
_CERTAIN: Final = 60
"""Log2 odds beyond which a probability is 0 or 1 to the last digit."""

Odds = npt.NDArray[np.float64]


def score(frame: pl.DataFrame, pairs: pl.DataFrame, spec: Spec, model: Model) -> pl.DataFrame:
    """Score pairs of rows of `frame`, in comparable form.

    Returns columns left, right, `level_NAME`, `weight_NAME` (log2, rarity included) of each comparison,
    `weight_look_alikes` (log2, at most 0), `weight` (log2 odds) and `probability`.
    """
    known = tuple(each for each in spec.comparisons if each.name in model.m)
    levels = levels_of(frame, pairs, known)
    return weighed(levels, spec, model, rarities(frame, usual_shares(spec, model)))


def weighed(levels: pl.DataFrame, spec: Spec, model: Model, rare: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Add all weights and the probability to pairs with their levels."""
    told = weights_of(levels, spec, model, rare)
    odds = sum(np.exp2(_log_odds(each, model, levels, told)) for each in model.look_alikes)
    look_alikes = -np.log2(1 + odds + np.zeros(levels.height))
    whole = {f"weight_{name}": told[f"weight_{name}"] + told[f"rarity_{name}"] for name in model.names}
    weight = sum(whole.values(), look_alikes + model.prior)
    return levels.with_columns(
        *(pl.Series(name, values) for name, values in whole.items()),
        weight_look_alikes=pl.Series(look_alikes, dtype=pl.Float64),
        weight=pl.Series(weight, dtype=pl.Float64),
    ).with_columns(probability=1 / (1 + 2.0 ** -pl.col("weight").clip(-_CERTAIN, _CERTAIN)))


def outlined(levels: pl.DataFrame, spec: Spec, model: Model, rare: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Add weight and probability alone: most pairs of a million records are nothing, and details would fill memory."""
    of_parts = [f"weight_{name}" for name in [*model.names, "look_alikes"]]
    slices = [weighed(each, spec, model, rare).drop(of_parts) for each in levels.iter_slices(_AT_ONCE)]
    return pl.concat(slices or [weighed(levels, spec, model, rare).drop(of_parts)])


def _log_odds(look_alike: LookAlike, model: Model, levels: pl.DataFrame, told: Mapping[str, Weights]) -> Odds:
    """Return log2 of how much likelier a look-alike is than two strangers."""
    strangers = 1 - model.match_share - sum(each.share for each in model.look_alikes)
    odds = np.full(levels.height, log2(look_alike.share / strangers))
    for name, shares in look_alike.levels.items():
        odds += np.append(np.log2(shares / model.u[name]), 0.0)[levels[f"level_{name}"].to_numpy()]
        if look_alike.by_frequency:
            odds += told[f"rarity_{name}"]
    return odds.clip(-_CERTAIN, _CERTAIN)

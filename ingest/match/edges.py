"""Edges: how likely two records are one person, and why. Numbers only, nothing of a record's values.

weight = prior + sum over comparisons of (log2(m/u) + rarity) - log2(1 + odds of each look-alike): the last part says
how well a household or a namesake explains the same agreement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from ingest.match.model import LookAlike, Model
from ingest.match.rarity import rarities, usual_shares
from ingest.match.scorer import Levels, Weights, as_levels, levels_of, weights_of
from ingest.match.spec import Spec

_AT_ONCE: Final = 1_000_000
_CERTAIN: Final = 60
"""Log2 odds beyond which a probability is 0 or 1 to the last digit."""

Odds = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Told:
    """What pairs say of being one person, as log2: each comparison by its name, those who look alike, and the sum."""

    by: Mapping[str, Weights]
    look_alikes: Odds
    weight: Odds


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
    counted = {name: series.to_numpy() for name, series in rare.items()}
    told = told_by(as_levels(levels, model.names), spec, model, counted)
    return levels.with_columns(
        *(pl.Series(f"weight_{name}", values) for name, values in told.by.items()),
        weight_look_alikes=pl.Series(told.look_alikes, dtype=pl.Float64),
        weight=pl.Series(told.weight, dtype=pl.Float64),
    ).with_columns(probability=1 / (1 + 2.0 ** -pl.col("weight").clip(-_CERTAIN, _CERTAIN)))


def told_by(levels: Levels, spec: Spec, model: Model, rare: Mapping[str, Weights]) -> Told:
    """Say what the levels of pairs come to; `rare` is NaN where no rarity counts."""
    told = weights_of(levels, spec, model, rare)
    odds = sum(np.exp2(_log_odds(each, model, levels, told)) for each in model.look_alikes)
    look_alikes = -np.log2(1 + odds + np.zeros(levels.pairs))
    whole = {name: told[f"weight_{name}"] + told[f"rarity_{name}"] for name in model.names}
    weight: Odds = look_alikes + model.prior
    for each in whole.values():
        weight = weight + each
    return Told(whole, look_alikes, weight)


def outlined(levels: pl.DataFrame, spec: Spec, model: Model, rare: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Add weight and probability alone: most pairs of a million records are nothing, and details would fill memory."""
    of_parts = [f"weight_{name}" for name in [*model.names, "look_alikes"]]
    slices = [weighed(each, spec, model, rare).drop(of_parts) for each in levels.iter_slices(_AT_ONCE)]
    return pl.concat(slices or [weighed(levels, spec, model, rare).drop(of_parts)])


def _log_odds(look_alike: LookAlike, model: Model, levels: Levels, told: Mapping[str, Weights]) -> Odds:
    """Return log2 of how much likelier a look-alike is than two strangers."""
    strangers = 1 - model.match_share - sum(each.share for each in model.look_alikes)
    odds = np.full(levels.pairs, log2(look_alike.share / strangers))
    for name, shares in look_alike.levels.items():
        odds += np.append(np.log2(shares / model.u[name]), 0.0)[levels.of[name]]
        if look_alike.by_frequency:
            odds += told[f"rarity_{name}"]
    return odds.clip(-_CERTAIN, _CERTAIN)

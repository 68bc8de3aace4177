"""Edges: how likely two records are one person, and why. Numbers only, nothing of a record's values.

weight = prior + sum over comparisons of (log2(m/u) + rarity) - log2(1 + odds of each look-alike): the last part says
how well a household or a namesake explains the same agreement.
"""

from math import log2

import polars as pl

from ingest.match.model import LookAlike, Model
from ingest.match.scorer import weights_of
from ingest.match.spec import Spec


def score(frame: pl.DataFrame, pairs: pl.DataFrame, spec: Spec, model: Model) -> pl.DataFrame:
    """Score pairs of rows of `frame`, in comparable form.

    Returns columns left, right, `level_NAME`, `weight_NAME` (log2, rarity included) of each comparison,
    `weight_look_alikes` (log2, at most 0), `weight` (log2 odds) and `probability`.
    """
    scored = weights_of(frame, pairs, spec, model)
    names = model.names
    odds = [2.0 ** _odds_of(each, model) for each in model.look_alikes]
    look_alikes = -(1 + pl.sum_horizontal(odds)).log(2) if odds else pl.lit(0.0)
    whole = [(pl.col(f"weight_{name}") + pl.col(f"rarity_{name}")).alias(f"weight_{name}") for name in names]
    total = pl.sum_horizontal(f"weight_{name}" for name in names).cast(pl.Float64)
    return (
        scored.with_columns(weight_look_alikes=look_alikes)
        .with_columns(whole)
        .with_columns(weight=total + model.prior + pl.col("weight_look_alikes"))
        .with_columns(probability=1 / (1 + 2.0 ** -pl.col("weight").clip(-60, 60)))
        .drop(f"rarity_{name}" for name in names)
    )


def _odds_of(look_alike: LookAlike, model: Model) -> pl.Expr:
    """Return log2 of how much likelier a look-alike is than two strangers."""
    strangers = 1 - model.match_share - sum(each.share for each in model.look_alikes)
    odds = pl.lit(log2(look_alike.share / strangers))
    for name, shares in look_alike.levels.items():
        by_level = {number: log2(share / model.u[name][number]) for number, share in enumerate(shares)} | {-1: 0.0}
        odds += pl.col(f"level_{name}").replace_strict(by_level, return_dtype=pl.Float64)
        if look_alike.by_frequency:
            odds += pl.col(f"rarity_{name}")
    return odds.clip(-60, 60)

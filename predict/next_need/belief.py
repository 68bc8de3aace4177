"""What is believed of each action for each need: how many buy, learned from what was done and what followed.

A share is a beta distribution: what the catalogue expected, and then what was seen (Thompson, Biometrika 25, 1933).
`chances` turns beliefs into the probability with which each action is chosen: that of being the best of a draw, with a
share left to chance. The probabilities are exact for what is then drawn, whatever the number of draws: they are logged,
and what they were used for can be judged by them (`predict.next_need.worth`).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from predict.frames import Matrix, Vector
from predict.next_need.action import NOTHING, ActionCatalogue, Expected

DRAWS: Final = 4_000


def beliefs(catalogue: ActionCatalogue, seen: pl.DataFrame) -> pl.DataFrame:
    """Learn from what was done: need, action, bought (Boolean), a row a customer and time; what is unknown is left out.

    Returns:
        need, action (with `nothing`), a, b (of the beta distribution), share (its mean); sorted.
    """
    expected = [(need, one.name, one.expected) for one in catalogue.actions for need in one.needs] + [
        (need, NOTHING, catalogue.unasked) for need in catalogue.margins
    ]
    prior = pl.DataFrame(
        [(need, action, *_ab(before)) for need, action, before in expected],
        schema={"need": pl.String, "action": pl.String, "a": pl.Float64, "b": pl.Float64},
        orient="row",
    )
    counted = seen.group_by("need", "action").agg(yes=pl.col("bought").sum(), no=(~pl.col("bought")).sum())
    joined = prior.join(counted, on=["need", "action"], how="left").with_columns(pl.col("yes", "no").fill_null(0))
    learned = joined.select("need", "action", a=pl.col("a") + pl.col("yes"), b=pl.col("b") + pl.col("no"))
    return learned.with_columns(share=pl.col("a") / (pl.col("a") + pl.col("b"))).sort("need", "action")


def chances(believed: Sequence[tuple[float, float]], worth: Matrix, catalogue: ActionCatalogue, *, seed: int) -> Vector:
    """Give the probability of each option, `nothing` first: that of being worth most in a draw, chance mixed in.

    Args:
        believed: a and b of each option.
        worth: for each option, what it is worth if the customer buys, and what it costs in any case.
        catalogue: says how much is left to chance, and held out.
        seed: draws.
    """
    rng = np.random.default_rng(seed)
    a, b = np.asarray(believed, dtype=np.float64).T
    drawn = rng.beta(a, b, (DRAWS, a.size)) * worth[:, 0] - worth[:, 1]
    best = np.bincount(drawn.argmax(axis=1), minlength=a.size) / DRAWS
    mixed = (1 - catalogue.explore) * best + catalogue.explore / a.size
    held = (1 - catalogue.hold_out) * mixed
    held[0] += catalogue.hold_out
    return np.asarray(held, dtype=np.float64)


def _ab(before: Expected) -> tuple[float, float]:
    return before.share * before.weight, (1 - before.share) * before.weight

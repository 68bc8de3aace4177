"""What training saw, in numbers: how weights are spread, and how many records say too little to be matched at all."""

from typing import Any, Final

import polars as pl

from ingest.match.calibration import Curve
from ingest.match.edges import score
from ingest.match.model import Model
from ingest.match.spec import Spec

_WIDTH: Final = 2
"""Weights (log2 odds) of one bar."""
_WIDEST: Final = 40
"""Weights beyond which all stand in the last bar."""
_RECORDS: Final = 50_000
"""Records asked whether they say enough: an even part of all where there are more."""


def told_of(records: pl.DataFrame, weights: pl.Series, spec: Spec, model: Model) -> dict[str, Any]:
    """Return `unlinkable`, the share of records that say too little, and `weights`: pairs compared by weight.

    `weights` is pairs of a bar's lower end (log2 odds, the first and last bar open) and the number of pairs in it.
    """
    return {"unlinkable": round(unlinkable_share(records, spec, model), 6), "weights": histogram(weights)}


def unlinkable_share(records: pl.DataFrame, spec: Spec, model: Model) -> float:
    """Return the share of records that would not reach the threshold beside a perfect copy of themselves.

    The copy is of another source: that a source has each person once is no want of the record.
    """
    if records.is_empty() or model.threshold is None:
        return 0.0
    every = -(-records.height // _RECORDS)
    row = pl.int_range(0, records.height, every, dtype=pl.UInt32, eager=True)
    told = score(records, pl.DataFrame({"left": row, "right": row}), spec, model)
    held_against = [pl.col(f"weight_{name}").clip(upper_bound=0.0) for name in model.names]
    weight = told.select(pl.col("weight") - pl.sum_horizontal(held_against)).to_series()
    curve = model.curve or Curve((0.0,), (0.5,))
    return int((curve.probability(weight) < model.threshold).sum()) / weight.len()


def histogram(weights: pl.Series) -> list[list[int]]:
    """Count pairs by weight."""
    bar = (weights.clip(-_WIDEST, _WIDEST) / _WIDTH).floor().cast(pl.Int32) * _WIDTH
    counted = bar.alias("from").value_counts(name="pairs").sort("from")
    return [[int(lower), int(pairs)] for lower, pairs in counted.iter_rows()]


def level_rows(spec: Spec, model: Model) -> list[tuple[object, ...]]:
    """Return comparison, level in words, m, u and weight of what was learned, the closest agreement first."""
    return [
        (
            each.name,
            each.words[number],
            float(f"{model.m[each.name][number]:.4g}"),
            float(f"{model.u[each.name][number]:.4g}"),
            round(model.weights(each.name)[number], 2),
        )
        for each in spec.comparisons
        if each.name in model.m
        for number in range(each.size - 1, -1, -1)
    ]

"""Whom the tested model serves, and how well: its figures by segment, and what its customers looked like."""

from typing import Any, Final

import numpy as np
import polars as pl

from predict.artefact import Artefact
from predict.choose import Table
from predict.drift import bin_columns
from predict.frames import AS_OF, Vector
from predict.module import Brief
from predict.segments import by_segment, levels_at
from predict.split import Split

PROFILED: Final = 100_000
"""Rows of the last cut that a profile is made of, at most: enough for tenths."""


def segments(
    rows: pl.DataFrame, split: Split, brief: Brief, *, tested: tuple[Vector, Vector, int]
) -> list[dict[str, Any]]:
    """Judge each level of what the view released beside numbers; `tested` are outcome, probability and capacity."""
    outcome, probability, capacity = tested
    levels = levels_at(brief.segments, rows[split.test])
    if not levels.width:
        return []
    chosen = np.zeros(outcome.size)
    chosen[np.argsort(-probability, kind="stable")[:capacity]] = 1.0
    return by_segment(levels, outcome, probability, chosen)


def profile(artefact: Artefact, table: Table, rows: pl.DataFrame, *, seed: int) -> dict[str, Any]:
    """Bin what the customers of the last cut look like, and how the shipped model scores them: drift is seen by it."""
    last = np.flatnonzero((rows[AS_OF] == rows[AS_OF].max()).to_numpy())
    if last.size > PROFILED:
        last = np.sort(np.random.default_rng(seed).choice(last, PROFILED, replace=False))
    positions = [table.names.index(name) for name in artefact.model.names]
    raw = table.raw[last][:, positions]
    probability = artefact.calibrator.probability(artefact.model.log_odds(raw))
    (score,) = bin_columns(probability[:, None], ("score",))
    inputs = [one.as_mapping() for one in bin_columns(raw, artefact.model.names)]
    return {"inputs": inputs, "score": score.as_mapping()}

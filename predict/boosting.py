"""Gradient boosted trees by LightGBM, the challenger that must be clearly better to be kept.

Settings are fixed and cautious (trees of four leaves, large leaves, half the columns for each tree): they were not
searched on any set. A tree of four leaves joins at most three features, so that its parts stay few and can be named.

Stored as LightGBM's own text, which holds thresholds, leaf values and counts of no fewer than `MIN_LEAF` customers;
the least and greatest value of each column, which it would hold as well, are taken out: they are single customers.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Final

import numpy as np

from predict.errors import ArtefactRefused, TreesMissing
from predict.frames import Columns, Matrix, Vector
from predict.levels import most_frequent
from predict.preparation import SKETCHED
from predict.threads import few_threads, thread_count
from predict.treeshap import trees_of

MIN_LEAF: Final = 20
TREES: Final = 150
BINNED_BY: Final = 50_000  # rows by which columns are cut into 255 bins: more settle no boundary
MANY_ASKED: Final = 500_000  # cells
SETTINGS: Final = {
    "objective": "binary",
    "learning_rate": 0.1,
    "num_leaves": 4,
    "lambda_l2": 10.0,
    "feature_fraction": 0.5,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
_INFOS = re.compile(r"^feature_infos=.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Boosting:
    """Fitted trees with the names of their raw columns and the reference customer (medians, most frequent levels)."""

    names: tuple[str, ...]
    medians: Vector
    booster: Any

    def log_odds(self, raw: Matrix) -> Vector:
        """Give raw (uncalibrated) log-odds."""
        return np.asarray(self.booster.predict(raw, raw_score=True, num_threads=_askers(raw)), dtype=np.float64)

    def contributions(self, raw: Matrix, groups: tuple[tuple[int, ...], ...]) -> Matrix:
        """Split log-odds minus the reference customer's log-odds, exactly, over groups of feature positions.

        TreeSHAP (`predict.treeshap`): what features do together is shared between them, so that the parts add up.
        """
        deviation = self._parts(raw) - self._parts(self.medians[None, :])
        return np.column_stack([deviation[:, list(group)].sum(axis=1) for group in groups])

    def _parts(self, raw: Matrix) -> Matrix:
        return trees_of(self.booster).parts(raw)


class _Silence:
    """A logger that says nothing: standard output belongs to the answer, and a log may not hold what LightGBM sees."""

    def info(self, _: str) -> None:
        """Say nothing."""

    def warning(self, _: str) -> None:
        """Say nothing."""


def fit_boosting(raw: Matrix, outcome: Vector, columns: Columns, *, seed: int) -> Boosting:
    """Fit the trees; missing values and levels are handled by the trees themselves.

    Raises:
        TreesMissing: LightGBM cannot be loaded.
    """
    lightgbm = _lightgbm()
    settings = {
        **SETTINGS,
        "min_data_in_leaf": min(100, max(MIN_LEAF, outcome.size // 50)),
        "seed": seed,
        "num_threads": thread_count(raw),
    }
    levels = [position for position, count in enumerate(columns.counts) if count]
    bins = {"verbosity": -1, "bin_construct_sample_cnt": BINNED_BY}
    taught = lightgbm.Dataset(raw, outcome, categorical_feature=levels, params=bins)
    with few_threads(raw):
        booster = lightgbm.train(settings, taught, TREES)
    sketch = raw[:: max(1, raw.shape[0] // SKETCHED)]
    medians = [_centre(sketch[:, position], count) for position, count in enumerate(columns.counts)]
    return Boosting(columns.names, np.asarray(medians), opened(text_of(booster)))


def text_of(booster: Any) -> str:  # noqa: ANN401 - LightGBM has no types
    """Write trees as LightGBM's text without the extremes of single customers."""
    text = str(booster.model_to_string(importance_type="split"))
    return _INFOS.sub(lambda line: "feature_infos=" + " ".join(["none"] * len(line[0].split())), text)


def opened(text: str) -> Any:  # noqa: ANN401 - LightGBM has no types
    """Read trees back.

    Raises:
        ArtefactRefused: it is no model of LightGBM, or not one that tells yes from no.
        TreesMissing: LightGBM cannot be loaded.
    """
    lightgbm = _lightgbm()
    try:
        booster = lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as exc:
        raise ArtefactRefused("trees are no text of LightGBM") from exc
    if not text.startswith("tree\n") or "\nobjective=binary" not in text:
        raise ArtefactRefused("trees do not tell yes from no")
    return booster


@cache
def _lightgbm() -> Any:  # noqa: ANN401 - LightGBM has no types
    """Load LightGBM when trees are asked for: it needs a library of the system that a small machine may lack."""
    try:
        lightgbm = import_module("lightgbm")
    except OSError as exc:
        raise TreesMissing from exc
    lightgbm.register_logger(_Silence())
    return lightgbm


def _askers(raw: Matrix) -> int:
    """Ask many rows in parallel (0: as many threads as there are): each is answered by itself, in whatever order."""
    return 0 if raw.size > MANY_ASKED else 1


def _centre(column: Vector, count: int) -> float:
    if count:
        return most_frequent(column)
    known = column[~np.isnan(column)]
    return float(np.median(known)) if known.size else float("nan")

"""The figures of a tested model: beside one naive column alone, beside the base rate, with intervals.

Everything is measured on the test customers only, each of whom stands there once. Nothing here names anybody: curves
are over tenths of all customers or thinned thresholds.
"""

from typing import Any

import numpy as np

from predict import evaluate
from predict.choose import Table
from predict.explain import Explained, groups_of
from predict.feature import feature_as_mapping, features_of
from predict.frames import Vector
from predict.likelihood.naive import Naive
from predict.logistic import fit_logistic
from predict.module import Brief
from predict.split import COMPARED, Rows, Split, SplitKind, thinned
from predict.telling.said import Sentence, said

CURVE_POINTS = 40
LIFT_SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)
SUSPICIOUS_AUC = 0.97  # one column that alone knows the answer has nearly always seen it
DEFAULT_CAPACITY_SHARE = 0.1
RARE, COMMON = 0.02, 0.6


def figures_of(
    table: Table,
    split: Split,
    tested: tuple[Explained, Vector],
    *,
    naive: Naive | None,
    brief: Brief,
) -> dict[str, Any]:
    """Measure the tested model and its probabilities on the test rows, beside one column alone where there is one."""
    (model, probability), outcome = tested, table.outcome[split.test]
    base = float(outcome.mean())
    capacity = capacity_of(int(outcome.size), brief)
    figures: dict[str, Any] = {
        "split": split.kind.value,
        "customers": int(outcome.size),
        "base_rate": base,
        "capacity": capacity,
        "model": _scored(outcome, probability, capacity, brief.seed),
        "base_rate_brier": base * (1 - base),
        "curves": _curves(outcome, probability),
        "importance": _importance(table, split, model, brief),
        "suspects": _suspects(table, _some(split, brief.seed)),
    }
    if naive is not None:
        figures["baseline"] = _baseline(table, split, naive, probability, brief)
    figures["remarks"] = _remarks(figures)
    return figures


def capacity_of(customers: int, brief: Brief) -> int:
    """Say how many customers can be looked after: what was asked for, else one tenth."""
    return brief.capacity or max(1, round(customers * DEFAULT_CAPACITY_SHARE))


def _scored(outcome: Vector, probability: Vector, capacity: int, seed: int) -> dict[str, Any]:
    return {
        "auc": _with_bounds(evaluate.interval(evaluate.auc, outcome, probability, seed=seed)),
        "brier": _with_bounds(evaluate.interval(evaluate.brier, outcome, probability, seed=seed)),
        "average_precision": _with_bounds(
            evaluate.interval(evaluate.average_precision, outcome, probability, seed=seed)
        ),
        "ece": evaluate.ece(outcome, probability),
        "precision_at_capacity": evaluate.precision_at(outcome, probability, capacity),
        "recall_at_capacity": evaluate.recall_at(outcome, probability, capacity),
        "lift_top_tenth": evaluate.lift_at(outcome, probability, 0.1),
    }


def _baseline(table: Table, split: Split, naive: Naive, probability: Vector, brief: Brief) -> dict[str, Any]:
    """Compare with one column alone: raw for ranking, a one-column logistic for the Brier score."""
    name = table.names[naive.position]
    column, outcome = table.raw[:, [naive.position]], table.outcome[split.test]
    score = naive.ranked(column[:, 0])[split.test]
    alone = fit_logistic(column[split.teach], table.outcome[split.teach], (name,), penalty=0.0001)
    figure = evaluate.auc(outcome, score)
    gain = evaluate.difference(evaluate.auc, outcome, (probability, score), seed=brief.seed)
    odds = alone.log_odds(column[split.test])
    return {
        "column": name,
        "word": naive.spelled(brief.features),
        "auc": figure,
        "brier": evaluate.brier(outcome, 1 / (1 + np.exp(-odds))),
        "gain": _with_bounds(gain),
        "precision_at_capacity": evaluate.precision_at(outcome, score, capacity_of(int(outcome.size), brief)),
    }


def _curves(outcome: Vector, probability: Vector) -> dict[str, Any]:
    precision, recall = evaluate.precision_recall(outcome, probability)
    kept = np.unique(np.linspace(0, precision.size - 1, CURVE_POINTS).round().astype(np.int64))
    return {
        "calibration": [list(one) for one in evaluate.calibration_bins(outcome, probability)],
        "precision_recall": [[float(recall[i]), float(precision[i])] for i in kept],
        "lift": [[share, evaluate.lift_at(outcome, probability, share)] for share in LIFT_SHARES],
    }


def _importance(table: Table, split: Split, model: Explained, brief: Brief) -> dict[str, float]:
    """Say how far each group moves the log-odds on average, as shares of all movement."""
    groups = groups_of(table.names, features_of(table.names, map(feature_as_mapping, brief.features)))
    parts = np.abs(model.contributions(table.raw[_some(split, brief.seed)], tuple(one.positions for one in groups)))
    means = parts.mean(axis=0)
    total = float(means.sum()) or 1.0
    return {group.name: float(mean) / total for group, mean in zip(groups, means, strict=True)}


def _some(split: Split, seed: int) -> Rows:
    return thinned(split.test, COMPARED, seed=seed)


def _suspects(table: Table, test: Rows) -> list[str]:
    outcome = table.outcome[test]
    found = []
    for position, name in enumerate(table.names):
        column = table.raw[test, position]
        score = np.where(np.isnan(column), np.inf, column)
        figure = evaluate.auc(outcome, score)
        if max(figure, 1 - figure) > SUSPICIOUS_AUC:
            found.append(name)
    return found


def _remarks(figures: dict[str, Any]) -> list[Sentence]:
    """Say what a reader must know before believing the figures."""
    base, found = figures["base_rate"], []
    if base > COMMON:
        found.append(said("common"))
    if base < RARE:
        found.append(said("rare"))
    if figures["suspects"]:
        found.append(said("remark.suspect"))
    if figures["model"]["auc"]["low"] <= 0.5:  # noqa: PLR2004 - one half is chance
        found.append(said("remark.chance"))
    if "baseline" in figures and figures["baseline"]["gain"]["low"] <= 0:
        found.append(said("remark.not_better", word=figures["baseline"]["word"]))
    if figures["split"] != SplitKind.TEMPORAL:
        found.append(said("remark.split", split=figures["split"]))
    return found


def _with_bounds(found: evaluate.Interval) -> dict[str, float]:
    return {"figure": found.figure, "low": found.low, "high": found.high}

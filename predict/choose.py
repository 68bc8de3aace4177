"""Which model is kept: the one people understand, unless another is clearly better on later time.

The rule, written down before any figure is seen:

1. The ridge penalty is the largest whose mean validation AUC is within `PENALTY_SLACK` of the best.
2. Boosting replaces logistic regression only if its AUC is higher on *every* validation fold, by `CLEARLY_BETTER`
   or more on average, and its mean Brier score is not worse. It is judged from the latest fold back and given up at the
   first fold that it does not win: the rule is lost there, and fitting it is the dearest part of a training.

The test cut takes no part in either.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from predict.boosting import Boosting, fit_boosting
from predict.calibrate import expit
from predict.evaluate import auc, brier
from predict.frames import Matrix, Vector
from predict.logistic import PENALTIES, Logistic, fit_logistic, fit_penalties
from predict.split import Fold, Rows

PENALTY_SLACK = 0.001
CLEARLY_BETTER = 0.01
CHOICE_FOLDS = 3  # the latest; older ones say less about the future

Fit = Callable[[Rows], Logistic | Boosting]


@dataclass(frozen=True, slots=True)
class Table:
    """Raw features, outcomes and the names of the columns, in the order of the frame's rows."""

    raw: Matrix
    outcome: Vector
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The family and penalty kept, and the validation figures that decided."""

    family: str
    penalty: float
    evidence: dict[str, Any]


def logistic_on(table: Table, penalty: float) -> Fit:
    """Give a function that fits logistic regression on some rows of the table."""
    return lambda rows: fit_logistic(table.raw[rows], table.outcome[rows], table.names, penalty=penalty)


def boosting_on(table: Table, seed: int) -> Fit:
    """Give a function that fits boosting on some rows of the table."""
    return lambda rows: fit_boosting(table.raw[rows], table.outcome[rows], table.names, seed=seed)


def choose(table: Table, folds: tuple[Fold, ...], *, seed: int) -> Choice:
    """Compare the candidates on the latest validation folds and apply the rule."""
    folds = folds[-CHOICE_FOLDS:]
    by_penalty = _judge_penalties(table, folds)
    means = {penalty: float(np.mean([one[0] for one in found])) for penalty, found in by_penalty.items()}
    best = max(means.values())
    penalty = max(one for one, mean in means.items() if mean >= best - PENALTY_SLACK)
    logistic = by_penalty[penalty]
    boosting = _judge_challenger(table, folds, boosting_on(table, seed), champion=logistic)
    evidence = {
        "folds": len(folds),
        "penalty_auc": {str(one): mean for one, mean in means.items()},
        "logistic_auc": [one[0] for one in logistic],
        "boosting_auc": [one[0] for one in boosting],
        "logistic_brier": [one[1] for one in logistic],
        "boosting_brier": [one[1] for one in boosting],
    }
    return Choice("boosting" if is_clearly_better(boosting, logistic) else "logistic", penalty, evidence)


def is_clearly_better(challenger: list[tuple[float, float]], champion: list[tuple[float, float]]) -> bool:
    """Apply rule 2 to (AUC, Brier) pairs fold by fold; a challenger that was given up has fewer of them."""
    if len(challenger) < len(champion):
        return False
    gains = [new[0] - old[0] for new, old in zip(challenger, champion, strict=True)]
    costs = [new[1] - old[1] for new, old in zip(challenger, champion, strict=True)]
    return min(gains) > 0 and float(np.mean(gains)) >= CLEARLY_BETTER and float(np.mean(costs)) <= 0


def _judge_penalties(table: Table, folds: tuple[Fold, ...]) -> dict[float, list[tuple[float, float]]]:
    """Judge every penalty on every fold; a fold's columns are prepared once for all of them."""
    found: dict[float, list[tuple[float, float]]] = {penalty: [] for penalty in PENALTIES}
    for fold in folds:
        raw, outcome = table.raw[fold.teach], table.outcome[fold.teach]
        for penalty, model in fit_penalties(raw, outcome, table.names, penalties=PENALTIES).items():
            found[penalty].append(_judge(table, fold, model))
    return found


def _judge_challenger(
    table: Table, folds: tuple[Fold, ...], fit: Fit, *, champion: list[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Judge the challenger from the latest fold back, until it fails to win one; in the order of the folds."""
    found: list[tuple[float, float]] = []
    for fold, (auc_to_beat, _) in reversed(list(zip(folds, champion, strict=True))):
        found.insert(0, _judge(table, fold, fit(fold.teach)))
        if found[0][0] <= auc_to_beat:
            break
    return found


def _judge(table: Table, fold: Fold, model: Logistic | Boosting) -> tuple[float, float]:
    """Give AUC and Brier score on the rows that judge."""
    log_odds, outcome = model.log_odds(table.raw[fold.judge]), table.outcome[fold.judge]
    return auc(outcome, log_odds), brier(outcome, expit(log_odds))

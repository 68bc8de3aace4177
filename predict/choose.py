"""Which model is kept: the one people understand, unless another is clearly better on later time.

The rule, written down before any figure is seen:

1. The ridge penalty is the largest whose mean validation AUC is within `PENALTY_SLACK` of the best. What a fold found
   holds in proportion to the rarer outcomes that teach (`Ridge`).
2. Curves (`predict.preparation.Lines`) replace straight lines only if their mean AUC is higher by `CURVES_PAY` or more
   and their mean Brier score is not worse.
3. Boosting replaces logistic regression only if its AUC is higher on *every* validation fold, by `CLEARLY_BETTER`
   or more on average, and its mean Brier score is not worse. It is judged from the latest fold back and given up at the
   first fold that it does not win: the rule is lost there, and fitting it is the dearest part of a training.

A Brier score is that of the log-odds under the line that suits the judging rows best: level and spread are mended by
the calibration, whatever the model, and a fold that few taught would decide by them.

The test cut takes no part in any.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from predict.boosting import Boosting, fit_boosting
from predict.calibrate import fit_line
from predict.errors import TreesMissing
from predict.evaluate import auc, brier
from predict.frames import Columns, Matrix, Vector
from predict.logistic import PENALTIES, Logistic, fit_penalties
from predict.preparation import Lines, fit_shapes
from predict.split import Fold, Rows

PENALTY_SLACK = 0.001
CURVES_PAY = 0.002
CLEARLY_BETTER = 0.01
CHOICE_FOLDS = 3  # the latest; older ones say less about the future

Fit = Callable[[Rows], Logistic | Boosting]
Judged = list[tuple[float, float]]  # AUC and Brier score, fold by fold
Fitted = tuple[Logistic | Boosting, ...]  # fold by fold


@dataclass(frozen=True, slots=True)
class Table:
    """Raw features, outcomes and what the columns are, in the order of the frame's rows."""

    raw: Matrix
    outcome: Vector
    columns: Columns

    @property
    def names(self) -> tuple[str, ...]:
        """Name the columns."""
        return self.columns.names


@dataclass(frozen=True, slots=True)
class Ridge:
    """A ridge penalty per row, and how many of the rarer outcome teach the fit that it belongs to.

    It stands for one prior belief about the slopes, worth as many customers however many teach; so the penalty of a fit
    that more are taught by is smaller in proportion (MacKay, Neural Computation 4, 1992: weight decay as a prior).
    """

    penalty: float
    taught: float

    def penalty_of(self, outcome: Vector) -> float:
        """Give the penalty of a fit that some outcomes teach."""
        return self.penalty * self.taught / max(1.0, _rarer(outcome))


@dataclass(frozen=True, slots=True)
class Choice:
    """The family kept, the ridge and lines of its logistic regression, and the validation figures that decided.

    `fitted` are its models of the folds that were compared, in their order: nobody needs to fit them again.
    """

    family: str
    ridge: Ridge
    lines: Lines
    evidence: dict[str, Any]
    fitted: tuple[Logistic | Boosting, ...] = ()


@dataclass(frozen=True, slots=True)
class _Kept:
    """The ridge kept, every penalty's mean AUC, and how the kept one was judged, with its models."""

    ridge: Ridge
    means: dict[float, float]
    judged: Judged
    fitted: Fitted


def logistic_on(table: Table, ridge: Ridge | float, lines: Lines = Lines.STRAIGHT) -> Fit:
    """Give a function that fits logistic regression on some rows of the table; a number is a penalty for any rows."""

    def fit(rows: Rows) -> Logistic:
        raw, outcome = table.raw[rows], table.outcome[rows]
        penalty = ridge.penalty_of(outcome) if isinstance(ridge, Ridge) else ridge
        return fit_penalties(raw, outcome, table.columns, penalties=(penalty,), lines=lines)[penalty]

    return fit


def boosting_on(table: Table, seed: int) -> Fit:
    """Give a function that fits boosting on some rows of the table."""
    return lambda rows: fit_boosting(table.raw[rows], table.outcome[rows], table.columns, seed=seed)


def choose(table: Table, folds: tuple[Fold, ...], *, seed: int) -> Choice:
    """Compare the candidates on the latest validation folds and apply the rule."""
    folds = folds[-CHOICE_FOLDS:]
    straight = _logistic(table, folds, Lines.STRAIGHT)
    curved = _logistic(table, folds, Lines.CURVED) if _bends(table, folds) else straight
    lines = Lines.CURVED if do_curves_pay(curved.judged, straight.judged) else Lines.STRAIGHT
    logistic = curved if lines is Lines.CURVED else straight
    try:
        boosting, trees = _judge_challenger(table, folds, boosting_on(table, seed), champion=logistic.judged)
        hindered = None
    except TreesMissing as exc:  # a model that people understand needs no challenger, but they are told
        boosting, trees, hindered = [], (), str(exc)
    evidence = {
        "folds": len(folds),
        "lines": lines.value,
        "penalty_auc": {str(one): mean for one, mean in logistic.means.items()},
        **_told("straight", straight.judged),
        **_told("curved", curved.judged),
        **_told("logistic", logistic.judged),
        **_told("boosting", boosting),
        "boosting_hindered": hindered,
    }
    better = is_clearly_better(boosting, logistic.judged)
    family, fitted = ("boosting", trees) if better else ("logistic", logistic.fitted)
    return Choice(family, logistic.ridge, lines, evidence, fitted)


def do_curves_pay(curved: Judged, straight: Judged) -> bool:
    """Apply rule 2 to (AUC, Brier) pairs fold by fold."""
    gain, cost = np.mean(np.asarray(curved) - np.asarray(straight), axis=0)
    return bool(gain >= CURVES_PAY and cost <= 0)


def is_clearly_better(challenger: Judged, champion: Judged) -> bool:
    """Apply rule 3 to (AUC, Brier) pairs fold by fold; a challenger that was given up has fewer of them."""
    if len(challenger) < len(champion):
        return False
    gains = [new[0] - old[0] for new, old in zip(challenger, champion, strict=True)]
    costs = [new[1] - old[1] for new, old in zip(challenger, champion, strict=True)]
    return min(gains) > 0 and float(np.mean(gains)) >= CLEARLY_BETTER and float(np.mean(costs)) <= 0


def _logistic(table: Table, folds: tuple[Fold, ...], lines: Lines) -> _Kept:
    """Fit every penalty on every fold, whose columns are prepared once, and apply rule 1."""
    taught = float(np.mean([_rarer(table.outcome[fold.teach]) for fold in folds]))
    models: dict[float, Fitted] = dict.fromkeys(PENALTIES, ())
    for fold in folds:
        raw, outcome = table.raw[fold.teach], table.outcome[fold.teach]
        own = {Ridge(penalty, taught).penalty_of(outcome): penalty for penalty in PENALTIES}
        for penalty, model in fit_penalties(raw, outcome, table.columns, penalties=tuple(own), lines=lines).items():
            models[own[penalty]] = (*models[own[penalty]], model)
    means = {penalty: _mean_auc(table, folds, fitted) for penalty, fitted in models.items()}
    penalty = max(one for one, mean in means.items() if mean >= max(means.values()) - PENALTY_SLACK)
    fitted = models[penalty]
    judged = [_judge(table, fold, model) for fold, model in zip(folds, fitted, strict=True)]
    return _Kept(Ridge(penalty, taught), means, judged, fitted)


def _bends(table: Table, folds: tuple[Fold, ...]) -> bool:
    """Say whether any column may curve or bend in any fold: else a second comparison would be the first again."""
    shapes = (fit_shapes(table.raw[fold.teach], table.columns, lines=Lines.CURVED) for fold in folds)
    return any(any(shape.curved) or any(shape.bent) for shape in shapes)


def _mean_auc(table: Table, folds: tuple[Fold, ...], fitted: Fitted) -> float:
    pairs = zip(folds, fitted, strict=True)
    return float(np.mean([auc(table.outcome[one.judge], model.log_odds(table.raw[one.judge])) for one, model in pairs]))


def _rarer(outcome: Vector) -> float:
    events = float(outcome.sum())
    return min(events, outcome.size - events)


def _told(word: str, judged: Judged) -> dict[str, list[float]]:
    return {f"{word}_auc": [one[0] for one in judged], f"{word}_brier": [one[1] for one in judged]}


def _judge_challenger(table: Table, folds: tuple[Fold, ...], fit: Fit, *, champion: Judged) -> tuple[Judged, Fitted]:
    """Judge the challenger from the latest fold back, until it fails to win one; in the order of the folds."""
    found: Judged = []
    models: Fitted = ()
    for fold, (auc_to_beat, _) in reversed(list(zip(folds, champion, strict=True))):
        models = (fit(fold.teach), *models)
        found.insert(0, _judge(table, fold, models[0]))
        if found[0][0] <= auc_to_beat:
            break
    return found, models


def _judge(table: Table, fold: Fold, model: Logistic | Boosting) -> tuple[float, float]:
    """Give AUC and Brier score on the rows that judge, the latter under the line that suits them best."""
    log_odds, outcome = model.log_odds(table.raw[fold.judge]), table.outcome[fold.judge]
    return auc(outcome, log_odds), brier(outcome, fit_line(log_odds, outcome).probability(log_odds))

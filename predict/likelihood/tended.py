"""A model of a yes/no outcome after its training: how far things moved, its probabilities fitted anew, two compared.

Only cuts at which every outcome that taught a model was known may judge it: what it was taught it knows by heart, and
windows that overlap tell the same departure twice.
"""

import dataclasses
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from predict import evaluate
from predict.artefact import Artefact
from predict.declaration import Declaration, Label
from predict.drift import Shift, binned_of, calibration_shift, shift_of
from predict.errors import TooFewCustomers
from predict.feature import Role, known_levels
from predict.frames import AS_OF, Vector, check_training, labels_of, ordered
from predict.readiness import Light
from predict.recalibrate import Recalibrated, recalibrated
from predict.telling.said import named

CLEARLY_BETTER: Final = 0.0
"""The challenger's gain in AUC must lie above this with its whole 95 % interval."""


def drift(artefact: Artefact, present: pl.DataFrame) -> dict[str, Any]:
    """Say how far the customers of a scoring frame, and their scores, are from those of the last cut that taught."""
    if not artefact.profile:
        return {"customers": present.height, "inputs": [], "score": None, "light": Light.GREEN.value}
    raw = artefact.matrix(present)
    stored = artefact.profile["inputs"]
    # whoever stays grows older: that is told and raises no alarm
    ages = {one.name for one in artefact.features if one.role is Role.TENURE}
    inputs = [shift_of(binned_of(one), raw[:, position]) for position, one in enumerate(stored)]
    labels = {one.name: named(one) for one in artefact.features if one.labels}
    probability = artefact.calibrator.probability(artefact.model.log_odds(raw)) if present.height else np.empty(0)
    score = shift_of(binned_of(artefact.profile["score"]), probability)
    return {
        "customers": present.height,
        "light": _worst([*(one for one in inputs if one.name not in ages), score]).value,
        "score": score.as_mapping(),
        "inputs": [
            one.as_mapping() | {"label": labels.get(one.name, one.name)}
            for one in sorted(inputs, key=lambda one: (-one.psi, one.name))
        ],
    }


def later(artefact: Artefact, frame: pl.DataFrame) -> pl.DataFrame:
    """Keep the labelled cuts at which everything that a model was taught was known: one horizon after its last cut.

    A cut that its probabilities were fitted to has taught it, too.
    """
    fitted = artefact.figures.get("recalibrated", {}).get("until")
    last = datetime.fromisoformat(fitted or artefact.figures["cuts"]["all"][-1]["as_of"])
    return frame.filter(pl.col(AS_OF) >= last + timedelta(days=artefact.horizon_days))


def calibration(artefact: Artefact, declared: Declaration, frame: pl.DataFrame) -> dict[str, Any] | None:
    """Compare outcomes foretold and seen at the labelled cuts that the model was not taught; None without any."""
    forecasts = list(_forecasts(artefact, declared.label, later(artefact, frame)))
    if not forecasts:
        return None
    probability, outcome = (np.concatenate(part) for part in zip(*forecasts, strict=True))
    return calibration_shift(outcome, probability)


def recalibrate(artefact: Artefact, declared: Declaration, frame: pl.DataFrame) -> Artefact:
    """Fit the probabilities to the labelled cuts that the model was not taught.

    Raises:
        TooFewCustomers: there is no such cut, or fewer than `Readiness.judged` of the rarer outcome in them.
    """
    check_training(artefact.known(frame), declared.label, known_levels(artefact.features))
    judging = later(artefact, frame)
    forecasts = list(_forecasts(artefact, declared.label, judging))
    outcome = np.concatenate([one for _, one in forecasts]) if forecasts else np.empty(0)
    _require(outcome, declared, "wait until the outcomes of a later cut are known: what it was taught cannot judge it")
    before = calibration_shift(outcome, np.concatenate([one for one, _ in forecasts]))
    curve = recalibrated(artefact.calibrator, forecasts)
    line = [curve.slope, curve.intercept] if isinstance(curve, Recalibrated) else [1.0, 0.0]
    kept = curve is artefact.calibrator
    until = judging[AS_OF].cast(pl.Datetime("us", "UTC")).to_list()
    note = {
        "until": max(until).isoformat(),
        "before": before,
        "cuts": len(forecasts),
        "line": line,
        "kept_as_it_was": kept,
    }
    figures = {**artefact.figures, "recalibrated": note}
    return dataclasses.replace(artefact, calibrator=curve, figures=figures)


def compare(
    models: tuple[Artefact, Artefact], declared: Declaration, frame: pl.DataFrame, *, seed: int
) -> dict[str, Any]:
    """Judge champion and challenger by the same customers, at cuts that neither was taught.

    Raises:
        TooFewCustomers: no such cut, or too few of the rarer outcome in it.
    """
    for model in models:
        check_training(model.known(frame), declared.label, known_levels(model.features))
    rows = ordered(later(models[1], later(models[0], frame)))
    outcome = labels_of(rows, declared.label) if rows.height else np.empty(0)
    _require(outcome, declared, "train one with `--until`, or wait: a model is not judged by what it was taught")
    champion, challenger = (_probability(one, rows) for one in models)
    gain = evaluate.difference(evaluate.auc, outcome, (challenger, champion), seed=seed)
    brier = evaluate.difference(evaluate.brier, outcome, (challenger, champion), seed=seed)
    wins = gain.low > CLEARLY_BETTER and brier.figure <= 0
    return {
        "customers": rows.height,
        "outcomes": int(outcome.sum()),
        "cuts": [cut.isoformat() for cut in rows[AS_OF].unique().sort()],
        "champion": _judged(outcome, champion, seed),
        "challenger": _judged(outcome, challenger, seed),
        "auc_gained": _bounds(gain),
        "brier_change": _bounds(brier),
        "verdict": "the challenger is clearly better" if wins else "no evidence that the challenger is better: keep",
    }


def _require(outcome: Vector, declared: Declaration, advice: str) -> None:
    rarer, need = int(min(outcome.sum(), outcome.size - outcome.sum())), declared.readiness.judged
    if rarer < need:
        what = "customers of the rarer outcome, at cuts that the model was not taught"
        raise TooFewCustomers(have=rarer, need=need, of_what=what, advice=advice)


def _forecasts(artefact: Artefact, label: Label, frame: pl.DataFrame) -> Iterator[tuple[Vector, Vector]]:
    for _, rows in ordered(frame).group_by(AS_OF, maintain_order=True):
        yield _probability(artefact, rows), labels_of(rows, label)


def _probability(artefact: Artefact, rows: pl.DataFrame) -> Vector:
    return artefact.calibrator.probability(artefact.model.log_odds(artefact.matrix(rows)))


def _judged(outcome: Vector, probability: Vector, seed: int) -> dict[str, Any]:
    return {
        "auc": _bounds(evaluate.interval(evaluate.auc, outcome, probability, seed=seed)),
        "brier": _bounds(evaluate.interval(evaluate.brier, outcome, probability, seed=seed)),
        "ece": evaluate.ece(outcome, probability),
        "calibration": calibration_shift(outcome, probability),
    }


def _bounds(found: evaluate.Interval) -> dict[str, float]:
    return {"figure": found.figure, "low": found.low, "high": found.high}


def _worst(shifts: list[Shift]) -> Light:
    order = (Light.GREEN, Light.AMBER, Light.RED)
    return max((one.light for one in shifts), key=order.index, default=Light.GREEN)

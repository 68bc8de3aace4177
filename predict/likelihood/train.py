"""Train a yes/no module: split by time, compare, calibrate, measure once on the last cut, refit on all that is known.

The figures are those of the model that had not seen the test cut. What is shipped is the same recipe fitted again on
all labelled cuts, calibrated on every forecast that was honest when made: those of the validation cuts and the tested
model's of the last cut. The manifest says so.
"""

import hashlib
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np
import polars as pl

from predict import horizon
from predict.artefact import Artefact
from predict.boosting import Boosting
from predict.calibrate import fit_on_cuts
from predict.choose import Choice, Fit, Table, boosting_on, choose, logistic_on
from predict.declaration import Declaration, Label
from predict.errors import FrameRefused, TooFewCustomers
from predict.feature import Role, declared_levels, feature_as_mapping, features_of, with_levels
from predict.frames import (
    AS_OF,
    PSEUDONYM,
    Columns,
    Vector,
    check_training,
    feature_names,
    labels_of,
    matrix_of,
    ordered,
    tells_apart,
)
from predict.levels import levels_of
from predict.likelihood.figures import figures_of
from predict.likelihood.naive import naive_of
from predict.likelihood.noise import by_chance, faults, noise
from predict.likelihood.rows import material, usable
from predict.likelihood.ruled import ruled
from predict.likelihood.served import profile, segments
from predict.likelihood.warned import warnings
from predict.likelihood.worth import losses
from predict.logistic import Logistic
from predict.module import Brief
from predict.readiness import Grade, Material, Verdict, judged
from predict.segments import uneven
from predict.split import COMPARED, Rows, Split, split_of, taught
from predict.telling.said import Sentence, said
from predict.telling.teller import plain


def train(frame: pl.DataFrame, declared: Declaration, brief: Brief) -> Artefact:
    """Learn the declared outcome from a training frame of any row order; too little gives a rule, and says so.

    Raises:
        FrameRefused: the frame does not keep its contract, or no column tells customers apart.
        TooFewCustomers: fewer than even a rule needs.
    """
    rows, table, left_out = _laid_out(frame, declared, brief)
    split = split_of(rows, declared.label, horizon_days=brief.horizon_days, seed=brief.seed)
    verdict = _ready(rows, (table, left_out), split, (declared, brief))
    if verdict.grade is Grade.MODEL:
        judging = usable(split, table, declared.readiness)
        artefact = _learned(rows, (table, left_out), judging, asked=(declared, brief))
    else:
        artefact = ruled(rows, table, split, verdict, asked=(declared, brief))
    told = {"left_out": left_out, "cuts": _cuts(rows, table, split), "readiness": verdict.as_mapping()}
    kept = profile(artefact, table, rows, seed=brief.seed)
    return replace(artefact, figures=artefact.figures | told, profile=kept)


def readiness(frame: pl.DataFrame, declared: Declaration, brief: Brief) -> Verdict:
    """Judge a training frame without learning from it; raises as `train` does for a frame that keeps no contract."""
    if frame.is_empty():
        return judged(Material(counted=0, taught=0, judged=0, months=brief.history_months), declared.readiness)
    rows, table, left_out = _laid_out(frame, declared, brief)
    split = split_of(rows, declared.label, horizon_days=brief.horizon_days, seed=brief.seed)
    told, needs = (brief.history_months, left_out), declared.readiness
    verdict = judged(material(rows, table, split, needs=needs, told=told), needs)
    doubts = [*horizon.finding(_rhythm(table, split, brief)), *noise(rows, table, split, needs=needs, brief=brief)]
    return replace(verdict, findings=(*verdict.findings, *doubts))


def _laid_out(frame: pl.DataFrame, declared: Declaration, brief: Brief) -> tuple[pl.DataFrame, Table, list[str]]:
    check_training(frame, declared.label, declared_levels(brief.features))
    if frame.is_empty():
        raise _too_few(judged(Material(counted=0, taught=0, judged=0), declared.readiness), declared)
    rows = ordered(frame)
    return rows, *_table(rows, declared.label)


def _ready(
    rows: pl.DataFrame, columns: tuple[Table, list[str]], split: Split, asked: tuple[Declaration, Brief]
) -> Verdict:
    (table, left_out), (declared, brief) = columns, asked
    told = (brief.history_months, left_out)
    verdict = judged(material(rows, table, split, needs=declared.readiness, told=told), declared.readiness)
    verdict = replace(verdict, findings=(*verdict.findings, *faults(brief)))
    if verdict.grade is Grade.NOTHING:
        raise _too_few(verdict, declared)
    return verdict


def _too_few(verdict: Verdict, declared: Declaration) -> TooFewCustomers:
    needs, found = declared.readiness, verdict.findings[0]
    advice = f"{plain().tell(found.advice)}, and even a rule {needs.rule_from}"
    return TooFewCustomers(have=int(found.have), need=needs.rule_from, of_what=needs.counted, advice=advice)


def _learned(
    rows: pl.DataFrame, columns: tuple[Table, list[str]], split: Split, *, asked: tuple[Declaration, Brief]
) -> Artefact:
    (table, left_out), (declared, brief) = columns, asked
    folds = tuple(fold.thinned(COMPARED, seed=brief.seed) for fold in split.folds)
    choice = choose(table, folds, seed=brief.seed)
    fit = _fit_of(choice, table, brief.seed)
    models = [*(fit(fold.teach) for fold in folds[: len(folds) - len(choice.fitted)]), *choice.fitted]
    forecasts = [_forecast(model, table, fold.judge) for model, fold in zip(models, folds, strict=True)]
    tested = fit(taught(split.teach, table.outcome, seed=brief.seed))
    last = _forecast(tested, table, split.test)
    features = with_levels(features_of(table.names, map(feature_as_mapping, brief.features)), table.columns.levels)
    naive = naive_of(table.names, declared, features)
    judge = fit_on_cuts(forecasts)
    probability = judge.probability(last[0])
    figures = figures_of(table, split, (tested, probability), naive=naive, brief=brief)
    by = segments(rows, split, brief, tested=(table.outcome[split.test], probability, figures["capacity"]))
    rhythm = _rhythm(table, split, brief)
    shipped = taught(np.arange(rows.height), table.outcome, seed=brief.seed)
    figures |= {
        "calibration_kind": judge.kind.value,
        "segments": by,
        "horizon": rhythm,
        "warnings": warnings(rows, table, split, models, asked=asked),
        "families": losses(table, split, brief, recipe=lambda one: _fit_of(choice, one, brief.seed), absent=left_out),
        "remarks": [
            *figures["remarks"],
            *_doubts([*forecasts, last], rhythm, brief),
            *uneven(by, figures["model"]["recall_at_capacity"]),
        ],
    }
    return Artefact(
        module=declared.name,
        model=fit(shipped),
        calibrator=fit_on_cuts([*forecasts, last]),
        features=features,
        horizon_days=brief.horizon_days,
        figures=figures | {"validation": choice.evidence},
        manifest=_manifest(table, rows, brief, choice) | {"taught": int(shipped.size)},
    )


def _doubts(forecasts: list[tuple[Vector, Vector]], rhythm: dict[str, Any], brief: Brief) -> list[Sentence]:
    """Say what speaks against the whole model: contradictory sources, cuts ranked by chance, too short a horizon."""
    unfit = sorted(one.rule for one in brief.faults if one.unfit)
    told = [
        said("advice.unfit", rules=unfit) if unfit else None,
        said("advice.ranking") if by_chance(forecasts) else None,
        horizon.advice(rhythm),
    ]
    return [one for one in told if one]


def _rhythm(table: Table, split: Split, brief: Brief) -> dict[str, Any]:
    """Propose a horizon from the usual gaps of the test customers, where the view tells them."""
    name = next((one.name for one in brief.features if one.role is Role.RHYTHM and one.name in table.names), None)
    if name is None:
        return {}
    gaps = table.raw[split.test, table.names.index(name)]
    base = float(table.outcome[split.test].mean())
    return horizon.proposed(gaps, horizon_days=brief.horizon_days, base_rate=base)


def _table(rows: pl.DataFrame, label: Label) -> tuple[Table, list[str]]:
    """Lay out what tells customers apart; name the columns that are left out because they do not."""
    names = feature_names(rows, label)
    columns = Columns(names, levels_of(rows, names))
    raw = matrix_of(rows, names, columns.levels)
    kept = tells_apart(raw)
    left_out = [name for name, telling in zip(names, kept, strict=True) if not telling]
    if not kept.any():
        advice = "deliver the sources that the view's features are made from"
        raise FrameRefused("*", "no feature column tells customers apart", advice)
    named = tuple(name for name in names if name not in left_out)
    told = raw if kept.all() else np.asfortranarray(raw[:, kept])
    return Table(told, labels_of(rows, label), columns.only(named)), left_out


def _fit_of(choice: Choice, table: Table, seed: int) -> Fit:
    if choice.family == "boosting":
        return boosting_on(table, seed)
    return logistic_on(table, choice.ridge, choice.lines)


def _forecast(model: Logistic | Boosting, table: Table, rows: Rows) -> tuple[Vector, Vector]:
    return model.log_odds(table.raw[rows]), table.outcome[rows]


def _cuts(rows: pl.DataFrame, table: Table, split: Split) -> dict[str, Any]:
    """Say which cuts taught, which judged, how many customers stood at each and how many had the outcome."""

    def named(indices: Rows) -> list[str]:
        return [cut.isoformat() for cut in rows[AS_OF].gather(indices).unique().sort().to_list()]

    outcomes = rows.select(AS_OF, outcome=pl.Series(table.outcome))
    every = (
        outcomes.group_by(AS_OF).agg(customers=pl.len(), outcomes=pl.col("outcome").sum().cast(pl.Int64)).sort(AS_OF)
    )
    return {
        "teach": named(split.teach),
        "validate": [named(fold.judge)[0] for fold in split.folds],
        "test": named(split.test)[0],
        "all": [
            {"as_of": at.isoformat(), "customers": count, "outcomes": outcomes}
            for at, count, outcomes in every.iter_rows()
        ],
    }


def _manifest(table: Table, rows: pl.DataFrame, brief: Brief, choice: Choice) -> dict[str, Any]:
    """Record what makes the run repeatable; the digest covers the numbers learnt from, not the pseudonyms."""
    digest = hashlib.sha256()
    for column in (*table.raw.T, table.outcome):  # a column lies together: no copy of the table is made
        digest.update(np.ascontiguousarray(column).data)
    return {
        "seed": brief.seed,
        "rows": rows.height,
        "customers": rows[PSEUDONYM].n_unique(),
        "table_sha256": digest.hexdigest(),
        "family": choice.family,
        "penalty": choice.ridge.penalty,
        "penalty_taught": choice.ridge.taught,
        "lines": choice.lines.value,
        "shipped": "refitted on all labelled cuts, calibrated on forecasts of cuts not yet seen when made",
        "libraries": {name: version(name) for name in ("lightgbm", "numpy", "polars", "scikit-learn")},
    }

"""Train a yes/no module: split by time, compare, calibrate, measure once on the last cut, refit on all that is known.

The figures are those of the model that had not seen the test cut. What is shipped is the same recipe fitted again on
all labelled cuts, calibrated on every forecast that was honest when made: those of the validation cuts and the tested
model's of the last cut. The manifest says so.
"""

import hashlib
from importlib.metadata import version
from typing import Any

import numpy as np
import polars as pl

from predict.artefact import Artefact
from predict.boosting import Boosting
from predict.calibrate import fit_on_cuts
from predict.choose import Choice, Fit, Table, boosting_on, choose, logistic_on
from predict.declaration import Declaration, Label
from predict.errors import FrameRefused, TooFewCustomers
from predict.feature import feature_as_mapping, features_of
from predict.frames import (
    AS_OF,
    PSEUDONYM,
    Vector,
    check_training,
    feature_names,
    labels_of,
    matrix_of,
    ordered,
    tells_apart,
)
from predict.likelihood.figures import figures_of
from predict.logistic import Logistic
from predict.module import Brief
from predict.split import Rows, Split, split_of

MIN_CUSTOMERS = 200
MIN_TEACH = 50
MIN_JUDGE = 10


def train(frame: pl.DataFrame, declared: Declaration, brief: Brief) -> Artefact:
    """Learn the declared outcome from a training frame of any row order.

    Raises:
        FrameRefused: the frame does not keep its contract, or no column tells customers apart.
        TooFewCustomers: fewer than `MIN_CUSTOMERS` at the last cut, or too few of one outcome to learn or to judge.
    """
    check_training(frame, declared.label)
    rows = ordered(frame)
    _require_customers(rows)
    table, left_out = _table(rows, declared.label)
    split = _usable(split_of(rows, declared.label, horizon_days=brief.horizon_days, seed=brief.seed), table)
    choice = choose(table, split.folds, seed=brief.seed)
    fit = _fit_of(choice, table, brief.seed)
    forecasts = [_forecast(fit(fold.teach), table, fold.judge) for fold in split.folds]
    tested = fit(split.teach)
    features = features_of(table.names, map(feature_as_mapping, brief.features))
    return Artefact(
        module=declared.name,
        model=fit(np.arange(rows.height)),
        calibrator=fit_on_cuts([*forecasts, _forecast(tested, table, split.test)]),
        features=features,
        horizon_days=brief.horizon_days,
        figures={
            **figures_of(table, split, (tested, fit_on_cuts(forecasts)), declared=declared, brief=brief),
            "left_out": left_out,
            "cuts": _cuts(rows, table, split),
            "validation": choice.evidence,
        },
        manifest=_manifest(table, rows, brief, choice),
    )


def _table(rows: pl.DataFrame, label: Label) -> tuple[Table, list[str]]:
    """Lay out what tells customers apart; name the columns that are left out because they do not."""
    names = feature_names(rows, label)
    raw = matrix_of(rows, names)
    kept = tells_apart(raw)
    left_out = [name for name, telling in zip(names, kept, strict=True) if not telling]
    if not kept.any():
        advice = "deliver the sources that the view's features are made from"
        raise FrameRefused("*", "no feature column tells customers apart", advice)
    named = tuple(name for name in names if name not in left_out)
    return Table(np.asfortranarray(raw[:, kept]), labels_of(rows, label), named), left_out


def _fit_of(choice: Choice, table: Table, seed: int) -> Fit:
    return boosting_on(table, seed) if choice.family == "boosting" else logistic_on(table, choice.penalty)


def _forecast(model: Logistic | Boosting, table: Table, rows: Rows) -> tuple[Vector, Vector]:
    return model.log_odds(table.raw[rows]), table.outcome[rows]


def _require_customers(rows: pl.DataFrame) -> None:
    if rows.is_empty():
        raise TooFewCustomers(have=0, need=MIN_CUSTOMERS, of_what="customers", advice="the view gave no row")
    last = rows.filter(pl.col(AS_OF) == pl.col(AS_OF).max()).height
    if last < MIN_CUSTOMERS:
        advice = "connect more sources or wait: 1,000 customers and 18 months of history make a model useful"
        raise TooFewCustomers(have=last, need=MIN_CUSTOMERS, of_what="customers at the last cut", advice=advice)


def _usable(split: Split, table: Table) -> Split:
    """Drop folds in which one outcome is too rare to teach or judge; insist that one fold and the test remain."""
    _require_outcomes(table, split.teach, MIN_TEACH, "in the cuts that teach")
    _require_outcomes(table, split.test, MIN_JUDGE, "in the test cut")
    folds = tuple(
        fold
        for fold in split.folds
        if _rarer(table, fold.teach) >= MIN_TEACH and _rarer(table, fold.judge) >= MIN_JUDGE
    )
    if not folds:
        rarest = max(_rarer(table, fold.judge) for fold in split.folds)
        advice = "add earlier monthly cuts, or choose another horizon so that both outcomes occur"
        raise TooFewCustomers(have=rarest, need=MIN_JUDGE, of_what="customers of the rarer outcome", advice=advice)
    return Split(split.kind, folds, split.teach, split.test)


def _require_outcomes(table: Table, rows: Rows, need: int, where: str) -> None:
    have = _rarer(table, rows)
    if have < need:
        advice = "collect longer, add earlier cuts, or choose a horizon at which some leave and some stay"
        raise TooFewCustomers(have=have, need=need, of_what=f"customers of the rarer outcome {where}", advice=advice)


def _rarer(table: Table, rows: Rows) -> int:
    events = int(table.outcome[rows].sum())
    return min(events, int(rows.size) - events)


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
    digest = hashlib.sha256(table.raw.tobytes(order="C") + table.outcome.tobytes()).hexdigest()
    return {
        "seed": brief.seed,
        "rows": rows.height,
        "customers": rows[PSEUDONYM].n_unique(),
        "table_sha256": digest,
        "family": choice.family,
        "penalty": choice.penalty,
        "shipped": "refitted on all labelled cuts, calibrated on forecasts of cuts not yet seen when made",
        "libraries": {name: version(name) for name in ("numpy", "polars", "scikit-learn", "skops")},
    }

"""Where there is too little for a model: the documented rule (`predict.rule`), measured where that can be done."""

from typing import Any

import numpy as np
import polars as pl

from predict.artefact import Artefact
from predict.choose import Table
from predict.declaration import Declaration
from predict.feature import Feature, feature_as_mapping, features_of
from predict.frames import PSEUDONYM, Columns
from predict.likelihood.figures import capacity_of, figures_of
from predict.likelihood.naive import Naive, sorted_by
from predict.likelihood.rows import rarer
from predict.module import Brief
from predict.readiness import Verdict
from predict.rule import Rule, as_it_is, fit_rule
from predict.split import Rows, Split
from predict.telling.said import Sentence, said


def ruled(
    rows: pl.DataFrame, table: Table, split: Split, verdict: Verdict, *, asked: tuple[Declaration, Brief]
) -> Artefact:
    """Make the rule from all rows; its figures are those of a rule of the teaching rows, judged by the test rows."""
    declared, brief = asked
    described = list(map(feature_as_mapping, brief.features))
    naive = _rising(table, split, sorted_by(table.names, declared, features_of(table.names, described)))
    alone = _alone(table, naive)
    every = np.arange(rows.height, dtype=np.int64)
    figures: dict[str, Any] = {
        "split": split.kind.value,
        "customers": int(split.test.size),
        "base_rate": float(table.outcome[split.test].mean()),
        "capacity": capacity_of(int(split.test.size), brief),
        "remarks": [],
    }
    if rarer(table.outcome, split.test) >= declared.readiness.judged:
        tested = _fitted(alone, split.teach)
        curve = as_it_is(split.teach.size)
        probability = curve.probability(tested.log_odds(alone.raw[split.test]))
        figures = figures_of(alone, split, (tested, probability), naive=None, brief=brief)
        figures["calibration_kind"] = curve.kind.value
    figures["remarks"] = [remark(verdict, naive, brief.features), *figures["remarks"]]
    return Artefact(
        module=declared.name,
        model=_fitted(alone, every),
        calibrator=as_it_is(rows.height),
        features=features_of(alone.names, described),
        horizon_days=brief.horizon_days,
        figures=figures,
        manifest={
            "seed": brief.seed,
            "rows": rows.height,
            "customers": rows[PSEUDONYM].n_unique(),
            "shipped": "a rule counted on all labelled cuts: not a model",
        },
    )


def remark(verdict: Verdict, naive: Naive | None, features: tuple[Feature, ...]) -> Sentence:
    """Say that this is no model, what it does instead, and what is wanting."""
    because = verdict.shortest
    does = said("rule.base_rate") if naive is None else said("rule.sorts", column=naive.spelled(features))
    figures = {"name": because.name, "have": because.have, "need": because.need}
    return said("remark.rule", does=does, advice=because.advice, **figures)


def _rising(table: Table, split: Split, naive: Naive | None) -> Naive | None:
    """Keep the column only if the outcome rises with it among those who teach: nobody sorts by what tells nothing."""
    return naive if _fitted(_alone(table, naive), split.teach).rises else None


def _alone(table: Table, naive: Naive | None) -> Table:
    positions = [] if naive is None else [naive.position]
    names = tuple(table.names[position] for position in positions)
    return Table(np.asfortranarray(table.raw[:, positions]), table.outcome, Columns(names))


def _fitted(alone: Table, rows: Rows) -> Rule:
    column = alone.raw[rows, 0] if alone.names else None
    return fit_rule(column, alone.outcome[rows], alone.names[0] if alone.names else "")

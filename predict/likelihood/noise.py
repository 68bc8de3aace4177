"""Is there anything to learn? Faults of the sources, rows that repeat each other, labels that nothing tells.

Noise looks like data: complete, long enough, with outcomes of both kinds. A plain logistic regression of the rows that
may teach is judged by the rows that may judge, cut after cut; where its ranking cannot be told from chance, nobody
should expect a model to do better than by luck, and one that does (an AUC above .7) reads the future somewhere. One cut
may rank well by accident of its time: made-up data that contradicts itself was ranked at .60 at its last cut and at .36
at an earlier one. So the lower bounds of all cuts are averaged: cuts hold the same customers and
do not add up.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from predict import evaluate
from predict.choose import Table, logistic_on
from predict.declaration import Readiness
from predict.frames import PSEUDONYM, Vector
from predict.likelihood.rows import rarer
from predict.module import Brief
from predict.readiness import Finding, Light
from predict.split import Fold, Split
from predict.telling.said import said
from predict.telling.teller import CATALOGUE, HOUSE

ASKED: Final = 20_000
PENALTY: Final = 0.01
CHANCE: Final = 0.5
TOLD_FROM: Final = 0.01
"""Share of rows that repeat others from which it is told; rounded columns make a few alike."""
MOSTLY: Final = 0.5
"""Share of columns that hold something: customers of whom nothing is known are alike, and no fault."""


def noise(rows: pl.DataFrame, table: Table, split: Split, *, needs: Readiness, brief: Brief) -> list[Finding]:
    """Give what speaks against learning from the rows, as advice."""
    return [*faults(brief), *_ranking(table, split, needs, brief.seed), *_repeated(rows, table)]


def faults(brief: Brief) -> list[Finding]:
    """Repeat what a check of the sources found, and whether it is noise."""
    unfit = [one for one in brief.faults if one.unfit]
    advice = said("advice.unfit", rules=sorted(one.rule for one in unfit))
    found = [Finding(name="sources", light=Light.AMBER, have=len(unfit), need=0, advice=advice)] if unfit else []
    return found + [
        Finding(
            name=f"{one.rule}, {one.column}",
            light=Light.AMBER,
            have=one.rows,
            need=0,
            advice=said(f"fault.{one.rule}") if f"fault.{one.rule}" in CATALOGUE[HOUSE] else one.advice,
        )
        for one in brief.faults
    ]


def by_chance(forecasts: Sequence[tuple[Vector, Vector]]) -> bool:
    """Say whether (log-odds, outcome) of several cuts rank no better than by lot; one outcome alone ranks nothing."""
    return bool(_low(forecasts) <= CHANCE)


def _low(forecasts: Sequence[tuple[Vector, Vector]]) -> float:
    lows = [evaluate.auc_low(outcome, odds) for odds, outcome in forecasts if 0 < outcome.sum() < outcome.size]
    return float(np.mean(lows)) if lows else math.nan


def _ranking(table: Table, split: Split, needs: Readiness, seed: int) -> list[Finding]:
    folds = [one.thinned(ASKED, seed=seed) for one in (*split.folds, Fold(split.teach, split.test))]
    asked = [
        one
        for one in folds
        if rarer(table.outcome, one.teach) >= needs.outcomes and rarer(table.outcome, one.judge) >= needs.judged
    ]
    if not asked:
        return []
    fit = logistic_on(table, PENALTY)
    low = _low([(fit(one.teach).log_odds(table.raw[one.judge]), table.outcome[one.judge]) for one in asked])
    return [
        Finding(
            name="ranking by a plain model, lower bound of its AUC",
            light=Light.AMBER if low <= CHANCE else Light.GREEN,
            have=round(low, 3),
            need=CHANCE,
            advice=said("advice.ranking") if low <= CHANCE else "",
        )
    ]


def _repeated(rows: pl.DataFrame, table: Table) -> list[Finding]:
    """Count rows of one cut that repeat another customer's in every column, though most of them hold something."""
    filled = np.mean(np.isfinite(table.raw) & (table.raw != 0), axis=1) >= MOSTLY
    told = rows.drop(PSEUDONYM).filter(pl.Series(filled))
    again = told.height - told.n_unique() if told.height else 0
    if again < TOLD_FROM * rows.height:
        return []
    advice = said("advice.repeated")
    return [Finding(name="rows that repeat another", light=Light.AMBER, have=again, need=0, advice=advice)]

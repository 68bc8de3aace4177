"""Which rows may teach and judge a yes/no outcome, and how much there is of the rarer one."""

import polars as pl

from predict.choose import Table
from predict.declaration import Readiness
from predict.frames import PSEUDONYM, Vector
from predict.readiness import Material
from predict.split import Rows, Split


def rarer(outcome: Vector, rows: Rows) -> int:
    """Count the rarer outcome among some rows."""
    events = int(outcome[rows].sum())
    return min(events, int(rows.size) - events)


def usable(split: Split, table: Table, needs: Readiness) -> Split:
    """Drop folds in which one outcome is too rare to teach or to judge."""
    folds = tuple(
        fold
        for fold in split.folds
        if rarer(table.outcome, fold.teach) >= needs.outcomes and rarer(table.outcome, fold.judge) >= needs.judged
    )
    return Split(split.kind, folds, split.teach, split.test)


def material(
    rows: pl.DataFrame, table: Table, split: Split, *, needs: Readiness, told: tuple[float | None, list[str]]
) -> Material:
    """Sum up what there is to learn from; `told` are the months of history and the columns that say nothing."""
    outcome = table.outcome
    able = [fold for fold in split.folds if rarer(outcome, fold.teach) >= needs.outcomes]
    by_fold = max((rarer(outcome, fold.judge) for fold in able), default=0)
    months, missing = told
    return Material(
        counted=rows[PSEUDONYM].n_unique(),
        taught=rarer(outcome, split.teach),
        judged=min(rarer(outcome, split.test), by_fold),
        months=months,
        missing=tuple(missing),
    )

"""The figures of cells as they leave: levels, measures, and whether the cell is withheld, with no word why.

A reason would narrow down what it hides: `too few` says that there are fewer than k, and `complementary` that there
are not. Reasons are counted for the DPO, in the check and in the audit entry.
"""

from itertools import product

import numpy as np
import polars as pl

from hub.views.cells import CUSTOMERS, Figures, Table
from hub.views.feature import OTHER_LEVEL
from hub.views.summary import UNKNOWN, WITHHELD, CellMeasure, MeasureOp, Summary
from hub.views.told import dtype_of_measure
from privacy.minimisation import rounded
from privacy.withholding import Numbers, Truths

_WHERE_ANYBODY_IS = frozenset({OTHER_LEVEL, UNKNOWN})


def figures_frame(summary: Summary, table: Table) -> pl.DataFrame:
    """Return one row a cell: levels (String), figures (Float64, of customers Int64), `withheld`; null where it is.

    Cells of `other` and `unknown` that nobody in the whole table is in are left out.
    """
    hidden = np.zeros(table.figures[CUSTOMERS].shape, dtype=np.bool_)
    for place in table.withheld:
        hidden[place] = True
    cells = list(product(*(range(len(each)) for each in table.levels)))
    levels = {
        each.name: pl.Series([table.levels[axis][cell[axis]] for cell in cells], dtype=pl.String)
        for axis, each in enumerate(summary.by)
    }
    figures = {each.name: np.where(hidden, np.nan, _figure(each, table.figures)).ravel() for each in summary.measures}
    frame = pl.DataFrame({**levels, **figures, WITHHELD: hidden.ravel()})
    met = pl.Series(_met(table).ravel()) if summary.budget is None else pl.lit(value=True)  # noise hides who is nowhere
    return frame.filter(met).with_columns(map(_leaving, summary.measures))


def _figure(measure: CellMeasure, figures: Figures) -> Numbers:
    """Compute a measure in every cell; NaN where there is nothing to tell."""
    of, to = measure.of, measure.to
    values: Numbers
    match measure.op:
        case MeasureOp.COUNT:
            values = figures[CUSTOMERS]
        case MeasureOp.SUM:
            values = figures[f"sum:{of}"]
        case MeasureOp.MEAN:
            values = _divided(figures[f"sum:{of}"], figures[f"who:{of}"])
        case MeasureOp.SHARE:
            values = _divided(figures[f"some:{of}"], figures[f"who:{of}"])
        case MeasureOp.RATIO:
            values = _divided(figures[f"sum:{of}"], figures[f"sum:{to}"])
        case MeasureOp.MEDIAN:
            values = figures[f"median:{of}"]
    return values if measure.times is None else values * measure.times


def _divided(left: Numbers, right: Numbers) -> Numbers:
    divided: Numbers = np.divide(left, right, out=np.full(left.shape, np.nan), where=right > 0)
    return divided


def _leaving(measure: CellMeasure) -> pl.Expr:
    """Round a figure and give it its type."""
    value = pl.col(measure.name).fill_nan(None)
    shaped = value if measure.round_to is None else rounded(value, step=measure.round_to)
    return shaped.cast(dtype_of_measure(measure)).alias(measure.name)


def _met(table: Table) -> Truths:
    """Say of each cell whether its levels are declared, or somebody is in them anywhere in the table."""
    customers = table.figures[CUSTOMERS]
    met = np.ones(customers.shape, dtype=np.bool_)
    for axis, levels in enumerate(table.levels):
        others = tuple(each for each in range(customers.ndim) if each != axis)
        anybody = customers.sum(axis=others) > 0
        shown = np.array(
            [name not in _WHERE_ANYBODY_IS or bool(some) for name, some in zip(levels, anybody, strict=True)]
        )
        met &= shown.reshape([-1 if each == axis else 1 for each in range(customers.ndim)])
    return met

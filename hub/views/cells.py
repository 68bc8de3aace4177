"""From rows of customers to the cells of a summary: counts and sums of each, with all that says whether it may leave.

A row is a customer, or a customer in a cell of events. Customers of a cell are counted once, and what one customer adds
to it is added up first, so that nobody counts as several; figures are made of rows.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Final

import numpy as np
import polars as pl

from hub.views.dimension import code_of, labels_of
from hub.views.feature import Aggregate, Derived, DerivedOp, Feature, Op
from hub.views.folding import SUBJECT
from hub.views.spec import ViewSpec
from hub.views.summary import ALL, STAFF, CellMeasure, MeasureOp, Summary, staff_of
from privacy.withholding import Amounts, Because, Cells, Crew, Numbers, Place, Rules, Truths, withheld_cells

CUSTOMERS: Final = "customers"
_AXIS: Final = "__axis"
_CELL: Final = "__place"
_OF_COUNTS: Final = frozenset({DerivedOp.TOTAL, DerivedOp.LEAST, DerivedOp.GREATEST, DerivedOp.WHILE})
Figures = dict[str, Numbers]
"""Components of a table by name: `customers`, and of a feature `sum:`, `median:`, and how many customers have any of
it (`who:`), have more than 0 (`some:`) or add to its sum (`adds:`), before its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The cells of a summary: levels of each axis (`all` last where totals leave), components, and what is withheld."""

    levels: tuple[tuple[str, ...], ...]
    figures: Figures
    withheld: dict[Place, Because]


def table_of(spec: ViewSpec, summary: Summary, rows: pl.DataFrame, *, as_of: datetime | None) -> Table:
    """Put rows into cells and say which of them are withheld; `rows` has subject, cell or features, and staff."""
    coded = coded_rows(spec, summary, rows)
    shape = tuple(len(labels_of(spec, each)) + summary.totals for each in summary.by)
    kept = [tuple(places) for places in product((True, False), repeat=len(shape)) if summary.totals or all(places)]
    figures: Figures = {}
    for axes in kept:
        _enter(figures, shape, _grouped(summary, coded, axes, shape))
    rules = Rules(k=spec.k, min_staff=summary.min_staff, dominance=summary.dominance, totals=summary.totals)
    return Table(
        levels=levels_of(spec, summary, as_of),
        figures=figures,
        withheld=withheld_cells(_deciding(spec, summary, figures), rules),
    )


def levels_of(spec: ViewSpec, summary: Summary, as_of: datetime | None) -> tuple[tuple[str, ...], ...]:
    """Return the levels of each axis, `all` last where totals leave."""
    total = (ALL,) if summary.totals else ()
    return tuple((*labels_of(spec, each, as_of), *total) for each in summary.by)


def coded_rows(spec: ViewSpec, summary: Summary, rows: pl.DataFrame) -> pl.DataFrame:
    """Put the codes of the dimensions in the place of what they are made of."""
    codes = [code_of(spec, each).alias(axis_of(place)) for place, each in enumerate(summary.by)]
    values = [pl.col(name).cast(pl.Float64).fill_nan(None) for name in sorted(summary.measured)]
    return rows.select(SUBJECT, *codes, *values, *_staff(summary))


def axis_of(place: int) -> str:
    """Return the column of the codes of a dimension, by its place."""
    return f"{_AXIS}{place}"


def staff_columns(summary: Summary) -> list[str]:
    """Return the columns that list employees: behind all of a row, and behind each feature that needs enough."""
    return [STAFF, *map(staff_of, sorted(summary.of_staff))] if summary.min_staff else []


def _crews(summary: Summary, figures: Figures) -> tuple[Crew, ...]:
    """Return how many employees stand behind each cell, and behind each feature of it, where anything does."""
    if not summary.min_staff:
        return ()
    crews = [Crew(people=figures[STAFF], working=figures[CUSTOMERS] > 0)]
    names = sorted(summary.of_staff)
    crews.extend(Crew(people=figures[staff_of(name)], working=figures[f"size:{name}"] > 0) for name in names)
    return tuple(crews)


def counts_of(spec: ViewSpec) -> frozenset[str]:
    """Return the features that count something: whole numbers, never below 0."""
    counts: set[str] = set()
    for feature in spec.features:
        if _is_count(feature, counts):
            counts.add(feature.name)
    return frozenset(counts)


def _frequencies(spec: ViewSpec) -> frozenset[str]:
    """Return the features of which each customer adds one at most, so that a sum of them is a count of customers."""
    counts = counts_of(spec)
    return frozenset(each.name for each in spec.features if each.name in counts and each.shape.top_code == 1)


def _is_count(feature: Feature, counts: set[str]) -> bool:
    """Say whether a feature counts something, or is made of what does: whole, and never below 0."""
    if isinstance(feature, Aggregate):
        return feature.op in (Op.COUNT, Op.DISTINCT) and feature.shape.fill in (None, 0)
    if not isinstance(feature, Derived) or feature.op not in _OF_COUNTS or feature.shape.fill not in (None, 0):
        return False
    return {feature.left} <= counts if feature.op is DerivedOp.WHILE else {*feature.reads} <= counts


def _grouped(summary: Summary, coded: pl.DataFrame, axes: tuple[bool, ...], shape: tuple[int, ...]) -> pl.DataFrame:
    """Group rows by some axes: components, and of each feature what single customers add."""
    key = pl.lit(0, dtype=pl.UInt32)  # one number for all codes: grouping by several columns costs three times as much
    for place, (is_kept, size) in enumerate(zip(axes, shape, strict=True)):
        key = key * size + (pl.col(axis_of(place)).cast(pl.UInt32) if is_kept else size - 1)
    keyed, names = coded.lazy().with_columns(key.alias(_CELL)), sorted(summary.measured)
    medians = {each.of for each in summary.measures if each.op is MeasureOp.MEDIAN}
    each = keyed.select(_CELL, SUBJECT, *(expr for name in names for expr in _of_row(name)), *_staff(summary))
    if any(dimension.is_of_event and not is_kept for dimension, is_kept in zip(summary.by, axes, strict=True)):
        lists = staff_columns(summary)
        staff = [pl.col(name).explode() for name in lists]
        each = each.group_by(_CELL, SUBJECT).agg(pl.exclude(lists).sum(), *staff)  # nobody counts as several
    of_staff = [pl.col(name).explode().drop_nulls().n_unique() for name in staff_columns(summary)]
    of_customers = [expr for name in names for expr in _of_customers(name)]
    middle = [
        pl.col(f"sum:{name}").filter(pl.col(f"there:{name}") > 0).median().alias(f"median:{name}")
        for name in names
        if name in medians
    ]
    return each.group_by(_CELL).agg(pl.len().alias(CUSTOMERS), *of_customers, *middle, *of_staff).collect()


def _of_row(name: str) -> list[pl.Expr]:
    """Say what one row adds to each component of a feature."""
    x = pl.col(name)
    return [
        x.fill_null(0.0).alias(f"sum:{name}"),
        x.abs().fill_null(0.0).alias(f"size:{name}"),
        x.is_not_null().cast(pl.Float64).alias(f"there:{name}"),
    ]


def _staff(summary: Summary) -> list[pl.Expr]:
    return [pl.col(name) for name in staff_columns(summary)]


def _of_customers(name: str) -> list[pl.Expr]:
    """Add customers up, and keep the two who add most."""
    size = pl.col(f"size:{name}")
    largest = size.max()
    return [
        pl.col(f"sum:{name}").sum(),
        (pl.col(f"there:{name}") > 0).sum().alias(f"who:{name}"),
        (pl.col(f"sum:{name}") > 0).sum().alias(f"some:{name}"),
        (size != 0).sum().alias(f"adds:{name}"),
        largest.alias(f"largest:{name}"),
        (size.top_k(2).sum() - largest).alias(f"second:{name}"),
        size.sum(),
    ]


def _enter(figures: Figures, shape: tuple[int, ...], found: pl.DataFrame) -> None:
    """Write groups into the cells of the table: the last place of an axis that was not kept."""
    index = np.unravel_index(found[_CELL].to_numpy().astype(np.intp), shape)
    for name in found.columns:
        if name != _CELL:
            missing = np.nan if name.startswith("median:") else 0.0
            values = figures.setdefault(name, np.full(shape, missing))
            values[index] = found[name].cast(pl.Float64).fill_null(missing).to_numpy()


def _deciding(spec: ViewSpec, summary: Summary, figures: Figures) -> Cells:
    """Say what decides which cells are withheld: the customers that each figure is of, staff, and who adds most."""
    apart, frequencies = _apart(summary, figures[CUSTOMERS].shape), _frequencies(spec)

    def most(name: str, which: str) -> Numbers:
        return np.where(apart & (name in frequencies), 0.0, figures[f"{which}:{name}"])

    return Cells(
        customers=figures[CUSTOMERS],
        bases=tuple(figures[base] for measure in summary.measures for base in _bases(measure)),
        crews=_crews(summary, figures),
        amounts=tuple(
            Amounts(total=figures[f"size:{name}"], largest=most(name, "largest"), second=most(name, "second"))
            for name in sorted(_told_as_amounts(summary))
        ),
    )


def _bases(measure: CellMeasure) -> tuple[str, ...]:
    """Name what counts the customers of a figure: none, or k. The first side of a ratio or a share may be of fewer."""
    match measure.op:
        case MeasureOp.COUNT:
            return ()
        case MeasureOp.SUM:
            return (f"adds:{measure.of}",)
        case MeasureOp.MEAN:
            return (f"who:{measure.of}", f"adds:{measure.of}")
        case MeasureOp.RATIO:
            return (f"adds:{measure.to}",)
        case MeasureOp.SHARE | MeasureOp.MEDIAN:
            return (f"who:{measure.of}",)


def _apart(summary: Summary, shape: tuple[int, ...]) -> Truths:
    """Say in which cells a customer adds one at most to a frequency: not where cells of events are added up."""
    apart: Truths = np.ones(shape, dtype=np.bool_)
    for axis, dimension in enumerate(summary.by):
        if dimension.is_of_event and summary.totals:
            np.moveaxis(apart, axis, 0)[-1] = False
    return apart


def _told_as_amounts(summary: Summary) -> set[str]:
    """Return the features whose sums leave, alone or in a ratio or a mean."""
    shares = (MeasureOp.SHARE, MeasureOp.MEDIAN)
    return {name for measure in summary.measures if measure.op not in shares for name in measure.features}

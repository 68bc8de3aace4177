"""The columns that leave, of a view of rows and of a view of figures alike: type, unit, and what each is made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from hub.views.feature import Feature, FeatureRole, Unit
from hub.views.release import dtype_of
from hub.views.spec import ViewSpec
from hub.views.staff import EMPLOYEE
from hub.views.summary import WITHHELD, CellMeasure, MeasureOp, Summary

_OF_FEATURE: Final = frozenset({MeasureOp.SUM, MeasureOp.MEAN, MeasureOp.MEDIAN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A column: `features` are what it is made of, `sources` what it reads beside them (`table.column`)."""

    name: str
    dtype: pl.DataType
    unit: Unit
    features: tuple[str, ...]
    sources: tuple[str, ...] = ()
    role: FeatureRole | None = None
    generalised: bool = False


def told_columns(spec: ViewSpec) -> tuple[Told, ...]:
    """Return the columns in the order in which they leave; keys of rows, and the flag of cells, are not among them."""
    if spec.summary is None:
        return tuple(_of_row(feature) for feature in spec.released)
    return (*_levels(spec, spec.summary), *(_of_cell(spec, each) for each in spec.summary.measures))


def told_flags(spec: ViewSpec) -> dict[str, pl.DataType]:
    """Return what stands beside the columns of cells: whether the figures of a cell are withheld."""
    return {} if spec.summary is None else {WITHHELD: pl.Boolean()}


def dtype_of_measure(measure: CellMeasure) -> pl.DataType:
    """Return the type in which a figure leaves: customers are whole, unless steps or factors are not."""
    whole = measure.op is MeasureOp.COUNT and measure.times is None and float(measure.round_to or 1).is_integer()
    return pl.Int64() if whole else pl.Float64()


def _of_row(feature: Feature) -> Told:
    return Told(
        name=feature.name,
        dtype=dtype_of(feature),
        unit=feature.meaning.unit,
        features=(feature.name,),
        role=feature.meaning.role,
        generalised=feature.shape.generalises or feature.shape.rare_below is not None,
    )


def _levels(spec: ViewSpec, summary: Summary) -> Iterator[Told]:
    tables = sorted({each.rows.table for each in spec.aggregates if each.name not in summary.grouping})
    for dimension in summary.by:
        column = dimension.column or ("event_time" if dimension.bucket_days is not None else None)
        yield Told(
            name=dimension.name,
            dtype=pl.String(),
            unit=Unit.NUMBER,
            features=() if dimension.feature is None else (dimension.feature,),
            sources=() if column is None else tuple(f"{table}.{column}" for table in tables),
            generalised=True,
        )


def _of_cell(spec: ViewSpec, measure: CellMeasure) -> Told:
    units = {feature.name: feature.meaning.unit for feature in spec.features}
    shown = Unit.COUNT if measure.op is MeasureOp.COUNT else Unit.RATIO
    counted = tuple(f"{table}.{name}" for table, name in spec.sources if name == EMPLOYEE)
    return Told(
        name=measure.name,
        dtype=dtype_of_measure(measure),
        unit=units[measure.of] if measure.op in _OF_FEATURE and measure.of is not None else shown,
        features=measure.features,
        sources=counted,  # how many there are decides whether the figure leaves
        generalised=True,
    )

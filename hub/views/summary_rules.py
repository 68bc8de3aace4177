"""What a summary may not ask for.

summary_alone          rows would leave by quasi-identifiers, labels, text, rare levels: a summary has none of them
bad_k, bad_staff       no cell of fewer than five customers; where a team is named, of fewer than five people of it
staff_unknown          a table that names a team has to name who is in it, or nobody can count them
reads_required         the same cells at many instants are differences of few: a period has so many reads
bad_dimension, dimension_open, bad_levels, too_many_cells   which cells there are is known before anything is read
standing_of_part       what stands is told by all events of a thing, and a cell of events has some of them
table_without_key, key_column, bucket_too_fine, bucket_cut, op_not_of_bucket   what an event is put into a cell by
unknown_feature, feature_twice, op_column_mismatch, bad_number   a measure is made of numbers of the view's own features
median_unrounded       the median is somebody's own value, and a step that hardly rounds hides nothing of it
currencies_added       money of two currencies has no sum (`hub.views.currency`)
bad_budget, unbounded, median_not_private   noise hides what one customer adds only where that is bounded
staff_not_private      whether enough employees stand behind a cell is exact, and may be one customer's doing
"""

import math
from typing import Final

from hub.views.column_rules import check_code
from hub.views.currency import check_currency
from hub.views.dimension import labels_of, sizes_of
from hub.views.errors import SpecRefused
from hub.views.feature import STREAKS, Aggregate, Feature, Op, Staged
from hub.views.spec import ViewSpec
from hub.views.staff import UNITS, is_staffed
from hub.views.summary import LEAST_GROUP, RESERVED_LEVELS, CellMeasure, Dimension, MeasureOp, Summary

_MOST_DIMENSIONS: Final = 3
_MOST_CELLS: Final = 5_000
_LEAST_DAYS: Final = 7
_MOST_PER_CENT: Final = 100
_MEDIAN_STEPS: Final = 100
_OF_ONE: Final = frozenset({MeasureOp.SUM, MeasureOp.MEAN, MeasureOp.SHARE, MeasureOp.MEDIAN})
_NOT_IN_BUCKET: Final = STREAKS | {
    Op.DAYS_SINCE,
    Op.HOURS_SINCE,
    Op.DAYS_SINCE_FIRST,
    Op.DAYS_UNTIL,
    Op.RATE,
    Op.GAP_MEAN,
    Op.TREND,
    Op.TREND_DIFFERENCE,
    Op.UNUSUAL,
    Op.SEASONAL_TREND,
    Op.SEASONAL_DIFFERENCE,
}


def check_summary(spec: ViewSpec) -> None:
    """Hold a summary against its view and the canonical schema.

    Raises:
        SpecRefused: the first rule that it breaks.

    """
    summary = spec.summary
    if summary is None:
        return
    _check_alone(spec)
    for dimension in summary.by:
        _check_dimension(spec, dimension)
    if not 1 <= len(summary.by) <= _MOST_DIMENSIONS:
        raise _refuse(spec, "by", "bad_dimension", f"name one to {_MOST_DIMENSIONS} dimensions")
    if math.prod(size + 1 for size in sizes_of(spec, summary)) > _MOST_CELLS:
        raise _refuse(spec, "by", "too_many_cells", f"use fewer or coarser levels: {_MOST_CELLS} cells at most")
    for measure in summary.measures:
        _check_measure(spec, measure)
    if not 0 < summary.dominance <= _MOST_PER_CENT:
        raise _refuse(spec, "dominance", "bad_number", "write a percentage, 1 to 100")
    check_currency(spec)
    _check_staff(spec, summary)
    _check_budget(spec, summary)


def _check_alone(spec: ViewSpec) -> None:
    """Check what else the view says."""
    texts = any(isinstance(each, Aggregate) and each.op in (Op.TEXT, Op.THREAD) for each in spec.features)
    rare = any(each.shape.rare_below for each in spec.features)
    if spec.key or spec.label or spec.quasi_identifiers or texts or rare:
        remedy = "leave out key, label, quasi_identifiers, rare_below and text: no row leaves"
        raise _refuse(spec, "", "summary_alone", remedy)
    if spec.k < LEAST_GROUP:
        raise SpecRefused(spec.name, "k", "bad_k", f"write {LEAST_GROUP} or more: the customers of a cell")
    if spec.reads is None:
        raise SpecRefused(spec.name, "reads", "reads_required", "say how many reads a period has")


def _check_dimension(spec: ViewSpec, dimension: Dimension) -> None:
    where = f"by.{dimension.name}"
    if dimension.feature is not None and dimension.feature not in {each.name for each in spec.features}:
        raise _refuse(spec, where, "unknown_feature", "name a feature of this view")
    if bool(dimension.levels) != (dimension.column is not None):
        raise _refuse(spec, where, "bad_levels", "list `levels` for a column, and for nothing else")
    if RESERVED_LEVELS & set(dimension.levels) or len(set(dimension.levels)) < len(dimension.levels):
        raise _refuse(spec, where, "bad_levels", f"each level once, and none of {', '.join(sorted(RESERVED_LEVELS))}")
    if dimension.bucket_days is not None:
        _check_bucket(spec, where, dimension.bucket_days)
    if not labels_of(spec, dimension):
        raise _refuse(spec, where, "dimension_open", "group by levels, bands, or yes and no")
    if dimension.column is not None:
        _check_code(spec, where, dimension.column)


def _check_code(spec: ViewSpec, where: str, column: str) -> None:
    if any(each.rows.latest_of for each in _counted(spec)):
        raise _refuse(spec, where, "standing_of_part", "group by a feature: a cell has some events of a thing")
    for table in sorted({each.rows.table for each in _counted(spec)}):
        check_code(spec.name, f"summary.{where}", table, column)


def _check_bucket(spec: ViewSpec, where: str, days: int) -> None:
    if days < _LEAST_DAYS:
        raise _refuse(spec, where, "bucket_too_fine", f"write {_LEAST_DAYS} days or more")
    for feature in _counted(spec):
        rows = feature.rows
        if rows.window_days is None or rows.window_days % days or rows.offset_days % days:
            raise _refuse(spec, where, "bucket_cut", f"let windows and offsets be times {days} days")
        if feature.op in _NOT_IN_BUCKET or feature.every_days is not None or rows.latest_of is not None:
            raise _refuse(spec, where, "op_not_of_bucket", f"{feature.op} counts from as_of")


def _check_measure(spec: ViewSpec, measure: CellMeasure) -> None:
    where, features = f"measures.{measure.name}", {each.name: each for each in spec.features}
    sides = {MeasureOp.COUNT: (False, False), MeasureOp.RATIO: (True, True)}.get(measure.op, (True, False))
    if (measure.of is not None, measure.to is not None) != sides:
        raise _refuse(spec, where, "op_column_mismatch", "`count` takes no feature, `ratio` takes `of` and `to`")
    for name in measure.features:
        if name not in features:
            raise _refuse(spec, where, "unknown_feature", "name features of this view")
        if spec.summary is not None and name in spec.summary.grouping:
            raise _refuse(spec, where, "feature_twice", "measure one feature, and group by another")
        if not _is_number(features[name]):
            raise _refuse(spec, where, "op_column_mismatch", "measure numbers, not levels")
    if measure.op is MeasureOp.MEDIAN and not _is_coarse(features[measure.features[0]], measure.round_to):
        remedy = f"give the feature a `top_code`, and the median a `round_to` of a {_MEDIAN_STEPS}th of it or more"
        raise _refuse(spec, where, "median_unrounded", remedy)
    if any(number is not None and number <= 0 for number in (measure.round_to, measure.times)):
        raise _refuse(spec, where, "bad_number", "`round_to` and `times` are above 0")


def _is_coarse(feature: Feature, step: float | None) -> bool:
    """Say whether a median leaves in steps of which a feature has few; in bands it has few values anyway."""
    if step is None:
        return False
    return bool(feature.shape.bands) or step * _MEDIAN_STEPS >= (feature.shape.top_code or math.inf)


def _check_staff(spec: ViewSpec, summary: Summary) -> None:
    """Check that a figure about a team is of enough people of it."""
    read = {(table, name) for table, name in spec.sources if name in UNITS}
    if summary.min_staff and not any(is_staffed(each.rows.table) for each in _counted(spec)):
        raise _refuse(spec, "min_staff", "staff_unknown", "no table of a measure names who did the work")
    if not read:
        if summary.min_staff < 0:
            raise _refuse(spec, "min_staff", "bad_staff", "write 0 or more")
        return
    if summary.min_staff < LEAST_GROUP:
        raise _refuse(spec, "min_staff", "bad_staff", f"write {LEAST_GROUP} or more where a team is named")
    for table, _ in sorted(read):
        if not is_staffed(table):
            raise _refuse(spec, f"tables.{table}", "staff_unknown", "leave the team out: this table names nobody of it")


def _check_budget(spec: ViewSpec, summary: Summary) -> None:
    """Check that noise can be told to hide any one customer."""
    budget = summary.budget
    if budget is None:
        return
    if not 0 < budget.epsilon <= budget.total or budget.cells_per_customer < 1:
        raise _refuse(spec, "privacy", "bad_budget", "0 < epsilon <= budget, and cells_per_customer is 1 or more")
    if summary.min_staff:
        remedy = "write `min_staff: 0` and name no team, or leave `privacy` out"
        raise _refuse(spec, "privacy", "staff_not_private", remedy)
    for feature in spec.features:
        if feature.name in summary.measured and (feature.shape.top_code or 0) <= 0:
            raise _refuse(spec, f"features.{feature.name}", "unbounded", "give `top_code`: the most that one adds")
    if any(each.op is MeasureOp.MEDIAN for each in summary.measures):
        raise _refuse(spec, "measures", "median_not_private", "use a mean: noise is added to sums")


def _counted(spec: ViewSpec) -> list[Aggregate]:
    """Return the features that are counted from the events of cells."""
    grouping = spec.summary.grouping if spec.summary else frozenset()
    return [each for each in spec.aggregates if each.name not in grouping]


def _is_number(feature: Feature) -> bool:
    levels = isinstance(feature, Aggregate) and (feature.levels or feature.op in (Op.TEXT, Op.THREAD))
    return not (levels or isinstance(feature, Staged))


def _refuse(spec: ViewSpec, where: str, rule: str, remedy: str) -> SpecRefused:
    return SpecRefused(spec.name, f"summary.{where}".rstrip("."), rule, remedy)

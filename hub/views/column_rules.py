"""Rules about what a view reads: tables, columns, conditions, and operations that fit them."""

from typing import Final

import polars as pl

from hub.views.errors import SpecRefused
from hub.views.feature import COMPARING, EVENT_TIME, STREAKS, Aggregate, Comparison, Condition, Measure, Op, Rows
from hub.views.spec import ViewSpec
from hub.views.values import AGREED_IN_ADVANCE
from ingest.canonical.catalogue import TABLES
from ingest.canonical.table import Column, ColumnKind, Table
from privacy.terms import DataCategory

_ORDERED: Final = frozenset({Comparison.GE, Comparison.GT, Comparison.LE, Comparison.LT})
_NUMERIC_OPS: Final = frozenset({Op.SUM, Op.MEAN, Op.MIN, Op.MAX, Op.STD, Op.LAST, Op.FIRST})
_TRUTH_OPS: Final = frozenset({Op.SUM, Op.MEAN, Op.LAST, Op.FIRST})
_DAY_OPS: Final = frozenset({Op.DAYS_SINCE, Op.HOURS_SINCE, Op.DAYS_SINCE_FIRST, Op.DAYS_UNTIL})
_COUNTING_OPS: Final = COMPARING | {Op.COUNT, Op.DISTINCT, Op.RATE}
_TABLE_OPS: Final = (STREAKS | COMPARING) | {
    Op.COUNT,
    Op.SHARE,
    Op.GAP_MEAN,
    Op.RATE,
    Op.DAYS_SINCE,
    Op.HOURS_SINCE,
    Op.DAYS_SINCE_FIRST,
}
"""Operations that need no column."""

_CATEGORY_RULES: Final = {
    DataCategory.IDENTIFIER: ("identifier", "count events instead; no identifier enters a view"),
    DataCategory.FREE_TEXT: ("free_text", "free text never enters a view"),
    DataCategory.REDACTED_TEXT: ("redacted_text", "use a view of message grain for a purpose that lists redacted text"),
    DataCategory.SPECIAL: ("special_category", "data of Article 9(1) never enters a view"),
}


def check_rows(view: str, where: str, rows: Rows) -> None:
    """Check table and filter of a selection."""
    if rows.table not in TABLES:
        raise SpecRefused(view, where, "unknown_table", f"use one of {', '.join(TABLES)}")
    if not TABLES[rows.table].needs_customer:
        raise SpecRefused(view, where, "about_no_customer", "count events of a customer's own tables")
    for condition in rows.conditions:
        _check_condition(view, where, TABLES[rows.table], condition)
    _check_standing(view, where, rows)


def _check_standing(view: str, where: str, rows: Rows) -> None:
    """Check that things are told apart by a source's own number, and end by what was agreed when the row came."""
    names = {column.name: column for column in TABLES[rows.table].columns}
    if rows.latest_of is not None and (
        rows.latest_of not in names or names[rows.latest_of].kind is not ColumnKind.REFERENCE
    ):
        known = [name for name, column in names.items() if column.kind is ColumnKind.REFERENCE]
        remedy = f"use one of {', '.join(known)}" if known else "this table numbers nothing: ask for events"
        raise SpecRefused(view, f"{where}.latest_of", "key_column", remedy)
    if rows.until is not None and (rows.until not in names or rows.until not in AGREED_IN_ADVANCE):
        remedy = f"use an instant that is agreed in advance: one of {', '.join(sorted(AGREED_IN_ADVANCE))}"
        raise SpecRefused(view, f"{where}.until", "unknown_column", remedy)


def _check_condition(view: str, where: str, table: Table, condition: Condition) -> None:
    """Check that a condition compares like with like, against values that can occur."""
    column = _column(view, where, table, condition.column)
    if column.kind is ColumnKind.REFERENCE:
        raise SpecRefused(view, f"{where}.{column.name}", "identifier", "a reference may only be counted")
    if condition.comparison in (Comparison.NULL, Comparison.NOT_NULL):
        return
    fits = _fits(column, condition)
    if not fits:
        raise SpecRefused(
            view, f"{where}.{column.name}", "op_column_mismatch", "compare with values of the column's type"
        )
    if column.allowed and not set(condition.values) <= set(column.allowed):
        raise SpecRefused(view, f"{where}.{column.name}", "unknown_value", f"use of {', '.join(column.allowed)}")


def _fits(column: Column, condition: Condition) -> bool:
    """Say whether the values are of the column's type; instants can only be null or not."""
    kinds = {type(value) for value in condition.values}
    if condition.comparison in _ORDERED:
        return column.dtype.is_numeric()
    if column.dtype == pl.Boolean:
        return kinds == {bool}
    if column.dtype == pl.String:
        return kinds == {str}
    return column.dtype.is_numeric() and kinds <= {int, float}


def _column(view: str, where: str, table: Table, name: str) -> Column:
    """Return a column that a view may look at."""
    try:
        column = table.column(name)
    except KeyError:
        known = ", ".join(column.name for column in table.columns)
        raise SpecRefused(view, f"{where}.{name}", "unknown_column", f"use one of {known}") from None
    if column.kind is ColumnKind.EMPLOYEE:
        raise SpecRefused(view, f"{where}.{name}", "employee", "employees never enter a view")
    if column.kind is ColumnKind.SYSTEM and name != EVENT_TIME:
        raise SpecRefused(view, f"{where}.{name}", "identifier", "keys of the lake never enter a view")
    if column.category in _CATEGORY_RULES:
        rule, remedy = _CATEGORY_RULES[column.category]
        raise SpecRefused(view, f"{where}.{name}", rule, remedy)
    return column


def check_code(view: str, where: str, table: str, name: str) -> None:
    """Check that every event of a table has a code by which it can be put into a cell."""
    if all(column.name != name for column in TABLES[table].columns):
        raise SpecRefused(view, where, "table_without_key", f"measure tables that have `{name}`")
    column = _column(view, where, TABLES[table], name)
    if column.kind is not ColumnKind.VALUE or column.dtype != pl.String:
        raise SpecRefused(view, where, "key_column", "use a code or a category of the source")


def check_aggregate(view: str, feature: Aggregate) -> None:
    """Check that operation and column belong together."""
    where = f"features.{feature.name}"
    table = TABLES[feature.rows.table]
    for condition in feature.part:
        _check_condition(view, where, table, condition)
    columns = [_column(view, where, table, name) for name in (feature.column, feature.minus) if name is not None]
    counted = feature.op in _COUNTING_OPS and feature.of in (None, Measure.COUNT)
    if any(column.kind is ColumnKind.REFERENCE for column in columns) and not counted:
        raise SpecRefused(view, where, "identifier", "a reference may only be counted")
    if feature.rows.window_days is None and (feature.op is Op.RATE or feature.op.compares):
        raise SpecRefused(view, where, "window_required", "give `window_days`: what is compared has a length")
    if not _operation_fits(feature, columns):
        remedy = f"`{feature.op}` does not fit this column or these keys"
        raise SpecRefused(view, where, "op_column_mismatch", remedy)
    if _value_kind(feature, columns) == "text" and feature.op in (Op.LAST, Op.FIRST) and not feature.levels:
        raise SpecRefused(view, where, "levels_required", "list the levels that may be shown; others become `other`")


def _operation_fits(feature: Aggregate, columns: list[Column]) -> bool:
    """Say whether the keys of a feature belong to its operation and the column's type to both."""
    kind = _value_kind(feature, columns)
    fits = {
        "rows": _TABLE_OPS,
        "instant": _COUNTING_OPS | _DAY_OPS,
        "text": _COUNTING_OPS | {Op.LAST, Op.FIRST},
        "truth": _TRUTH_OPS | _COUNTING_OPS,
        "number": _NUMERIC_OPS | _COUNTING_OPS,
        "mismatch": frozenset[Op](),
    }[kind]
    return (
        feature.op in fits
        and (feature.of not in (Measure.SUM, Measure.MEAN) or kind in ("number", "truth"))
        and (feature.op is not Op.UNUSUAL or (kind == "rows" and feature.of is Measure.COUNT))
        and (not feature.levels or (kind == "text" and feature.op in (Op.LAST, Op.FIRST)))
        and _keys_fit(feature)
    )


def _keys_fit(feature: Aggregate) -> bool:
    """Say whether each key that only some operations know is there where it belongs, and nowhere else."""
    periods = feature.op in STREAKS or (feature.op is Op.DISTINCT and feature.column == EVENT_TIME)
    return (
        bool(feature.part) == (feature.op is Op.SHARE)
        and (feature.every_days is not None and feature.every_days > 0) == periods
        and (feature.per_days is not None and feature.per_days > 0) == (feature.op is Op.RATE)
        and (feature.of is not None) == feature.op.compares
        and (feature.earlier_days is None or (feature.op.compares and feature.earlier_days > 0))
        and (feature.at_most is None or (feature.minus is not None and feature.at_most > 0))
        and (feature.shape.rare_below is None or bool(feature.levels))
        and (feature.rows.latest_of is None or (feature.op is Op.COUNT and feature.column is None))
    )


def _value_kind(feature: Aggregate, columns: list[Column]) -> str:
    """Name what a feature aggregates: rows, an instant, text, truth or a number (hours between two instants)."""
    if feature.minus is not None:
        both = [column.dtype.is_temporal() and column.dtype != pl.Date for column in columns]
        return "number" if len(columns) == 2 and all(both) else "mismatch"  # noqa: PLR2004 - two sides
    if not columns:
        return "rows"
    dtype = columns[0].dtype
    if dtype == pl.String:
        return "text"
    if dtype == pl.Boolean:
        return "truth"
    return "instant" if dtype.is_temporal() else "number"


def is_quasi(feature: Aggregate) -> bool:
    """Say whether a feature tells about a quasi-identifier, by its value or by its filter."""
    table = TABLES[feature.rows.table]
    return any(table.column(name).category is DataCategory.QUASI_IDENTIFIER for name in feature.columns)


def categories_of(spec: ViewSpec) -> frozenset[DataCategory]:
    """Return what kinds of personal data a view reads: its purpose has to list each of them."""
    read = {TABLES[table].column(name).category for table, name in spec.sources}
    return frozenset(read - {DataCategory.NONE, DataCategory.IDENTIFIER})

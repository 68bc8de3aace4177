"""Money of a view is of one currency: minor units of two currencies have no sum, no mean and no order.

`currency: NOK` at the top of a view's text writes the filter into whatever reads an amount and names no currency
itself. A row of a customer who pays in another one has nothing there (0 or null), never another unit's number. Grouping
figures by currency would not do: level `other` and totals would add up several all the same.

currencies_added   an amount is read without a filter by one currency
bad_currency       what is named is no code of ISO 4217
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from hub.views.errors import SpecRefused
from hub.views.feature import Aggregate, Comparison, Condition, Feature, Measure, Op, Rows
from hub.views.section import Section
from hub.views.spec import Label, Outcome, Population, ViewSpec
from ingest.canonical.catalogue import TABLES
from ingest.canonical.table import ColumnKind

_CURRENCY: Final = "currency"
_CODE: Final = re.compile("[A-Z]{3}")
_LINE: Final = re.compile(rf"^{_CURRENCY}: [A-Z]{{3}}\b", re.MULTILINE)
_WRITE: Final = "write one code of ISO 4217, such as NOK"
_COUNTED: Final = frozenset({Op.COUNT, Op.DISTINCT, Op.RATE})


def currency_of(top: Section) -> str | None:
    """Take the currency that a view's text names for all amounts.

    Raises:
        SpecRefused: it is no code of three capital letters (`bad_currency`).

    """
    if not top.has(_CURRENCY):
        return None
    code = top.text(_CURRENCY)
    if not _CODE.fullmatch(code):
        raise top.refused(_CURRENCY, "bad_currency", _WRITE)
    return code


def with_currency(view: str, text: str, currency: str) -> str:
    """Write another currency into a view's text.

    Raises:
        SpecRefused: it is no code (`bad_currency`), or the text names none at its top (`no_amounts`).

    """
    if not _CODE.fullmatch(currency):
        raise SpecRefused(view, _CURRENCY, "bad_currency", _WRITE)
    written, lines = _LINE.subn(f"{_CURRENCY}: {currency}", text)
    if not lines:
        remedy = "leave the currency out; key figures of money name theirs in filters and texts: change it there"
        raise SpecRefused(view, _CURRENCY, "no_amounts", remedy)
    return written


def in_currency(spec: ViewSpec, currency: str) -> ViewSpec:
    """Write the filter into each selection that reads an amount and says nothing of currencies."""
    population = Population(
        any_of=tuple(_filtered(rows, currency) for rows in spec.population.any_of),
        none_of=tuple(_filtered(rows, currency) for rows in spec.population.none_of),
    )
    features = tuple(_feature(each, currency) for each in spec.features)
    label = None if spec.label is None else _label(spec.label, currency)
    return replace(spec, population=population, features=features, label=label)


def check_currency(spec: ViewSpec) -> None:
    """Hold the amounts of a view against its filters.

    Raises:
        SpecRefused: an amount may be of several currencies (`currencies_added`).

    """
    for feature in spec.aggregates:
        compared = _compares_amount(feature.rows.table, (*feature.rows.conditions, *feature.part))
        if (compared or _is_amount(feature)) and not _is_of_one_currency(feature.rows):
            raise _refused(spec, f"features.{feature.name}")
    for rows in spec.rows:
        if _compares_amount(rows.table, rows.conditions) and not _is_of_one_currency(rows):
            raise _refused(spec, f"tables.{rows.table}")


def _feature(feature: Feature, currency: str) -> Feature:
    if not isinstance(feature, Aggregate):
        return feature
    reads = _is_amount(feature) or _compares_amount(feature.rows.table, feature.part)
    rows = _with(feature.rows, currency) if reads else _filtered(feature.rows, currency)
    return replace(feature, rows=rows)


def _label(label: Label, currency: str) -> Label:
    return replace(label, outcomes=tuple(_outcome(each, currency) for each in label.outcomes))


def _outcome(outcome: Outcome, currency: str) -> Outcome:
    also = None if outcome.also is None else _outcome(outcome.also, currency)
    return replace(outcome, rows=tuple(_filtered(each, currency) for each in outcome.rows), also=also)


def _filtered(rows: Rows, currency: str) -> Rows:
    return _with(rows, currency) if _compares_amount(rows.table, rows.conditions) else rows


def _with(rows: Rows, currency: str) -> Rows:
    """Add the filter where rows name no currency, in the order of columns that the hash stands on."""
    if any(each.column == _CURRENCY for each in rows.conditions):
        return rows
    added = (*rows.conditions, Condition(_CURRENCY, Comparison.IN, (currency,)))
    return replace(rows, conditions=tuple(sorted(added, key=lambda each: each.column)))


def _is_amount(feature: Aggregate) -> bool:
    """Say whether the value of a feature, not only how often there is one, comes from an amount."""
    if feature.column is None or feature.op in _COUNTED or feature.of is Measure.COUNT:
        return False
    return _is_money(feature.rows.table, feature.column)


def _compares_amount(table: str, conditions: Iterable[Condition]) -> bool:
    bounded = (each.column for each in conditions if each.comparison not in {Comparison.NULL, Comparison.NOT_NULL})
    return any(_is_money(table, column) for column in bounded)


def _is_money(table: str, name: str) -> bool:
    columns = TABLES[table].all_columns if table in TABLES else ()  # what does not exist is refused by another rule
    return any(column.name == name and column.kind is ColumnKind.MONEY for column in columns)


def _is_of_one_currency(rows: Rows) -> bool:
    return any(
        each.column == _CURRENCY and each.comparison is Comparison.IN and len(each.values) == 1
        for each in rows.conditions
    )


def _refused(spec: ViewSpec, where: str) -> SpecRefused:
    remedy = (
        "say `currency: NOK` at the top, or filter it by one; each further currency is a view or a column of its own"
    )
    return SpecRefused(spec.name, where, "currencies_added", remedy)

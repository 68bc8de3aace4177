"""Figures of money are of one currency: minor units of two currencies have no sum.

A cell adds up what customers paid, so each amount that a summary is made of is filtered by one currency. Grouping by
currency would not do: level `other` and totals would add up several all the same.
"""

from typing import Final

from hub.views.errors import SpecRefused
from hub.views.feature import Aggregate, Comparison, Measure, Op
from hub.views.spec import ViewSpec
from ingest.canonical.catalogue import TABLES
from ingest.canonical.table import ColumnKind

_CURRENCY: Final = "currency"
_COUNTED: Final = frozenset({Op.COUNT, Op.DISTINCT, Op.RATE})


def check_currency(spec: ViewSpec) -> None:
    """Hold the amounts of a summary against its filters.

    Raises:
        SpecRefused: an amount may be of several currencies (`currencies_added`).

    """
    for feature in spec.aggregates:
        if _is_amount(feature) and not _is_of_one_currency(feature):
            remedy = "filter it by one: `filter: {currency: NOK}`; each further currency is a view of its own"
            raise SpecRefused(spec.name, f"features.{feature.name}", "currencies_added", remedy)


def _is_amount(feature: Aggregate) -> bool:
    """Say whether the value of a feature, not only how often there is one, comes from an amount."""
    if feature.column is None or feature.op in _COUNTED or feature.of is Measure.COUNT:
        return False
    return TABLES[feature.rows.table].column(feature.column).kind is ColumnKind.MONEY


def _is_of_one_currency(feature: Aggregate) -> bool:
    return any(
        each.column == _CURRENCY and each.comparison is Comparison.IN and len(each.values) == 1
        for each in feature.rows.conditions
    )

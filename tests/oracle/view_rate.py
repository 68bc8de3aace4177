"""How far a count lies from the customer's own rate before: the obvious way, for the oracle of views."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import sqrt

from hub.views.feature import Aggregate, Rows


def unusual(feature: Aggregate, instants: Callable[[Rows], Sequence[datetime]], as_of: datetime) -> float | None:
    """Compare the roots of two counts; `instants` gives the event times that a selection chooses."""
    days = feature.rows.window_days
    assert days
    back = feature.rows.offset_days + days
    earlier = instants(replace(feature.rows, window_days=feature.earlier_days or days, offset_days=back))
    if not earlier:
        return None
    there = (as_of - timedelta(days=back) - min(earlier)) / timedelta(days=1)
    if there < days / 2:
        return None
    expected = (len(earlier) - 1) / there * days
    apart = 2 * sqrt(len(instants(feature.rows)) + 0.375) - 2 * sqrt(expected + 0.375)
    return apart / sqrt(1 + days / there)

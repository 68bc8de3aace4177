"""What is known of a day in advance, and how many cases come on such a day: a Poisson regression."""

from datetime import date, timedelta
from typing import Final

import numpy as np
from sklearn.linear_model import PoissonRegressor

from predict.frames import Matrix, Vector
from predict.service.past import Past
from predict.threads import few_threads

RECENT: Final = 56
"""Days by which the present level is told."""
TRUST: Final = 100.0
"""So many cases of these days count as much as the regression does."""
_YEAR: Final = 365
_PENALTY: Final = 0.01
_WAVES: Final = (1, 2)
_MONTH_END: Final = 3
OFF: Final = slice(6, 8)
"""The columns that say that a day is a holiday, after six of weekdays."""


def calendar_means(past: Past, ahead: int) -> Vector:
    """Give the mean of each day of the past and of `ahead` days after it."""
    fitted = _fitted(past, ahead)[0]
    return fitted * _level(past.counts, fitted)


def holiday_factors(past: Past, ahead: int) -> Vector:
    """Give what a day's being a holiday does to its mean; 1 on every other day."""
    fitted, bare = _fitted(past, ahead)
    return np.asarray(np.divide(fitted, bare, out=np.ones_like(fitted), where=bare > 0), dtype=np.float64)


def _fitted(past: Past, ahead: int) -> tuple[Vector, Vector]:
    """Fit the regression; give each day's mean, and what it were if it was no holiday."""
    days = past.days(ahead)
    known = seen(days, past.holidays, yearly=past.height >= _YEAR)
    if not past.counts.any():
        return np.zeros(len(days)), np.zeros(len(days))
    bare = known.copy()
    bare[:, OFF] = 0.0
    with few_threads(known):
        model = PoissonRegressor(alpha=_PENALTY, solver="newton-cholesky", max_iter=300)
        model.fit(known[: past.height], past.counts)
        return np.asarray(model.predict(known)), np.asarray(model.predict(bare))


def seen(days: list[date], holidays: frozenset[date], *, yearly: bool) -> Matrix:
    """Lay out what is known of days: weekday, holiday, end of the month; the time of year where it was seen once."""
    number = np.array([day.toordinal() for day in days], dtype=np.float64)
    weekday = np.array([day.weekday() for day in days])
    columns = [(weekday == each).astype(np.float64) for each in range(1, 7)]
    off = np.array([day in holidays for day in days], dtype=np.float64)
    columns += [off * (weekday < 5), off * (weekday >= 5)]  # noqa: PLR2004 - Saturday and Sunday
    columns.append(np.array([(day + timedelta(days=_MONTH_END)).month != day.month for day in days], dtype=np.float64))
    if yearly:
        turn = 2 * np.pi * number / 365.25
        columns += [wave(times * turn) for times in _WAVES for wave in (np.sin, np.cos)]
    return np.column_stack(columns)


def _level(counts: Vector, fitted: Vector) -> float:
    """Say how the last weeks differ from what the regression makes of them, the less trusted the fewer cases."""
    recent = slice(max(0, counts.size - RECENT), counts.size)
    return float((counts[recent].sum() + TRUST) / (fitted[recent].sum() + TRUST))

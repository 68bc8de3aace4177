"""On which days people write to the desk: weekdays, month ends, the seasons of the year, and hardly on holidays."""

from datetime import date, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import Floats
from hub.demo.occasions import WINDOW_DAYS

_WEEKDAYS: Final = np.array([1.0, 0.9, 0.85, 0.8, 0.7, 0.3, 0.25])
_MONTHS: Final = np.array([1.0, 0.9, 0.9, 0.85, 0.85, 0.8, 0.5, 0.8, 0.95, 0.95, 1.0, 0.9])
_ON_HOLIDAY: Final = 0.1
_MONTH_END: Final = 3  # days about which invoices are asked
_ELSE: Final = 0.8  # of what comes at month ends
_FIXED: Final = ((1, 1), (5, 1), (5, 17), (12, 24), (12, 25), (12, 26), (12, 31))
_EASTER: Final = (-3, -2, 0, 1, 39, 50)  # days from Easter Sunday


def busyness(start: datetime, season: float) -> Floats:
    """Return how busy each day of the window is, at most 1; without seasons all days are alike at the same mean."""
    days = [start.date() + timedelta(days=number) for number in range(WINDOW_DAYS + 1)]
    off = holidays({day.year for day in days})
    shares = np.array(
        [
            _WEEKDAYS[day.weekday()]
            * _MONTHS[day.month - 1]
            * (1.0 if (day + timedelta(days=_MONTH_END)).month != day.month else _ELSE)
            * (_ON_HOLIDAY if day in off else 1.0)
            for day in days
        ]
    )
    return np.asarray(shares.mean() + season * (shares - shares.mean()), dtype=np.float64)


def holidays(years: set[int]) -> set[date]:
    """Return the Norwegian public holidays of some years, Christmas Eve and New Year's Eve among them."""
    fixed = {date(year, month, day) for year in years for month, day in _FIXED}
    return fixed | {easter(year) + timedelta(days=after) for year in years for after in _EASTER}


def easter(year: int) -> date:
    """Return Easter Sunday (Meeus/Jones/Butcher: J. Meeus, Astronomical Algorithms, 1991, chapter 8)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def thinned(rng: np.random.Generator, events: pl.DataFrame, start: datetime, season: float) -> pl.DataFrame:
    """Keep of events (entity, day, ...) as many as their day is busy."""
    shares = busyness(start, season)
    day = events["day"].to_numpy().astype(np.int64)
    return events.filter(pl.Series(rng.random(events.height) < shares[np.clip(day, 0, WINDOW_DAYS)]))

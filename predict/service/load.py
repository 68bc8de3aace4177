"""How many cases come in, by day and topic: weekday, season, holidays and month ends, with intervals.

What is foretold of a day and a topic is a mean; who asked is in none of it. Two ways are tried where both can be:

- *calendar*: a Poisson regression on what is known of a day in advance: its weekday, the time of year (two waves, from
  a year of records on), whether it is a holiday, whether a month ends; times how the last eight weeks differ from it.
- *statsforecast*: AutoETS with a season of seven days, of counts freed from holidays by the calendar's factor for them
  (extra `forecast`; absent, the calendar alone is used and the answer says so).

Both are judged by windows that neither had seen (rolling origin) and the one with the smaller error is used; beside
them stands seasonal-naive: the same weekday of the week before. Intervals are of a negative binomial distribution
with the dispersion that the past shows (Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed.,
sections 5.8 and 7.4); counts are whole, so each interval is the one whose probability is nearest to 90 %.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from predict.errors import TooFewCustomers
from predict.frames import Vector
from predict.service.calendar import calendar_means
from predict.service.counts import LEVEL, interval, spread_of
from predict.service.past import Past
from predict.service.smoothing import ABSENT, is_there, smoothed_means
from predict.shares import told_share

ALL: Final = "all"
WEEK: Final = 7
YEAR: Final = 365
WINDOW: Final = 28
"""Days that are foretold at a time."""
_ORIGINS: Final = 8
_LEAST_DAYS: Final = 84
_LEAST_CASES: Final = 100

Means = Callable[[Past, int], Vector]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """`rows`: day, topic (`all`: of all of them), expected, low, high; `told`: how, and how good, plain JSON values."""

    rows: pl.DataFrame
    told: dict[str, Any]


def forecast(cases: pl.DataFrame, *, until: date, ahead: int, holidays: Collection[date]) -> Forecast:
    """Foretell cases by day and topic.

    Args:
        cases: one row each: `day` (Date; only days before `until` count) and `topic` (text; null is `unknown`).
        until: the first day that is not known.
        ahead: how many days to foretell.
        holidays: of the years of the records and of those to come.

    Raises:
        TooFewCustomers: fewer than twelve weeks, or than a hundred cases.
    """
    cases = cases.filter(pl.col("day") < until)
    if cases.height < _LEAST_CASES:
        raise TooFewCustomers(have=cases.height, need=_LEAST_CASES, of_what="cases", advice="deliver older ones")
    first = cases["day"].min()
    assert isinstance(first, date)  # noqa: S101 - there is a case
    height = (until - first).days
    if height < _LEAST_DAYS:
        raise TooFewCustomers(have=height, need=_LEAST_DAYS, of_what="days of cases", advice="wait for twelve weeks")
    off = frozenset(holidays)
    topics = [ALL, *cases["topic"].fill_null("unknown").unique().sort()]
    pasts = {topic: Past(first=first, counts=_counted(cases, topic, first, height), holidays=off) for topic in topics}
    ways: dict[str, Means] = {"calendar": calendar_means}
    if is_there():
        ways["statsforecast"] = smoothed_means
    tried = {name: _judged(pasts[ALL], means) for name, means in ways.items()}
    best = min(tried, key=lambda name: tried[name]["error"])
    judged = {topic: tried[best] if topic == ALL else _judged(past, ways[best]) for topic, past in pasts.items()}
    frames = [_ahead(topic, past, ways[best], ahead) for topic, past in pasts.items()]
    told = _told(judged) | {"way": best, "why": "its error was the smallest" if len(ways) > 1 else ABSENT}
    others = {name: one["mase"] for name, one in tried.items() if name != best}
    known = {"days": height, "cases": cases.height, "season_seen": height >= YEAR, "others": others}
    return Forecast(rows=pl.concat(frames), told=told | known)


def _counted(cases: pl.DataFrame, topic: str, first: date, height: int) -> Vector:
    mine = cases if topic == ALL else cases.filter(pl.col("topic").fill_null("unknown") == topic)
    numbers = mine.select((pl.col("day") - first).dt.total_days())["day"].to_numpy()
    return np.bincount(numbers, minlength=height).astype(np.float64)


def _ahead(topic: str, past: Past, means: Means, ahead: int) -> pl.DataFrame:
    found = means(past, ahead)
    low, high = interval(found[past.height :], _spread(past, found))
    days = [past.first + timedelta(days=past.height + number) for number in range(ahead)]
    columns = {"expected": found[past.height :], "low": low, "high": high}
    return pl.DataFrame({"day": days, "topic": [topic] * ahead} | columns, schema_overrides={"day": pl.Date})


def _spread(past: Past, means: Vector) -> float:
    recent = slice(max(0, past.height - YEAR), past.height)
    return spread_of(past.counts[recent], means[recent], free=WEEK + 4)


def _judged(past: Past, means: Means) -> dict[str, float]:
    """Judge a way by windows that it had not seen: mean absolute error beside seasonal-naive, and what was held."""
    origins = [past.height - WINDOW * number for number in range(1, _ORIGINS + 1)]
    origins = [origin for origin in origins if origin >= max(_LEAST_DAYS - WINDOW, past.height // 2)]
    errors, naive, held = [], [], []
    for origin in origins:
        known, truly = past.until(origin), past.counts[origin : origin + WINDOW]
        found = means(known, WINDOW)
        low, high = interval(found[origin:], _spread(known, found))
        errors.append(np.abs(found[origin:] - truly))
        naive.append(np.abs(np.tile(known.counts[-WEEK:], WINDOW // WEEK) - truly))
        held.append((truly >= low) & (truly <= high))
    scale = np.abs(past.counts[WEEK:] - past.counts[:-WEEK]).mean()
    inside = np.concatenate(held)
    return {
        "error": float(np.concatenate(errors).mean()),
        "mase": float(np.concatenate(errors).mean() / scale),
        "naive_mase": float(np.concatenate(naive).mean() / scale),
        "held": float(inside.sum()),
        "days": float(inside.size),
    }


def _told(judged: dict[str, dict[str, float]]) -> dict[str, Any]:
    total, parts = judged[ALL], [one for topic, one in judged.items() if topic != ALL]
    return {
        "level": LEVEL,
        "mase": total["mase"],
        "naive_mase": total["naive_mase"],
        "covered": told_share(total["held"], total["days"]),
        "covered_by_topic": told_share(sum(one["held"] for one in parts), sum(one["days"] for one in parts)),
        "topics": [
            {"topic": topic} | {name: one[name] for name in ("mase", "naive_mase")} for topic, one in judged.items()
        ],
    }

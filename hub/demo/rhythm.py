"""When things happen: weekly rates from traits, season, episodes and pauses, and instants drawn from them.

A rate matrix has one row per customer and one column per week; 5,000 customers x 105 weeks is half a million numbers.
"""

from datetime import datetime, timedelta
from typing import Final, Literal

import numpy as np
import polars as pl

from hub.demo.chance import Flags, Floats, Ints
from hub.demo.lives import CAUSES, DRIFT_DAY, Lives
from hub.demo.occasions import WINDOW_DAYS

WEEKS: Final = WINDOW_DAYS // 7 + 1
Signal = Literal["logins", "orders", "opens"]
_PAUSED: Final = 0.06  # what is left of a customer's activity during a pause
_BUSY_MORE: Final = 1.0  # times the usual use on top, in a busy month
_COUNTED_MORE: Final = 0.6  # events on top for the same use, after the drift
_FULL_AT: Final = 0.35  # share of an episode after which its effect is complete
# Orders by month: a weak January and July, a strong November and December; use falls in July, the Nordic holiday.
_ORDERS: Final = np.array([0.8, 0.85, 0.95, 1.0, 1.05, 1.0, 0.75, 0.9, 1.0, 1.05, 1.35, 1.3])
_LOGINS: Final = np.array([1.0, 1.05, 1.05, 1.0, 1.0, 0.9, 0.55, 0.9, 1.1, 1.1, 1.1, 0.85])
_BY_HOUR: Final = np.array([0] * 6 + [1, 3, 7, 9, 9, 8, 6, 8, 8, 7, 5, 3, 3, 4, 4, 3, 1, 0], dtype=np.float64)
_BY_WEEKDAY: Final = np.array([1.2, 1.25, 1.2, 1.15, 1.0, 0.55, 0.65])


def start_of(until: datetime) -> datetime:
    """Return the first instant of the window."""
    return until - timedelta(days=WINDOW_DAYS)


def rates(lives: Lives, signal: Signal, *, base: Floats, until: datetime) -> Floats:
    """Return the expected number of events per customer and week."""
    matrix = np.outer(base, _season(signal, until, lives.planted.season))
    rows = lives.customers["entity"]
    row_of = pl.DataFrame({"entity": rows, "row": np.arange(len(rows))})
    fallen = {cause.name: float(getattr(cause, signal)) for cause in CAUSES}
    episodes = lives.episodes.join(row_of, on="entity").with_columns(fallen=pl.col("cause").replace_strict(fallen))
    strength = (episodes["depth"] * episodes["fallen"]).to_numpy()
    _lower(matrix, episodes, strength=strength, ramp=_FULL_AT)
    pauses = lives.pauses.join(row_of, on="entity")
    _lower(matrix, pauses, strength=np.full(pauses.height, 1 - _PAUSED), ramp=0.01)
    return _raised(matrix, lives, row_of) if signal == "logins" else matrix


def _raised(matrix: Floats, lives: Lives, row_of: pl.DataFrame) -> Floats:
    """Raise use in peaks and busy months, and from the drift on all use: it is counted in another way then."""
    peaks = lives.occasions.peaks.select(
        "entity", start_day="day", end_day=pl.col("day") + 7 * pl.col("weeks"), more=pl.col("factor") - 1
    )
    busy = lives.occasions.seasons.select(
        "entity", start_day="day", end_day=pl.col("day") + 35, more=pl.lit(_BUSY_MORE)
    )
    spells = pl.concat([peaks, busy]).join(row_of, on="entity")
    _lower(matrix, spells, strength=-spells["more"].to_numpy(), ramp=0.1)
    matrix[:, int(DRIFT_DAY // 7) :] *= 1 + _COUNTED_MORE * lives.planted.drift
    return matrix


def drawn_instants(rng: np.random.Generator, lives: Lives, matrix: Floats, until: datetime) -> pl.DataFrame:
    """Draw events from a rate matrix, only while a customer is one.

    Columns: entity, day (since the start of the window), at (aware UTC, in office-like hours).
    """
    counts = rng.poisson(matrix)
    row, week = np.nonzero(counts)
    times = counts[row, week]
    row, week = np.repeat(row, times), np.repeat(week, times)
    day = week * 7.0 + _weekdays(rng, len(row), until, lives.planted.season) + hours(rng, len(row)) / 24
    customers = lives.customers
    joined = customers["joined_day"].to_numpy()[row]
    left = customers["left_day"].fill_null(WINDOW_DAYS).to_numpy()[row]
    stays = (day >= np.maximum(joined, 0)) & (day < np.minimum(left, WINDOW_DAYS))
    entity = customers["entity"].to_numpy()[row[stays]]
    frame = pl.DataFrame({"entity": entity, "day": day[stays]})
    return frame.with_columns(at=instant_of(pl.col("day"), until)).sort("at", "entity")


def instant_of(day: pl.Expr, until: datetime) -> pl.Expr:
    """Turn days since the start of the window into an instant, whole seconds."""
    return pl.lit(start_of(until)).dt.cast_time_unit("us") + pl.duration(seconds=(day * 86_400).cast(pl.Int64))


def day_of(at: pl.Expr, until: datetime) -> pl.Expr:
    """Turn an instant into days since the start of the window."""
    return (at - pl.lit(start_of(until)).dt.cast_time_unit("us")).dt.total_seconds() / 86_400


def inside(events: pl.DataFrame, lives: Lives, cause: str) -> Flags:
    """Say for each event (entity, day) whether it fell into an episode of this cause."""
    spells = lives.episodes.filter(pl.col("cause") == cause).select("entity", "start_day", "end_day")
    numbered = events.select("entity", "day").with_row_index("event")
    hit = numbered.join(spells, on="entity").filter(pl.col("day").is_between("start_day", "end_day"))
    found = np.zeros(events.height, dtype=np.bool_)
    found[hit["event"].to_numpy()] = True
    return found


def strain(events: pl.DataFrame, lives: Lives) -> Floats:
    """Return how much is wrong at each event (entity, day): 0 outside episodes, at most the episode's depth."""
    numbered = events.select("entity", "day").with_row_index("event")
    hit = numbered.join(lives.episodes, on="entity").filter(pl.col("day").is_between("start_day", "end_day"))
    progress = (pl.col("day") - pl.col("start_day")) / (pl.col("end_day") - pl.col("start_day"))
    felt = hit.select("event", felt=pl.col("depth") * (progress / _FULL_AT).clip(0, 1))
    found = np.zeros(events.height, dtype=np.float64)
    np.maximum.at(found, felt["event"].to_numpy(), felt["felt"].to_numpy())
    return found


def hours(rng: np.random.Generator, count: int) -> Floats:
    """Draw hours of the day (UTC) as people keep them, none between 23 and 6."""
    hour = rng.choice(24, size=count, p=_BY_HOUR / _BY_HOUR.sum())
    return np.asarray(hour + rng.random(count), dtype=np.float64)


def _weekdays(rng: np.random.Generator, count: int, until: datetime, share: float) -> Ints:
    """Draw the offset of a day within the window's own weeks, Saturdays and Sundays less often."""
    first = start_of(until).weekday()
    weights = 1 + share * (np.roll(_BY_WEEKDAY, -first) - 1)
    return np.asarray(rng.choice(7, size=count, p=weights / weights.sum()), dtype=np.int64)


def _season(signal: Signal, until: datetime, share: float) -> Floats:
    months = np.array([(start_of(until) + timedelta(days=7 * week + 3)).month for week in range(WEEKS)])
    curve = {"orders": _ORDERS, "logins": _LOGINS, "opens": np.ones(12)}[signal]
    return np.asarray(1 + share * (curve[months - 1] - 1), dtype=np.float64)


def _lower(matrix: Floats, spells: pl.DataFrame, *, strength: Floats, ramp: float) -> None:
    """Multiply the weeks of each spell by 1 - strength, reached linearly over the first `ramp` of the spell."""
    if spells.is_empty():
        return
    middle = np.arange(matrix.shape[1]) * 7 + 3.5
    start, end = spells["start_day"].to_numpy()[:, None], spells["end_day"].to_numpy()[:, None]
    progress = (middle - start) / (end - start)
    inside = (progress >= 0) & (progress <= 1)
    factor = 1 - strength[:, None] * np.clip(progress / ramp, 0, 1) * inside
    np.multiply.at(matrix, spells["row"].to_numpy(), factor)

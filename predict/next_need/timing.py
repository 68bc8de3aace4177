"""When and how to reach a customer: channel, hour and weekday by their own answers, by their segment's where few.

An answer rate is estimated for each customer and level (a channel, a part of the day, a weekday) in three steps, each
shrunken to the one before, and each as much as the answers themselves ask for (empirical Bayes: Robbins 1956; strengths
by maximum likelihood over `STRENGTHS`): everybody, the segment, the customer. How willing somebody is to answer at all
is taken off first (gamma-Poisson), or the talkative would seem to have a favourite channel. Where customers do not
differ, their own answers weigh next to nothing, and everybody gets what is best for the segment.

The three are judged apart: a favourite hour that holds on one weekday only is not seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import polars as pl
from scipy.special import betaln, gammaln
from scipy.stats import beta

from predict.errors import FrameRefused
from predict.frames import PSEUDONYM, Vector
from predict.next_need.calendar import DAY, KIND, ahead, beside

STRENGTHS: Final = (0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096)
"""What a prior may weigh, in contacts; the last means that customers hardly differ."""
SEGMENT: Final = "segment"
LOOK_AHEAD_DAYS: Final = 14
TRIED: Final = 30
"""Contacts at a level, of everybody: of one at which fewer were reached nothing is known, and it would win by luck."""
LEVEL: Final = 0.9
_NOBODY_SAYS: Final = "all"
Codes = np.ndarray[tuple[int], np.dtype[np.int64]]
CHANNEL: Final = "channel"
_DIMENSIONS: Final = (CHANNEL, "hour", "weekday")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """When somebody may be reached: hours at which parts of the day begin, and weekdays (1 is Monday).

    Both are on the clock of `zone`. `closed` are kinds of days of the calendar on which nobody is written to.
    """

    hours: tuple[int, ...] = (6, 10, 15, 19)
    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5)
    closed: tuple[str, ...] = ("holiday",)
    rest_days: int = 7
    zone: str = "UTC"


def levels(contacts: pl.DataFrame, slots: Slots) -> pl.DataFrame:
    """Add `hour` (beginning of its part of the day) and `weekday` to contacts: pseudonym, at, channel, answered.

    Raises:
        FrameRefused: a column is missing.
    """
    for name in (PSEUDONYM, "at", "channel", "answered"):
        if name not in contacts.columns:
            raise FrameRefused(name, "is missing", "give pseudonym, at, channel and answered")
    clock = pl.col("at").dt.convert_time_zone(slots.zone)
    hour = clock.dt.hour().cast(pl.Int64)
    part = pl.coalesce(
        *(pl.when(hour >= start).then(start) for start in sorted(slots.hours, reverse=True)), max(slots.hours)
    )
    return contacts.with_columns(hour=part.cast(pl.Int64), weekday=clock.dt.weekday().cast(pl.Int64))


def rates(contacts: pl.DataFrame, customers: pl.DataFrame, dimension: str, wanted: Sequence[object]) -> pl.DataFrame:
    """Estimate how often each customer answers at each level.

    Args:
        contacts: with `levels`.
        customers: pseudonym and `segment` (String; null: unknown); everybody in it gets an estimate.
        dimension: channel, hour or weekday.
        wanted: the levels to choose from.

    Returns:
        pseudonym, level, sent, answered, rate, low, high (90 % of the posterior), weight (of the own answers, 0 to 1).
    """
    cells = _cells(contacts, customers, dimension, wanted)
    sent, answered = (_vector(cells, name) for name in ("sent", "answered"))
    everybody = _over(cells, ["level"], (sent, answered), prior=float((answered.sum() + 0.5) / (sent.sum() + 1)))
    segment = _over(cells, [SEGMENT, "level"], (sent, answered), prior=everybody)
    mean = np.clip(segment * _willing(cells, answered, sent * segment), 1e-4, 0.95)
    strength = _strength(answered, sent, mean)
    rate = (answered + strength * mean) / (sent + strength)
    a, b = answered + strength * mean, sent - answered + strength * (1 - mean)
    tail = (1 - LEVEL) / 2
    return cells.select(PSEUDONYM, "level", "sent", "answered").with_columns(
        rate=pl.Series(rate),
        low=pl.Series(beta.ppf(tail, a, b)),
        high=pl.Series(beta.ppf(1 - tail, a, b)),
        weight=pl.Series(sent / (sent + strength)),
    )


def best(
    contacts: pl.DataFrame,
    customers: pl.DataFrame,
    slots: Slots,
    *,
    channels: Sequence[str],
    reach: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Choose channel, hour and weekday for every customer.

    Args:
        contacts: pseudonym, at, channel, answered.
        customers: pseudonym and `segment` (String; null: unknown).
        slots: hours and weekdays to choose from.
        channels: the channels to choose from; of each dimension only levels with `TRIED` contacts.
        reach: pseudonym and `reach_CHANNEL` (Boolean); a channel is chosen only where it is true. None: by any. Where
            there is `hour_HOUR` (Boolean), an hour is not chosen where it is false.

    Returns:
        pseudonym, channel (null: by none), hour (null: at none of ours), weekday; `answers`, `low`, `high`: the rate by
        that channel; `sent`, `answered`: the own contacts by it; `basis`: own where the own answers weigh at least
        half, segment, or everybody where the segment is not known.
    """
    placed = levels(contacts, slots)
    chosen = customers.select(PSEUDONYM, SEGMENT)
    for dimension, wanted in zip(_DIMENSIONS, (channels, slots.hours, slots.weekdays), strict=True):
        found = rates(placed, customers, dimension, _tried(placed, dimension, wanted))
        if dimension == CHANNEL and reach is not None:
            found = found.join(_open(reach, channels), on=[PSEUDONYM, "level"], how="semi")
        if dimension == "hour" and reach is not None:
            found = found.join(_refused(reach, slots), on=[PSEUDONYM, "level"], how="anti")
        top = found.sort("rate", "level", descending=[True, False]).unique(PSEUDONYM, keep="first", maintain_order=True)
        told = {CHANNEL: ["rate", "low", "high", "sent", "answered", "weight"]}.get(dimension, [])
        chosen = chosen.join(top.select(PSEUDONYM, pl.col("level").alias(dimension), *told), on=PSEUDONYM, how="left")
    basis = (
        pl.when(pl.col("weight").is_null())
        .then(None)
        .when(pl.col("weight") >= 1 / 2)
        .then(pl.lit("own"))
        .when(pl.col(SEGMENT).is_not_null())
        .then(pl.lit(SEGMENT))
        .otherwise(pl.lit("everybody"))
    )
    renamed = chosen.rename({"rate": "answers"}).with_columns(basis.alias("basis"))
    return renamed.drop("weight", SEGMENT).sort(PSEUDONYM)


def _tried(placed: pl.DataFrame, dimension: str, wanted: Sequence[object]) -> list[object]:
    """Keep the levels at which so many were contacted that something is known; if there are none, the commonest."""
    counts: dict[object, int] = dict(placed[dimension].value_counts().iter_rows())
    known = [one for one in wanted if counts.get(one, 0) >= TRIED]
    return known or [max(wanted, key=lambda one: counts.get(one, 0))]


def _open(reach: pl.DataFrame, channels: Sequence[str]) -> pl.DataFrame:
    """Give the pairs of customer and channel that are open: pseudonym, level; what nobody answered for is closed."""
    known = [pl.col(f"reach_{one}").alias(one) for one in channels if f"reach_{one}" in reach.columns]
    if not known:
        return pl.DataFrame(schema={PSEUDONYM: pl.Binary, "level": pl.String})
    pairs = reach.select(PSEUDONYM, *known).unpivot(index=PSEUDONYM, variable_name="level", value_name="may")
    return pairs.filter(pl.col("may").fill_null(value=False)).drop("may")


def _refused(reach: pl.DataFrame, slots: Slots) -> pl.DataFrame:
    """Give the pairs of customer and hour at which they do not want to be reached: pseudonym, level."""
    known = [pl.col(f"hour_{one}").alias(str(one)) for one in slots.hours if f"hour_{one}" in reach.columns]
    if not known:
        return pl.DataFrame(schema={PSEUDONYM: pl.Binary, "level": pl.Int64})
    pairs = reach.select(PSEUDONYM, *known).unpivot(index=PSEUDONYM, variable_name="level", value_name="may")
    return pairs.filter(~pl.col("may")).select(PSEUDONYM, pl.col("level").cast(pl.Int64))


def next_contact(
    chosen: pl.DataFrame, calendar: pl.DataFrame, slots: Slots, *, at: datetime, last: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Give each customer the next day on their weekday that is not closed: pseudonym, contact_at (UTC), position, day.

    Args:
        chosen: as `best` gives it.
        calendar: days known in advance (`predict.next_need.calendar`).
        slots: closed kinds of days, and days of rest after the last contact.
        at: the instant; the day after it is the first.
        last: pseudonym and `at` of the last contact; nobody hears from us sooner than `rest_days` after.

    Where all of the next fourteen days are taken, contact_at is null.
    """
    today = pl.Series([at]).dt.convert_time_zone(slots.zone).dt.date()[0]
    days = beside(ahead(today + timedelta(days=1), LOOK_AHEAD_DAYS), calendar)
    # A day has one position and may be of several kinds: a holiday in the weeks of a sale is a holiday.
    shut = calendar.filter(pl.col(KIND).is_in(slots.closed))
    open_days = days.filter(~pl.col("position").is_in(slots.closed)).join(shut, on=DAY, how="anti")
    open_days = open_days.with_columns(weekday=pl.col(DAY).dt.weekday().cast(pl.Int64))
    rows = chosen.select(PSEUDONYM, "hour", "weekday").join(open_days, on="weekday", how="left")
    if last is not None:
        latest = last.group_by(PSEUDONYM).agg(
            resting=pl.col("at").max().dt.convert_time_zone(slots.zone).dt.date().dt.offset_by(f"{slots.rest_days}d")
        )
        rows = rows.join(latest, on=PSEUDONYM, how="left")
        rows = rows.filter(pl.col("resting").is_null() | (pl.col(DAY) >= pl.col("resting")))
    first = rows.sort(PSEUDONYM, DAY).unique(PSEUDONYM, keep="first", maintain_order=True)
    wall = pl.col(DAY).cast(pl.Datetime("us")) + pl.duration(hours="hour")
    instant = wall.dt.replace_time_zone(slots.zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone(
        "UTC"
    )
    named = first.select(PSEUDONYM, instant.alias("contact_at"), "position", DAY)
    return chosen.select(PSEUDONYM).join(named, on=PSEUDONYM, how="left").sort(PSEUDONYM)


def by_position(contacts: pl.DataFrame, calendar: pl.DataFrame, zone: str = "UTC") -> pl.DataFrame:
    """Count answers by where a day lies beside the calendar: position, sent, answered (no customer differs here)."""
    dated = contacts.with_columns(pl.col("at").dt.convert_time_zone(zone).dt.date().alias(DAY))
    placed = dated.join(beside(dated[DAY], calendar), on=DAY, how="left")
    counted = placed.group_by("position").agg(
        sent=pl.len().cast(pl.Int64), answered=pl.col("answered").sum().cast(pl.Int64)
    )
    return counted.sort("position")


def _cells(contacts: pl.DataFrame, customers: pl.DataFrame, dimension: str, wanted: Sequence[object]) -> pl.DataFrame:
    """Lay out every customer and level, in order, with what was sent and answered."""
    level = pl.DataFrame({"level": pl.Series(list(wanted))})
    counted = contacts.group_by(PSEUDONYM, pl.col(dimension).alias("level")).agg(
        sent=pl.len().cast(pl.Int64), answered=pl.col("answered").sum().cast(pl.Int64)
    )
    known = customers.select(PSEUDONYM, pl.col(SEGMENT).fill_null(_NOBODY_SAYS)).unique(PSEUDONYM)
    cells = known.join(level, how="cross").join(counted, on=[PSEUDONYM, "level"], how="left")
    return cells.with_columns(pl.col("sent", "answered").fill_null(0)).sort(PSEUDONYM, "level")


def _over(cells: pl.DataFrame, group: list[str], counts: tuple[Vector, Vector], *, prior: Vector | float) -> Vector:
    """Shrink the share of each group towards a prior, as strongly as groups differ; one value a cell."""
    sent, answered = counts
    code = cells.select(pl.struct(group).rank("dense")).to_series().to_numpy().astype(np.int64) - 1
    size = int(code.max()) + 1 if code.size else 0
    s, x = (_summed(code, values, size) for values in (sent, answered))
    means = np.full(size, prior) if isinstance(prior, float) else _summed(code, prior, size) / np.bincount(code)
    strength = _strength(x, s, means)
    return np.asarray(((x + strength * means) / (s + strength))[code], dtype=np.float64)


def _willing(cells: pl.DataFrame, answered: Vector, expected: Vector) -> Vector:
    """Say how much more than others of like contacts each customer answers: 1 is as much; one value a cell."""
    code = cells.select(pl.col(PSEUDONYM).rank("dense")).to_series().to_numpy().astype(np.int64) - 1
    size = int(code.max()) + 1 if code.size else 0
    x, e = _summed(code, answered, size), _summed(code, expected, size)

    def likelihood(a: float) -> float:
        return float(np.sum(gammaln(x + a) - gammaln(a) + a * np.log(a) - (x + a) * np.log(a + e)))

    a = max(STRENGTHS, key=likelihood)
    return np.asarray(((x + a) / (e + a))[code], dtype=np.float64)


def _summed(code: Codes, values: Vector, size: int) -> Vector:
    return np.asarray(np.bincount(code, weights=values, minlength=size), dtype=np.float64)


def _strength(answered: Vector, sent: Vector, mean: Vector) -> float:
    """Choose how many contacts the prior weighs: the beta-binomial likelihood's best of `STRENGTHS`."""

    def likelihood(k: float) -> float:
        a, b = k * mean, k * (1 - mean)
        return float(np.sum(betaln(answered + a, sent - answered + b) - betaln(a, b)))

    return max(STRENGTHS, key=likelihood)


def _vector(cells: pl.DataFrame, name: str) -> Vector:
    return np.asarray(cells[name].cast(pl.Float64).to_numpy(), dtype=np.float64)

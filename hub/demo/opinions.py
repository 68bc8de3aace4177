"""What customers answer when asked: NPS twice a year, CSAT and CES after a case, stars after an order.

Everybody has a mood of their own; trouble lowers it while it lasts, and so does a case that took long. So the answers
fall before people leave, and mean nothing by themselves.
"""

from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import Floats, flags, stream
from hub.demo.lives import Lives
from hub.demo.occasions import WINDOW_DAYS
from hub.demo.rhythm import day_of, instant_of, strain

_NPS_EVERY: Final = 182.0
_ANSWERS: Final = {"nps": 0.3, "csat": 0.4, "ces": 0.25, "stars": 0.05}
_SCALES: Final = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7), "stars": (1, 5)}
_USUAL: Final = {"nps": (8.1, 1.6), "csat": (4.3, 0.7), "ces": (5.6, 1.0), "stars": (4.3, 0.8)}
_STRAINED: Final = {"nps": -6.0, "csat": -2.0, "ces": -2.5, "stars": -2.4}
_SLOW: Final = 96.0  # hours of waiting that cost a point
_KEPT: Final = ["entity", "at", "kind", "score", "channel"]


def feedback_of(
    seed: int, lives: Lives, tickets: pl.DataFrame, orders: pl.DataFrame, *, until: datetime
) -> pl.DataFrame:
    """Draw the answers.

    Columns: entity, at, kind (nps, csat, ces, stars), score (whole points of the scale), channel (email, web, chat).
    """
    rng = stream(seed, "feedback")
    mood = rng.normal(0, 0.8, lives.customers.height)
    asked = pl.concat(
        [
            _twice_a_year(rng, lives),
            *(_after_cases(rng, tickets, kind, until) for kind in ("csat", "ces")),
            _after_orders(rng, orders, until),
        ]
    )
    felt = strain(asked, lives)
    parts = [
        _scored(rng, asked.with_columns(felt=pl.Series(felt)).filter(pl.col("kind") == kind), kind, mood)
        for kind in _ANSWERS
    ]
    end = pl.lit(until).dt.cast_time_unit("us")
    given = pl.concat(parts).with_columns(at=instant_of(pl.col("day"), until)).filter(pl.col("at") < end)
    return given.select(_KEPT).sort("at", "entity", "kind")


def _twice_a_year(rng: np.random.Generator, lives: Lives) -> pl.DataFrame:
    """Ask everybody each half-year, on days of their own, while they are customers."""
    customers = lives.customers
    first = rng.uniform(0, _NPS_EVERY, customers.height)
    parts = [customers.with_columns(day=pl.Series(first + turn * _NPS_EVERY)) for turn in range(4)]
    stays = (pl.col("day") >= pl.col("joined_day")) & (pl.col("day") < pl.col("left_day").fill_null(WINDOW_DAYS))
    asked = pl.concat(parts).filter(stays)
    return _answering(rng, asked, "nps").select(
        "entity", "day", kind=pl.lit("nps"), waited=pl.lit(0.0), channel=pl.lit("email")
    )


def _after_cases(rng: np.random.Generator, tickets: pl.DataFrame, kind: str, until: datetime) -> pl.DataFrame:
    """Ask some time after a case was closed; how long it took is remembered."""
    closed = tickets.filter(pl.col("resolved_at").is_not_null()).select(
        "entity",
        day=day_of(pl.col("resolved_at"), until) + 0.5,
        kind=pl.lit(kind),
        waited=(pl.col("resolved_at") - pl.col("at")).dt.total_seconds() / 3600,
        channel=pl.when(pl.col("channel") == "chat").then(pl.lit("chat")).otherwise(pl.lit("email")),
    )
    return _answering(rng, closed, kind)


def _after_orders(rng: np.random.Generator, orders: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """Let a few rate what came, on the web."""
    came = orders.filter(pl.col("status") != "cancelled").select(
        "entity",
        day=day_of(pl.col("delivered_at"), until) + 2,
        kind=pl.lit("stars"),
        waited=((pl.col("delivered_at") - pl.col("promised_at")).dt.total_seconds() / 3600).clip(lower_bound=0),
        channel=pl.lit("web"),
    )
    return _answering(rng, came, "stars")


def _answering(rng: np.random.Generator, asked: pl.DataFrame, kind: str) -> pl.DataFrame:
    return asked.filter(pl.Series(flags(rng, asked.height, _ANSWERS[kind])))


def _scored(rng: np.random.Generator, asked: pl.DataFrame, kind: str, mood: Floats) -> pl.DataFrame:
    """Turn mood, trouble and waiting into whole points of a scale."""
    low, high = _SCALES[kind]
    usual, spread = _USUAL[kind]
    waited = np.clip(asked["waited"].to_numpy() / _SLOW - 0.5, 0, 2)
    points = usual + spread * (mood[asked["entity"].to_numpy()] + rng.normal(0, 0.7, asked.height))
    points += _STRAINED[kind] * asked["felt"].to_numpy() - waited
    return asked.with_columns(score=pl.Series(np.clip(np.rint(points), low, high).astype(np.int64)))

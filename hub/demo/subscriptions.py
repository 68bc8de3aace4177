"""What users subscribe to: one contract each, of a year, or of a quarter where a team is growing.

A term says when it runs out as it was agreed when it began: nothing in it tells that somebody will leave before.
"""

from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import flags, stream
from hub.demo.commerce import in_currency
from hub.demo.lives import Lives
from hub.demo.occasions import UPGRADE, WINDOW_DAYS
from hub.demo.rhythm import instant_of

MODULES: Final = ("reports", "planning", "invoicing", "integrations", "mobile")
CANCELS_SHARE: Final = 0.45  # departing subscribers who hand in their notice; the others just let it end
_PLANS: Final = pl.DataFrame(
    {"tier": [0, 1, 2], "plan": ["basic", "plus", "premium"], "seat_limit": [5, 20, 100], "price": [1900, 5900, 14900]}
)
_YEAR: Final = 365.0
_QUARTER: Final = 91.0
_JUST_UPGRADES: Final = 0.05  # users who upgrade without anything that came up
_KEPT: Final = ["entity", "joined_day", "left_day", "modules", "fill", "term", "tier", "step", "day", "kind"]


def subscriptions_of(seed: int, people: pl.DataFrame, lives: Lives, *, until: datetime) -> pl.DataFrame:
    """Draw the changes of each user's one subscription.

    Columns: entity, at, kind, plan, seats, seat_limit, modules, ends_at, monthly_amount_minor, currency.
    """
    rng = stream(seed, "subscriptions")
    users = lives.customers.filter(pl.col("user")).select("entity", "joined_day", "left_day", "cause")
    count = users.height
    users = users.with_columns(
        tier=pl.Series(rng.choice(3, size=count, p=[0.5, 0.35, 0.15])),
        modules=pl.Series(_modules(rng, count)),
        notice=pl.Series(flags(rng, count, CANCELS_SHARE)),
        fill=pl.Series(rng.uniform(0.2, 0.8, count)),
        ahead=pl.Series(rng.uniform(1, 25, count)),
        grows=pl.Series(flags(rng, count, _JUST_UPGRADES)),
        turn=pl.Series(rng.uniform(0, WINDOW_DAYS, count)),
    )
    users = users.join(lives.occasions.growth, on="entity", how="left", maintain_order="left").with_columns(
        term=pl.when(pl.col("limit_day").is_null()).then(_YEAR).otherwise(_QUARTER)
    )
    changes = [_started(users), _renewed(users), _upgraded(users, lives), _downgraded(users, lives), _closed(users)]
    return _written(pl.concat(changes), users, people, until)


def _written(changes: pl.DataFrame, users: pl.DataFrame, people: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """Follow plan and seats through the changes of each customer."""
    inside = (pl.col("day") < WINDOW_DAYS) & (pl.col("day") >= pl.col("joined_day"))
    changes = changes.filter(inside).sort("entity", "day", maintain_order=True)
    changes = changes.with_columns(
        tier=(pl.col("tier") + pl.col("step").cum_sum().over("entity")).clip(0, 2),
        ends=pl.when(pl.col("kind") == "cancelled")
        .then("left_day")
        .when(pl.col("kind") == "ended")
        .then("day")
        .otherwise(pl.col("day") + pl.col("term")),
    )
    growth = users.select("entity", "start_day", "limit_day", "first")
    frame = changes.join(_PLANS, on="tier").join(growth, on="entity", how="left").with_columns(seats=_seats())
    frame = frame.with_columns(
        at=instant_of(pl.col("day"), until),
        ends_at=instant_of(pl.col("ends"), until),
        euros=pl.col("price") / 100,
    )
    kept = ["entity", "at", "kind", "plan", "seats", "seat_limit", "modules", "ends_at", "euros"]
    return in_currency(frame.select(kept), people, amount="monthly_amount_minor").sort("at", "entity", "kind")


def _seats() -> pl.Expr:
    """Count seats in use: a steady share, or a growing one, which an upgrade gives room again."""
    grown = (pl.col("day") - pl.col("start_day")) / (pl.col("limit_day") - pl.col("start_day"))
    share = pl.col("first") + (1 - pl.col("first")) * grown.clip(0, 1)
    roomy = pl.when(pl.col("step").cum_sum().over("entity") > 0).then(0.35).otherwise(pl.coalesce(share, "fill"))
    return (roomy * pl.col("seat_limit")).ceil().cast(pl.Int64)


def _at(users: pl.DataFrame, day: pl.Expr, kind: str, *, step: int = 0) -> pl.DataFrame:
    return users.with_columns(day=day.cast(pl.Float64), kind=pl.lit(kind), step=pl.lit(step)).select(_KEPT)


def _started(users: pl.DataFrame) -> pl.DataFrame:
    """Start with the customer; the system keeps what began before the window, too."""
    return _at(users, pl.col("joined_day"), "started")


def _renewed(users: pl.DataFrame) -> pl.DataFrame:
    """Renew at the end of each term inside the window while the customer stays."""
    stays = pl.col("left_day").fill_null(WINDOW_DAYS)
    first = (-pl.col("joined_day") / pl.col("term")).ceil().clip(1)
    terms = int(np.ceil(WINDOW_DAYS / _QUARTER)) + 1
    parts = [
        _at(users.filter(day < stays), day, "renewed")
        for day in (pl.col("joined_day") + pl.col("term") * (first + number) for number in range(terms))
    ]
    return pl.concat(parts)


def _upgraded(users: pl.DataFrame, lives: Lives) -> pl.DataFrame:
    """Upgrade because of what came up (one at most), and now and then without."""
    stays = (pl.col("turn") < pl.col("left_day").fill_null(WINDOW_DAYS)) & pl.col("cause").is_null()
    led = lives.occasions.needs.filter((pl.col("product") == UPGRADE) & pl.col("bought_day").is_not_null())
    led = led.group_by("entity", maintain_order=True).agg(pl.col("bought_day").min())
    planted = users.join(led, on="entity")
    alone = users.filter(pl.col("grows") & stays).join(led, on="entity", how="anti")
    return pl.concat(
        [
            _at(planted, pl.col("bought_day"), "upgraded", step=1),
            _at(alone, pl.col("turn"), "upgraded", step=1),
        ]
    )


def _downgraded(users: pl.DataFrame, lives: Lives) -> pl.DataFrame:
    """Downgrade in the middle of two thirds of the price episodes."""
    price = lives.episodes.filter((pl.col("cause") == "price") & (pl.col("depth") > 0.867))  # noqa: PLR2004 - two thirds
    middle = price.select("entity", middle=(pl.col("start_day") + pl.col("end_day")) / 2)
    hit = users.join(middle, on="entity").filter(pl.col("middle") < pl.col("left_day").fill_null(WINDOW_DAYS))
    return _at(hit, pl.col("middle"), "downgraded", step=-1)


def _closed(users: pl.DataFrame) -> pl.DataFrame:
    left = users.filter(pl.col("left_day").is_not_null())
    notice = _at(left.filter(pl.col("notice")), pl.col("left_day") - pl.col("ahead"), "cancelled")
    return pl.concat([notice, _at(left, pl.col("left_day"), "ended")])


def _modules(rng: np.random.Generator, count: int) -> list[str]:
    """Book one to five modules, as a semicolon list."""
    choices = [";".join(MODULES[:size]) for size in range(1, len(MODULES) + 1)]
    return [choices[pick] for pick in rng.choice(len(choices), size=count, p=[0.3, 0.3, 0.2, 0.1, 0.1])]

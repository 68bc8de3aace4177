"""What customers buy and subscribe to: ERP orders and product subscriptions."""

from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import flags, stream
from hub.demo.lives import WINDOW_DAYS, Lives
from hub.demo.pools import CURRENCIES
from hub.demo.rhythm import drawn_instants, inside, instant_of, rates

MODULES: Final = ("reports", "planning", "invoicing", "integrations", "mobile")
_PLANS: Final = pl.DataFrame(
    {"tier": [0, 1, 2], "plan": ["basic", "plus", "premium"], "seat_limit": [5, 20, 100], "price": [1900, 5900, 14900]}
)
_RATES: Final = {"NOK": 10.0, "SEK": 10.0, "EUR": 1.0, "GBP": 0.9}  # price level beside the euro
CANCELS_SHARE: Final = 0.45  # departing subscribers who hand in their notice; the others just let it end


def orders_of(seed: int, people: pl.DataFrame, lives: Lives, *, until: datetime) -> pl.DataFrame:
    """Draw the orders.

    Columns: entity, at, status (placed, cancelled, returned), amount_minor, currency, item_count, channel, promised_at,
    delivered_at. During `late_deliveries` three deliveries in four are 4-20 days late and returns rise.
    """
    rng = stream(seed, "orders")
    customers = lives.customers
    base = (customers["order_rate"] * customers["shopper"]).to_numpy()
    events = drawn_instants(rng, lives, rates(lives, "orders", base=base, until=until), until)
    count = events.height
    late = inside(events, lives, "late_deliveries")
    delay = np.where(
        (late & flags(rng, count, 0.75)) | flags(rng, count, 0.04), rng.uniform(4, 20, count), rng.uniform(-1, 1, count)
    )
    returned = rng.random(count) < np.where(late, 0.14, 0.04)
    status = np.where(flags(rng, count, 0.03), "cancelled", np.where(returned, "returned", "placed"))
    items = 1 + rng.poisson(1.4, count)
    euros = items * rng.lognormal(np.log(32), 0.7, count) * np.where(inside(events, lives, "price"), 0.7, 1.0)
    frame = events.with_columns(
        status=pl.Series(status),
        item_count=pl.Series(items),
        channel=pl.Series(rng.choice(["web", "shop", "phone"], size=count, p=[0.78, 0.15, 0.07])),
        euros=pl.Series(euros),
        promised_at=pl.col("at") + pl.duration(days=4),
        delivered_at=pl.col("at") + pl.duration(seconds=pl.lit(pl.Series(((4 + delay) * 86_400).astype(np.int64)))),
    )
    return _in_currency(frame, people, amount="amount_minor").drop("day")


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
        fill=pl.Series(rng.uniform(0.2, 1.0, count)),
        ahead=pl.Series(rng.uniform(1, 25, count)),
        grows=pl.Series(flags(rng, count, 0.15)),
        turn=pl.Series(rng.uniform(0, WINDOW_DAYS, count)),
    )
    changes = pl.concat([_started(users), _renewed(users), _upgraded(users), _downgraded(users, lives), _closed(users)])
    changes = changes.filter((pl.col("day") < WINDOW_DAYS) & (pl.col("day") >= pl.col("joined_day")))
    frame = changes.join(_PLANS, on="tier").with_columns(
        at=instant_of(pl.col("day"), until),
        ends_at=instant_of(pl.min_horizontal(pl.col("day") + 365, "left_day"), until),
        seats=(pl.col("fill") * pl.col("seat_limit")).ceil().cast(pl.Int64),
        euros=pl.col("price") / 100,
    )
    kept = ["entity", "at", "kind", "plan", "seats", "seat_limit", "modules", "ends_at", "euros"]
    return _in_currency(frame.select(kept), people, amount="monthly_amount_minor").sort("at", "entity", "kind")


_KEPT: Final = ["entity", "joined_day", "left_day", "modules", "fill", "tier", "day", "kind"]


def _at(users: pl.DataFrame, day: pl.Expr, kind: str, *, step: int = 0) -> pl.DataFrame:
    tier = pl.min_horizontal(pl.max_horizontal(pl.col("tier") + step, pl.lit(0)), pl.lit(2)).cast(pl.Int64)
    return users.with_columns(tier, day=day.cast(pl.Float64), kind=pl.lit(kind)).select(_KEPT)


def _started(users: pl.DataFrame) -> pl.DataFrame:
    """Start with the customer; the system keeps what began before the window, too."""
    return _at(users, pl.col("joined_day"), "started")


def _renewed(users: pl.DataFrame) -> pl.DataFrame:
    """Renew on each anniversary inside the window while the customer stays."""
    stays = pl.col("left_day").fill_null(WINDOW_DAYS)
    first = (-pl.col("joined_day") / 365).ceil().clip(1)
    parts = [
        _at(users.filter(day < stays), day, "renewed")
        for day in (pl.col("joined_day") + 365 * (first + year) for year in range(3))
    ]
    return pl.concat(parts)


def _upgraded(users: pl.DataFrame) -> pl.DataFrame:
    stays = (pl.col("turn") < pl.col("left_day").fill_null(WINDOW_DAYS)) & pl.col("cause").is_null()
    return _at(users.filter(pl.col("grows") & stays), pl.col("turn"), "upgraded", step=1)


def _downgraded(users: pl.DataFrame, lives: Lives) -> pl.DataFrame:
    """Downgrade in the middle of two thirds of the price episodes."""
    price = lives.episodes.filter((pl.col("cause") == "price") & (pl.col("depth") > 0.73))  # noqa: PLR2004 - two thirds
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


def _in_currency(frame: pl.DataFrame, people: pl.DataFrame, *, amount: str) -> pl.DataFrame:
    """Turn `euros` into minor units of the currency of the customer's country."""
    currency = pl.col("country").replace_strict(CURRENCIES)
    level = pl.col("currency").replace_strict(_RATES)
    joined = frame.join(people.select("entity", "country"), on="entity", how="left", maintain_order="left")
    joined = joined.with_columns(currency=currency)
    return joined.with_columns((pl.col("euros") * level * 100).round().cast(pl.Int64).alias(amount)).drop(
        "euros", "country"
    )

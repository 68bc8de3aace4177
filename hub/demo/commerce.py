"""What customers buy: ERP orders, by habit, and because of what came up."""

from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import flags, stream
from hub.demo.lives import Lives
from hub.demo.occasions import CAPACITY, MAINTENANCE
from hub.demo.pools import CURRENCIES
from hub.demo.rhythm import drawn_instants, inside, instant_of, rates

_RATES: Final = {"NOK": 10.0, "SEK": 10.0, "EUR": 1.0, "GBP": 0.9}  # price level beside the euro
_SPECIAL: Final = {MAINTENANCE: 480.0, CAPACITY: 260.0}  # median price in euros of what an occasion leads to


def orders_of(seed: int, people: pl.DataFrame, lives: Lives, *, until: datetime) -> pl.DataFrame:
    """Draw the orders.

    Columns: entity, at, status (placed, cancelled, returned), amount_minor, currency, item_count, channel, promised_at,
    delivered_at, article (what an occasion led to; null: by habit). During `late_deliveries` three deliveries in four
    are 4-20 days late and returns rise.
    """
    rng = stream(seed, "orders")
    customers = lives.customers
    base = (customers["order_rate"] * customers["shopper"]).to_numpy()
    events = drawn_instants(rng, lives, rates(lives, "orders", base=base, until=until), until)
    events = pl.concat([events, _occasional(lives, until)], how="diagonal").sort("at", "entity")
    count = events.height
    late = inside(events, lives, "late_deliveries")
    delay = np.where(
        (late & flags(rng, count, 0.75)) | flags(rng, count, 0.04), rng.uniform(4, 20, count), rng.uniform(-1, 1, count)
    )
    returned = rng.random(count) < np.where(late, 0.14, 0.04)
    status = np.where(flags(rng, count, 0.03), "cancelled", np.where(returned, "returned", "placed"))
    led = events["article"].is_not_null().to_numpy()
    status = np.where(led, "placed", status)
    items = np.where(led, 1, 1 + rng.poisson(1.4, count))
    euros = items * rng.lognormal(np.log(32), 0.7, count) * np.where(inside(events, lives, "price"), 0.7, 1.0)
    special = events["article"].replace_strict(_SPECIAL, default=1.0, return_dtype=pl.Float64).to_numpy()
    euros = np.where(led, special * rng.lognormal(0, 0.3, count), euros)
    frame = events.with_columns(
        status=pl.Series(status),
        item_count=pl.Series(items),
        channel=pl.Series(rng.choice(["web", "shop", "phone"], size=count, p=[0.78, 0.15, 0.07])),
        euros=pl.Series(euros),
        promised_at=pl.col("at") + pl.duration(days=4),
        delivered_at=pl.col("at") + pl.duration(seconds=pl.lit(pl.Series(((4 + delay) * 86_400).astype(np.int64)))),
    )
    return in_currency(frame, people, amount="amount_minor").drop("day")


def _occasional(lives: Lives, until: datetime) -> pl.DataFrame:
    """Return the purchases of articles that an occasion led to."""
    needs = lives.occasions.needs.filter(pl.col("bought_day").is_not_null() & pl.col("product").is_in(list(_SPECIAL)))
    bought = needs.select("entity", day="bought_day", article="product")
    return bought.with_columns(at=instant_of(pl.col("day"), until))


def in_currency(frame: pl.DataFrame, people: pl.DataFrame, *, amount: str) -> pl.DataFrame:
    """Turn `euros` into minor units of the currency of the customer's country."""
    currency = pl.col("country").replace_strict(CURRENCIES)
    level = pl.col("currency").replace_strict(_RATES)
    joined = frame.join(people.select("entity", "country"), on="entity", how="left", maintain_order="left")
    joined = joined.with_columns(currency=currency)
    return joined.with_columns((pl.col("euros") * level * 100).round().cast(pl.Int64).alias(amount)).drop(
        "euros", "country"
    )

"""What is in the orders and when they are paid: order lines and invoices.

Everybody has a few favourite products, drawn by popularity: most lines are one of these, so that a customer's own
frequency is hard to beat, as it is in life.
"""

from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import Floats, Ints, flags, ranked, stream
from hub.demo.lives import Lives
from hub.demo.rhythm import day_of, inside

PRODUCTS: Final = 60
FAVOURITES: Final = 5
CATEGORIES: Final = ("paper", "ink", "desk", "kitchen", "cleaning", "tools", "safety", "light")
SERVICES: Final = "services"  # the category of what occasions lead to
_OWN: Final = 0.8  # lines that are one of the customer's favourites
_DUE_DAYS: Final = 14
_PAYS_LATE: Final = 0.06  # customers who always do
_DAY: Final = 86_400


def lines_of(seed: int, orders: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Draw the lines of all orders but cancelled ones; those of returned orders have pieces and amounts below zero.

    Columns: order (row of `orders`), line (from 1), entity, at, product, category, quantity, amount_minor, currency.
    """
    rng = stream(seed, "order lines")
    kept = orders.with_row_index("order").filter(pl.col("status") != "cancelled")
    items = kept["item_count"].to_numpy()
    lines = 1 + rng.binomial(np.minimum(items, 4) - 1, 0.45)
    order = np.repeat(np.arange(kept.height), lines)
    line = np.arange(len(order)) - np.repeat(np.cumsum(lines) - lines, lines)
    quantity = np.where(line == 0, (items - lines + 1)[order], 1)
    product = _products(rng, kept["entity"].to_numpy()[order], people.height)
    article = kept["article"].gather(pl.Series(order))
    services = article.replace_strict({}, default=SERVICES, return_dtype=pl.String).set(article.is_null(), None)
    sign = np.where((kept["status"] == "returned").to_numpy(), -1, 1)[order]
    amount = kept["amount_minor"].to_numpy()[order] * quantity // items[order]
    rest = kept["amount_minor"].to_numpy() - np.bincount(order, weights=amount, minlength=kept.height).astype(np.int64)
    amount = amount + np.where(line == 0, rest[order], 0)
    return pl.concat(
        [
            kept.select("order", "entity", "at", "currency")[pl.Series(order)],
            pl.DataFrame(
                {
                    "line": line + 1,
                    "product": _either(article, product_codes(product)),
                    "category": _either(services, pl.Series(CATEGORIES).gather(pl.Series(product % len(CATEGORIES)))),
                    "quantity": sign * quantity,
                    "amount_minor": sign * amount,
                }
            ),
        ],
        how="horizontal",
    )


def payments_of(seed: int, orders: pl.DataFrame, lives: Lives, *, until: datetime) -> pl.DataFrame:
    """Draw the invoice of each order that was placed.

    Columns: order (row of `orders`), entity, at, due_at, paid_at (null: still open), amount_minor, currency. Most pay
    up to five days early, some always a fortnight late; trouble over the price or with a rival costs up to a month.
    """
    rng = stream(seed, "payments")
    placed = orders.with_row_index("order").filter(pl.col("status") == "placed")
    placed = placed.with_columns(day=day_of(pl.col("at"), until))
    count = placed.height
    entity = placed["entity"].to_numpy()
    habit = flags(rng, lives.customers.height, _PAYS_LATE)[entity]
    slow = inside(placed, lives, "price") | inside(placed, lives, "fewer_orders")
    delay = rng.uniform(-5, 1.5, count) + np.where(habit, rng.uniform(5, 20, count), 0.0)
    delay += np.where(slow, rng.uniform(3, 30, count), 0.0)
    due = pl.col("at") + pl.duration(days=_DUE_DAYS)
    paid = due + pl.duration(seconds=pl.lit(_seconds(delay)))
    end = pl.lit(until).dt.cast_time_unit("us")
    return placed.select(
        "order",
        "entity",
        "at",
        "amount_minor",
        "currency",
        due_at=due,
        paid_at=pl.when(paid < end).then(paid),
    )


def product_codes(product: Ints) -> pl.Series:
    """Write product numbers as article numbers."""
    return "P" + pl.Series(product + 100).cast(pl.String)


def _either(first: pl.Series, second: pl.Series) -> pl.Series:
    """Take the first where there is one."""
    return first.zip_with(first.is_not_null(), second)


def _products(rng: np.random.Generator, entity: Ints, people: int) -> Ints:
    """Choose a product for each line: mostly one of the buyer's favourites, the first of them most often."""
    count = len(entity)
    favourites = ranked(rng, PRODUCTS, people * FAVOURITES).reshape(people, FAVOURITES)
    pick = np.minimum(rng.geometric(0.4, count) - 1, FAVOURITES - 1)
    return np.where(flags(rng, count, _OWN), favourites[entity, pick], ranked(rng, PRODUCTS, count))


def _seconds(days: Floats) -> pl.Series:
    return pl.Series((days * _DAY).astype(np.int64))

"""What users do in the product, and what becomes of the newsletter's messages."""

from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import flags, stream
from hub.demo.lives import Lives
from hub.demo.occasions import WINDOW_DAYS
from hub.demo.rhythm import drawn_instants, instant_of, rates

FEATURES: Final = ("overview", "search", "report", "export", "plan", "invoice", "integration", "approval")
_ERRORS: Final = ("timeout", "validation", "permission", "crash")
_KINDS: Final = {"login": 0.48, "feature": 0.36, "session": 0.13, "error": 0.03}
CAMPAIGNS: Final = 24  # one a month


def usage_of(seed: int, lives: Lives, *, until: datetime) -> pl.DataFrame:
    """Draw the product events.

    Columns: entity, at, kind (login, feature, session, error), feature, count, seconds, error_type, severity.
    """
    rng = stream(seed, "usage")
    customers = lives.customers
    base = (customers["login_rate"] * customers["user"]).to_numpy()
    events = drawn_instants(rng, lives, rates(lives, "logins", base=base, until=until), until)
    failed = _burst(stream(seed, "error bursts"), lives, until)
    count = events.height
    kind = pl.Series("kind", rng.choice(list(_KINDS), size=count, p=list(_KINDS.values())))
    feature = pl.Series(FEATURES).gather(pl.Series(np.minimum(rng.geometric(0.35, count) - 1, len(FEATURES) - 1)))
    used, spent, broke = pl.col("kind") == "feature", pl.col("kind") == "session", pl.col("kind") == "error"
    everyday = events.select(
        "entity",
        "at",
        kind,
        feature=pl.when(kind == "feature").then(feature),
        count=pl.Series(1 + rng.poisson(1.5, count)),
        seconds=pl.Series(rng.lognormal(6.2, 0.9, count).astype(np.int64)),
        error_type=pl.Series(rng.choice(_ERRORS, size=count, p=[0.4, 0.35, 0.15, 0.1])),
        severity=pl.Series(rng.choice(["low", "medium", "high"], size=count, p=[0.6, 0.3, 0.1])),
    ).with_columns(
        pl.when(used).then("count").otherwise(1),
        pl.when(spent).then("seconds"),
        pl.when(broke).then("error_type"),
        pl.when(broke).then("severity"),
    )
    return pl.concat([everyday, failed], how="diagonal_relaxed").sort("at", "entity", maintain_order=True)


def _burst(rng: np.random.Generator, lives: Lives, until: datetime) -> pl.DataFrame:
    """Draw the errors of bursts: four to nine within ten days, while the customer is one."""
    bursts = lives.occasions.bursts
    row = np.repeat(np.arange(bursts.height), rng.integers(4, 10, bursts.height))
    count = len(row)
    errors = bursts[pl.Series(row)].with_columns(day=pl.col("day") + pl.lit(pl.Series(rng.uniform(0, 10, count))))
    errors = errors.with_columns(
        kind=pl.lit("error"),
        count=pl.lit(1),
        error_type=pl.Series(rng.choice(_ERRORS, size=count), dtype=pl.String),
        severity=pl.Series(rng.choice(["low", "medium", "high"], size=count, p=[0.3, 0.4, 0.3]), dtype=pl.String),
    )
    left = lives.customers.select("entity", end=pl.col("left_day").fill_null(WINDOW_DAYS))
    inside = errors.join(left, on="entity", how="left", maintain_order="left").filter(pl.col("day") < pl.col("end"))
    return inside.with_columns(at=instant_of(pl.col("day"), until)).drop("day", "end")


def contacts_of(seed: int, subscribers: pl.DataFrame, lives: Lives, *, until: datetime) -> pl.DataFrame:
    """Draw what became of each month's newsletter.

    `subscribers`: entity, subscriber (key), from_day, to_day (null: still subscribed).
    Columns: subscriber, at, campaign, kind, variant.
    Interest falls during episodes as it does elsewhere; people who left open next to nothing.
    """
    rng = stream(seed, "contacts")
    opens = rates(lives, "opens", base=lives.customers["open_rate"].to_numpy(), until=until)
    days = np.linspace(10, WINDOW_DAYS - 12, CAMPAIGNS)
    campaigns = pl.DataFrame({"campaign": [f"news-{n + 1:02d}" for n in range(CAMPAIGNS)], "sent_day": days})
    on_list = (pl.col("from_day") <= pl.col("sent_day")) & (
        pl.col("to_day").fill_null(WINDOW_DAYS) > pl.col("sent_day")
    )
    sent = subscribers.join(campaigns, how="cross").filter(on_list)
    sent = sent.join(lives.customers.select("entity", "left_day"), on="entity", how="left", maintain_order="left")
    count = sent.height
    row = lives.customers["entity"].search_sorted(sent["entity"]).to_numpy()
    chance = opens[row, (sent["sent_day"].to_numpy() // 7).astype(np.int64)]
    chance *= np.where((sent["left_day"].fill_null(WINDOW_DAYS) < sent["sent_day"]).to_numpy(), 0.15, 1.0)
    bounced, opened = flags(rng, count, 0.015), rng.random(count) < chance
    reach = pl.DataFrame({"bounced": bounced, "opened": opened & ~bounced, "clicked": opened & flags(rng, count, 0.25)})
    sent = pl.concat([sent, reach], how="horizontal").with_columns(
        variant=pl.Series(rng.choice(["a", "b"], size=count)),
        delay=pl.Series(rng.exponential(0.4, count).clip(0.01, 6)),
    )
    return _steps(sent).with_columns(at=instant_of(pl.col("day"), until)).drop("day").sort("at", "subscriber", "kind")


def _steps(sent: pl.DataFrame) -> pl.DataFrame:
    """Write one row per step of each message; a click implies that it was opened."""
    day, delay = pl.col("sent_day"), pl.col("delay")
    reached = ~pl.col("bounced")
    clicked = pl.col("clicked") & pl.col("opened")
    steps = [
        ("sent", pl.lit(value=True), day),
        ("bounced", pl.col("bounced"), day + 0.01),
        ("delivered", reached, day + 0.01),
        ("opened", pl.col("opened"), day + 0.02 + delay),
        ("clicked", clicked, day + 0.03 + delay),
    ]
    parts = [
        sent.filter(happened).select("subscriber", "campaign", "variant", kind=pl.lit(kind), day=at)
        for kind, happened, at in steps
    ]
    gone = (
        sent.filter(pl.col("to_day").is_not_null())
        .group_by("subscriber")
        .agg(pl.col("campaign", "variant", "to_day").sort_by("sent_day").last())
    )
    left = gone.select("subscriber", "campaign", "variant", kind=pl.lit("unsubscribed"), day="to_day")
    return pl.concat([*parts, left])

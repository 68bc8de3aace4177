"""A company that was lived once: who is who, what everybody did and why. The truth; `hub.demo.company` exports it.

A function of what it is made from. 5,000 people take 1.2 s on two cores; nothing is written.
"""

from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from hub.demo.canary import Canary
from hub.demo.chance import stream
from hub.demo.commerce import orders_of
from hub.demo.endings import outcomes_of
from hub.demo.journeys import journeys_of, projects_of
from hub.demo.lives import Lives, churn_of, lives_of
from hub.demo.machines import Machines, machines_of
from hub.demo.membership import membership_of
from hub.demo.opinions import feedback_of
from hub.demo.organisations import organisations_of
from hub.demo.people import people_of
from hub.demo.planted import AS_IN_THE_DEMO, Planted
from hub.demo.pools import SHARES, pool_of
from hub.demo.purchases import lines_of, payments_of
from hub.demo.rhythm import instant_of
from hub.demo.subscriptions import subscriptions_of
from hub.demo.systems import organisation_keys
from hub.demo.tickets import tickets_of
from hub.demo.usage import usage_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What a company is made from: the last event lies before `until` (aware), the first at most 730 days earlier."""

    seed: int
    people: int = 5_000
    organisations: int = 300
    until: datetime
    planted: Planted = field(default=AS_IN_THE_DEMO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What really is, for tests alone.

    entities: source, kind (person, organisation), key, entity: the true customer behind each record.
    churn: entity, left_at, cause, warned_at (null for `sudden`), lead_days; only who left before `until`.
    lives: traits, episodes (also those that healed) and pauses. people, organisations: the true attributes.
    orders, usage, tickets, subscriptions: the events by entity, typed, `at` in UTC; tickets with their `tone`.
    needs: what came up (entity, trigger, at), product and bought_at (null: nothing bought).
    lines, payments: what belongs to `orders`, by row. journeys, projects, outcomes, feedback: by entity. machines: of
    organisations, with their failures.
    """

    entities: pl.DataFrame
    churn: pl.DataFrame
    lives: Lives
    people: pl.DataFrame
    organisations: pl.DataFrame
    orders: pl.DataFrame
    usage: pl.DataFrame
    tickets: pl.DataFrame
    subscriptions: pl.DataFrame
    needs: pl.DataFrame
    lines: pl.DataFrame
    payments: pl.DataFrame
    journeys: pl.DataFrame
    projects: pl.DataFrame
    outcomes: pl.DataFrame
    feedback: pl.DataFrame
    machines: Machines


def live(making: Making, canary: Canary | None = None) -> Truth:
    """Let everybody live."""
    seed, until, canary = making.seed, making.until, canary or Canary(None)
    pools = {country: pool_of(country, stream(seed, f"pool {country}")) for country in SHARES}
    firms = organisations_of(seed, making.organisations, pools=pools, until=until)
    everybody = people_of(seed, making.people, organisations=firms, pools=pools, until=until)
    lives = lives_of(seed, everybody, making.planted)
    tickets = tickets_of(seed, canary.mark_people(everybody), lives, until=until)
    orders = orders_of(seed, everybody, lives, until=until)
    return Truth(
        entities=_entities(membership_of(seed, lives, tickets), organisation_keys(seed, firms)),
        churn=_churn(lives, until),
        lives=lives,
        people=everybody,
        organisations=firms,
        orders=orders,
        usage=usage_of(seed, lives, until=until),
        tickets=canary.mark_field(tickets, "text", "support"),
        subscriptions=subscriptions_of(seed, everybody, lives, until=until),
        needs=_needs(lives, until),
        lines=lines_of(seed, orders, everybody),
        payments=payments_of(seed, orders, lives, until=until),
        journeys=journeys_of(seed, orders, until=until),
        projects=projects_of(lives, until=until),
        outcomes=outcomes_of(seed, lives, until=until),
        feedback=feedback_of(seed, lives, tickets, orders, until=until),
        machines=machines_of(seed, firms["organisation"], until=until, announced=making.planted.wear),
    )


def _entities(known: dict[str, pl.DataFrame], firm_keys: pl.DataFrame) -> pl.DataFrame:
    """List the true customer of every record."""
    parts = [
        records.select(source=pl.lit(source), kind=pl.lit("person"), key="key", entity="entity")
        for source, records in known.items()
    ]
    firms = firm_keys.select(source=pl.lit("crm"), kind=pl.lit("organisation"), key="key", entity="organisation")
    return pl.concat([*parts, firms])


def _churn(lives: Lives, until: datetime) -> pl.DataFrame:
    """Put departures on the calendar."""
    return churn_of(lives).select(
        "entity",
        "cause",
        "lead_days",
        left_at=instant_of(pl.col("left_day"), until),
        warned_at=instant_of(pl.col("warned_day"), until),
    )


def _needs(lives: Lives, until: datetime) -> pl.DataFrame:
    """Put what came up on the calendar."""
    return lives.occasions.needs.select(
        "entity",
        "trigger",
        "product",
        at=instant_of(pl.col("day"), until),
        bought_at=instant_of(pl.col("bought_day"), until),
    )

"""Which system knows whom, under which keys; some people are there twice.

Keys are dealt in random order: nothing about a person can be read from a key, and no key is the same in two systems.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from hub.demo.chance import Flags, flags, stream
from hub.demo.lives import Lives


@dataclass(frozen=True, slots=True)
class System:
    """One source system: how its keys look and how many people it holds twice."""

    name: str
    prefix: str
    first: int
    twice: float


CRM: Final = System("crm", "K-", 100_001, 0.04)
ERP: Final = System("erp", "", 2_000_001, 0.03)
SUPPORT: Final = System("support", "R-", 500_001, 0.05)
NEWSLETTER: Final = System("newsletter", "N", 700_001, 0.015)
SYSTEMS: Final = tuple(system.name for system in (CRM, ERP, SUPPORT, NEWSLETTER))
UNKNOWN_SHARE: Final = 0.004  # events whose key no system knows: deleted customers, test accounts


def membership_of(seed: int, lives: Lives, tickets: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Deal the keys: per system a frame `entity, key` sorted by entity, one row per record."""
    rng = stream(seed, "membership")
    customers = lives.customers
    count = customers.height
    user, shopper = customers["user"].to_numpy(), customers["shopper"].to_numpy()
    wrote = customers["entity"].is_in(tickets["entity"].unique().implode()).to_numpy()
    needs = lives.occasions.needs.filter(pl.col("bought_day").is_not_null())
    bought = customers["entity"].is_in(needs["entity"].unique().implode()).to_numpy()
    known: list[tuple[System, Flags]] = [
        (CRM, user | flags(rng, count, 0.55)),
        (ERP, shopper | flags(rng, count, 0.05) | bought),
        (SUPPORT, wrote | flags(rng, count, 0.01)),
        (NEWSLETTER, flags(rng, count, 0.55)),
    ]
    return {system.name: _dealt(rng, system, customers["entity"].filter(pl.Series(who))) for system, who in known}


def keyed(
    rng: np.random.Generator, events: pl.DataFrame, records: pl.DataFrame, *, stray: str | None = None
) -> pl.DataFrame:
    """Replace `entity` of events by `key`: any of the records the system has of the person.

    `stray` is the prefix of keys that no system knows: a few events get one. None: no such events.
    """
    held = records.group_by("entity", maintain_order=True).agg("key")
    joined = events.join(held, on="entity", how="left", maintain_order="left")
    which = pl.Series((rng.random(joined.height) * joined["key"].list.len().to_numpy()).astype(np.int64))
    joined = joined.with_columns(pl.col("key").list.get(pl.lit(which)))
    if stray is not None:
        unknown = pl.Series(flags(rng, joined.height, UNKNOWN_SHARE))
        number = pl.Series(rng.integers(9_000_000, 9_000_400, joined.height)).cast(pl.String)
        key = pl.when(unknown).then(pl.lit(stray) + pl.lit(number)).otherwise("key")
        joined = joined.with_columns(key=key)
    return joined.drop("entity")


def _dealt(rng: np.random.Generator, system: System, entities: pl.Series) -> pl.DataFrame:
    """Give each person one key, a few two."""
    again = entities.filter(pl.Series(flags(rng, len(entities), system.twice)))
    everybody = pl.concat([entities, again])
    numbers = pl.Series(system.first + rng.permutation(len(everybody))).cast(pl.String)
    return pl.DataFrame({"entity": everybody, "key": system.prefix + numbers}).sort("entity", "key")

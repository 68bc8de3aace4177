"""A home for benchmarks of kept views: people who may be read, one order each, and a view of twenty features."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from hub.authentication import Scope, acting_principal, add
from hub.clock import now
from hub.compose import Hub, open_hub
from hub.home import make_home
from hub.lake import catalogue
from hub.lake.append import append
from hub.settings import Settings
from hub.views.registry import approve, submit
from hub.views.spec import LANGUAGES
from ingest.canonical.catalogue import lake_table_of
from privacy.instant import microseconds_of
from privacy.store.principal import Principal
from privacy.terms import BatchId, Role, random_id, random_ids
from tests.benchmarks.named import declare, name_people
from tests.view_builders import WITHOUT_CHECK

AT: Final = now()  # a server process has the wall's clock
AS_OF: Final = AT.replace(hour=0, minute=0, second=0, microsecond=0)
VIEW, PURPOSE = "kept", "churn"
_WINDOWS: Final = (7, 14, 30, 45, 60, 90, 120, 180, 270, 365)
_FEATURES: Final = {
    **{f"orders_{days}d": f"{{op: count, table: orders, window_days: {days}}}" for days in _WINDOWS},
    **{
        f"amount_{days}d": f"{{op: mean, table: orders, column: amount_minor, window_days: {days}}}"
        for days in _WINDOWS
    },
}
_SPEC: Final = f"""
name: {VIEW}
version: 1
grain: person
purpose: {PURPOSE}
consumer: benchmark
description: twenty features
currency: NOK
as_of_grid: day
expires_days: 30
quasi_identifiers: []
k: 1
population:
  any_of: [{{table: orders, window_days: 365}}]
features:
{chr(10).join(f"  {name}: {rules}" for name, rules in _FEATURES.items())}
texts:
{chr(10).join(f"  {name}: {json.dumps(dict.fromkeys(LANGUAGES, name))}" for name in _FEATURES)}
"""


@contextmanager
def home_of(people: int, folder: Path) -> Iterator[tuple[Hub, Principal]]:
    """Make a home whose view `kept` can be read by the owner."""
    settings = Settings.load({}, folder / "home")
    make_home(settings, clock=now)
    hub = open_hub(settings)
    owner = acting_principal(hub)
    _name(hub, people)
    everything = frozenset({"*"})
    dpo, _ = add(hub, "dpo", Scope(role=Role.DPO, purposes=everything, views=everything), owner)
    submit(hub, _SPEC, owner)
    approve(hub, VIEW, dpo, WITHOUT_CHECK)
    yield hub, owner
    hub.engine.dispose()
    hub.keystore.engine.dispose()


def _name(hub: Hub, people: int) -> None:
    """Name people, one record each, and give each an order of their own."""
    records, entities = random_ids(people), random_ids(people)
    name_people(hub, records, entities, at=AT)
    batch_id = BatchId(random_id())
    staged = append(hub.lake, _orders(pl.Series(records, dtype=pl.Binary)), table="orders", batch_id=batch_id)
    declare(hub, PURPOSE, at=AT)
    with hub.unit_of_work() as session:
        catalogue.stage(session, staged, batch_id=batch_id, at=hub.lake.clock(session))
        catalogue.publish(session, batch_id)


def _orders(records: pl.Series) -> pl.DataFrame:
    chance = np.random.default_rng(7)
    count = len(records)
    ago = chance.integers(1, 300 * 86_400_000_000, count)
    made = {
        "person": records,
        "event_time": pl.Series(microseconds_of(AS_OF - timedelta(days=1)) - ago).cast(pl.Datetime("us", "UTC")),
        "event_id": pl.Series(chance.integers(-(2**62), 2**62, count)),
        "amount_minor": pl.Series(chance.integers(100, 100_000, count)),
        "currency": pl.repeat("NOK", count, eager=True),
        "status": pl.repeat("placed", count, eager=True),
    }
    return pl.DataFrame(made).select(
        pl.col(name).cast(dtype) if name in made else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in lake_table_of("orders").schema.items()
    )

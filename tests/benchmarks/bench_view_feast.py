"""Features of given customers at instants of their own, through the gate, beside Feast's `get_historical_features`.

    python -m tests.benchmarks.bench_view_feast DIRECTORY --feast PYTHON [--rows 5_000_000] [--people 200_000]
                                                          [--rounds 5] [--instants 1]

The same four features of two tables, each the latest value of 90 days before one of up to four instants, for every
customer once. Here: `View.join` over the sealed lake, with decision, fence, pseudonyms and audit, in a process that
knows who may be read. Feast: over plain Parquet, by its Dask and its DuckDB offline stores, with nothing of the kind;
`--feast` is the interpreter of an environment that has it (`pip install 'feast[duckdb]'`), and without it Feast is left
out, and said so. Each measure is a process of its own, in turn; medians of seconds and peak memory. Where as many rows
come back, features are compared by their sums: the Dask store leaves out whoever has no row of a table in time.
The gate: three times as fast as either.
"""

import argparse
import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import polars as pl

from hub.authentication import Scope, acting_principal, add
from hub.compose import Hub, open_hub
from hub.home import make_home
from hub.lake import catalogue
from hub.lake.append import append
from hub.settings import Settings
from hub.views.access import View
from hub.views.gateway import Gateway
from hub.views.registry import approve, submit
from hub.views.remembered import permitted_now
from hub.views.spec import LANGUAGES
from ingest.canonical.catalogue import lake_table_of
from privacy.pseudonym import pseudonyms_of
from privacy.terms import BatchId, EntityKind, PurposeId, Role, random_id, random_ids
from tests.benchmarks.named import declare, name_people
from tests.builders import FixedClock
from tests.view_builders import WITHOUT_CHECK

VIEW, PURPOSE, DAYS = "latest", "churn", 90
AT: Final = datetime(2025, 6, 1, 12, tzinfo=UTC)
CUTS: Final = [datetime(2025, month, 1, tzinfo=UTC) for month in (3, 4, 5, 6)]
TABLES: Final = {"orders": ("amount_minor", "item_count"), "usage": ("count", "seconds")}
_FIXED: Final = {"currency": "NOK"}
"""What a row needs so that its amount counts; Feast's stores hold no such column and filter nothing."""
NAMES: Final = [name for names in TABLES.values() for name in names]
STORES: Final = ("dask", "duckdb")
FASTER: Final = 3.0
FEATURES: Final = "\n".join(
    f"  {name}: {{op: last, table: {table}, column: {name}, window_days: {DAYS}, unit: number}}"
    for table, names in TABLES.items()
    for name in names
)
SPEC: Final = f"""
name: {VIEW}
version: 1
grain: person
purpose: {PURPOSE}
consumer: benchmark
description: four features
currency: NOK
as_of_grid: month
expires_days: 30
k: 1
features:
{FEATURES}
texts:
{chr(10).join(f"  {name}: {json.dumps(dict.fromkeys(LANGUAGES, name))}" for name in NAMES)}
"""


def fill(folder: Path, rows: int, people: int, cuts: list[datetime]) -> None:
    """Write the home and, for Feast, the same events plainly under numbers of customers."""
    settings, clock = Settings.load({}, folder / "home"), FixedClock(AT)
    make_home(settings, clock=clock)
    hub, chance = open_hub(settings, clock=clock), np.random.default_rng(7)
    owner = acting_principal(hub)
    records, entities = random_ids(people), random_ids(people)
    name_people(hub, records, entities, at=AT)
    declare(hub, PURPOSE, at=AT)
    submit(hub, SPEC, owner)
    everything = frozenset({"*"})
    dpo, _ = add(hub, "dpo", Scope(role=Role.DPO, purposes=everything, views=everything), owner)
    approve(hub, VIEW, dpo, WITHOUT_CHECK)
    for table, names in TABLES.items():
        events = _events(rows // len(TABLES), people, names, chance)
        _append(hub, table, events.with_columns(person=pl.Series(records, dtype=pl.Binary).gather(events["customer"])))
        plain = events.rename({"event_time": "event_timestamp"}).drop("event_id")
        plain.write_parquet(folder / f"{table}.parquet")
    instants = pl.Series(cuts, dtype=pl.Datetime("us", "UTC")).gather(pl.Series(chance.integers(0, len(cuts), people)))
    wanted = pl.DataFrame({"customer": pl.Series(range(people), dtype=pl.Int64), "event_timestamp": instants})
    wanted.write_parquet(folder / "wanted.parquet")
    domain = hub.domain(hub.policy().purpose(PurposeId(PURPOSE)).domain)
    pseudonyms = pseudonyms_of(domain, pl.Series(entities, dtype=pl.Binary))
    pl.DataFrame({"pseudonym": pseudonyms, "as_of": instants}).write_parquet(folder / "pairs.parquet")
    (folder / "asked.json").write_text(json.dumps({"days": DAYS, "tables": TABLES}))


def _events(count: int, people: int, names: tuple[str, ...], chance: np.random.Generator) -> pl.DataFrame:
    start, end = (int(at.timestamp() * 1_000_000) for at in (AT - timedelta(days=365), AT))
    made = {
        "customer": pl.Series(chance.integers(0, people, count)),
        "event_time": pl.Series(chance.integers(start, end, count)).cast(pl.Datetime("us", "UTC")),
        "event_id": pl.Series(chance.integers(-(2**62), 2**62, count)),
    }
    return pl.DataFrame(made | {name: pl.Series(chance.integers(0, 100_000, count)) for name in names})


def _append(hub: Hub, table: str, events: pl.DataFrame) -> None:
    batch_id = BatchId(random_id())
    rows = events.select(
        pl.col(name).cast(dtype) if name in events.columns else pl.lit(_FIXED.get(name), dtype=dtype).alias(name)
        for name, dtype in lake_table_of(table).schema.items()
    )
    files = append(hub.lake, rows, table=table, batch_id=batch_id)
    with hub.unit_of_work() as session:
        catalogue.stage(session, files, batch_id=batch_id, at=hub.lake.clock(session))
        catalogue.publish(session, batch_id)


def measure(folder: Path) -> None:
    """Read through the gate in this process, and print what it took."""
    hub = open_hub(Settings.load({}, folder / "home"), clock=FixedClock(AT))
    with hub.reading() as session:
        permitted_now(hub, session, hub.policy().purpose(PurposeId(PURPOSE)), EntityKind.PERSON, at=hub.clock())
    pairs = pl.read_parquet(folder / "pairs.parquet")
    began = time.perf_counter()
    found = View(VIEW, Gateway(hub), acting_principal(hub)).join(pairs, purpose=PURPOSE)
    seconds = time.perf_counter() - began
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    sums = {name: float(found[name].sum()) for name in NAMES}
    told = {"seconds": seconds, "mebibytes": int(line.split()[1]) / 1024, "rows": found.height, "sums": sums}
    print(json.dumps(told))


def told_by(command: list[str]) -> dict[str, Any]:
    """Run one case in a process of its own."""
    answer = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    return dict(json.loads(answer.strip().splitlines()[-1]))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--feast", type=Path, default=None)
    parser.add_argument("--measure", action="store_true")
    for name, value in (("rows", 5_000_000), ("people", 200_000), ("rounds", 5), ("instants", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    given = parser.parse_args()
    if given.measure:
        measure(given.directory)
        return 0
    if not (given.directory / "asked.json").exists():
        given.directory.mkdir(parents=True, exist_ok=True)
        fill(given.directory, given.rows, given.people, CUTS[-given.instants :])
    commands = {"gated": [sys.executable, "-m", "tests.benchmarks.bench_view_feast", str(given.directory), "--measure"]}
    script = str(Path(__file__).with_name("feast_offline.py"))
    if given.feast is None:
        print("Feast: not asked, name an interpreter that has it by --feast")
    else:
        commands |= {f"Feast, {store}": [str(given.feast), script, store, str(given.directory)] for store in STORES}
    told: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
    for _ in range(given.rounds):  # in turn, so that a busy machine is busy for all of them
        for name, command in commands.items():
            told[name].append(told_by(command))
    return _report(told)


def _report(told: dict[str, list[dict[str, Any]]]) -> int:
    """Print medians and how many times as fast the gated read is; 1 if the gate is missed or values differ."""
    medians = {name: median(run["seconds"] for run in runs) for name, runs in told.items()}
    mine, missed = told["gated"][0], False
    for name, runs in told.items():
        fewer = runs[0]["rows"] < mine["rows"]
        values = "fewer rows" if fewer else "same values" if runs[0]["sums"] == mine["sums"] else "OTHER VALUES"
        times, memory = medians[name] / medians["gated"], median(run["mebibytes"] for run in runs)
        print(f"{name:14} {medians[name]:7.2f} s ({times:.1f})  {memory:7,.0f} MiB  {runs[0]['rows']:,} rows, {values}")
        missed |= values == "OTHER VALUES" or (name != "gated" and times < FASTER)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())

"""What a view costs beside the aggregation that somebody would write by hand.

`python -m tests.benchmarks.bench_view_read [--rows 50_000_000] [--people 1_000_000] [--rounds 5] DIRECTORY`

Twenty features of two tables, of operations that fold and of such that do not, for a million people of whom some are
two records: written by hand in Polars over plain Parquet by record (nobody merged, nobody refused), compiled from the
spec over the same plain Parquet, compiled over the sealed lake with pseudonyms in the release's order, and read through
the gateway of a home that has these people: decision, fence, pseudonyms, generalisation and audit, in a process that
knows who may be read, as one that serves does, and in one that has just begun (`gated at first`). Files, columns and
rows are the same. Each measure is a process of its own, in turn; medians of seconds and of peak memory, and their
ratios to the handwritten. The gates of `gated`: at most 1.25 of its time, 1.5 of its memory, and 4 GiB.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl

from hub.authentication import Scope, acting_principal, add
from hub.compose import Hub, open_hub
from hub.home import make_home
from hub.lake import catalogue
from hub.lake.append import append
from hub.lake.opening import open_file
from hub.lake.reading import reading
from hub.settings import Settings
from hub.views.access import View
from hub.views.compile import compile_view
from hub.views.folding import Parts, Permitted
from hub.views.gateway import Gateway
from hub.views.load import load_spec
from hub.views.registry import approve, submit
from hub.views.remembered import permitted_now
from hub.views.spec import LANGUAGES
from ingest.canonical.catalogue import lake_table_of
from privacy.pseudonym import PseudonymisationDomain, pseudonyms_of
from privacy.terms import BatchId, DomainName, EntityKind, PurposeId, Role, random_id, random_ids
from tests.benchmarks.named import declare, name_people
from tests.builders import FixedClock
from tests.view_builders import WITHOUT_CHECK

AT = datetime(2025, 6, 1, tzinfo=UTC)
SPAN_DAYS = 730
CHUNK = 10_000_000
PARTS = 16
MERGED = 0.05
SHARE = {"usage": 0.7, "orders": 0.3}
DOMAIN = PseudonymisationDomain(DomainName("benchmark"), 1, bytes(range(32)))
VIEW, PURPOSE = "benchmark", "churn"
GATES = {"seconds": 1.25, "mebibytes": 1.5}
CASES = ("by hand", "compiled", "sealed", "gated", "gated at first")

FEATURES = {
    "logins_90d": "{op: count, table: usage, window_days: 90, filter: {kind: login}}",
    "logins_30d": "{op: count, table: usage, window_days: 30, filter: {kind: login}}",
    "uses_90d": "{op: count, table: usage, window_days: 90, filter: {kind: feature}}",
    "errors_365d": "{op: count, table: usage, window_days: 365, filter: {kind: error}}",
    "seconds_90d": "{op: sum, table: usage, column: seconds, window_days: 90}",
    "seconds_mean_90d": "{op: mean, table: usage, column: seconds, window_days: 90}",
    "seconds_max_365d": "{op: max, table: usage, column: seconds, window_days: 365}",
    "error_share_365d": "{op: share, table: usage, window_days: 365, part: {kind: error}}",
    "days_since_use": "{op: days_since, table: usage}",
    "functions_90d": "{op: distinct, table: usage, column: feature, window_days: 90}",
    "days_used_90d": "{op: distinct, table: usage, column: event_time, every_days: 1, window_days: 90}",
    "days_per_use_365d": "{op: gap_mean, table: usage, window_days: 365}",
    "orders_365d": "{op: count, table: orders, window_days: 365, filter: {status: placed}}",
    "orders_90d": "{op: count, table: orders, window_days: 90, filter: {status: placed}}",
    "amount_365d": "{op: sum, table: orders, column: amount_minor, window_days: 365, filter: {status: placed}}",
    "amount_mean_365d": "{op: mean, table: orders, column: amount_minor, window_days: 365, filter: {status: placed}}",
    "amount_std_365d": "{op: std, table: orders, column: amount_minor, window_days: 365, filter: {status: placed}}",
    "channels_365d": "{op: distinct, table: orders, column: channel, window_days: 365}",
    "days_since_order": "{op: days_since, table: orders, filter: {status: placed}}",
    "days_since_first_order": "{op: days_since_first, table: orders, filter: {status: placed}}",
}

SPEC = f"""
name: {VIEW}
version: 1
grain: person
purpose: {PURPOSE}
consumer: benchmark
description: twenty features
currency: NOK
as_of_grid: day
expires_days: 30
k: 1
features:
{chr(10).join(f"  {name}: {rules}" for name, rules in FEATURES.items())}
texts:
{chr(10).join(f"  {name}: {json.dumps(dict.fromkeys(LANGUAGES, name))}" for name in FEATURES)}
"""


def by_hand(tables: dict[str, pl.LazyFrame]) -> pl.DataFrame:
    """Write the twenty features as somebody would who knows Polars well, the tables, and nothing of permission.

    Values are masked before they are grouped, not filtered within: it takes half the time.
    """
    usage = _usage_by_hand(tables["usage"].filter(pl.col("event_time") < AT))
    orders = _orders_by_hand(tables["orders"].filter(pl.col("event_time") < AT))
    return usage.join(orders, on="person", how="full", coalesce=True).collect(engine="streaming")


def _usage_by_hand(usage: pl.LazyFrame) -> pl.LazyFrame:
    at, kind = pl.col("event_time"), pl.col("kind")
    d30, d90, d365 = (at >= AT - timedelta(days=days) for days in (30, 90, 365))
    day = at.dt.epoch("d")
    days = pl.col("days")
    return (
        usage.with_columns(
            login90=(kind == "login") & d90,
            login30=(kind == "login") & d30,
            use90=(kind == "feature") & d90,
            error=(kind == "error") & d365,
            d365=d365,
            seconds90=pl.when(d90).then("seconds"),
            seconds365=pl.when(d365).then("seconds"),
            functions=pl.when(d90).then("feature"),
            days90=pl.when(d90).then(day),
            days=pl.when(d365).then(day),
        )
        .group_by("person")
        .agg(
            logins_90d=pl.col("login90").sum(),
            logins_30d=pl.col("login30").sum(),
            uses_90d=pl.col("use90").sum(),
            errors_365d=pl.col("error").sum(),
            seconds_90d=pl.col("seconds90").sum(),
            seconds_mean_90d=pl.col("seconds90").mean(),
            seconds_max_365d=pl.col("seconds365").max(),
            error_share_365d=pl.col("error").sum() / pl.col("d365").sum(),
            days_since_use=(AT - at.max()).dt.total_days(),
            functions_90d=pl.col("functions").n_unique() - (pl.col("functions").null_count() > 0),
            days_used_90d=pl.col("days90").n_unique() - (pl.col("days90").null_count() > 0),
            days_per_use_365d=(days.max() - days.min()) / (days.n_unique() - (days.null_count() > 0) - 1),
        )
    )


def _orders_by_hand(orders: pl.LazyFrame) -> pl.LazyFrame:
    at, placed = pl.col("event_time"), pl.col("status") == "placed"
    d90, d365 = (at >= AT - timedelta(days=days) for days in (90, 365))
    amount, channels = pl.col("amount"), pl.col("channels")
    return (
        orders.with_columns(
            placed365=placed & d365,
            placed90=placed & d90,
            amount=pl.when(placed & d365 & (pl.col("currency") == "NOK")).then("amount_minor"),
            channels=pl.when(d365).then("channel"),
            placed_at=pl.when(placed).then(at),
        )
        .group_by("person")
        .agg(
            orders_365d=pl.col("placed365").sum(),
            orders_90d=pl.col("placed90").sum(),
            amount_365d=amount.sum(),
            amount_mean_365d=amount.mean(),
            amount_std_365d=amount.std(),
            channels_365d=channels.n_unique() - (channels.null_count() > 0),
            days_since_order=(AT - pl.col("placed_at").max()).dt.total_days(),
            days_since_first_order=(AT - pl.col("placed_at").min()).dt.total_days(),
        )
    )


def compiled(tables: dict[str, Parts], subjects: pl.DataFrame) -> pl.DataFrame:
    """Build the same from the spec, for entities."""
    permitted = Permitted(subjects.lazy().select("record", "subject"))
    return compile_view(load_spec(SPEC), tables, permitted, as_of=AT).collect()


def sealed(hub: Hub, subjects: pl.DataFrame) -> pl.DataFrame:
    """Build the same from the sealed lake, under pseudonyms and in their order, without a gate."""
    with reading(hub.lake) as reader:
        frame = compiled({table: reader.parts(table, until=AT) for table in SHARE}, subjects)
    entities = subjects.unique("subject").sort("subject")["entity"]
    rows = frame.with_columns(entities.gather(frame["subject"] - 1)).drop("subject")
    return rows.with_columns(pseudonyms_of(DOMAIN, rows["entity"]).alias("pseudonym")).sort("pseudonym").drop("entity")


def gated(hub: Hub) -> pl.DataFrame:
    """Read the same through the gateway."""
    return View(VIEW, Gateway(hub), acting_principal(hub)).read(purpose=PURPOSE, as_of=AT)


def know_who(hub: Hub) -> None:
    """Decide who may be read, as an earlier read of this process did."""
    with hub.reading() as session:
        permitted_now(hub, session, hub.policy().purpose(PurposeId(PURPOSE)), EntityKind.PERSON, at=hub.clock())


def events_of(table: str, count: int, people: pl.Series, chance: np.random.Generator) -> pl.DataFrame:
    """Make events of two years; customers differ in how often they come."""
    start = int((AT - timedelta(days=SPAN_DAYS)).timestamp() * 1_000_000)
    whose = (chance.random(count) ** 1.5 * len(people)).astype(np.uint32)
    made = {
        "person": people.gather(pl.Series(whose)),
        "event_time": pl.Series(chance.integers(start, int(AT.timestamp() * 1_000_000), count)).cast(
            pl.Datetime("us", "UTC")
        ),
        "event_id": pl.Series(chance.integers(-(2**62), 2**62, count)),
    }
    made |= _usage(count, chance) if table == "usage" else _orders(count, chance)
    return pl.DataFrame(made).select(
        pl.col(name) if name in made else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in lake_table_of(table).schema.items()
    )


def _word(words: list[str], count: int, chance: np.random.Generator) -> pl.Series:
    return pl.Series(words, dtype=pl.String).gather(pl.Series(chance.integers(0, len(words), count)))


def _usage(count: int, chance: np.random.Generator) -> dict[str, pl.Series]:
    return {
        "kind": _word(["login", "login", "feature", "session", "error"], count, chance),
        "feature": _word([f"function-{number}" for number in range(40)], count, chance),
        "seconds": pl.Series(chance.integers(0, 3600, count)).cast(pl.Int32),
    }


def _orders(count: int, chance: np.random.Generator) -> dict[str, pl.Series]:
    return {
        "order_ref": pl.Series(chance.integers(-(2**62), 2**62, count)),
        "status": _word(["placed", "placed", "placed", "cancelled", "returned"], count, chance),
        "amount_minor": pl.Series(chance.integers(100, 100_000, count)),
        "currency": pl.repeat("NOK", count, eager=True),
        "channel": _word(["web", "shop", "phone", "app"], count, chance),
    }


def parts_of(folder: Path) -> dict[str, Parts]:
    """Scan the plain files in parts, as the lake does: a directory each, of one residue of the first byte."""
    return {
        table: [pl.scan_parquet(part / "*.parquet") for part in sorted((folder / table).iterdir())] for table in SHARE
    }


def hub_of(folder: Path) -> Hub:
    """Open the home of the benchmark."""
    return open_hub(Settings.load({}, folder / "home"), clock=FixedClock(AT + timedelta(hours=1)))


def fill(folder: Path, rows: int, people: int) -> None:
    """Write the sealed lake, the same files plainly, and who is permitted."""
    make_home(Settings.load({}, folder / "home"), clock=FixedClock(AT + timedelta(hours=1)))
    hub, chance = hub_of(folder), np.random.default_rng(7)
    records = pl.Series("record", random_ids(people), dtype=pl.Binary)
    merged = pl.Series(np.where(chance.random(people) < MERGED, np.arange(people) - 1, np.arange(people)).clip(0))
    subjects = pl.DataFrame({"record": records, "entity": records.gather(merged)})
    dense = pl.col("entity").rank("dense").cast(pl.UInt32).alias("subject")
    subjects.with_columns(dense).write_parquet(folder / "subjects.parquet")
    name_people(hub, records.to_list(), subjects["entity"].to_list(), at=AT)
    declare(hub, PURPOSE, at=AT)
    submit(hub, SPEC, owner := acting_principal(hub))
    everything = frozenset({"*"})
    dpo, _ = add(hub, "dpo", Scope(role=Role.DPO, purposes=everything, views=everything), owner)
    approve(hub, VIEW, dpo, WITHOUT_CHECK)
    for table, share in SHARE.items():
        left = int(rows * share)
        while left > 0:
            _append(hub, folder / table, table, events_of(table, min(left, CHUNK), records, chance))
            left -= CHUNK


def _append(hub: Hub, folder: Path, table: str, events: pl.DataFrame) -> None:
    batch_id = BatchId(random_id())
    files = append(hub.lake, events, table=table, batch_id=batch_id)
    with hub.unit_of_work() as session:
        catalogue.stage(session, files, batch_id=batch_id, at=hub.lake.clock(session))
        catalogue.publish(session, batch_id)
    keys = hub.lake.keys.get_files([file.key_id for file in files])
    for file in files:
        plain = open_file(hub.lake, file, keys.get(file.key_id)).collect()
        part = folder / f"{file.remainder % PARTS:02}"
        part.mkdir(parents=True, exist_ok=True)
        plain.write_parquet(part / f"{file.file_id.hex()}.parquet", statistics=False, compression_level=1)


def measure(case: str, folder: Path) -> None:
    """Run one case in this process and print what it took."""
    tables = {table: pl.scan_parquet(folder / table / "*" / "*.parquet") for table in SHARE}
    subjects = pl.read_parquet(folder / "subjects.parquet")
    hub = hub_of(folder)
    if case == "gated":
        know_who(hub)
    cases: dict[str, Callable[[], pl.DataFrame]] = {
        "by hand": lambda: by_hand(tables),
        "compiled": lambda: compiled(parts_of(folder), subjects),
        "sealed": lambda: sealed(hub, subjects),
        "gated": lambda: gated(hub),
        "gated at first": lambda: gated(hub),
    }
    start = time.perf_counter()
    frame = cases[case]()
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "mebibytes": _peak(), "rows": frame.height}))


def _peak() -> float:
    """Return the peak of this process in MiB; `ru_maxrss` would count what its parent held before it."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def measured(case: str, folder: Path) -> dict[str, float]:
    """Run one case in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_view_read", str(folder), "--measure", case]
    told = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    return dict(json.loads(told))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--measure", choices=CASES)
    asked = parser.parse_args()
    if asked.measure:
        measure(asked.measure, asked.directory)
        return 0
    if not (asked.directory / "subjects.parquet").exists():
        fill(asked.directory, asked.rows, asked.people)
    told: dict[str, list[dict[str, float]]] = {case: [] for case in CASES}
    for _ in range(asked.rounds):  # in turn, so that a busy machine is busy for all of them
        for case in CASES:
            told[case].append(measured(case, asked.directory))
    return _report(told)


def _report(told: dict[str, list[dict[str, float]]]) -> int:
    """Print medians and ratios; 1 if a gate is missed."""
    medians = {case: {each: median(run[each] for run in runs) for each in runs[0]} for case, runs in told.items()}
    for case, taken in medians.items():
        ratios = {each: taken[each] / medians["by hand"][each] for each in GATES}
        print(
            f"{case:14} {taken['seconds']:7.2f} s ({ratios['seconds']:.2f})  "
            f"{taken['mebibytes']:7,.0f} MiB ({ratios['mebibytes']:.2f})  {taken['rows']:,.0f} rows"
        )
    gate = medians["gated"]
    missed = [each for each, most in GATES.items() if gate[each] > most * medians["by hand"][each]]
    return int(bool(missed) or gate["mebibytes"] > 4096)


if __name__ == "__main__":
    sys.exit(main())

"""What retention costs a read, and how fast a run takes rows out.

`python -m tests.benchmarks.bench_retention [--rows 2_000_000] [--people 100_000] [--rounds 5] DIRECTORY`

Reads (count and sum by person over one table) in one process, as ratios of medians to the plain scan: under a rule that
ends nothing, under one from the event that ends half, under one from the last contact (the first of the process, and
those after it, which remember what the files told). Then a plan and a run that takes half of the rows. The gates: a
read under which no rule bites costs at most 1.05 of the plain scan, one under a last contact 1.25.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl

from hub.authentication import acting_principal
from hub.compose import Hub, open_hub
from hub.home import Stores, make_home, put_policy_in_force
from hub.lake import catalogue
from hub.lake.append import append
from hub.lake.reading import reading
from hub.policy.pack import default_pack, pack_of
from hub.retention.plan import plan
from hub.retention.run import run
from hub.retention.sight import Sight
from hub.settings import Settings
from ingest.canonical.catalogue import lake_table_of
from privacy.purposes import Policy
from privacy.retention import RetentionRule, RetentionStart
from privacy.terms import BatchId, DataCategory, random_id, random_ids
from tests.builders import FixedClock

AT = datetime(2025, 6, 1, 12, tzinfo=UTC)
SPAN_DAYS = 730
GATE = 1.05
GATE_OF_CONTACT = 1.25
READ = [pl.len().alias("events"), pl.col("seconds").sum()]


def rows_of(count: int, people: int) -> pl.DataFrame:
    """Make usage over two years."""
    chance = np.random.default_rng(7)
    start = int((AT - timedelta(days=SPAN_DAYS)).timestamp() * 1_000_000)
    times = chance.integers(start, int(AT.timestamp() * 1_000_000), count)
    schema = lake_table_of("usage").schema
    made = {
        "person": pl.Series(random_ids(people), dtype=pl.Binary).gather(pl.Series(chance.integers(0, people, count))),
        "event_time": pl.Series(times).cast(pl.Datetime("us", "UTC")),
        "event_id": pl.Series(chance.integers(-(2**62), 2**62, count)),
        "kind": pl.Series(np.array(["login", "feature", "error"])[chance.integers(0, 3, count)]),
        "seconds": pl.Series(chance.integers(0, 3600, count)).cast(pl.Int32),
    }
    return pl.DataFrame(made).select(
        pl.col(name) if name in made else pl.lit(None, dtype=dtype).alias(name) for name, dtype in schema.items()
    )


def filled(folder: Path, rows: int, people: int) -> Hub:
    """Make a home whose lake holds the rows."""
    settings, clock = Settings.load({}, folder / "home"), FixedClock(AT)
    make_home(settings, clock=clock)
    hub, batch_id = open_hub(settings, clock=clock), BatchId(random_id())
    files = append(hub.lake, rows_of(rows, people), table="usage", batch_id=batch_id)
    with hub.unit_of_work() as session:
        catalogue.stage(session, files, batch_id=batch_id, at=hub.lake.clock(session))
        catalogue.publish(session, batch_id)
    return hub


def read(hub: Hub, rule: RetentionRule | None, subjects: pl.DataFrame) -> None:
    """Group one table by person as a read for churn does, count who is absent by retention; or plainly."""
    with reading(hub.lake) as reader:
        policy = Policy(version=1, purposes=(), retention=() if rule is None else (rule,))
        sight = Sight(reader, policy, "churn", at=AT)
        with hub.reading() as session:
            sight.know_records(session, ("usage",))
        scan = reader.scan("usage", until=AT) if rule is None else sight.scan("usage", until=AT)
        seen = reader.collect(scan.group_by("person").agg(READ))
        there = subjects.join(seen, left_on="record", right_on="person", how="semi")
        sight.withheld(subjects, there.select("subject"), "person")


def timed(act: Callable[[], object]) -> float:
    """Return seconds."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def a_rule(days: int, starts: RetentionStart = RetentionStart.EVENT_TIME) -> RetentionRule:
    return RetentionRule(table="usage", data_category=DataCategory.BEHAVIOUR, days=days, starts=starts)


CASES = {
    "plain": None,
    "no rule bites": a_rule(SPAN_DAYS + 10),
    "event, half over": a_rule(SPAN_DAYS // 2),
    "last contact": a_rule(SPAN_DAYS // 2, RetentionStart.LAST_CONTACT),
}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    hub = filled(asked.directory, asked.rows, asked.people)
    with reading(hub.lake) as reader:
        people = reader.collect(reader.scan("usage", columns=["person"]).unique())
    subjects = people.rename({"person": "record"}).with_row_index("subject")
    read(hub, None, subjects)
    first = timed(lambda: read(hub, CASES["last contact"], subjects))  # nothing is remembered of any file yet
    seconds: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(asked.rounds):  # in turn, so that a busy machine is busy for all of them
        for name, rule in CASES.items():
            seconds[name].append(timed(lambda rule=rule: read(hub, rule, subjects)))  # type: ignore[misc]  # bound now
    plain = median(seconds["plain"])
    for name, each in seconds.items():
        print(f"{name:18} {median(each):7.3f} s  {median(each) / plain:5.2f} of the plain scan")
    print(f"{'last contact, first':18} {first:7.3f} s  {first / plain:5.2f} of the plain scan")
    pack = pack_of(default_pack()) | {
        "retention": [{"table": "usage", "data_category": "behaviour", "days": SPAN_DAYS // 2}]
    }
    me = acting_principal(hub)
    put_policy_in_force(Stores(hub.engine, hub.keystore), pack, by=me.principal_id, at=hub.clock)
    planned = timed(lambda: plan(hub, at=AT))
    ran = timed(lambda: run(hub, me))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"plan {planned:.2f} s, run {ran:.2f} s for {asked.rows / 2:,.0f} rows due; peak {peak:,.0f} MiB in all")
    gates = {"no rule bites": GATE, "last contact": GATE_OF_CONTACT}
    return int(any(median(seconds[name]) / plain > gate for name, gate in gates.items()))


if __name__ == "__main__":
    sys.exit(main())

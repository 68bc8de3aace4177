"""Event ingest end to end against a plain Polars read and unencrypted Parquet write of the same rows, in one run.

    python -m tests.benchmarks.bench_event_ingest [--rows 10000000] [--customers 200000] [--runs 3]

Prints the median ratio (goal: at most 2.5 at 10 M rows) and the peak memory of the ingest (goal: below 4 GB, also
at 50 M rows; a process of its own, so that making the input does not count). "End to end" is all that `varde
ingest` does: digest of the file, look-up of keys, validation, bucketing, sorting, encryption, fsync, catalogue,
audit. Customers are known.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from hub import clock
from hub.authentication import acting_principal
from hub.compose import open_hub
from hub.home import make_home
from hub.settings import Settings
from ingest.contract.load import load_contract
from ingest.pipeline.delivery import ingest_file
from ingest.pipeline.naming import records_of_keys
from ingest.store.record import KeySpace
from privacy.terms import EntityKind

CONTRACT = """
contract: bench_usage
version: 1
source: product
owner: bench
table: usage
format: {kind: parquet, timezone: UTC}
basis: {purposes: {churn: legitimate_interests}, notice: privacy-2025-01, notice_given: true}
person: {column: customer, source: product}
columns:
  at: {to: event_time, type: instant}
  kind: {to: kind, type: category}
  feature: {to: feature, type: category}
  count: {to: count, type: integer}
  seconds: {to: seconds, type: integer}
"""


def write_source(path: Path, rows: int, customers: int) -> None:
    rng = np.random.default_rng(7)
    for start in range(0, rows, 5_000_000):
        size = min(5_000_000, rows - start)
        pl.DataFrame(
            {
                "customer": pl.Series(rng.integers(0, customers, size)).cast(pl.String).str.pad_start(8, "0"),
                "at": pl.Series(np.sort(rng.integers(1_600_000_000_000_000, 1_660_000_000_000_000, size))).cast(
                    pl.Datetime("us", "UTC")
                ),
                "kind": pl.Series(rng.integers(0, 3, size)).replace_strict({0: "login", 1: "feature", 2: "session"}),
                "feature": pl.Series(rng.integers(0, 12, size)).replace_strict({i: f"f{i}" for i in range(12)}),
                "count": rng.integers(1, 50, size).astype("i4"),
                "seconds": rng.integers(1, 3000, size).astype("i4"),
            }
        ).write_parquet(path.with_name(f"part{start}.parquet"))
    parts = sorted(path.parent.glob("part*.parquet"))
    pl.scan_parquet(parts).sink_parquet(path)
    for part in parts:
        part.unlink()


def plain(source: Path, target: Path) -> float:
    started = time.perf_counter()
    pl.read_parquet(source).write_parquet(target)
    return time.perf_counter() - started


def ingest(folder: Path, source: Path, customers: int) -> float:
    """Ingest into a fresh home whose customers are known already; only the ingest is timed."""
    settings = Settings.load({}, folder / "home")
    make_home(settings, clock=clock.now)
    hub = open_hub(settings)
    ports = hub.ports(acting_principal(hub).principal_id)
    keys = pl.Series(range(customers)).cast(pl.String).str.pad_start(8, "0")
    records_of_keys(keys, KeySpace(source="product", kind=EntityKind.PERSON), ports)
    contract_path = folder / "contract.yaml"
    contract_path.write_text(CONTRACT)
    started = time.perf_counter()
    summary = ingest_file(load_contract(contract_path), source, ports)
    seconds = time.perf_counter() - started
    assert summary.counts.accepted == summary.counts.read, summary
    return seconds


def child(source: str, customers: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        seconds = ingest(Path(folder), Path(source), int(customers))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
    print(f"{seconds} {peak}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "usage.parquet"
        write_source(source, given.rows, given.customers)
        ratios, peaks = [], []
        for run in range(given.runs):
            base = plain(source, folder / "plain.parquet")
            command = [sys.executable, "-m", __spec__.name, "--child", str(source), str(given.customers)]
            seconds, peak = map(
                float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            )
            ratios.append(seconds / base)
            peaks.append(peak)
            figures = f"ingest {seconds:.2f} s, ratio {seconds / base:.2f}, peak {peak:.2f} GB"
            print(f"run {run + 1}: plain {base:.2f} s, {figures}")
        print(f"median ratio {statistics.median(ratios):.2f} (goal 2.5); peak {max(peaks):.2f} GB (goal 4)")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:4])
    else:
        main()

"""How long matching takes with a saved model, beside plain Splink on the same candidates with the same comparisons.

    python -m tests.benchmarks.bench_match_scale --records 100000 [--shared 10000] [--file customers.parquet]

Made-up customers (tests/match_crowd.py), or a Parquet file with the columns of the Nordic set. The model is trained on
100,000 others, or given; that is not timed. Timed are, each in a process of its own, from records in comparable form:

- ours: `resolve`: candidates, levels, weights, closing pairs, rules, calibration, mean linkage, doubts;
- plain Splink: its blocking on the same keys (put into one number a key beforehand, null where a value is shared by too
  many, so that it compares what we compare), `predict` at probability .5, and its connected components.

With `--shared N` ours runs again on records of which N have one e-mail address, telephone number and address in common.
Goals: wall and CPU at most 1.25 times plain Splink, peak memory at most 3 GB, a shared value at most 1.2 times.
"""

import argparse
import logging
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import polars as pl
from splink import DuckDBAPI, Linker

from ingest.match.candidates import block_of
from ingest.match.form import comparable_people, mapped
from ingest.match.model import Model, read, written
from ingest.match.reference import plain_settings
from ingest.match.resolution import resolve
from ingest.match.scorer import connected
from ingest.match.spec import Spec, read_spec
from tests.benchmarks.bench_match_quality import SETS
from tests.match_crowd import crowd

TRAINED_ON = 100_000
WALL, MEMORY, SHARED = 1.25, 3.0, 1.2


@dataclass(frozen=True)
class Cost:
    """Seconds and gigabytes, and what came of it."""

    wall: float
    cpu: float
    peak: float
    told: str

    def __str__(self) -> str:
        return f"{self.wall:.1f} s wall, {self.cpu:.1f} s CPU, peak {self.peak:.2f} GB ({self.told})"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--shared", type=int, default=0)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--model", type=Path, help="what `varde match train` wrote; else one is trained on others")
    parser.add_argument("--without-splink", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        records = comparable_people(records_of(given.file, given.records))
        records.write_parquet(folder / "records.parquet")
        others = comparable_people(records_of(None, min(TRAINED_ON, given.records), seed=2))
        trained = given.model.read_text() if given.model else written(resolve(others, read_spec("person")).model, {})
        (folder / "model.json").write_text(trained)
        if given.shared:
            many = comparable_people(crowd(given.records, shared=given.shared))
            many.write_parquet(folder / "shared.parquet")
        del records, others
        plain = alone(ours, folder, "records.parquet")
        print(f"ours: {plain}", flush=True)
        if given.shared:
            told = alone(ours, folder, "shared.parquet")
            print(f"ours, {given.shared} share: {told}")
            print(f"  {told.wall / plain.wall:.2f} wall, {told.cpu / plain.cpu:.2f} CPU (goal {SHARED})", flush=True)
        if not given.without_splink:
            beside = alone(splinks, folder, "records.parquet")
            print(f"plain Splink: {beside}")
            print(f"ratio: {plain.wall / beside.wall:.2f} wall, {plain.cpu / beside.cpu:.2f} CPU (goal {WALL})")
            print(f"peak {plain.peak:.2f} GB (goal {MEMORY})")


def records_of(path: Path | None, records: int, *, seed: int = 1) -> pl.DataFrame:
    """Make customers, or read those of a file with the columns of the Nordic set."""
    if path is None:
        return crowd(records, seed=seed)
    table = pl.read_parquet(path).head(records).select(pl.all().cast(pl.String))
    return mapped(table, SETS["nordic_100k"].columns)


def alone(measured: Callable[[pl.DataFrame, Spec, Model], str], folder: Path, name: str) -> Cost:
    """Measure in a new process, whose peak is its own."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (measured, folder, name))


def measure(measured: Callable[[pl.DataFrame, Spec, Model], str], folder: Path, name: str) -> Cost:
    spec = read_spec("person")
    records = pl.read_parquet(folder / name)
    model = read((folder / "model.json").read_text(), spec)
    if measured is splinks:
        records = with_keys(records, spec)
    started, worked = time.perf_counter(), time.process_time()
    told = measured(records, spec, model)
    wall, cpu = time.perf_counter() - started, time.process_time() - worked
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return Cost(wall, cpu, int(peak.split()[1]) / 1024**2, told)


def ours(records: pl.DataFrame, spec: Spec, model: Model) -> str:
    found = resolve(records, spec, model)
    return f"{records.height} records, {found.compared} pairs, {found.clusters['cluster'].n_unique()} clusters"


def with_keys(records: pl.DataFrame, spec: Spec) -> pl.DataFrame:
    """Add a column for each candidate key."""
    keys = [*spec.candidates, *(rule.equal for rule in spec.rules)]
    return records.with_columns(block_of(records, key).alias(f"key_{place}") for place, key in enumerate(keys))


def splinks(records: pl.DataFrame, spec: Spec, model: Model) -> str:
    keys = [name for name in records.columns if name.startswith("key_")]
    with connected() as connection:
        connection.execute("SET memory_limit = '16GB'")
        api = DuckDBAPI(connection)
        table = api.register(records.with_row_index("row").drop("record").to_arrow())
        linker = Linker(table, plain_settings(spec, model, keys), log_level=logging.WARNING)
        predicted = linker.inference.predict(threshold_match_probability=0.5, warning_mode="never")
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, 0.5)
        edges = predicted.as_duckdbpyrelation().shape[0]
        told = clusters.as_duckdbpyrelation().aggregate("count(DISTINCT cluster_id)").limit(1).fetchall()
    return f"{edges} links, {told[0][0]} clusters"


if __name__ == "__main__":
    main()

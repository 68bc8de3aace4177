"""Sealed lake against Delta Lake and plain Parquet, in one run, as ratios of medians.

`python -m tests.benchmarks.bench_lake [--rows 10_000_000] [--people 200_000] [--rounds 3] DIRECTORY`

Measures: append (order, encrypt, fsync, catalogue, key store) against reading and writing the same rows plainly; scan
with group_by against plain Parquet of the same layout and in one file; erasing 1, 10 and 100 people against Delta
Lake partitioned by the same 64 buckets. Directories are made and left to the caller to delete. The gates (issue 2):
scan <= 1.1, each erasure < 1.0; exit 1 if one is missed.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl
from deltalake import DeltaTable, write_deltalake

from hub.lake import catalogue
from hub.lake.append import append
from hub.lake.erasure import ErasureRule, RowRule, erase
from hub.lake.lake import Lake
from hub.lake.purge import purge
from hub.lake.reading import reading
from privacy.terms import RecordId, random_id
from tests.builders_lake import ORDERS, batch, record, small_lake, states
from tests.faults.lake_child import durable_keys

RULE = [ErasureRule(table="orders", then=RowRule.DELETE)]
SCAN_GATE = 1.1
ERASE_GATE = 1.0
PEOPLE_ERASED = (1, 10, 100)


def rows_of(count: int, people: int, seed: int = 7) -> pl.DataFrame:
    """Make random orders over two years, unsorted, as a source would deliver them."""
    chance = np.random.default_rng(seed)
    ids = pl.Series([record(number) for number in range(people)], dtype=pl.Binary)
    start = 1_700_000_000_000_000
    return pl.DataFrame(
        {
            "person": ids.gather(pl.Series(chance.integers(0, people, count))),
            "organisation": pl.Series([None], dtype=pl.Binary).new_from_index(0, count),
            "event_time": pl.Series(chance.integers(start, start + 63_072_000_000_000, count)),
            "event_id": pl.Series(chance.integers(-(2**62), 2**62, count)),
            "amount_minor": pl.Series(chance.integers(100, 500_000, count)),
            "employee": pl.Series([None], dtype=pl.Binary).new_from_index(0, count),
        }
    ).cast(dict(ORDERS))


def timed(act: Callable[[], object]) -> float:
    """Return seconds."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def worked(act: Callable[[], object]) -> float:
    """Return processor seconds of all threads."""
    start = time.process_time()
    act()
    return time.process_time() - start


def summary(rows: pl.LazyFrame) -> pl.DataFrame:
    """Run the query of the scan gate: one row a person."""
    return rows.group_by("person").agg(pl.len(), pl.col("amount_minor").sum(), pl.col("event_time").max()).collect()


def plain_copy(frame: pl.DataFrame, directory: Path) -> float:
    """Read and write the rows as plain Parquet: what ingest is measured against."""
    source = directory / "source.parquet"
    if not source.exists():
        frame.write_parquet(source)
    return timed(lambda: pl.read_parquet(source).write_parquet(directory / "copy.parquet"))


def land(lake: Lake, frame: pl.DataFrame, number: int, source: Path) -> float:
    """Read the source and append it, staged and published."""

    def act() -> None:
        files = append(lake, pl.read_parquet(source), table="orders", batch_id=batch(number))
        with lake.unit_of_work() as session:
            catalogue.stage(session, files, batch_id=batch(number), at=lake.clock(session))
        with lake.unit_of_work() as session:
            catalogue.publish(session, batch(number))

    del frame
    return timed(act)


def plain_layout(lake: Lake, directory: Path) -> list[Path]:
    """Write what the lake holds as plain files, one for each of its own."""
    directory.mkdir()
    with reading(lake) as reader:
        frame = reader.collect(reader.scan("orders"))
        sizes = [file.rows for file in reader.snapshot.files]
    paths, start = [], 0
    for number, size in enumerate(sizes):
        paths.append(directory / f"{number:03}.parquet")
        frame.slice(start, size).write_parquet(paths[-1])
        start += size
    return paths


def scan_ratio(lake: Lake, directory: Path, rounds: int) -> tuple[float, float]:
    """Return the sealed scan's time over plain files of the same layout, and over one plain unsorted file.

    The ratio of processor time is printed too: on a busy machine it is the steadier of the two.
    """
    paths = plain_layout(lake, directory / "plain")
    sealed, same, one, work = [], [], [], []
    for _ in range(rounds):
        with reading(lake) as reader:
            ours = worked(lambda: sealed.append(timed(lambda: summary(reader.scan("orders")))))
        theirs = worked(lambda: summary(pl.concat([pl.scan_parquet(path) for path in paths])))
        work.append(ours / theirs)
        same.append(timed(lambda: summary(pl.concat([pl.scan_parquet(path) for path in paths]))))
        one.append(timed(lambda: summary(pl.scan_parquet(directory / "source.parquet"))))
    tell("scan + group_by", sealed=sealed, same_layout=same, one_file=one)
    print(f"scan + group_by    processor time {median(work):.2f} of plain, same layout")
    return median(sealed) / median(same), median(sealed) / median(one)


def delta_table(frame: pl.DataFrame, directory: Path) -> DeltaTable:
    """Write the rows as Delta Lake, partitioned by the same 64 buckets and sorted alike within."""
    bucket = pl.col("person").bin.slice(0, 1).bin.reinterpret(dtype=pl.UInt8).cast(pl.Int32) % 64
    rows = frame.drop("organisation", "employee").with_columns(bucket=bucket).sort("bucket", "person", "event_time")
    write_deltalake(str(directory), rows.to_arrow(), partition_by=["bucket"])
    return DeltaTable(str(directory))


def delta_erase(table: DeltaTable, people: Sequence[RecordId]) -> None:
    """Delete by partition and id: the best predicate Delta can be given."""
    buckets = ",".join(sorted({str(person[0] % 64) for person in people}))
    ids = ",".join(f"X'{person.hex()}'" for person in people)
    table.delete(f"bucket IN ({buckets}) AND person IN ({ids})")


def erase_ratios(lake: Lake, table: DeltaTable, rounds: int) -> dict[int, float]:
    """Erase other people each round, by turns, on both."""
    ratios, taken = {}, 0
    for count in PEOPLE_ERASED:
        ours, theirs = [], []
        for _ in range(rounds):
            people = [record(number) for number in range(taken, taken + count)]
            taken += count
            ours.append(timed(lambda: erase(lake, people, RULE, operation_id=random_id())))  # noqa: B023 - run at once
            theirs.append(timed(lambda: delta_erase(table, people)))  # noqa: B023 - run at once
        tell(f"erase {count}", ours=ours, delta=theirs)
        ratios[count] = median(ours) / median(theirs)
    return ratios


def tell(what: str, **seconds: list[float]) -> None:
    """Print the medians in seconds."""
    print(f"{what:18}", "  ".join(f"{name} {median(values):.3f} s" for name, values in seconds.items()), flush=True)


def main() -> int:
    """Run everything, print the ratios, return 1 if a gate is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    asked.directory.mkdir(parents=True, exist_ok=True)
    frame = rows_of(asked.rows, asked.people)
    plain = [plain_copy(frame, asked.directory) for _ in range(asked.rounds)]
    lakes = []
    for number in range(asked.rounds):
        (root := asked.directory / f"lake{number}").mkdir()
        lakes.append(small_lake(root, keys=durable_keys(root)))
    landed = [land(lake, frame, 1, asked.directory / "source.parquet") for lake in lakes]
    tell("append", ours=landed, plain=plain)
    same, one = scan_ratio(lakes[0], asked.directory, asked.rounds * 2 + 1)
    erased = erase_ratios(lakes[0], delta_table(frame, asked.directory / "delta"), asked.rounds)
    purged = timed(lambda: purge(lakes[0]))
    print(f"purge              {purged:.3f} s, files {states(lakes[0])}")
    print(f"ratios: append {median(landed) / median(plain):.2f}  scan {same:.2f} (one file {one:.2f})  erase", erased)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
    return int(same > SCAN_GATE or any(ratio >= ERASE_GATE for ratio in erased.values()))


if __name__ == "__main__":
    sys.exit(main())

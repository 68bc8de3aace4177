"""How well records of people are matched on data sets whose truth is known: one configuration, column mapping only.

    python -m tests.benchmarks.bench_match_quality --folder FOLDER [--set febrl3 ...]

The folder (else VARDE_ER) holds febrl/dataset3.csv, dataset4a.csv, dataset4b.csv, splink/fake_1000.csv,
splink/historical_figures_dev_half.parquet and synth/nordic_100k.parquet with nordic_100k.truth.parquet; sets that are
not there are passed over. Each set trains its own model and chooses its own threshold, without the truth.

Goals, pairwise F1 of clusters: febrl3 and febrl4 .99, historical .87, nordic .90 and its B-cubed F1 .94.
"""

import argparse
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ingest.match.evaluation import evaluate
from ingest.match.form import comparable_people, mapped
from ingest.match.resolution import resolve
from ingest.match.spec import read_spec

FEBRL = {
    "record": "rec_id",
    "given_name": "given_name",
    "family_name": "surname",
    "street": "street_number+address_1",
    "city": "suburb",
    "postcode": "postcode",
    "birth_date": "date_of_birth",
    "national_id": "soc_sec_id",
}


@dataclass(frozen=True)
class Known:
    """A set: its files, which column is what, where the truth is, and the goals."""

    files: tuple[str, ...]
    columns: Mapping[str, str]
    truth: Callable[[pl.DataFrame, Path], pl.DataFrame]
    goal: float
    goal_b_cubed: float | None = None


def of_identifier(table: pl.DataFrame, folder: Path) -> pl.DataFrame:
    return table.select(record="rec_id", entity=pl.col("rec_id").str.extract(r"rec-(\d+)-"))


def of_cluster(table: pl.DataFrame, folder: Path) -> pl.DataFrame:
    return table.select(record="unique_id", entity="cluster")


def beside(table: pl.DataFrame, folder: Path) -> pl.DataFrame:
    truth = pl.read_parquet(folder / "synth/nordic_100k.truth.parquet")
    return truth.select(record=pl.col("record_id").cast(pl.String), entity="entity_id")


SETS = {
    "febrl3": Known(("febrl/dataset3.csv",), FEBRL, of_identifier, 0.99),
    "febrl4": Known(("febrl/dataset4a.csv", "febrl/dataset4b.csv"), FEBRL, of_identifier, 0.99),
    "fake_1000": Known(
        ("splink/fake_1000.csv",),
        {
            "record": "unique_id",
            "given_name": "first_name",
            "family_name": "surname",
            "birth_date": "dob",
            "city": "city",
            "email": "email",
        },
        of_cluster,
        0.0,
    ),
    "historical": Known(
        ("splink/historical_figures_dev_half.parquet",),
        {
            "record": "unique_id",
            "given_name": "first_name",
            "family_name": "surname",
            "full_name": "full_name",
            "birth_date": "dob",
            "city": "birth_place",
            "postcode": "postcode_fake",
            "sex": "gender",
            "occupation": "occupation",
        },
        of_cluster,
        0.87,
    ),
    "nordic_100k": Known(
        ("synth/nordic_100k.parquet",),
        {
            "record": "record_id",
            "given_name": "first_name",
            "family_name": "last_name",
            "birth_date": "dob",
            "street": "street+house_no",
            **{name: name for name in ("source", "email", "phone", "postcode", "city", "country", "national_id")},
        },
        beside,
        0.90,
        0.94,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=os.environ.get("VARDE_ER"))
    parser.add_argument("--set", choices=SETS, nargs="+", default=list(SETS))
    given = parser.parse_args()
    if given.folder is None:
        parser.error("say where the sets are: --folder or VARDE_ER")
    for name in given.set:
        if all((Path(given.folder) / file).exists() for file in SETS[name].files):
            print(measured(name, SETS[name], Path(given.folder)), flush=True)
        else:
            print(f"{name}: not in the folder")


def measured(name: str, known: Known, folder: Path) -> str:
    """Match one set and say how good it is."""
    table = pl.concat([_table(folder / file) for file in known.files])
    started, worked = time.perf_counter(), time.process_time()
    records = mapped(table, known.columns)
    records = records if "source" in records.columns else records.with_columns(source=pl.lit("file"))
    resolution = resolve(comparable_people(records), read_spec("person"))
    wall, cpu = time.perf_counter() - started, time.process_time() - worked
    told = evaluate(resolution.clusters, known.truth(table, folder))
    pairs, each = told.pairwise, told.b_cubed
    goals = f"goal {known.goal}" + (f" and {known.goal_b_cubed}" if known.goal_b_cubed else "")
    return (
        f"{name}: pairwise P {pairs.precision:.4f} R {pairs.recall:.4f} F1 {pairs.f1:.4f}; "
        f"B-cubed P {each.precision:.4f} R {each.recall:.4f} F1 {each.f1:.4f} ({goals}); "
        f"joined from {resolution.threshold.at:.3f}, F1 expected {resolution.threshold.expected_f1:.3f}; "
        f"{records.height} records, {resolution.compared} pairs, {wall:.0f} s wall, {cpu:.0f} s CPU"
    )


def _table(path: Path) -> pl.DataFrame:
    table = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
    return table.rename(str.strip).select(pl.all().cast(pl.String).str.strip_chars().replace("", None))


if __name__ == "__main__":
    main()

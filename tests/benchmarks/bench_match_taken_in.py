"""How well people are matched when they are taken in by a model, one delivery a source, on a set whose truth is known.

    python -m tests.benchmarks.bench_match_taken_in --folder FOLDER [--people 10000]

The folder is that of `bench_match_quality`; of its Nordic customers the first people by number are taken. Beside it the
same model resolves all their records at once. Figures stand in the guide on matching.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import polars as pl
from sqlalchemy import text

from hub import clock
from hub.authentication import acting_principal
from hub.compose import Hub, open_hub
from hub.home import make_home
from hub.settings import Settings
from ingest.contract.load import load_contract
from ingest.match.evaluation import evaluate
from ingest.match.form import comparable_people, mapped
from ingest.match.resolution import resolve
from ingest.match.saved import shipped
from ingest.pipeline.delivery import ingest_file
from tests.benchmarks.bench_match_quality import SETS

CONTRACT = """
contract: {source}_people
version: 1
source: {source}
owner: bench
table: people
format: {{kind: csv, delimiter: ",", encoding: utf-8}}
country: "NO"
key: [record_id]
columns:
  first_name: {{to: given_name}}
  last_name: {{to: family_name}}
  dob: {{to: birth_date, dates: "%Y-%m-%d"}}
  email: {{to: email}}
  phone: {{to: phone}}
  street: {{to: street}}
  postcode: {{to: postcode}}
  city: {{to: city}}
  country: {{to: country}}
  national_id: {{to: national_id}}
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=os.environ.get("VARDE_ER"))
    parser.add_argument("--people", type=int, default=10_000)
    given = parser.parse_args()
    table = pl.read_parquet(Path(given.folder) / "synth/nordic_100k.parquet")
    truth = pl.read_parquet(Path(given.folder) / "synth/nordic_100k.truth.parquet")
    few = truth["entity_id"].unique().sort().head(given.people)
    truth = truth.filter(pl.col("entity_id").is_in(few.implode()))
    table = table.join(truth.select("record_id"), on="record_id", how="semi").with_columns(pl.all().cast(pl.String))
    known = truth.select(record=pl.col("record_id").cast(pl.String), entity="entity_id")
    with tempfile.TemporaryDirectory() as name:
        print(f"taken in: {told(taken_in(table, Path(name)), known)}", flush=True)
    whole = resolve(comparable_people(mapped(table, SETS["nordic_100k"].columns)), shipped().spec, shipped().model)
    print(f"at once: {told(whole.clusters, known)}")


def told(clusters: pl.DataFrame, truth: pl.DataFrame) -> str:
    found = evaluate(clusters, truth)
    return f"{clusters.height} records, pairwise F1 {found.pairwise.f1:.4f}, B-cubed F1 {found.b_cubed.f1:.4f}"


def taken_in(table: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """Take the records in, and say of each which entity it came to: record, source, cluster."""
    settings = Settings.load({"VARDE_MATCHING": "model"}, folder / "home")
    make_home(settings, clock=clock.now)
    hub = open_hub(settings)
    street = pl.concat_str("street", "house_no", separator=" ", ignore_nulls=True)
    for (source,), part in table.with_columns(street).sort("source").group_by("source", maintain_order=True):
        path, contract = folder / f"{source}.csv", folder / f"{source}.yaml"
        contract.write_text(CONTRACT.format(source=source))
        part.drop("source", "house_no").write_csv(path)
        started = time.perf_counter()
        summary = ingest_file(load_contract(contract), path, hub.ports(acting_principal(hub).principal_id))
        print(f"{source}: {summary.counts.accepted} records, {time.perf_counter() - started:.1f} s", flush=True)
    return entities(hub, table)


def entities(hub: Hub, table: pl.DataFrame) -> pl.DataFrame:
    query = "SELECT s.key_index, c.entity_id FROM source_record s JOIN crosswalk c USING (record_id)"
    with hub.reading() as session:
        homes = {row[0]: row[1] for row in session.execute(text(query))}
    indexes = hub.ports(acting_principal(hub).principal_id).indexes
    rows = []
    for record, source in table.select("record_id", "source").iter_rows():
        home = homes.get(indexes.source_key(source).token_of(record))
        rows += [(record, source, home)] if home is not None else []
    return pl.DataFrame(rows, schema={"record": pl.String, "source": pl.String, "cluster": pl.Binary}, orient="row")


if __name__ == "__main__":
    main()

"""Feast's online store on SQLite, asked for the same features of the same customers: one at a time, in process.

Feast is no dependency of ours: it lives in an interpreter of its own, which is named by its path.
"""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from tests.benchmarks.kept_view import AT

_CHILD: Final = """
import json, sys, time
from datetime import datetime, timedelta, timezone
from pathlib import Path
import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64, Int64

folder, asked = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
frame = pd.read_parquet(folder / "rows.parquet")
kinds = {"int64": Int64, "float64": Float64}
names = [name for name in frame.columns if name not in ("customer", "event_timestamp")]
store = FeatureStore(config=RepoConfig(
    project="bench", provider="local", registry=str(folder / "registry.db"), entity_key_serialization_version=3,
    online_store={"type": "sqlite", "path": str(folder / "online.db")}, offline_store={"type": "file"},
))
customer = Entity(name="customer", join_keys=["customer"], value_type=ValueType.STRING)
view = FeatureView(
    name="kept", entities=[customer], ttl=timedelta(days=30),
    schema=[Field(name=name, dtype=kinds[str(frame[name].dtype)]) for name in names],
    source=FileSource(path=str(folder / "rows.parquet"), timestamp_field="event_timestamp"),
)
store.apply([customer, view])
began = time.perf_counter()
store.write_to_online_store("kept", frame)
written = time.perf_counter() - began
wanted = [f"kept:{name}" for name in names]
seconds = []
for each in asked:
    began = time.perf_counter()
    found = store.get_online_features(features=wanted, entity_rows=[{"customer": each}]).to_dict()
    seconds.append(time.perf_counter() - began)
    assert found[names[0]][0] is not None
Path(folder / "seconds.json").write_text(json.dumps({"written": written, "seconds": seconds}))
"""


def ask_feast(python: Path, rows: pl.DataFrame, pseudonyms: Sequence[str], folder: Path) -> tuple[float, list[float]]:
    """Write rows (`pseudonym`, features) into an online store of Feast's; return seconds for that and for each read."""
    folder.mkdir()
    customers = rows.with_columns(pl.col("pseudonym").bin.encode("hex").alias("customer")).drop("pseudonym")
    customers.with_columns(pl.lit(AT).alias("event_timestamp")).write_parquet(folder / "rows.parquet")
    asked = folder / "asked.json"
    asked.write_text(json.dumps(list(pseudonyms)))
    ended = subprocess.run(
        [str(python), "-c", _CHILD, str(folder), str(asked)], capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise RuntimeError(f"Feast could not be asked: {ended.stderr.strip().splitlines()[-1:]}")
    told = json.loads((folder / "seconds.json").read_text())
    return told["written"], told["seconds"]

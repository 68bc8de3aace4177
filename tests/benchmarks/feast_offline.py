"""Feast's historical features over plain Parquet, by its Dask or its DuckDB offline store.

    python feast_offline.py STORE FOLDER

Run by an interpreter that has Feast, which is no dependency of ours; nothing of ours is imported here. The folder has a
file for each table (`customer`, `event_timestamp` and features), `wanted.parquet` (`customer`, `event_timestamp`) and
`asked.json` (which features of which tables, how many days back). Prints seconds, peak memory in MiB, rows, and the sum
of each feature, as JSON.
"""

import json
import sys
import time
from datetime import timedelta
from pathlib import Path

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Int64


def main() -> None:
    """Register the tables, then ask."""
    kind, folder = sys.argv[1], Path(sys.argv[2])
    tables = json.loads((folder / "asked.json").read_text())["tables"]
    store = registered(kind, folder)
    features = [f"{table}:{name}" for table, names in tables.items() for name in names]
    wanted = pd.read_parquet(folder / "wanted.parquet")
    began = time.perf_counter()
    found = store.get_historical_features(entity_df=wanted, features=features).to_df()
    seconds = time.perf_counter() - began
    sums = {name: float(found[name].sum()) for names in tables.values() for name in names}
    status = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    told = {"seconds": seconds, "mebibytes": int(status.split()[1]) / 1024, "rows": len(found), "sums": sums}
    print(json.dumps(told))


def registered(kind: str, folder: Path) -> FeatureStore:
    """Tell Feast of the tables."""
    asked = json.loads((folder / "asked.json").read_text())
    registry = folder / f"registry-{kind}.db"
    registry.unlink(missing_ok=True)
    store = FeatureStore(
        config=RepoConfig(
            project="bench",
            provider="local",
            registry=str(registry),
            offline_store={"type": kind},
            entity_key_serialization_version=3,
        )
    )
    customer = Entity(name="customer", join_keys=["customer"], value_type=ValueType.INT64)
    views = [
        FeatureView(
            name=table,
            entities=[customer],
            ttl=timedelta(days=asked["days"]),
            schema=[Field(name=name, dtype=Int64) for name in names],
            source=FileSource(path=str(folder / f"{table}.parquet"), timestamp_field="event_timestamp"),
        )
        for table, names in asked["tables"].items()
    ]
    store.apply([customer, *views])
    return store


if __name__ == "__main__":
    main()

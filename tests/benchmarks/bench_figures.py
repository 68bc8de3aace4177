"""Figures of a million customers, with all that decides what is withheld, against the bare Polars grouping of the rows.

    python -m tests.benchmarks.bench_figures [--rows 1000000] [--runs 5]

Both start from the same rows in memory, and run in turn: cells by two dimensions of 7 and 5 levels with totals; a
count, a sum, a mean and a ratio. The bare grouping has no totals, no largest customers and withholds nothing.
"""

import argparse
import statistics
import time
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import yaml

from hub.views.folding import SUBJECT
from hub.views.load import load_spec
from hub.views.spec import LANGUAGES
from hub.views.summed import summed

AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
SEGMENTS = ("a", "b", "c", "d", "e")
WORDS = dict.fromkeys(LANGUAGES, "words")
SEGMENT = {"op": "last", "table": "profiles", "column": "segment", "levels": list(SEGMENTS)}
ORDERS = {"table": "orders", "window_days": 364}
CONTENT: dict[str, Any] = {
    "name": "bench",
    "version": 1,
    "grain": "person",
    "purpose": "churn",
    "consumer": "bench",
    "description": "Figures of orders.",
    "as_of_grid": "week",
    "reads": {"per": "week", "at_most": 1},
    "expires_days": 30,
    "k": 10,
    "features": {
        "segment_of": SEGMENT,
        "band": {"op": "count", **ORDERS, "bands": [0, 2, 5, 10]},
        "orders": {"op": "count", **ORDERS, "top_code": 50},
        "amount": {"op": "sum", "column": "amount_minor", **ORDERS, "filter": {"currency": "NOK"}},
    },
    "summary": {
        "by": {"segment": {"feature": "segment_of"}, "often": {"feature": "band"}},
        "measures": {
            "customers": {"op": "count"},
            "placed": {"op": "sum", "of": "orders"},
            "spent": {"op": "mean", "of": "amount"},
            "per_order": {"op": "ratio", "of": "amount", "to": "orders"},
        },
    },
    "texts": dict.fromkeys(("segment", "often", "customers", "placed", "spent", "per_order"), WORDS),
}


def rows_of(count: int) -> pl.DataFrame:
    """Make rows as the gate builds them inside."""
    drawn = np.random.default_rng(1)
    orders = np.minimum(drawn.geometric(0.2, count) - 1, 50)
    return pl.DataFrame(
        {
            SUBJECT: pl.Series(np.arange(count), dtype=pl.UInt32),
            "segment_of": pl.Series(drawn.choice(SEGMENTS, count, p=[0.6, 0.3, 0.08, 0.01999, 0.00001])),
            "band": pl.Series(np.array([0, 2, 5, 10])[np.digitize(orders, [2, 5, 10])], dtype=pl.Int64),
            "orders": pl.Series(orders, dtype=pl.Int64),
            "amount": pl.Series(orders * drawn.integers(1_000, 90_000, count), dtype=pl.Int64),
        }
    )


def bare(rows: pl.DataFrame) -> pl.DataFrame:
    """Group the rows, and nothing else."""
    amount, orders = pl.col("amount"), pl.col("orders")
    values = (pl.len(), orders.sum(), amount.mean().alias("spent"), (amount.sum() / orders.sum()).alias("per_order"))
    return rows.lazy().group_by("segment_of", "band").agg(values).collect()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    spec, rows, times = load_spec(yaml.safe_dump(CONTENT)), rows_of(given.rows), {"bare": [], "figures": []}
    assert spec.summary is not None
    for _ in range(given.runs):
        started = time.perf_counter()
        bare(rows)
        times["bare"].append(time.perf_counter() - started)
        started = time.perf_counter()
        found = summed(spec, spec.summary, rows, as_of=AS_OF)
        times["figures"].append(time.perf_counter() - started)
    grouped, figures = (statistics.median(each) for each in times.values())
    print(f"bare grouping {grouped * 1e3:.0f} ms, figures {figures * 1e3:.0f} ms, ratio {figures / grouped:.1f}")
    print(f"{found.frame.height} cells, withheld by rule: {found.withheld}")


if __name__ == "__main__":
    main()

"""Golden records of many customers at once: time and memory once documents are open, in one process.

    python -m tests.benchmarks.bench_golden --entities 100000

Made-up people of 2.4 records each on average; one value in ten differs, one in five is missing.
"""

import argparse
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from ingest.survivorship.facts import CORRECTIONS, TOLD, Facts, compared
from ingest.survivorship.golden import survive
from ingest.survivorship.rules import shipped
from privacy.terms import EntityKind

_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)
_ELSE: Final = 7_000_000
_SAYS: Final[dict[str, Callable[[int], str]]] = {
    "given_name": lambda n: f"Kari{n % 5000:x}",
    "family_name": lambda n: f"Nordmann{n % 9000:x}",
    "email": lambda n: f"p{n}@example.no",
    "phone": lambda n: f"9{n % 10_000_000:07d}",
    "birth_date": lambda n: f"{1950 + n % 50}-0{1 + n % 9}-1{n % 9}",
    "street": lambda n: f"Storgata {n}",
    "postcode": lambda n: f"{n % 10_000:04d}",
    "city": lambda n: f"By{n % 3000}",
}


def facts(entities: int) -> Facts:
    """Make up what records say."""
    draw = np.random.default_rng(1)
    rows = int(2.4 * entities)
    whose = np.concatenate([np.arange(entities), draw.integers(0, entities, rows - entities)])
    columns = {
        "entity": [int(each).to_bytes(16, "big") for each in whose],
        "record": [draw.bytes(16) for _ in range(rows)],
        "source": draw.choice(["crm", "shop", "support"], rows).tolist(),
        "revision": [1] * rows,
        "said_at": [_DAY + timedelta(days=int(days)) for days in draw.integers(0, 28, rows)],
    }
    for name, says in _SAYS.items():
        other, gone = draw.random(rows) < 0.1, draw.random(rows) < 0.2
        columns[name] = [
            None if lost else says(int(each) + _ELSE * bool(differs))
            for each, differs, lost in zip(whose, other, gone, strict=True)
        ]
    schema = TOLD | dict.fromkeys(_SAYS, pl.String())
    told = pl.DataFrame(columns, schema=schema)
    return Facts(told=told, corrections=pl.DataFrame(schema=CORRECTIONS), kind=EntityKind.PERSON, country="NO")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=100_000)
    made = facts(parser.parse_args().entities)
    for name, act in (("standard form", lambda: compared(made)), ("golden records", lambda: survive(made, shipped()))):
        wall, cpu = time.perf_counter(), time.process_time()
        height = act().height
        print(f"{name}: {height} rows, {time.perf_counter() - wall:.1f} s, {time.process_time() - cpu:.1f} s of CPU")
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")


if __name__ == "__main__":
    main()

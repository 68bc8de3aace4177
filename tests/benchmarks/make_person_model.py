"""Make the model of people that is shipped: trained on one set, and neutral where one set cannot teach.

    python -m tests.benchmarks.make_person_model --folder FOLDER --output ingest/match/person.json

How often a source holds a person twice is a matter of that source, and what a set does not deliver it does not teach:
there the shares of the spec stay. The curve, the threshold and the trust in rules are then measured with that model.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Final

import polars as pl

from ingest.match.form import comparable_people, mapped
from ingest.match.model import written
from ingest.match.resolution import resolve
from ingest.match.saved import TRUST
from ingest.match.spec import read_spec
from ingest.match.training import train
from ingest.match.trust import trusts_of
from tests.benchmarks.bench_match_quality import SETS, _table

_OF_A_SOURCE: Final = "source"


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the model that is shipped.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    told = parser.parse_args()
    spec, known = read_spec("person"), SETS["nordic_100k"]
    table = pl.concat([_table(told.folder / file) for file in known.files])
    frame = comparable_people(mapped(table, known.columns))
    learned, report = train(frame, spec)
    neutral = {each.name: each for each in spec.comparisons if each.name == _OF_A_SOURCE or each.name not in learned.m}
    model = replace(
        learned,
        m={
            each.name: neutral[each.name].m if each.name in neutral else learned.m[each.name]
            for each in spec.comparisons
        },
        u={
            each.name: neutral[each.name].u if each.name in neutral else learned.u[each.name]
            for each in spec.comparisons
        },
    )
    resolution = resolve(frame, spec, model)
    curve = resolution.model.curve
    if curve is None:
        raise SystemExit("no curve was measured")
    believed = resolution.edges.with_columns(curve.probability(resolution.edges["weight"]))
    report |= {TRUST: {name: round(worth, 4) for name, worth in trusts_of(frame, believed, spec.rules).items()}}
    told.output.write_text(written(resolution.model, report), encoding="utf-8")


if __name__ == "__main__":
    main()

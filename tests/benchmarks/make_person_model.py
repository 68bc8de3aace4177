"""Make the model of people that is shipped: trained on one set, and neutral where one set cannot teach.

    python -m tests.benchmarks.make_person_model --folder FOLDER --output ingest/match/person.json

How often a source holds a person twice is a matter of that source, and what a set does not deliver it does not teach:
there the shares of the spec stay. The curve, the threshold and the trust in rules are then measured with that model.
"""

import argparse
from pathlib import Path
from typing import Final

import polars as pl

from ingest.match.form import comparable_people, mapped
from ingest.match.learning import learn
from ingest.match.model import written
from ingest.match.spec import read_spec
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
    learned = learn(frame, spec, neutral=(_OF_A_SOURCE,))
    told.output.write_text(written(learned.resolution.model, learned.report), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Make the base model of sentiment that is shipped: predict/satisfaction/base_model.json.

    python -m tests.benchmarks.make_sentiment_model --output predict/satisfaction/base_model.json

Learns from the train part of NoReC sentences (Øvrelid et al., 2020; models learned from it may be shipped, its texts
not) and nothing else. Numbers of runs that fewer than three sentences hold are dropped, so that no sentence can be read
back.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

from predict.satisfaction.packing import as_mapping
from predict.satisfaction.sentiment import learn
from tests.redaction_sets import CORPORA
from tests.sentiment_sets import norec

TRUST = 0.5  # reviews of critics taught it, and customers' letters are to be read: see ADR 0091


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpora", type=Path, default=CORPORA)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    taught = norec("train", given.corpora)
    model = learn(taught, taught["class"].to_numpy())
    told = {
        "made_by": "tests.benchmarks.make_sentiment_model",
        **as_mapping(replace(model, taught=("nb", "nn"), trust=TRUST)),
    }
    given.output.write_text(json.dumps(told, sort_keys=True, indent=0), encoding="utf-8")


if __name__ == "__main__":
    main()

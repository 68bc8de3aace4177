"""Make the model of organisations that is shipped: trained on made-up enterprises, because no set is at hand.

    python -m tests.benchmarks.make_organisation_model --output ingest/match/organisation.json

Made with the same seed it is the same, byte for byte. How often a source holds an enterprise twice is a matter of that
source: there the shares of the spec stay. What it cannot teach is how real registers and real slips look: a home with
organisations enough trains its own (`varde match train --kind organisation`).
"""

import argparse
from pathlib import Path
from typing import Final

from ingest.match.learning import learn
from ingest.match.model import written
from ingest.match.organisation import comparable_organisations
from ingest.match.spec import read_spec
from tests.match_firms import firms, worn

_GROUPS: Final = 1_000
_SEED: Final = 20
"""Not one of the seeds that tests and figures use."""
_OF_A_SOURCE: Final = "source"


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the model of organisations that is shipped.")
    parser.add_argument("--output", type=Path, required=True)
    told = parser.parse_args()
    frame = comparable_organisations(worn(firms(_GROUPS, seed=_SEED), seed=_SEED))
    learned = learn(frame, read_spec("organisation"), neutral=(_OF_A_SOURCE,))
    told.output.write_text(written(learned.resolution.model, learned.report), encoding="utf-8")


if __name__ == "__main__":
    main()

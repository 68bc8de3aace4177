"""How well uplift is found on a real randomised campaign: Hillstrom's e-mails of women's and of men's merchandise.

    python -m tests.benchmarks.bench_predict_uplift --folder FOLDER [--seeds 5]

The folder (else VARDE_CORPORA) holds hillstrom/*.csv: customers of a shop, drawn into three arms; the response is a
visit within two weeks. Every figure is of customers by models that never saw them (ten folds, five deals), with a
bootstrap interval of 95 %; the spread over seeds is that of the deals.

Goals: women's campaign Q .055 and above the plain response model (.017); men's campaign "no evidence that targeting
beats treating everybody"; with shuffled contacts Q about 0.
"""

import argparse
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from predict.uplift.model import Learnt, learn_uplift
from predict.uplift.trial import Trial, trial_of

SENT = datetime(2008, 3, 20, tzinfo=UTC)
NOBODY = "No E-Mail"
WORDS = ("zip_code", "channel")
GOAL = 0.055


def trial(table: pl.DataFrame, arm: str) -> Trial:
    """Put one campaign beside those who were sent nothing; words become a column for each of their levels."""
    rows = table.filter(pl.col("segment").is_in([arm, NOBODY])).with_row_index("row")
    levels = [
        (pl.col(word) == level).alias(f"{word}_{level}") for word in WORDS for level in rows[word].unique().sort()
    ]
    return trial_of(
        rows.select(
            pl.col("row").cast(pl.String).str.zfill(16).cast(pl.Binary).alias("pseudonym"),
            pl.lit(SENT).alias("as_of"),
            pl.col("recency", "history").cast(pl.Float64),
            pl.col("mens", "womens", "newbie").cast(pl.Boolean),
            *levels,
            treated=pl.col("segment") == arm,
            responded=pl.col("visit") == 1,
        )
    )


def show(name: str, found: Learnt, seconds: float) -> None:
    evidence = found.evidence
    print(f"{name}: {evidence.verdict} ({found.learner}, {evidence.customers:,} customers, {seconds:.0f} s)")
    for label, figure in (
        ("effect", evidence.effect),
        ("Q", evidence.q),
        ("Q of the response model", evidence.response_q),
        ("gain over it", evidence.gain),
        ("slope", evidence.slope),
    ):
        print(f"  {label:24} {figure.figure:7.4f} [{figure.low:7.4f}, {figure.high:7.4f}]")
    print(f"  {'held by the better half':24} {evidence.upper_share:7.3f}")
    print("  by learner " + ", ".join(f"{one} {q:.4f}" for one, q in found.learners_q.items()))
    fifths = ", ".join(f"{said:.3f}/{one.figure:.3f}" for said, one in evidence.groups)
    print(f"  fifths, predicted/measured: {fifths}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default=os.environ.get("VARDE_CORPORA"), required="VARDE_CORPORA" not in os.environ)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    (path,) = (Path(asked.folder) / "hillstrom").glob("*.csv")
    table = pl.read_csv(path, infer_schema_length=None)
    for arm in ("Womens E-Mail", "Mens E-Mail"):
        drawn = trial(table, arm)
        figures = []
        for seed in range(asked.seeds):
            began = time.perf_counter()
            found = learn_uplift(drawn, seed=seed)
            figures.append(found.evidence.q.figure)
            show(f"{arm}, seed {seed}", found, time.perf_counter() - began)
        print(f"  Q over {asked.seeds} seeds: {min(figures):.4f} to {max(figures):.4f}; goal (women's) {GOAL}\n")
        shuffled = np.random.default_rng(0).permutation(drawn.treated)
        show(
            f"{arm}, contacts shuffled",
            learn_uplift(Trial(drawn.raw, drawn.names, shuffled, drawn.responded), seed=0),
            0,
        )


if __name__ == "__main__":
    main()

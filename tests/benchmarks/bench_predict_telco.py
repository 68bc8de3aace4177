"""How well departures of a telephone company are foretold: Telco (IBM, fictional), five folds, our own training.

    python -m tests.benchmarks.bench_predict_telco --file Telco-Customer-Churn.csv --seeds 3

Every fold trains as `varde predict train churn` does (choice, calibration and test inside four fifths) and scores the
fifth it has not seen. AUC is the mean of folds, ECE and Brier score are of all customers, each scored once. Intervals
are 95 %, bootstrapped over customers. A cross-section: it says nothing of forecasting.

Goals: AUC at least .848, ECE at most .015, Brier at most .134; an AUC above .87 would be a leak.
"""

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from predict import evaluate
from predict.churn.declaration import CHURN
from predict.likelihood.score import score
from predict.likelihood.train import train
from predict.module import Brief

FOLDS = 5
NUMBERS = ("tenure", "MonthlyCharges", "TotalCharges", "SeniorCitizen")


def main() -> None:
    corpora = os.environ.get("VARDE_CORPORA")
    default = Path(corpora) / "telco_ibm" / "Telco-Customer-Churn.csv" if corpora else None
    parser = argparse.ArgumentParser()
    parser.add_argument("--file", type=Path, default=default)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    if given.file is None:
        parser.error("say where the set is: --file or VARDE_CORPORA")
    frame = telco(given.file)
    for seed in range(given.seeds):
        print(measured(frame, seed), flush=True)


def telco(file: Path) -> pl.DataFrame:
    """Read the set as a view would release it: numbers, and levels with the values that occur."""
    told = pl.read_csv(file, infer_schema=False)
    kinds = [name for name in told.columns if name not in {*NUMBERS, "customerID", "Churn"}]
    return told.select(
        pl.col("customerID").cast(pl.Binary).alias("pseudonym"),
        pl.lit(datetime(2020, 1, 1, tzinfo=UTC)).alias("as_of"),
        (pl.col("Churn") == "Yes").alias("churned"),
        *(pl.col(name).str.strip_chars().cast(pl.Float64, strict=False) for name in NUMBERS),
        *(pl.col(name).cast(pl.Enum(told[name].unique().sort())) for name in kinds),
    )


def measured(frame: pl.DataFrame, seed: int) -> str:
    """Train and score fold by fold."""
    outcome = frame["churned"].cast(pl.Float64).to_numpy()
    fold = folded(outcome, seed)
    probability, kept = np.empty(outcome.size), []
    for number in range(FOLDS):
        artefact = train(frame.filter(pl.Series(fold != number)), CHURN, Brief(horizon_days=30, features=(), seed=seed))
        asked = frame.filter(pl.Series(fold == number)).drop("churned")
        scored = asked.select("pseudonym").join(score(artefact, asked), on="pseudonym", maintain_order="left")
        probability[fold == number] = scored["probability"].to_numpy()
        kept.append(f"{artefact.family} {artefact.manifest['lines']}")
    aucs = [evaluate.auc(outcome[fold == number], probability[fold == number]) for number in range(FOLDS)]
    pooled = evaluate.interval(evaluate.auc, outcome, probability, seed=seed)
    brier = evaluate.interval(evaluate.brier, outcome, probability, seed=seed)
    return (
        f"seed {seed}: AUC {np.mean(aucs):.4f} (goal .848; pooled {pooled.figure:.4f}, {pooled.low:.4f} to "
        f"{pooled.high:.4f}), ECE {evaluate.ece(outcome, probability):.4f} (goal .015), Brier {brier.figure:.4f} "
        f"({brier.low:.4f} to {brier.high:.4f}; goal .134); kept {sorted(set(kept))}"
    )


def folded(outcome: np.ndarray, seed: int) -> np.ndarray:
    """Deal each kind of customer out over the folds."""
    rng = np.random.default_rng(seed)
    fold = np.empty(outcome.size, dtype=np.int64)
    for kind in (0.0, 1.0):
        rows = rng.permutation(np.flatnonzero(outcome == kind))
        fold[rows] = np.arange(rows.size) % FOLDS
    return fold


if __name__ == "__main__":
    main()

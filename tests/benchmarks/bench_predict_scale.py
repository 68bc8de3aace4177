"""Training and scoring of many customers beside a bare fit of the same frame, in the same run.

    python -m tests.benchmarks.bench_predict_scale --customers 1000000 --features 40

Made-up customers at three cuts (so that the split is temporal), `--customers` rows in all, seed 1; a twentieth of all
values is missing. Bare fits: LightGBM with its own settings (100 trees) and scikit-learn's logistic
regression, without comparison, calibration, test or report.

Goals: training at most 3 times a bare fit; scoring with reasons at least 50,000 customers a second.
"""

import argparse
import time
from collections.abc import Callable
from datetime import UTC, datetime

import lightgbm
import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression

from predict.churn.declaration import CHURN
from predict.likelihood.score import score
from predict.likelihood.train import train
from predict.module import Brief

CUTS = (datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=40)
    given = parser.parse_args()
    frame = made(given.customers, given.features)
    names = [name for name in frame.columns if name.startswith("f")]
    raw, outcome = frame.select(names).to_numpy(), frame["churned"].cast(pl.Int8).to_numpy()
    trees, trees_cpu = timed(lambda: bare_trees(raw, outcome))
    lines, lines_cpu = timed(lambda: bare_lines(raw, outcome))
    kept = []
    ours, ours_cpu = timed(lambda: kept.append(train(frame, CHURN, Brief(horizon_days=28, features=(), seed=1))))
    (artefact,) = kept
    asked = frame.with_columns(as_of=pl.lit(CUTS[-1])).drop("churned")
    scoring, scoring_cpu = timed(lambda: score(artefact, asked))
    print(f"{frame.height} rows x {len(names)} features, kept: {artefact.family}, {artefact.manifest['lines']}")
    print(f"bare LightGBM {trees:.1f} s ({trees_cpu:.1f} CPU), bare logistic {lines:.1f} s ({lines_cpu:.1f} CPU)")
    print(
        f"training {ours:.1f} s ({ours_cpu:.1f} CPU): {ours / trees:.2f} x LightGBM, {ours / lines:.2f} x logistic "
        f"(CPU {ours_cpu / trees_cpu:.2f} and {ours_cpu / lines_cpu:.2f}; goal at most 3)"
    )
    print(f"scoring with reasons {frame.height / scoring:,.0f} customers/s ({scoring_cpu:.1f} CPU; goal 50,000)")


def made(customers: int, features: int) -> pl.DataFrame:
    """Make customers of whom five features tell."""
    rng = np.random.default_rng(1)
    raw = rng.lognormal(size=(customers, features))
    odds = np.log(raw[:, :5]).sum(axis=1) - 1
    churned = rng.random(customers) < 1 / (1 + np.exp(-odds))
    raw[rng.random(raw.shape) < 0.05] = np.nan
    keys = np.frombuffer(rng.bytes(16 * customers), dtype="S16")
    frame = pl.DataFrame({f"f{number:02}": raw[:, number] for number in range(features)}).fill_nan(None)
    return frame.with_columns(
        pseudonym=pl.Series([bytes(key).ljust(16, b"0") for key in keys], dtype=pl.Binary),
        as_of=pl.Series([CUTS[at] for at in np.arange(customers) % len(CUTS)]),
        churned=pl.Series(churned),
    )


def bare_trees(raw: np.ndarray, outcome: np.ndarray) -> None:
    lightgbm.train({"objective": "binary", "verbosity": -1}, lightgbm.Dataset(raw, outcome), 100)


def bare_lines(raw: np.ndarray, outcome: np.ndarray) -> None:
    filled = np.where(np.isnan(raw), np.nanmedian(raw, axis=0), raw)
    scaled = (filled - filled.mean(axis=0)) / filled.std(axis=0)
    LogisticRegression().fit(scaled, outcome)


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Return seconds on the clock and of both processors."""
    wall, worked = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - wall, time.process_time() - worked


if __name__ == "__main__":
    main()

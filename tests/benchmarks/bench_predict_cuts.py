"""Churn on two shops whose outcomes are known, by the product's own training, beside what costs less.

    python -m tests.benchmarks.bench_predict_cuts --folder FOLDER

The folder (else VARDE_CORPORA) holds online_retail_ii/ and cdnow/. Online Retail II goes through a home, the guide's
contract and the catalogue's view; each test cut is judged by a model of the cuts whose outcome was known then. CDNOW
is laid out by the same definitions, with a horizon of 30 days, twice: who bought within two horizons (whom the product
warns of), and everybody. Seed 7; intervals are 95 %, bootstrapped over customers.

Goals: Online Retail, 90 days, 1 February, March and April 2011: AUC at least .79, Brier below the base rate's, better
than recency, a logistic regression of recency, frequency and amount (RFM), and BG/NBD. CDNOW, 30 days: at least .72.
"""

import argparse
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from hub.predictions.lessons import described, known_since, known_until, labelled_cuts, modelled, spec_of
from hub.views.gateway import Gateway
from hub.views.intent import Reader
from predict import evaluate
from predict.churn.declaration import CHURN
from predict.feature import Feature, features_of
from predict.frames import labels_of, matrix_of
from predict.likelihood.train import train
from predict.logistic import fit_logistic
from predict.module import Brief
from predict.value.history import History
from predict.value.purchases import fit_purchasing
from tests.integration.retail_shop import VIEW, shop

RECENCY, TENURE, AMOUNT, ORDERS = "days_since_last_order", "days_since_first_order", "amount_365d", "orders_365d"
RETAIL_CUTS = tuple(datetime(2011, month, 1, tzinfo=UTC) for month in (2, 3, 4))
SEED = 7


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=os.environ.get("VARDE_CORPORA"))
    given = parser.parse_args()
    if given.folder is None:
        parser.error("say where the sets are: --folder or VARDE_CORPORA")
    frame, features = retail(given.folder / "online_retail_ii" / "online_retail_ii_to_2011_06.parquet")
    for cut in RETAIL_CUTS:
        print("online retail", measured(frame, features, cut, 90), flush=True)
    everybody = cdnow(given.folder / "cdnow" / "CDNOW_master.txt")
    print(
        "cdnow, active", measured(everybody.filter(pl.col(RECENCY) < 60), (), everybody["as_of"].max(), 30), flush=True
    )
    print("cdnow, all", measured(everybody, (), everybody["as_of"].max(), 30), flush=True)


def retail(file: Path) -> tuple[pl.DataFrame, tuple[Feature, ...]]:
    """Take the set in, and read every labelled cut through the gate."""
    with tempfile.TemporaryDirectory() as folder, shop(Path(folder), file) as home:
        spec = spec_of(home.hub, VIEW)
        until = known_until(home.hub, spec)
        cuts = labelled_cuts(spec, since=known_since(home.hub, spec), known_until=until)
        reader = Reader(principal=home.scientist, module="churn")
        gate = Gateway(home.hub)
        released = gate.read_training(reader, VIEW, purpose=spec.purpose, cuts=cuts, known_until=until)
        told = described(spec)
        return modelled(released.frame, spec), features_of([str(one["name"]) for one in told], told)


def cdnow(file: Path) -> pl.DataFrame:
    """Lay out monthly cuts from May 1997 to May 1998."""
    lines = (
        pl.read_csv(file, has_header=False, skip_rows=1, new_columns=["line"])["line"]
        .str.extract_all(r"\S+")
        .to_frame()
    )
    words = pl.col("line").list
    bought = lines.select(
        words.get(0).cast(pl.Binary).alias("pseudonym"),
        words.get(1).str.to_datetime("%Y%m%d", time_zone="UTC").alias("at"),
        (words.get(3).cast(pl.Float64) * 100).alias("amount"),
    )
    months = [datetime(1997, month, 1, tzinfo=UTC) for month in range(5, 13)]
    months += [datetime(1998, month, 1, tzinfo=UTC) for month in range(1, 6)]
    return pl.concat([_at(bought, cut) for cut in months])


def _at(bought: pl.DataFrame, cut: datetime) -> pl.DataFrame:
    seen = bought.filter(pl.col("at") < cut).with_columns(ago=(pl.lit(cut) - pl.col("at")).dt.total_days())
    later = bought.filter(pl.col("at").is_between(cut, cut + timedelta(days=30), closed="left"))["pseudonym"]
    days = pl.col("at").n_unique()
    per_order = pl.when(days > 1).then((pl.col("ago").max() - pl.col("ago").min()) / (days - 1))
    summed = seen.group_by("pseudonym").agg(
        pl.col("ago").min().alias(RECENCY),
        pl.col("ago").max().alias(TENURE),
        days.cast(pl.Int64).alias(ORDERS),
        pl.col("at").filter(pl.col("ago") < 90).n_unique().cast(pl.Int64).alias("orders_90d"),
        pl.col("amount").sum().alias(AMOUNT),
        per_order.alias("days_per_order"),
    )
    return summed.with_columns(
        (pl.col(RECENCY) / pl.col("days_per_order")).fill_nan(None).alias("overdue_ratio"),
        pl.lit(cut).alias("as_of"),
        (~pl.col("pseudonym").is_in(later.unique().implode())).alias("churned"),
    )


def measured(frame: pl.DataFrame, features: tuple[Feature, ...], cut: datetime, horizon: int) -> str:
    """Train up to a cut, which tests, and compare with what costs less."""
    known = frame.filter(pl.col("as_of") <= cut)
    artefact = train(known, CHURN, Brief(horizon_days=horizon, features=features, seed=SEED))
    model, figures = artefact.figures["model"], artefact.figures
    teach = known.filter(pl.col("as_of") + timedelta(days=horizon) <= cut)
    test = known.filter(pl.col("as_of") == cut)
    outcome = labels_of(test, CHURN.label)
    cheap = {"recency": evaluate.auc(outcome, test[RECENCY].cast(pl.Float64).to_numpy())}
    names = (RECENCY, ORDERS, AMOUNT)
    rfm = fit_logistic(matrix_of(teach, names), labels_of(teach, CHURN.label), names, penalty=0.001)
    cheap["RFM"] = evaluate.auc(outcome, rfm.log_odds(matrix_of(test, names)))
    market = fit_purchasing(_history(teach.filter(pl.col("as_of") == teach["as_of"].max())))
    cheap["BG/NBD"] = evaluate.auc(outcome, market.silent(_history(test), horizon))
    beside = ", ".join(f"{name} {figure:.4f}" for name, figure in cheap.items())
    auc, brier = model["auc"], model["brier"]
    return (
        f"{cut:%Y-%m-%d}: {test.height} customers, base rate {figures['base_rate']:.3f}; AUC {auc['figure']:.4f} "
        f"({auc['low']:.4f} to {auc['high']:.4f}) beside {beside}; Brier {brier['figure']:.4f} "
        f"(base rate {figures['base_rate_brier']:.4f}), ECE {model['ece']:.4f}; kept {artefact.family}"
    )


def _history(frame: pl.DataFrame) -> History:
    """Take the orders of the last year, less the first, for repeat purchases: what the view tells."""
    raw = matrix_of(frame, (ORDERS, RECENCY, TENURE))
    recency, tenure = raw[:, 1], raw[:, 2]
    repeats = np.where(tenure > recency, np.maximum(raw[:, 0] - 1, 1), 0.0)
    return History(repeats, np.where(repeats > 0, tenure - recency, 0.0), tenure, np.full(repeats.size, np.nan))


if __name__ == "__main__":
    main()

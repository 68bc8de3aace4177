"""How well support load and full seats are foretold on what the generator plants.

    python -m tests.benchmarks.bench_predict_outlook [--seeds 21 22 23]

Load: 5,000 people, 730 days; eight windows of 28 days that no fit had seen, each from a fit of what was known at its
beginning. MASE is the mean absolute error over that of the same weekday a week before within the records; beside it
stands that of seasonal-naive on the same days. Covered is the share of days in the 90 % interval, with Wilson's 95 %
interval; of topics as well. Limits: dates told once a month of the last year, beside the planted day on which seats are
full; seats are counted at renewals only, every quarter where a team grows. Teams grow also where nothing is planted.

Goals: MASE below seasonal-naive, .85 to .95 of days covered.
"""

import argparse
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from hub.demo.lived import Making, Truth, live
from hub.demo.planted import NOTHING, Planted
from hub.demo.rhythm import instant_of
from hub.demo.workload import holidays
from predict.service.limits import limits
from predict.service.load import forecast
from predict.shares import in_words, told_share

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
BEGUN = ("started", "renewed", "upgraded", "downgraded")


def load(truth: Truth) -> str:
    cases = truth.tickets.select(day=pl.col("at").dt.date(), topic="category")
    told = forecast(cases, until=UNTIL.date(), ahead=28, holidays=holidays({2024, 2025, 2026})).told
    worse = [one["topic"] for one in told["topics"] if one["mase"] >= one["naive_mase"]]
    beside = ", ".join(f"{name} {mase:.3f}" for name, mase in told["others"].items())
    return (
        f"MASE {told['mase']:.3f} by {told['way']} ({beside}), seasonal-naive {told['naive_mase']:.3f}; "
        f"covered {in_words(told['covered'])}, of topics {in_words(told['covered_by_topic'])}; "
        f"topics no better than seasonal-naive: {', '.join(worse) or 'none'}"
    )


def seats(truth: Truth) -> str:
    growth = truth.lives.occasions.growth.select("entity", full=instant_of(pl.col("limit_day"), UNTIL).dt.date())
    told = pl.concat(_dates(truth, UNTIL - timedelta(days=30 * back)) for back in range(2, 14))
    both = told.join(growth, on="entity", how="left")
    grows = both.filter(pl.col("full") >= pl.col("cut"))
    off = grows.select((pl.col("full_on") - pl.col("full")).dt.total_days()).to_series().to_numpy()
    inside = int(grows.select(pl.col("full").is_between("earliest", "latest").sum()).item())
    return (
        f"{told.height} dates, {told.height - both['full'].count()} of teams that do not grow; "
        f"median {np.median(off):+.0f} days, {np.median(np.abs(off)):.0f} off; "
        f"inside the interval {in_words(told_share(inside, grows.height))}"
    )


def _dates(truth: Truth, cut: datetime) -> pl.DataFrame:
    known = truth.subscriptions.filter(pl.col("kind").is_in(BEGUN), pl.col("at") < cut)
    name = pl.col("entity").cast(pl.String).cast(pl.Binary).alias("pseudonym")
    changes = known.select(name, "seats", "seat_limit", days_ago=(pl.lit(cut) - pl.col("at")).dt.total_days())
    found = limits(changes, as_of=pl.lit(cut.date())).filter(pl.col("because").is_null())
    return found.with_columns(entity=pl.col("pseudonym").cast(pl.String).cast(pl.Int64), cut=pl.lit(cut.date()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[21, 22, 23])
    asked = parser.parse_args()
    for seed, planted in [*((seed, Planted()) for seed in asked.seeds), (asked.seeds[0], NOTHING)]:
        truth, began = live(Making(seed=seed, until=UNTIL, planted=planted)), time.perf_counter()
        word = "nothing planted" if planted is NOTHING else "planted"
        print(f"load, seed {seed}, {word}: {load(truth)} ({time.perf_counter() - began:.0f} s)")
        print(f"limits, seed {seed}, {word}: {seats(truth)}")


if __name__ == "__main__":
    main()

"""How well service finds what the generator plants: who asks for help and about what, and which machine fails.

    python -m tests.benchmarks.bench_predict_service [contact|machines] [--seeds 21 22 23]

Everything is of the module as it ships, on the views of the catalogue; seeds are those of the company that is made up.
Contact is judged at the last instant, beside the count of the month before. Machines are judged at the last seven
instants by a model of those that lie a horizon before; an alert is a machine of which even the low end of the
interval is one half. Readings are told beside the fleet's (`predict.service.fleet`). Concordance (Harrell's C) is of
the probability with the days until the next repair, of those that were not repaired until the records end.

Goals: AUC .05 above the count of the month before; C-index .75; precision .80 for failures within 30 days. With nothing
planted no topic is told by customer, and machines are ranked by chance.
"""

import argparse
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import polars as pl

from hub.demo.lake import Lake, lake_of
from hub.demo.lived import Making, live
from hub.demo.planted import NOTHING, Planted
from hub.predictions.lessons import by_row, described, modelled
from hub.views.load import catalogue_spec
from predict.feature import features_of
from predict.module import Brief
from predict.service.declaration import MAINTENANCE, SERVICE, SURELY
from predict.service.module import MODULES
from predict.shares import told_share

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
CUTS = [datetime(2024 + month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in range(2, 23)]
JUDGED = 7
Truth = np.ndarray[tuple[int], np.dtype[np.float64]]


def made(seed: int, *, people: int, organisations: int, planted: Planted) -> Lake:
    return lake_of(live(Making(seed=seed, people=people, organisations=organisations, until=UNTIL, planted=planted)))


def rows(lake: Lake, view: str, cuts: Sequence[datetime]) -> pl.DataFrame:
    spec = catalogue_spec(view)
    return modelled(_named(lake.training(view, cuts, UNTIL)), spec)


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """Write a machine's number as bytes, as the gate's pseudonyms are."""
    return frame.with_columns(pl.col("^asset$").cast(pl.String).str.zfill(16).cast(pl.Binary))


def brief(view: str) -> Brief:
    told = described(catalogue_spec(view))
    return Brief(horizon_days=30, features=features_of([str(one["name"]) for one in told], told), seed=7)


def contact(seed: int, planted: Planted) -> str:
    frame = rows(made(seed, people=5_000, organisations=300, planted=planted), SERVICE.view, CUTS[8:])
    module = MODULES[SERVICE.name]
    figures = module.report(module.train(frame, brief(SERVICE.view))).values["figures"]
    auc, gain, topics = figures["model"]["auc"], figures["baseline"]["gain"], figures["topics"]
    topic = topics["log_loss_gained"]
    return (
        f"AUC {_told(auc)}, gain {_told(gain)}; topic by customer: {topics['by_customer']}, {_told(topic)} nats, "
        f"right {topics['right']:.2f} (most frequent {topics['right_by_the_most_frequent']:.2f})"
    )


def machines(seed: int, planted: Planted) -> str:
    lake = made(seed, people=300, organisations=600, planted=planted)
    frame, module = rows(lake, MAINTENANCE.view, CUTS), MODULES[MAINTENANCE.name]
    packed = module.train(frame.filter(pl.col("as_of").is_in(CUTS[: -JUDGED - 1])), brief(MAINTENANCE.view))
    judged = frame.filter(pl.col("as_of").is_in(CUTS[-JUDGED:]))
    scores = module.score(packed, judged.drop("repaired"), capacity=None)
    told = scores.join(judged.select("pseudonym", "as_of", "repaired"), on=["pseudonym", "as_of"])
    alerts = told.filter(pl.col("low") >= SURELY)
    precision = told_share(int(alerts["repaired"].sum()), alerts.height)
    found = told_share(int(alerts["repaired"].sum()), int(told["repaired"].sum()))
    return (
        f"C {concordance(told, lake):.3f}; {alerts.height} alerts, precision {_told(precision)}, recall {_told(found)}"
    )


def concordance(told: pl.DataFrame, lake: Lake) -> float:
    """Return Harrell's C of the probability with the time to the next repair, mean over instants."""
    spec = catalogue_spec(MAINTENANCE.view)
    named = _named(lake.training(MAINTENANCE.view, CUTS[-1:], UNTIL)).select("pseudonym", "asset")
    names = named.select("asset").with_columns(by_row(named, spec)["pseudonym"])
    failed = lake.tables["service_events"].filter(kind="repair").select("event_time", asset="asset_ref")
    failed = _named(failed).join(names, on="asset")
    found = []
    for at, group in told.group_by("as_of"):
        later = failed.filter(pl.col("event_time") >= at[0]).group_by("pseudonym").agg(pl.col("event_time").min())
        timed = group.join(later, on="pseudonym", how="left").with_columns(
            days=(pl.coalesce("event_time", pl.lit(UNTIL)) - pl.col("as_of")).dt.total_days().cast(pl.Float64)
        )
        event = timed["event_time"].is_not_null().to_numpy()
        found.append(_harrell(timed["days"].to_numpy(), timed["probability"].to_numpy(), event))
    return float(np.mean(found))


def _harrell(days: Truth, risk: Truth, event: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    sooner = (days[:, None] < days[None, :]) & event[:, None]
    higher = (risk[:, None] > risk[None, :]) + 0.5 * (risk[:, None] == risk[None, :])
    return float((higher * sooner).sum() / sooner.sum())


def _told(figure: dict[str, float]) -> str:
    return f"{figure['figure']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("contact", "machines"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[21, 22, 23])
    asked = parser.parse_args()
    for name, measure in (("contact", contact), ("machines", machines)):
        if asked.what not in (None, name):
            continue
        for seed, planted in [*((seed, Planted()) for seed in asked.seeds), (asked.seeds[0], NOTHING)]:
            began = time.perf_counter()
            word = "nothing planted" if planted is NOTHING else "planted"
            print(f"{name}, seed {seed}, {word}: {measure(seed, planted)} ({time.perf_counter() - began:.0f} s)")


if __name__ == "__main__":
    main()

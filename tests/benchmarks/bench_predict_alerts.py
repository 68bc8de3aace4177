"""How many planted departures churn finds over monthly alerts, how early, and what it finds where nothing is planted.

    python -m tests.benchmarks.bench_predict_alerts --people 20000 --seed 7

The demo's generator, contracts alone (`churn_contracts_*`: silence tells of a departure only once it has happened). One
training of what was known at `TAUGHT`, at the first Monday of each month, then a scoring every Monday whose alerts can
be judged: an alert stands for two horizons (180 days), each customer is warned of once in them, and so many are raised
that there are `--alerts` for each real departure. `--monthly` scores on first Mondays only; `--trees` shows what
LightGBM by hand would find where the rule keeps the logistic regression. Departures by the generator's truth. "Settled"
leaves out those of the first 90 days: their signs began before there was anybody to alert, so that a lead had no room.

`perfect` knows who is in trouble, as soon as a third of it is over, and not who will get over it (one in five): the
most that anybody can reach. Intervals are 95 % (Wilson).

Goals: at 1.2 alerts a departure, at least .78 of the departures with a planted warning at precision at least .70,
median lead at least 45 days; with nothing planted no more than by lot.
"""

import argparse
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from unittest.mock import patch

import polars as pl

from hub.demo.lake import Lake, lake_of, pseudonym_of
from hub.demo.lived import Making, live
from hub.demo.planted import AS_IN_THE_DEMO, NOTHING
from hub.demo.rhythm import instant_of
from hub.predictions.lessons import described, modelled
from hub.views.load import catalogue_spec
from predict import alerts
from predict.churn.declaration import CHURN
from predict.feature import features_of
from predict.likelihood.score import score
from predict.likelihood.train import train
from predict.module import Brief
from predict.shares import in_words

UNTIL: Final = datetime(2026, 1, 1, tzinfo=UTC)
TAUGHT: Final = datetime(2025, 2, 1, tzinfo=UTC)
HORIZON: Final = 90
VIEW: Final = "churn_contracts"
WATCH: Final = alerts.Watch(until=UNTIL, within_days=2 * HORIZON)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--monthly", action="store_true")
    parser.add_argument("--trees", action="store_true")
    parser.add_argument("--alerts", type=float, default=alerts.ALERTS_A_DEPARTURE)
    given = parser.parse_args()
    for name, planted in (("planted", AS_IN_THE_DEMO), ("nothing planted", NOTHING)):
        firms = given.people // 16
        making = Making(seed=given.seed, people=given.people, organisations=firms, until=UNTIL, planted=planted)
        lake = lake_of(live(making))
        first, every = taught_at(), mondays(monthly=given.monthly)
        with patch("predict.choose.is_clearly_better", return_value=True) if given.trees else nullcontext():
            family, scores = scored(lake, given.seed, cuts=(first, every))
        print(f"{name}: {family}, {scores['as_of'].n_unique()} cuts")
        _print("  model", judged(lake, scores, within(lake, scores, given.alerts)))
        if planted is AS_IN_THE_DEMO:
            known = perfect(lake, scores)
            _print("  perfect", judged(lake, known, alerts.raised(known, WATCH, least=1.0)))


def scored(lake: Lake, seed: int, *, cuts: tuple[list[datetime], list[datetime]]) -> tuple[str, pl.DataFrame]:
    """Learn from some cuts what was known at `TAUGHT`, and score at the others."""
    spec = catalogue_spec(f"{VIEW}_training")
    told = described(spec)
    features = features_of([str(one["name"]) for one in told], told)
    taught = modelled(lake.training(spec.name, cuts[0], TAUGHT), spec)
    artefact = train(taught, CHURN, Brief(horizon_days=HORIZON, features=features, seed=seed))
    pieces = [score(artefact, modelled(lake.scoring(f"{VIEW}_scoring", cut), spec)) for cut in cuts[1]]
    return artefact.family, pl.concat(pieces)


def taught_at() -> list[datetime]:
    """List the first Mondays whose outcome was known at `TAUGHT`, from the third month on."""
    return [at for number in range(3, 25) if (at := first_monday(number)) + timedelta(days=HORIZON) <= TAUGHT]


def mondays(*, monthly: bool) -> list[datetime]:
    """List the Mondays from `TAUGHT` on whose alerts can be judged; of each month the first, or all."""
    firsts = [at for number in range(1, 25) if TAUGHT <= (at := first_monday(number)) <= UNTIL - WATCH.within]
    weeks = (UNTIL - WATCH.within - firsts[0]).days // 7
    return firsts if monthly else [firsts[0] + timedelta(weeks=week) for week in range(weeks + 1)]


def perfect(lake: Lake, scores: pl.DataFrame) -> pl.DataFrame:
    """Give 1 to who is in trouble, a third of it over, at each cut."""
    at = {name: instant_of(pl.col(f"{name}_day"), UNTIL) for name in ("start", "end")}
    known = lake.truth.lives.episodes.select(pseudonym_of(pl.col("entity")), **at)
    joined = scores.select("pseudonym", "as_of").join(known, on="pseudonym", how="left")
    third = pl.col("start") + (pl.col("end") - pl.col("start")) / 3
    inside = (pl.col("as_of") > third) & (pl.col("as_of") < pl.col("end"))
    return joined.group_by("pseudonym", "as_of").agg(probability=inside.any().cast(pl.Float64))


def within(lake: Lake, scores: pl.DataFrame, share: float) -> pl.DataFrame:
    """Raise as many alerts as departures allow."""
    due = alerts.told(scores.clear(), scores, departures(lake), WATCH)["departures"]
    return alerts.raised(scores, WATCH, least=alerts.least_for(scores, WATCH, most=round(share * due)))


def judged(lake: Lake, scores: pl.DataFrame, raised: pl.DataFrame) -> list[tuple[str, dict[str, Any]]]:
    """Judge alerts by all departures, and by those with a warning."""
    churn = departures(lake)
    warned = churn.drop_nulls("warned_at")
    settled = warned.filter(pl.col("left_at") >= TAUGHT + timedelta(days=HORIZON))
    sets = {"all": churn, "warned": warned, "warned, settled": settled}
    return [(name, alerts.told(raised, scores, who, WATCH)) for name, who in sets.items() if who.height]


def departures(lake: Lake) -> pl.DataFrame:
    return lake.truth.churn.select(pseudonym_of(pl.col("entity")), "left_at", "warned_at")


def first_monday(number: int) -> datetime:
    first = datetime(2024 + (number - 1) // 12, (number - 1) % 12 + 1, 1, tzinfo=UTC)
    return first + timedelta(days=-first.weekday() % 7)


def _print(what: str, told: list[tuple[str, dict[str, Any]]]) -> None:
    everybody = told[0][1]
    print(
        f"{what}: {everybody['alerts']} alerts, precision {in_words(everybody['precision'])}, by lot "
        f"{everybody['by_lot']:.1%}"
    )
    for name, one in told:
        ahead = ", ".join(f"{days} days {share['figure']:.0%}" for days, share in one["warned_ahead"].items())
        lead = one["median_lead_days"]
        print(f"{what}: departures {name}: found {in_words(one['found'])}, median lead {lead} days; ahead {ahead}")


if __name__ == "__main__":
    main()

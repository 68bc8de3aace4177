"""What comes next, beside popularity and the customer's own frequency: next baskets of a shop, and planted triggers.

    python -m tests.benchmarks.bench_next_need --folder FOLDER

The folder (else VARDE_CORPORA) holds online_retail_ii/. Its pairs of customer and product are laid out by the
definitions of the catalogue's next_need_products_training (products of 20 customers at least, 730 days, horizon 60
days); a cut is judged by a model of the cuts whose outcome was known then. Precision is the share of ten names that the
customer bought in the next basket, and in the 60 days after; of the customers who bought anything. Intervals are 95 %,
over customers.

The generator, 5,000 people, seeds 7, 8, 9, planted and not: triggers at eight Mondays, nine weeks apart; the share
of later contacts (the last 30 %) answered among those that went by the chosen channel, beside the channel that most
answer by (popularity) and the one by which the customer answered most often (own frequency). Hour and weekday alike.

Learning: customers who buy as often as `TRUE` says, 20 rounds of 500, seeds 7, 8, 9: mean value a customer of what was
chosen, beside choosing evenly (untargeted), doing nothing and always the best; and in how many of 100 logs of 2,000 the
95 % intervals held the true value of ways of choosing that are fixed. The last row is of actions that change nothing.
"""

import argparse
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from hub.demo.answers import CHANNELS, HOURS, answers_of
from hub.demo.lake import lake_of, pseudonym_of
from hub.demo.lived import Making, live
from hub.demo.planted import NOTHING, Planted
from predict.next_need.action import NOTHING as IDLE
from predict.next_need.action import action_catalogue_of
from predict.next_need.belief import beliefs
from predict.next_need.hits import measured
from predict.next_need.products import Columns, Judged, judge, learn
from predict.next_need.replay import replayed
from predict.next_need.suggest import suggest
from predict.next_need.timing import Slots
from predict.next_need.trigger import DEFAULT_TRIGGERS
from predict.next_need.worth import Judging, values, with_values

COLUMNS = Columns()
HORIZON = timedelta(days=60)
CUTS = [datetime(2010, month, 1, tzinfo=UTC) for month in range(3, 13)]
CUTS += [datetime(2011, month, 1, tzinfo=UTC) for month in range(1, 5)]
TESTS = (datetime(2010, 11, 1, tzinfo=UTC), datetime(2011, 2, 1, tzinfo=UTC), datetime(2011, 4, 1, tzinfo=UTC))
SHARED_BY = 20
UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
SEEDS = (7, 8, 9)
SLOTS = Slots(hours=HOURS)
WAYS = ("chosen", "popularity", "own_frequency", "any")
CATALOGUE = action_catalogue_of(
    {
        "actions": [
            {"name": "call", "needs": ["premium"], "channels": ["phone"]},
            {"name": "trial", "needs": ["premium"], "channels": ["email"], "cost_minor": 1_900},
            {"name": "letter", "needs": ["premium"], "channels": ["email"]},
        ],
        "margins": {"premium": 20_000},
        "channels": {"phone": 1_500, "email": 10},
    }
)
TRUE = {IDLE: 0.05, "call": 0.14, "trial": 0.16, "letter": 0.07}
UNMOVED = dict.fromkeys(TRUE, 0.05)
AT = datetime(2026, 3, 2, tzinfo=UTC)
VIEWS = {"upgraded": "next_need_upgrades_training", "took_service": "next_need_services_training"}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=os.environ.get("VARDE_CORPORA"))
    given = parser.parse_args()
    if given.folder is None:
        parser.error("say where the sets are: --folder or VARDE_CORPORA")
    baskets(given.folder / "online_retail_ii" / "online_retail_ii_to_2011_06.parquet")
    triggers()
    contacts()
    for true, word in ((TRUE, "planted"), (UNMOVED, "placebo")):
        learning(word, true)
        held(word, true)


def baskets(file: Path) -> None:
    bought = lines(file)
    pairs = pl.concat([pairs_at(bought, cut) for cut in CUTS])
    first = first_baskets(bought)
    for at in TESTS:
        known = pairs.filter(pl.col("as_of") + HORIZON <= at)
        model = learn(known, "bought_again", until=at, columns=COLUMNS, seed=7)
        for what, truth in (("next basket", first(at)), ("60 days", bought)):
            tell(what, at, judge(pairs, truth, model, columns=COLUMNS, window=(at, HORIZON)))


def tell(what: str, at: datetime, found: Judged) -> None:
    said = "; ".join(
        f"{way} {one.figure:.3f} ({one.low:.3f} to {one.high:.3f})" for way, one in found.precision.items()
    )
    gain = f"{found.gain.figure:+.3f} ({found.gain.low:+.3f} to {found.gain.high:+.3f})"
    print(
        f"online retail, {what} after {at:%Y-%m-%d}, {found.customers} customers, precision@10: {said}; "
        f"model over own frequency {gain}: {found.way} is used",
        flush=True,
    )


def lines(file: Path) -> pl.DataFrame:
    """Read what customers bought: pseudonym, product, invoice, at, quantity."""
    raw = pl.read_parquet(file).filter(pl.col("CustomerID").is_not_null() & (pl.col("Quantity") > 0))
    return raw.select(
        pseudonym=pl.col("CustomerID").cast(pl.String).cast(pl.Binary),
        product=pl.col("StockCode").cast(pl.String),
        invoice=pl.col("Invoice").cast(pl.String),
        at=pl.col("InvoiceDate").dt.cast_time_unit("us").dt.replace_time_zone("UTC"),
        quantity=pl.col("Quantity").cast(pl.Int64),
    )


def pairs_at(bought: pl.DataFrame, cut: datetime) -> pl.DataFrame:
    """Lay out the columns of next_need_products_training at one cut."""
    key = ["pseudonym", "product"]
    ago = (pl.lit(cut) - pl.col("at")).dt.total_days().alias("ago")
    seen = bought.filter((pl.col("at") < cut) & (pl.col("at") >= cut - timedelta(days=730))).with_columns(ago)
    days = pl.col("at").dt.date().n_unique()
    gap = pl.when(days > 1).then((pl.col("ago").max() - pl.col("ago").min()) / (days - 1))
    pairs = seen.group_by(key).agg(
        product_orders_730d=pl.col("invoice").n_unique().clip(upper_bound=50).cast(pl.Int64),
        product_orders_90d=pl.col("invoice").filter(pl.col("ago") < 90).n_unique().clip(upper_bound=20).cast(pl.Int64),
        days_since_product=pl.col("ago").min(),
        days_per_product=gap.round(0),
        product_pieces_365d=pl.col("quantity").filter(pl.col("ago") < 365).sum(),
    )
    pairs = pairs.filter(pl.len().over("product") >= SHARED_BY)
    later = bought.filter((pl.col("at") >= cut) & (pl.col("at") < cut + HORIZON)).select(key).unique()
    again = later.with_columns(bought_again=pl.lit(value=True))
    overdue = (pl.col("days_since_product") / pl.col("days_per_product")).clip(upper_bound=20)
    return pairs.join(again, on=key, how="left").with_columns(
        pl.lit(cut).dt.cast_time_unit("us").alias("as_of"),
        pl.col("bought_again").fill_null(value=False),
        pl.when(pl.col("days_per_product") > 0).then(overdue).alias("product_overdue_ratio"),
    )


def first_baskets(bought: pl.DataFrame) -> Any:
    """Keep, of what was bought from an instant on, each customer's first invoice."""

    def after(at: datetime) -> pl.DataFrame:
        later = bought.filter(pl.col("at") >= at).sort("at", "invoice")
        return later.filter(pl.col("invoice") == pl.col("invoice").first().over("pseudonym"))

    return after


def triggers() -> None:
    mondays = [datetime(2024, 7, 1, tzinfo=UTC) + timedelta(weeks=9 * number) for number in range(8)]
    for planted, word in ((Planted(), "planted"), (NOTHING, "placebo")):
        for seed in SEEDS:
            lake = lake_of(live(Making(seed=seed, people=5_000, organisations=300, until=UNTIL, planted=planted)))
            for label, view in VIEWS.items():
                frame = lake.training(view, mondays, UNTIL)
                for one in measured(frame, DEFAULT_TRIGGERS, label=label, horizon_days=60, frequency="orders_365d"):
                    show(word, seed, one)


def asked(size: int) -> pl.DataFrame:
    rows = pl.DataFrame({"pseudonym": [number.to_bytes(16, "big") for number in range(size)]})
    reach = [pl.lit(value=True).alias(f"reach_{way}") for way in CATALOGUE.channels]
    return rows.with_columns(pl.lit(AT).alias("as_of"), pl.lit("premium").alias("need"), *reach)


def followed(size: int, log: pl.DataFrame, true: dict[str, float], seed: int) -> pl.DataFrame:
    """Suggest by what the log teaches, and let customers buy."""
    chosen = suggest(asked(size), CATALOGUE, beliefs(CATALOGUE, log), at=AT, seed=seed)
    rate = chosen["action"].replace_strict(true, return_dtype=pl.Float64).to_numpy()
    bought = np.random.default_rng([seed, 2]).random(size) < rate
    return with_values(chosen.with_columns(bought=pl.Series(bought)), CATALOGUE)


def true_values(true: dict[str, float]) -> dict[str, float]:
    margin, price = CATALOGUE.margins["premium"], CATALOGUE.channels
    cost = {one.name: one.cost_minor for one in CATALOGUE.actions}
    way = {one.name: price[one.channels[0]] for one in CATALOGUE.actions}
    return {name: share * (margin - cost.get(name, 0)) - way.get(name, 0) for name, share in true.items()}


def learning(word: str, true: dict[str, float]) -> None:
    worth = true_values(true)
    evenly = sum(value for name, value in worth.items() if name != IDLE) / len(CATALOGUE.actions)
    for seed in SEEDS:
        log = pl.DataFrame(schema={"need": pl.String, "action": pl.String, "bought": pl.Boolean})
        means = []
        for number in range(20):
            rows = followed(500, log, true, 100 * seed + number)
            means.append(float(rows["action"].replace_strict(worth, return_dtype=pl.Float64).to_numpy().mean()))
            log = pl.concat([log, rows.select("need", "action", "bought")])
        print(
            f"learning, {word}, seed {seed}: first round {means[0]:.0f}, last five {np.mean(means[-5:]):.0f}; "
            f"evenly {evenly:.0f}, nothing {worth[IDLE]:.0f}, always the best {max(worth.values()):.0f}",
            flush=True,
        )


def held(word: str, true: dict[str, float]) -> None:
    worth, log = true_values(true), pl.DataFrame(schema={"need": pl.String, "action": pl.String, "bought": pl.Boolean})
    evenly = sum(value for name, value in worth.items() if name != IDLE) / len(CATALOGUE.actions)
    counts = dict.fromkeys(("ips", "snips", "dr"), 0)
    for number in range(100):
        found = values(followed(2_000, log, true, 5_000 + number))
        for name in counts:
            for way, value in ((Judging.EVENLY, evenly), (Judging.NOTHING, worth[IDLE])):
                bounds = getattr(found[way], name)
                counts[name] += bounds.low <= value <= bounds.high
    said = ", ".join(f"{name} {count} of 200" for name, count in counts.items())
    print(f"intervals that held, {word}: {said}", flush=True)


def contacts() -> None:
    for planted, word in ((Planted(), "planted"), (NOTHING, "placebo")):
        for seed in SEEDS:
            truth = live(Making(seed=seed, people=5_000, organisations=300, until=UNTIL, planted=planted))
            named = pseudonym_of(pl.col("entity"))
            sent = answers_of(seed, truth, UNTIL)[0].drop("hour", "weekday").with_columns(named)
            known = truth.people.select(named, segment=pl.lit("all"))
            for one in replayed(sent, known, SLOTS, channels=CHANNELS):
                said = "; ".join(f"{way} {answered(one[way])}" for way in WAYS)
                print(f"{word}, seed {seed}, {one['dimension']}, answered: {said}; holds: {one['holds']}", flush=True)


def answered(told: dict[str, float]) -> str:
    return f"{100 * told['figure']:.1f} % ({100 * told['low']:.1f} to {100 * told['high']:.1f})"


def show(word: str, seed: int, one: dict[str, Any]) -> None:
    if "gain" not in one:
        return
    rate, everybody, gain = (
        f"{100 * one[name]['figure']:.1f} % ({100 * one[name]['low']:.1f} to {100 * one[name]['high']:.1f})"
        for name in ("rate", "untargeted", "gain")
    )
    print(
        f"{word}, seed {seed}, {one['trigger']}: {rate} of {one['customers']} named, untargeted {everybody}, "
        f"gain at the same frequency {gain}: {one['verdict']}",
        flush=True,
    )


if __name__ == "__main__":
    main()

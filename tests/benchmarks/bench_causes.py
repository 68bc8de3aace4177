"""Are planted causes of unhappy texts found, and nothing where nothing is planted?

    python -m tests.benchmarks.bench_causes --seeds 10
    python -m tests.benchmarks.bench_causes --seeds 10 --heard

Threads of the generator (`hub.demo.voices`), with its true topic, product, step, team, channel and tone: what is
measured is the search for causes, not the reading of texts. With `--heard` topic and tone are what the product hears
in the texts (`predict.voice.texts`), and texts are compared with texts of their topic and language, as a study does.
Prints for each plant: how often it is named at all (all levels named
are its levels), how often exactly, and how far off the day is on which the second one began; and the share of
companies without a plant in which anything is found, which is to be 5 % at most. Beside it what a test of each place
by itself with a correction for many finds (chi-squared over texts, Benjamini-Hochberg at 5 %): how many places it
names in a company without a plant.
"""

import argparse
import time
from datetime import UTC, datetime, timedelta
from itertools import combinations
from statistics import median
from typing import Final

import numpy as np
import polars as pl
from scipy.stats import chi2_contingency

from hub.demo.lake import lake_of
from hub.demo.lived import Making, live
from hub.demo.planted import NOTHING, Planted
from hub.demo.voices import BREAK_DAY, voices_of
from predict.causes.finding import Finding, Search, findings
from predict.satisfaction.hearing import Ear
from predict.satisfaction.kept_ear import shipped_ear
from predict.voice.texts import LIKES, felt

UNTIL: Final = datetime(2026, 1, 1, tzinfo=UTC)
WHERE: Final = ("topic", "product", "step", "team", "channel")
PLANTED: Final = WHERE[:4]
PLANTS: Final = (("function_error", "mobile", "use", "technical"), ("delivery", "desks", "delivery", "logistics"))
BEGAN: Final = UNTIL.date() - timedelta(days=730 - int(BREAK_DAY))
DAYS_OF: Final = 730


def said(seed: int, planted: Planted, threads: int, *, ear: Ear | None) -> pl.DataFrame:
    """Give the messages of a company, unhappy where annoyed or formal, or where an ear hears blame."""
    truth = lake_of(live(Making(seed=seed, people=2_000, organisations=60, until=UNTIL, planted=planted))).truth
    messages = voices_of(seed, truth, threads, until=UNTIL).messages
    told = messages.with_columns(pseudonym="entity", unhappy=pl.col("tone") < 0)
    return told if ear is None else felt(told.drop("topic", "unhappy"), ear)


def named(found: list[Finding], plant: tuple[str, ...]) -> Finding | None:
    """Find the proposal that says nothing but levels of a plant, at least two of them."""
    levels = set(zip(PLANTED, plant, strict=True))
    return next((one for one in found if len(one.levels) > 1 and set(one.levels) <= levels), None)


def one_by_one(messages: pl.DataFrame) -> int:
    """Count the places that a test of each by itself names."""
    chances = []
    for size in range(1, len(WHERE) + 1):
        for chosen in combinations(WHERE, size):
            for _, inside in messages.group_by(chosen):
                yes, no = int(inside["unhappy"].sum()), int((~inside["unhappy"]).sum())
                table = np.array([[yes, no], [messages["unhappy"].sum() - yes, (~messages["unhappy"]).sum() - no]])
                if inside.height >= 20:
                    chances.append(float(chi2_contingency(table).pvalue))
    ranked = np.sort(chances)
    passed = np.flatnonzero(ranked <= 0.05 * np.arange(1, ranked.size + 1) / ranked.size)
    return int(passed[-1]) + 1 if passed.size else 0


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seeds", type=int, default=10)
    asked.add_argument("--threads", type=int, default=5_000)
    asked.add_argument("--heard", action="store_true")
    options = asked.parse_args()
    ear, likes = (shipped_ear(), LIKES) if options.heard else (None, ())
    seconds, off, some, beside, further = [], [], 0, [], 0
    hits = [[0, 0], [0, 0]]
    for seed in range(1, options.seeds + 1):
        messages = said(seed, Planted(), options.threads, ear=ear)
        search = Search(dimensions=WHERE, seed=seed, likes=likes)
        started = time.perf_counter()
        found = findings(messages, search)
        seconds.append(time.perf_counter() - started)
        for number, plant in enumerate(PLANTS):
            one = named(found, plant)
            hits[number][0] += one is not None
            hits[number][1] += one is not None and len(one.levels) == len(PLANTED)
            if number and one is not None:
                off.append(abs(((one.since or BEGAN - timedelta(days=DAYS_OF)) - BEGAN).days))
        further += sum(all(one is not each for each in (named(found, plant) for plant in PLANTS)) for one in found)
        nothing = said(seed, NOTHING, options.threads, ear=ear)
        some += bool(findings(nothing, search))
        beside.append(one_by_one(nothing))
    for (any_, exact), plant in zip(hits, PLANTS, strict=True):
        print(f"{' '.join(plant)}: named in {any_}, exactly in {exact} of {options.seeds} companies")
    print(f"other places named: {further}")
    print(f"begun: median {median(off) if off else '-'} days off, at most {max(off, default=0)}")
    print(f"nothing planted: something found in {some} of {options.seeds} companies; ", end="")
    print(f"a test of each place by itself names {median(beside)} places (median)")
    print(f"{median(seconds):.1f} s for {options.threads} threads (median)")


if __name__ == "__main__":
    main()

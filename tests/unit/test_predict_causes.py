"""Places that are unhappier than the rest are found, and nothing where nothing is the matter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from hub.demo.lake import lake_of
from hub.demo.lived import Making, live
from hub.demo.planted import NOTHING, Planted
from hub.demo.voices import BREAK_DAY, voices_of
from predict.causes.finding import Finding, Search, findings, key_of
from predict.causes.place import Heard, cells, heard_of
from predict.causes.scan import _layers, _others, _variance, find_peak
from predict.causes.verdict import Verdict, ranked
from predict.causes.words import sentence_of
from predict.errors import FrameRefused
from predict.evaluate import Interval

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
WHERE = ("topic", "product", "step", "team")


def heard_by_chance(seed: int, *, rows: int = 900, loud: float = 0.0) -> pl.DataFrame:
    """Invent texts of 150 customers, each as unhappy as they are; `loud` makes one of them write in anger, often."""
    rng = np.random.default_rng(seed)
    customer = rng.integers(0, 150, rows)
    mood = rng.beta(2, 4, 150)
    frame = pl.DataFrame(
        {
            "pseudonym": customer,
            "at": [UNTIL - timedelta(days=float(day)) for day in rng.uniform(0, 180, rows)],
            "unhappy": rng.random(rows) < mood[customer],
            "topic": rng.choice(["price", "delivery", "error"], rows),
            "team": rng.choice(["first", "second"], rows),
        }
    )
    angry = pl.Series(rng.random(rows) < loud)
    return frame.with_columns(
        pl.when(angry).then(7).otherwise("pseudonym").alias("pseudonym"),
        pl.when(angry).then(pl.lit("price")).otherwise("topic").alias("topic"),
        (pl.col("unhappy") | angry).alias("unhappy"),
    )


def test_planted_causes_are_named_and_dated() -> None:
    truth = live(Making(seed=1, people=300, organisations=20, until=UNTIL, planted=Planted()))
    said = voices_of(1, lake_of(truth).truth, 2_500, until=UNTIL).messages
    found = findings(
        said.with_columns(pseudonym="entity", unhappy=pl.col("tone") < 0), Search(dimensions=WHERE, seed=1)
    )
    assert [dict(one.levels)["topic"] for one in found] == ["function_error", "delivery"]
    lasting, broke = found
    assert dict(lasting.levels) == dict(zip(WHERE, ("function_error", "mobile", "use", "technical"), strict=True))
    assert lasting.since is None
    assert lasting.gap.low > 0.15
    assert set(broke.levels) <= set(zip(WHERE, ("delivery", "desks", "delivery", "logistics"), strict=True))
    assert broke.since is not None
    began = UNTIL.date() - timedelta(days=730 - int(BREAK_DAY))
    assert abs((broke.since - began).days) <= 21
    assert broke.excess > 50


def test_nothing_planted_is_nothing_found() -> None:
    truth = live(Making(seed=3, people=300, organisations=20, until=UNTIL, planted=NOTHING))
    said = voices_of(3, lake_of(truth).truth, 2_500, until=UNTIL).messages
    assert (
        findings(said.with_columns(pseudonym="entity", unhappy=pl.col("tone") < 0), Search(dimensions=WHERE, seed=3))
        == []
    )


def test_moods_of_customers_are_no_cause() -> None:
    found = [
        len(findings(heard_by_chance(seed), Search(dimensions=("topic", "team"), seed=seed))) for seed in range(12)
    ]
    assert sum(count > 0 for count in found) <= 2  # 5 % of 12; three or more have a chance of 2 %


def test_one_angry_customer_is_one_customer() -> None:
    assert findings(heard_by_chance(5, loud=0.1), Search(dimensions=("topic", "team"), seed=5)) == []


def test_all_from_a_week_on_is_a_place() -> None:
    frame = heard_by_chance(6)
    late = pl.col("at") > UNTIL - timedelta(days=60)
    (one,) = findings(
        frame.with_columns(unhappy=pl.col("unhappy") | late), Search(dimensions=("topic", "team"), seed=6)
    )
    assert one.levels == ()
    assert one.since is not None
    assert abs((UNTIL.date() - one.since).days - 60) < 14


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    frame = heard_by_chance(seed, rows=60)
    heard, turned = (
        heard_of(each, ("topic", "team")) for each in (frame, frame.sample(fraction=1, shuffle=True, seed=seed))
    )
    assert np.allclose(variances(heard), variances(turned))


def variances(heard: Heard) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Give the variance of each cell of both dimensions from each week on."""
    cell = cells(heard, (0, 1))
    return _variance(heard, cell, heard.centred(heard.unhappy), (int(cell.max()) + 1, heard.weeks))


@pytest.mark.parametrize("likes", [(), ("language",)])
def test_variance_is_that_of_customers_summed_one_by_one(likes: tuple[str, ...]) -> None:
    heard = heard_of(in_languages(9, rows=200), ("topic", "team"), likes=likes)
    cell, residual, found = cells(heard, (0, 1)), heard.centred(heard.unhappy), variances(heard)
    for number in range(found.shape[0]):
        for week in (0, 5, 20):
            inside = (cell == number) & (heard.week >= week)
            weight = inside - np.array([inside[heard.like == like].mean() for like in heard.like])
            each = [(weight * residual)[heard.customer == one].sum() for one in range(int(heard.customer.max()) + 1)]
            assert found[number, week] == pytest.approx(sum(one**2 for one in each))


def in_languages(seed: int, *, rows: int = 900) -> pl.DataFrame:
    """Let a text in `nb` sound unhappy nearly always, and one team hear of most of these: nobody's doing."""
    rng, frame = np.random.default_rng(seed + 100), heard_by_chance(seed, rows=rows)
    language = pl.Series(np.where(rng.random(rows) < np.where(frame["team"] == "first", 0.8, 0.2), "nb", "sv"))
    sounds = pl.Series(rng.random(rows) < 0.7) & (language == "nb")
    return frame.with_columns(language=language, unhappy=pl.col("unhappy") | sounds)


def test_what_sounds_unhappy_is_compared_with_its_likes() -> None:
    """Without likes the team that hears of most Norwegian texts would be to blame."""
    frame = in_languages(2)
    search = Search(dimensions=("topic", "team"), seed=2)
    assert [dict(one.levels).get("team") for one in findings(frame, search)] == ["first"]
    assert findings(frame, replace(search, likes=("language",))) == []
    worse = (pl.col("topic") == "price") & (pl.col("team") == "second")
    planted = frame.with_columns(pl.col("unhappy") | (worse & (pl.int_range(pl.len()) % 2 == 0)))
    (found,) = findings(planted, replace(search, likes=("language",)))
    assert dict(found.levels) == {"topic": "price", "team": "second"}
    inside = planted.filter(worse)["unhappy"].mean()
    assert found.share == pytest.approx(inside)
    assert found.elsewhere == pytest.approx(found.share - found.gap.figure)


def test_a_place_without_likes_elsewhere_is_not_judged() -> None:
    frame = heard_by_chance(4).with_columns(language=pl.col("team"), unhappy=pl.col("team") == "first")
    assert findings(frame, Search(dimensions=("team",), seed=4, likes=("language",))) == []


def test_a_place_beside_which_hardly_anybody_is_left_is_not_told() -> None:
    """All but one customer are in it: what is told of elsewhere would be told of that one."""
    everybody = heard_by_chance(3, rows=300).with_columns(product=pl.lit("desks"))
    one = everybody.head(40).with_columns(pl.lit(150, dtype=pl.Int64).alias("pseudonym"), product=pl.lit("chairs"))
    heard = heard_of(pl.concat([everybody, one]), ("product",))
    layers = list(_layers(heard, heard.centred(heard.unhappy)))
    desks = heard.levels[0].index("desks")
    assert not any(divmod(int(each), heard.weeks) == (desks, 0) for one in layers if one.chosen for each in one.judged)


def test_customers_elsewhere_are_those_counted_one_by_one() -> None:
    heard = heard_of(heard_by_chance(4, rows=300), ("topic", "team"))
    cell = heard.codes[0]
    shape = (len(heard.levels[0]), heard.weeks)
    counted = [
        [np.unique(heard.customer[(cell != level) | (heard.week < week)]).size for week in range(shape[1])]
        for level in range(shape[0])
    ]
    assert _others(heard, cell, shape).tolist() == counted


def test_too_few_texts_are_not_judged() -> None:
    heard = heard_of(heard_by_chance(1, rows=30), ("topic", "team"))
    assert find_peak(heard, np.random.default_rng(1)) is None
    assert findings(heard_by_chance(1).clear(), Search(dimensions=("topic", "team"), seed=1)) == []


@pytest.mark.parametrize(
    ("column", "broken"),
    [
        ("unhappy", pl.lit(2.0).alias("unhappy")),
        ("unhappy", pl.lit(None, dtype=pl.Boolean).alias("unhappy")),
        ("at", pl.lit("today").alias("at")),
    ],
)
def test_a_frame_that_breaks_the_contract_is_refused(column: str, broken: pl.Expr) -> None:
    with pytest.raises(FrameRefused, match=column):
        findings(heard_by_chance(1).with_columns(broken), Search(dimensions=("topic",), seed=1))
    with pytest.raises(FrameRefused, match="product"):
        findings(heard_by_chance(1), Search(dimensions=("product",), seed=1))


def proposal(excess: float, *levels: tuple[str, str]) -> Finding:
    """Make a proposal."""
    gap = Interval(0.3, 0.2, 0.4)
    key = key_of(levels, broke=False)
    facts = {"texts": 90, "customers": 40, "share": 0.6, "elsewhere": 0.3, "chance": 0.01}
    return Finding(key=key, levels=levels, since=None, gap=gap, excess=excess, **facts)


def test_what_was_refuted_comes_last_and_its_likes_later() -> None:
    price, app = ("topic", "price"), ("product", "app")
    most, narrower, other = proposal(50, price), proposal(40, price, app), proposal(30, ("topic", "delivery"))
    assert ranked([other, narrower, most], {}) == [most, narrower, other]
    assert ranked([other, narrower, most], {most.key: (Verdict.REFUTED, most.levels)}) == [other, narrower, most]
    assert ranked([other, narrower, most], {most.key: (Verdict.CONFIRMED, most.levels)})[0] is most


def test_keys_are_of_levels_and_not_of_their_order() -> None:
    one, two = ("topic", "a"), ("team", "b")
    assert key_of((one, two), broke=True) == key_of((two, one), broke=True) != key_of((one, two), broke=False)
    assert key_of((("a", "b"), ("c", "d")), broke=False) != key_of((("a", "c"), ("b", "d")), broke=False)


@pytest.mark.parametrize("language", ["nb", "nn", "sv", "en", "de"])
def test_a_proposal_is_said_in_five_languages(language: str) -> None:
    said = sentence_of(proposal(27.4, ("topic", "price")), language)
    assert said.lower().split()[1].startswith("price")
    assert "60 %" in said
    assert "27" in said

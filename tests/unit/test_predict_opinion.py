"""NPS, CSAT, CES and stars with intervals that hold, alarms that mean something, and steps at which customers wait."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predict.errors import FrameRefused
from predict.journey.bottleneck import bottlenecks
from predict.opinion.answers import answers_of, by_period, measured
from predict.opinion.scale import SCALES, Kind
from predict.opinion.trend import changes, holm

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)


def given_answers(kind: str, scores: list[int], *, customers: int | None = None, channel: str = "web") -> pl.DataFrame:
    """Write answers, one a customer unless there are fewer customers."""
    count = customers or len(scores)
    return pl.DataFrame(
        {
            "pseudonym": [number % count for number in range(len(scores))],
            "at": [UNTIL - timedelta(days=1 + number % 20) for number in range(len(scores))],
            "kind": kind,
            "score": scores,
            "channel": channel,
        }
    )


@pytest.mark.parametrize(
    ("kind", "scores", "figure"),
    [
        ("nps", [10] * 5 + [9] * 5 + [7] * 5 + [6] * 4 + [0], 25.0),
        ("csat", [5] * 6 + [4] * 6 + [3] * 4 + [1] * 4, 0.6),
        ("ces", [7] * 10 + [4] * 10, 5.5),
        ("stars", [5] * 10 + [3] * 10, 4.0),
    ],
)
def test_figures_are_those_of_the_book(kind: str, scores: list[int], figure: float) -> None:
    told = by_period(answers_of(given_answers(kind, scores)), until=UNTIL, days=28, periods=2)
    one = told.filter(channel="all").row(0, named=True)
    assert one["figure"] == pytest.approx(figure)
    assert (one["answers"], one["customers"], one["period"]) == (20, 20, 0)
    bottom, top = SCALES[Kind(kind)].figures
    assert bottom <= one["low"] < one["figure"] < one["high"] <= top


def test_few_customers_are_told_no_figure_however_often_they_answer() -> None:
    told = measured(answers_of(given_answers("csat", [5] * 60, customers=9)), ["kind"])
    assert told.row(0, named=True) == {
        "kind": "csat",
        "answers": 60,
        "customers": 9,
        "figure": None,
        "low": None,
        "high": None,
    }


def by_channel(**customers: int) -> pl.DataFrame:
    """Write one CSAT answer of each of so many customers by channel, each once now and once in the weeks before."""
    told = [
        given_answers("csat", [5 if one % 3 else 1 for one in range(count)], channel=name).with_columns(
            pseudonym=pl.int_range(pl.len()) + 1000 * number, at=pl.lit(UNTIL - timedelta(days=days))
        )
        for number, (name, count) in enumerate(customers.items())
        for days in (5, 60)
    ]
    return answers_of(pl.concat(told))


@pytest.mark.parametrize(
    ("customers", "told"),
    [
        ({"web": 30, "desk": 12, "phone": 1}, {"all", "web"}),  # all less web and desk would be one person
        ({"web": 30, "desk": 12, "phone": 6, "chat": 6}, {"all", "web", "desk"}),
        ({"web": 30, "desk": 12}, {"all", "web", "desk"}),
        ({"web": 30, "phone": 9}, {"all"}),
        ({"web": 9}, set()),
    ],
)
def test_no_channel_of_few_is_told_by_what_is_left_of_all(customers: dict[str, int], told: set[str]) -> None:
    answers = by_channel(**customers)
    figures = by_period(answers, until=UNTIL, days=28, periods=13)
    assert set(figures["channel"]) == told
    assert figures["figure"].null_count() == 0
    assert {one.channel for one in changes(answers, until=UNTIL)} == told


def test_the_newest_weeks_of_a_change_are_those_of_the_figure() -> None:
    answers = pl.concat([by_channel(web=30), by_channel(web=10).with_columns(at=pl.lit(UNTIL - timedelta(days=28)))])
    newest = by_period(answers, until=UNTIL, days=28, periods=1).filter(channel="all")
    assert newest["figure"].to_list() == [one.now for one in changes(answers, until=UNTIL) if one.channel == "all"]


def test_equal_answers_of_a_few_are_not_certain() -> None:
    told = measured(answers_of(given_answers("csat", [5] * 12)), ["kind"]).row(0, named=True)
    assert told["figure"] == told["high"] == 1.0
    assert 0.6 < told["low"] < 0.95


@pytest.mark.parametrize(("kind", "chosen"), [("nps", [0.2, 0.3, 0.5]), ("csat", [0.05, 0.05, 0.9])])
def test_intervals_cover_as_often_as_they_promise(kind: str, chosen: list[float]) -> None:
    """Four hundred surveys of 40 customers, who answer one to five times, each in a mood of their own."""
    rng = np.random.default_rng(4)
    survey, customer = np.repeat(np.arange(400), 40), np.tile(np.arange(40), 400)
    scores = np.array([2, 7, 10] if kind == "nps" else [1, 3, 5])
    mood = rng.choice(scores, survey.size, p=chosen)
    rows = np.repeat(np.arange(survey.size), rng.integers(1, 6, survey.size))
    score = np.where(rng.random(rows.size) < 0.5, mood[rows], rng.choice(scores, rows.size, p=chosen))
    frame = pl.DataFrame({"pseudonym": customer[rows], "score": score, "channel": survey[rows].astype(str)})
    told = measured(answers_of(frame.with_columns(kind=pl.lit(kind), at=pl.lit(UNTIL))), ["kind", "channel"])
    points = {"nps": [-100, 0, 100], "csat": [0, 0, 1]}[kind]
    true = float(np.dot(points, chosen))
    covered = told.select(((pl.col("low") <= true) & (pl.col("high") >= true)).mean()).item()
    assert 0.92 <= covered <= 0.99


def weekly(seed: int, *, drop: float, channels: int = 6) -> pl.DataFrame:
    """Invent CSAT of 40 weeks in some channels; in the first of them satisfaction drops four weeks ago."""
    rng = np.random.default_rng(seed)
    rows = 400 * channels
    channel, day = rng.integers(0, channels, rows), rng.uniform(0, 280, rows)
    satisfied = rng.random(rows) < 0.8 - drop * ((day < 28) & (channel == 0))
    return answers_of(
        pl.DataFrame(
            {
                "pseudonym": rng.integers(0, 900, rows),
                "at": [UNTIL - timedelta(days=float(each)) for each in day],
                "kind": "csat",
                "score": np.where(satisfied, 5, 2),
                "channel": channel.astype(str),
            }
        )
    )


def test_a_drop_is_alarming_in_its_channel() -> None:
    found = changes(weekly(1, drop=0.5), until=UNTIL)
    assert {one.channel for one in found if one.alarming} - {"all"} == {"0"}
    first = found[0]
    assert first.now < first.before
    assert first.gap.high < 0


def test_chance_is_seldom_alarming() -> None:
    alarmed = [any(one.alarming for one in changes(weekly(seed, drop=0), until=UNTIL)) for seed in range(30)]
    assert sum(alarmed) <= 2


def lately(late: list[int], before: list[int]) -> pl.DataFrame:
    """Write CSAT of the last weeks and of those before, each answer by a customer of its own."""
    older = given_answers("csat", before).with_columns(
        at=pl.lit(UNTIL - timedelta(days=60)), pseudonym=-1 - pl.int_range(pl.len())
    )
    return answers_of(pl.concat([given_answers("csat", late), older], how="vertical_relaxed"))


def test_ten_equal_answers_are_no_news_where_nearly_all_were_so_before() -> None:
    found = changes(lately([5] * 10, [5] * 465 + [1] * 35), until=UNTIL)
    assert found[0].gap.figure > SCALES[Kind.CSAT].worth
    assert not any(one.alarming for one in found)


def test_everybody_who_turned_is_news_though_nobody_differs_from_the_other() -> None:
    first = changes(lately([1] * 20, [5] * 40), until=UNTIL)[0]
    assert first.alarming
    assert first.gap.low < first.gap.figure < first.gap.high < 0


def test_what_comes_after_is_not_looked_at() -> None:
    answers = weekly(2, drop=0.4)
    later = answers.with_columns(at=pl.col("at") + timedelta(days=400))
    assert changes(pl.concat([answers, later]), until=UNTIL) == changes(answers, until=UNTIL)
    assert changes(answers.clear(), until=UNTIL) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_rejects_what_stepping_down_rejects(chances: list[float]) -> None:
    raised = holm(np.array(chances))
    rejected = set()
    for step, at in enumerate(np.argsort(chances, kind="stable")):
        if chances[at] * (len(chances) - step) > 0.05:
            break
        rejected.add(int(at))
    assert {at for at, one in enumerate(raised) if one <= 0.05} == rejected


@pytest.mark.parametrize(
    ("column", "broken"),
    [
        ("score", pl.lit("smile").alias("kind")),
        ("score", pl.lit(11).alias("score")),
        ("score", pl.lit(None, dtype=pl.Int64).alias("score")),
    ],
)
def test_answers_off_the_scale_are_refused(column: str, broken: pl.Expr) -> None:
    with pytest.raises(FrameRefused, match=column):
        answers_of(given_answers("nps", [10]).with_columns(broken))
    with pytest.raises(FrameRefused, match="channel"):
        answers_of(given_answers("nps", [10]).drop("channel"))


def steps(seed: int, *, slower: float = 1.0, stopped: float = 0.0) -> pl.DataFrame:
    """Invent steps of half a year; deliveries of the last four weeks may be slower, or stop."""
    rng = np.random.default_rng(seed)
    step, age = rng.choice(["order", "delivery"], 800), rng.uniform(0, 182 * 24, 800)
    new = (age < 28 * 24) & (step == "delivery")
    takes = rng.lognormal(np.where(step == "delivery", 4.5, 2), 0.4) * np.where(new, slower, 1)
    stops = rng.random(800) < stopped * (step == "delivery")
    hours = pl.Series(takes).set(pl.Series(stops | (takes > age)), None)
    return pl.DataFrame({"pseudonym": rng.integers(0, 200, 800), "step": step, "hours": hours, "age_hours": age})


def test_the_slowest_step_comes_first_and_is_alarming_only_when_it_changed() -> None:
    before, after = bottlenecks(steps(1)), bottlenecks(steps(1, slower=1.6))
    assert [one.step for one in before] == [one.step for one in after] == ["delivery", "order"]
    assert [one.slower for one in before] == [False, False]
    assert [one.slower for one in after] == [True, False]
    assert after[0].median > 5 * after[1].median
    assert before[0].told()["slower"] is False


def test_one_customer_of_many_slow_steps_makes_no_step_slower() -> None:
    calm = steps(5).with_columns(pseudonym=pl.int_range(pl.len()))
    new = calm.filter(step="delivery").head(1).with_columns(hours=pl.lit(400.0), age_hours=pl.lit(500.0))
    theirs = pl.concat([new.with_columns(pseudonym=pl.lit(9_999, dtype=pl.Int64))] * 80)
    assert [one.slower for one in bottlenecks(pl.concat([calm, theirs]))] == [False, False]
    others = theirs.with_columns(pseudonym=10_000 + pl.int_range(pl.len()))
    assert [one.slower for one in bottlenecks(pl.concat([calm, others]))] == [True, False]


def test_a_step_that_stops_is_overdue() -> None:
    (delivery, order), (stopped, _) = bottlenecks(steps(2)), bottlenecks(steps(2, stopped=0.2))
    assert delivery.overdue.figure < 0.05 > order.overdue.figure
    assert 0.15 < stopped.overdue.figure < 0.25


def test_steps_that_end_before_they_begin_are_refused_and_few_are_left_out() -> None:
    with pytest.raises(FrameRefused, match="hours"):
        bottlenecks(steps(1).with_columns(hours=pl.lit(-1.0)))
    assert bottlenecks(steps(1).head(15)) == []

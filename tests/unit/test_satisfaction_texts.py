"""What texts are about, what comes first, topics that stay, and changes that were planted, or were not."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from hub.demo.lived import Making, Truth, live
from hub.demo.planted import NOTHING, Planted
from hub.demo.voices import BREAK_DAY, voices_of
from predict.errors import FrameRefused, RuleRefused
from predict.satisfaction.changes import changes, weekly
from predict.satisfaction.hearing import Ear, heard, readable
from predict.satisfaction.packing import shipped
from predict.satisfaction.sentiment import classes_of, judged, learn
from predict.satisfaction.themes import OTHER, Theme, Themes, themes_of, told_themes
from predict.satisfaction.topics import FEWEST, as_mappings, discovered, topic_of, topics_of
from predict.satisfaction.trajectory import trajectories
from predict.satisfaction.urgency import CRITICAL_POINTS, Weights, by_category, with_urgency

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 14  # a step of time: weeks are too few texts of this company
PLANTED = BREAK_DAY / DAYS


def themed(*texts: str, language: str = "en", themes: Themes | None = None) -> pl.DataFrame:
    frame = pl.DataFrame({"text": texts, "language": [language] * len(texts)}, schema_overrides={"text": pl.String})
    return told_themes(frame, themes or Themes.shipped())


@pytest.mark.parametrize(
    ("language", "text", "category", "priority"),
    [
        ("en", "The app crashes and shows an error", "function_error", "high"),
        ("nb", "Dere svarer ikke på henvendelsen min", "communication", "medium_high"),
        ("sv", "Appen är krånglig och rörig", "usability", "medium"),
        ("de", "Der Preis ist zu teuer", "price", "medium"),
        ("nn", "Eg har et ønske om mørk modus, et forslag", "wish", "low_medium"),
        ("en", "Hello there", OTHER, "low_medium"),
    ],
)
def test_a_text_is_of_a_category_with_its_default_priority(
    language: str, text: str, category: str, priority: str
) -> None:
    assert themed(text, language=language).select("category", "priority").row(0) == (category, priority)


@pytest.mark.parametrize(
    ("language", "text", "kind"),
    [
        ("nb", "Takk for hyggelig svar, men vi sier opp avtalen", "leaving"),
        ("sv", "Maskinen fattade eld", "safety"),
        ("de", "Ich werde meinen Anwalt einschalten", "legal"),
        ("en", "We are switching to another supplier", "leaving"),
    ],
)
def test_what_is_critical_is_seen_however_polite(language: str, text: str, kind: str) -> None:
    told = themed(text, language=language)
    assert [name for name in ("leaving", "safety", "legal") if told[f"critical_{name}"][0]] == [kind]


def test_lines_of_a_companys_own_replace_ours_and_names_of_competitors_are_mentions() -> None:
    lines = (Theme("category", "parking", "high", ("parkering",) * 2 + ("parking", "parken")),)
    own = themes_of(Themes(lines, competitors=("Fjellro Data",)).as_mapping())
    told = themed("No parking here", "At Fjellro Data this works", themes=own)
    assert told["category"].to_list() == ["parking", OTHER]
    assert told["mentions_competitor"].to_list() == [False, True]
    with pytest.raises(RuleRefused, match="priority"):
        Theme("category", "parking", "urgent", ("", "", "", ""))


def test_points_follow_the_formula_and_a_critical_text_comes_first() -> None:
    rows = pl.DataFrame(
        {
            "pseudonym": [b"a", b"b", b"c", b"d"],
            "category": ["price", "price", "wish", "function_error"],
            "priority": ["medium", "medium", "low_medium", "high"],
            "lean": [-1.0, 0.0, 0.5, -0.5],
            "value": [300.0, 100.0, 100.0, 300.0],
            **{f"critical_{name}": [False, False, True, False] for name in ("leaving", "safety", "legal")},
        }
    )
    assert with_urgency(rows)["urgency"].to_list() == [4.0, 2.0, CRITICAL_POINTS, 6.0]
    told = {row["category"]: row for row in by_category(rows, fewest=1).to_dicts()}
    assert told["price"]["points"] == pytest.approx(2 * 1.5 * np.log(3) ** 2 * 1.0)
    assert told["wish"]["worth"] == 0.5
    assert told["function_error"]["points"] == pytest.approx(4 * 1.5 * np.log(2) ** 2 * 1.5)
    assert by_category(rows).is_empty()
    assert by_category(rows.drop("value"), Weights(high=0.0), fewest=1).tail(1)["category"].to_list() == [
        "function_error"
    ]


def test_withheld_texts_are_left_out_and_other_frames_refused() -> None:
    frame = pl.DataFrame(
        {
            "pseudonym": [b"1", b"2", b"3"],
            "message": [b"b", b"a", b"c"],
            "message_text": [None, "This is great", " "],
            "message_age_days": [0, 14, 7],
        }
    )
    texts = readable(frame)
    assert texts.select("message", "week", "language").rows() == [(b"a", 0, "en")]
    told = heard(texts, Ear(sentiment=shipped(), themes=Themes.shipped(), topics=()))
    assert "text" not in told.columns
    assert told["level"][0] > 0
    with pytest.raises(FrameRefused, match="message_text"):
        readable(frame.drop("message_text"))


def voiced(planted: Planted) -> pl.DataFrame:
    truth: Truth = live(Making(seed=7, people=400, organisations=30, until=UNTIL, planted=planted))
    messages = voices_of(7, truth, 2200, until=UNTIL).messages
    texts = messages.select(
        pl.col("message").cast(pl.String).cast(pl.Binary),
        pl.col("entity").cast(pl.String).cast(pl.Binary).alias("pseudonym"),
        pl.col("text"),
        pl.col("language").str.slice(0, 2),
        pl.col("thread", "at", "planted", "tone"),
        week=730 // DAYS - ((UNTIL - pl.col("at")).dt.total_days() // DAYS),
    )
    ear = Ear(sentiment=shipped(), themes=Themes.shipped(), topics=())
    return texts.hstack(
        heard(texts.select("pseudonym", "message", "text", "language", "week"), ear).select("lean", "category")
    )


@pytest.fixture(scope="module")
def voices() -> pl.DataFrame:
    return voiced(Planted())


@pytest.fixture(scope="module")
def placebo() -> pl.DataFrame:
    return voiced(NOTHING)


def test_a_planted_break_is_found_and_when(voices: pl.DataFrame) -> None:
    found = changes(weekly(voices, "category"), "share", seed=7)
    assert [each.name for each in found if each.size > 0] == ["delivery"]
    broke = next(each for each in found if each.name == "delivery")
    assert broke.week == pytest.approx(PLANTED, abs=2)
    assert broke.low > 0


def test_where_nothing_was_planted_nothing_is_found(placebo: pl.DataFrame) -> None:
    months = weekly(placebo, "category")
    assert changes(months, "share", seed=7) == []
    assert changes(months, "lean", seed=7) == []


def test_false_discoveries_stay_rare_over_many_series_of_noise() -> None:
    rng = np.random.default_rng(7)
    found = 0
    for draw in range(20):
        rows = [(f"{name}", week, rng.normal()) for name in range(8) for week in range(20)]
        series = pl.DataFrame(rows, schema=["name", "week", "share"], orient="row")
        found += bool(changes(series, "share", seed=draw))
    assert found <= 4


def test_tone_that_gets_worse_is_found_once_own_scores_taught_it(voices: pl.DataFrame) -> None:
    last = voices.sort("at").group_by("thread").agg(pl.col("message").last(), pl.col("tone").last())
    known = voices.filter(pl.col("thread") % 2 == 0).join(last.select("message"), on="message", how="semi")
    own = learn(known, classes_of(known["tone"], low=(-2,), high=(1,)), base=shipped())
    asked = voices.filter(pl.col("thread") % 2 == 1)
    threads = trajectories(asked.with_columns(judged(own, asked)["lean"])).drop_nulls("direction")
    causes = asked.group_by("thread").agg(pl.col("planted").first())
    worse = (
        threads.join(causes, on="thread").group_by("planted").agg((pl.col("direction") == "worse").mean().alias("is"))
    )
    told = dict(worse.iter_rows())
    assert told[True] > told[False] + 0.05


def test_topics_are_the_same_for_the_same_seed_and_keep_their_numbers_in_a_later_run(voices: pl.DataFrame) -> None:
    first = discovered(voices, seed=7)
    assert first == discovered(voices, seed=7)
    assert topics_of(as_mappings(first)) == first
    later = discovered(voices.sample(fraction=0.9, seed=1), first, seed=8)
    named = {each.number: each.name for each in first}
    kept = [each for each in later if each.number in named]
    assert len(kept) >= 0.8 * len(first)
    assert len({each.number for each in later}) == len(later)


def test_a_topic_holds_no_word_that_few_customers_use(voices: pl.DataFrame) -> None:
    alone = voices.head(300).with_columns(
        text=pl.when(pl.int_range(pl.len()) < FEWEST - 1).then(pl.lit("xylofon ") + pl.col("text")).otherwise("text"),
        language=pl.lit("nb"),
    )
    topics = discovered(alone, seed=7)
    assert topics
    assert not any("xylofon" in word for each in topics for word in each.words)
    assert topic_of(alone, topics).is_in([each.number for each in topics]).mean() > 0.5


def test_few_texts_have_no_topics() -> None:
    few = pl.DataFrame({"pseudonym": [b"a"], "text": ["nothing much"], "language": ["en"]})
    assert discovered(few, seed=7) == []
    assert topic_of(few, []).to_list() == [-1]

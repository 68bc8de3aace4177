"""Where customers write unhappily: planted places are found by what is heard, and nothing where nothing is planted."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from hub.demo.tickets import sentences
from predict.causes.what import What
from predict.satisfaction.kept_ear import ear_of, kept, shipped_ear
from predict.voice.texts import felt, moods
from predict.voice.wrong import places

UNTIL = datetime(2026, 1, 5, tzinfo=UTC)
TOPICS = ("delivery", "function_error", "price")
PLACE = {"topic": "delivery", "product": "desks", "step": "delivery"}


def texts_of(seed: int, *, trouble: float, rows: int = 1_600) -> pl.DataFrame:
    """Invent texts of half a year in four languages; `trouble` is the share of unhappy ones in `PLACE` besides."""
    rng = np.random.default_rng(seed)
    topic, product = rng.choice(TOPICS, rows), rng.choice(["desks", "mobile"], rows)
    step = rng.choice(["order", "delivery"], rows)
    there = (topic == "delivery") & (product == "desks") & (step == "delivery")
    tone = np.where(
        there & (rng.random(rows) < trouble),
        "annoyed",
        rng.choice(["friendly", "neutral", "annoyed", "formal"], rows, p=[0.3, 0.4, 0.2, 0.1]),
    )
    frame = pl.DataFrame(
        {
            "pseudonym": [bytes([number // 250, number % 250]) for number in rng.integers(0, 500, rows)],
            "at": [UNTIL - timedelta(days=float(day)) for day in rng.integers(0, 26, rows) * 7],
            "language": rng.choice(["nb", "sv", "en", "de"], rows),
            "category": topic,
            "tone": tone,
            "pick": rng.integers(0, 2, rows),
            "product": product,
            "step": step,
            "team": rng.choice(["first_line", "technical", "other"], rows),
            "channel": rng.choice(["email", "chat"], rows),
        }
    )
    said, _ = sentences()
    return frame.join(said, on=["language", "category", "tone", "pick"]).rename({"sentence": "text"})


@pytest.mark.parametrize("trouble", [0.0, 0.9])
def test_a_place_whose_texts_are_unhappier_than_others_on_their_topic_is_proposed(trouble: float) -> None:
    heard = felt(texts_of(5, trouble=trouble), shipped_ear())
    found = places(None, heard, seed=5)
    if not trouble:
        assert found == []
        return
    assert found[0]["what"] == What.TEXTS
    assert {"product", "step"} <= set(found[0]["levels"])
    assert found[0]["levels"].items() <= PLACE.items()
    assert found[0]["gap"]["low"] > 0
    assert found[0]["texts"] % 10 == found[0]["customers"] % 10 == 0
    assert set(heard.columns).isdisjoint({"text"})


def test_a_team_that_no_view_names_is_proposed_by_nobody() -> None:
    frame = texts_of(6, trouble=0.0)
    worse = frame.with_columns(
        text=pl.when(pl.col("team") == "other").then(pl.lit("This is terrible and useless")).otherwise("text"),
        language=pl.when(pl.col("team") == "other").then(pl.lit("en")).otherwise("language"),
    )
    assert all(one["levels"].get("team") != "other" for one in places(None, felt(worse, shipped_ear()), seed=6))


def test_what_was_withheld_is_in_no_figure_and_topics_of_few_are_not_told() -> None:
    frame = texts_of(7, trouble=0.0)
    some = frame.with_columns(text=pl.when(pl.int_range(pl.len()) < 100).then(None).otherwise("text"))
    heard = felt(some, shipped_ear())
    assert heard.height == frame.height - 100
    told = moods(heard)
    assert {one["topic"] for one in told} <= {*TOPICS, "other", "billing", "communication", "usability", "wish"}
    assert all(one["customers"] >= 10 and 0 <= one["unhappy"] <= 1 for one in told)
    few = heard.filter(pl.col("pseudonym").is_in(heard["pseudonym"].unique().sort().head(9).implode()))
    assert moods(few) == []


def test_an_ear_is_read_back_as_it_was_kept() -> None:
    ear = shipped_ear()
    again = ear_of(kept(ear))
    frame = texts_of(8, trouble=0.5, rows=60)
    assert felt(frame, again).equals(felt(frame, ear))

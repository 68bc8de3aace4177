"""Who asks for help and about what: planted topics are found, none where there are none, and time is kept."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from predict.feature import LANGUAGES, features_of
from predict.module import Brief
from predict.service.contact import Contact
from predict.service.declaration import SERVICE
from predict.service.topic import asked_next, learned, topics_of
from tests.unit.service_builders import DESCRIBED, asking, instant

ALONE = Contact(replace(SERVICE, readiness=replace(SERVICE.readiness, least=10**6)))
"""A rule in the place of the model, which takes no time: topics are learned all the same."""
FEW = Contact(replace(SERVICE, readiness=replace(SERVICE.readiness, least=200)))
BRIEF = Brief(horizon_days=30, features=features_of([one["name"] for one in DESCRIBED], DESCRIBED), seed=3)


@pytest.fixture(scope="module")
def lived() -> pl.DataFrame:
    return asking(months=7, each=400, strength=1.0)


@pytest.fixture(scope="module")
def packed(lived: pl.DataFrame) -> bytes:
    return FEW.train(lived, BRIEF)


def test_what_is_asked_about_is_told_by_customer_where_it_can_be(lived: pl.DataFrame, packed: bytes) -> None:
    figures = FEW.report(packed).values["figures"]
    assert figures["topics"]["by_customer"]
    assert figures["topics"]["log_loss_gained"]["low"] > 0.1
    assert figures["topics"]["right"] > figures["topics"]["right_by_the_most_frequent"] + 0.1
    assert figures["baseline"]["column"] == "tickets_30d"
    assert figures["model"]["auc"]["figure"] > figures["baseline"]["auc"] + 0.05
    scores = FEW.score(packed, lived.filter(as_of=instant(6)).drop("contacted"), capacity=None)
    rows = scores.join(lived.filter(as_of=instant(6)), on="pseudonym")
    broken = rows.filter(pl.col("errors_28d") >= 3, pl.col("seat_fill") < 0.5)
    assert (broken["topic"] == "function_error").mean() > 0.9
    full = rows.filter(pl.col("errors_28d") == 0, pl.col("seat_fill") > 0.95)
    assert (full["topic"] == "price").mean() > 0.9
    assert scores["topic_share"].is_between(1 / 3, 1).all()


def test_where_nothing_was_planted_topics_are_shares_of_all_who_ask() -> None:
    lived = asking(months=8, each=400, strength=0.0, seed=5)
    packed = ALONE.train(lived, BRIEF)
    told = ALONE.report(packed).values["figures"]
    assert not told["topics"]["by_customer"]
    assert any("Nothing tells what a customer will ask about" in remark for remark in told["remarks"])
    scores = ALONE.score(packed, lived.filter(as_of=instant(7)).drop("contacted"), capacity=None)
    assert scores["topic"].n_unique() == 1
    assert scores["topic_share"].to_list() == pytest.approx([max(told["topics"]["shares"].values())] * scores.height)


def test_without_topics_in_the_view_scores_have_none(lived: pl.DataFrame) -> None:
    numbers = lived.drop("last_ticket_topic")
    packed = ALONE.train(numbers, BRIEF)
    scores = ALONE.score(packed, numbers.filter(as_of=instant(6)).drop("contacted"), capacity=None)
    assert scores["topic"].null_count() == scores.height
    assert "topics" not in ALONE.report(packed).values["figures"]


def test_a_frame_of_nobody_is_scored_as_nobody(lived: pl.DataFrame, packed: bytes) -> None:
    scores = FEW.score(packed, lived.head(0).drop("contacted"), capacity=None)
    assert scores.height == 0
    assert {"topic", "topic_share", "probability"} <= set(scores.columns)


@pytest.mark.parametrize("language", LANGUAGES)
def test_reasons_are_told_in_five_languages(lived: pl.DataFrame, packed: bytes, language: str) -> None:
    scores = FEW.score(packed, lived.filter(as_of=instant(6)).drop("contacted"), capacity=None)
    words = FEW.reasons(scores, packed, language=language)
    assert words["reason_1"].drop_nulls().str.len_chars().min() > 5
    assert words["topic"].equals(scores["topic"])


def test_a_topic_counts_only_where_the_next_instant_is_a_horizon_away() -> None:
    at = [datetime(2025, month, 1, tzinfo=UTC) for month in (1, 2, 3, 4)]
    frame = pl.DataFrame(
        {
            "pseudonym": [b"a" * 16] * 4,
            "as_of": at,
            "tickets_30d": [0, 1, 1, 0],
            "last_ticket_topic": [None, "price", "usability", "usability"],
        }
    )
    # from February to March are 28 days: the case of March's row may lie before February; in April's row is no new one
    assert asked_next(frame, horizon_days=30).rows() == [(b"a" * 16, at[0], "price")]


def test_two_topics_are_told_apart_as_more_are() -> None:
    raw = np.linspace(-2, 2, 400)[:, None]
    asked = pl.Series("asked", np.where(raw[:, 0] > 0, "price", "wish"))
    model = learned(raw, ("fill",), asked)
    again = topics_of(model.as_mapping())
    for one in (model, again):
        chances = one.probability(np.array([[-2.0], [2.0], [np.nan]]))
        assert chances.sum(axis=1) == pytest.approx(1.0)
        assert [one.topics[best] for best in chances[:2].argmax(axis=1)] == ["wish", "price"]
        assert chances[2] == pytest.approx([0.5, 0.5], abs=0.05)


def test_a_model_names_no_topic_that_fewer_than_fifty_asked_about() -> None:
    asked = pl.Series("asked", [*(["price"] * 300), *(["gdpr"] * 49)])
    model = learned(np.zeros((349, 1)), ("fill",), asked)
    assert (model.topics, model.columns) == (("price",), ())
    assert model.probability(np.zeros((2, 1))).tolist() == [[1.0], [1.0]]

"""Article 22(3): a person may have a human look at what a machine decided, say their view, and contest it."""

from dataclasses import replace

import polars as pl
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hub.errors import AccessRefused
from hub.lake import catalogue
from hub.lake.append import append
from hub.requests import handling
from hub.requests.export import Form
from hub.requests.reviewing import Review, ReviewReason, Verdict, review, scores_to_review
from ingest.canonical.catalogue import lake_table_of
from ingest.store.identity import anchors_frame
from privacy.request import RequestState, Right, StepRefused
from privacy.terms import BatchId, EntityKind, Role, random_id
from tests.builders import an_id
from tests.integration.test_gateway_fence import entity_of, merge
from tests.request_builders import Office

SET_ASIDE = Review(module="churn", verdict=Verdict.SET_ASIDE, reason=ReviewReason.MISSING_CONTEXT)


def scored(desk: Office, identifier: str) -> None:
    """Write a score of a person, as a prediction does."""
    with desk.hub.reading() as session:
        anchors = anchors_frame(session, EntityKind.PERSON)
    mine = anchors.filter(pl.col("record").is_in([bytes(each) for each in desk.who(identifier).records]))
    at = desk.hub.clock()
    values = {
        "person": mine["record"][0],
        "event_time": at,
        "scored_at": at,
        "module": "churn",
        "model_id": an_id(3),
        "probability": 0.7,
        "low": 0.6,
        "high": 0.8,
        "band": "high",
        "crosswalk_revision": mine["revision"][0],
    }
    schema = lake_table_of("scores").schema
    frame = pl.DataFrame({name: [values.get(name)] for name in schema}, schema=schema)
    batch = BatchId(random_id())
    staged = append(desk.hub.lake, frame, table="scores", batch_id=batch)
    with desk.hub.unit_of_work() as session:
        catalogue.stage(session, staged, batch_id=batch, at=desk.hub.lake.clock(session))
        catalogue.publish(session, batch)


def test_art22_3_a_human_says_what_becomes_of_the_score_and_the_person_sees_it(desk: Office) -> None:
    """The reviewer is shown the score in words; their word stands beside the score in the person's export."""
    scored(desk, "shop:k1")
    request = desk.started("shop:k1", Right.HUMAN_REVIEW)
    (shown,) = scores_to_review(desk.hub, request.request_id, desk.dpo)
    assert shown.probability == 0.7
    review(desk.hub, request.request_id, SET_ASIDE, desk.dpo)
    assert handling.fulfil(desk.hub, request.request_id, desk.dpo).state is RequestState.FULFILLED
    (told,) = desk.told("shop:k1")["scores"]
    assert (told["review"]["outcome"], told["review"]["reason"]) == ("set_aside", "missing_context")
    assert "A human looked at this and set it aside" in desk.exported("shop:k1", Form.HTML).decode()


def test_art22_3_the_reviewer_is_a_human_and_no_score_is_answered_without_one(desk: Office) -> None:
    """A service account reviews nothing, and the request cannot be closed as answered before somebody did."""
    scored(desk, "shop:k1")
    request = desk.started("shop:k1", Right.HUMAN_REVIEW)
    machine = replace(desk.dpo, role=Role.SERVICE)
    with pytest.raises(AccessRefused, match="role_is_no_human_reviewer"):
        review(desk.hub, request.request_id, SET_ASIDE, machine)
    with pytest.raises(StepRefused, match="review_missing"):
        handling.fulfil(desk.hub, request.request_id, desk.dpo)


def test_art22_3_a_word_once_said_is_not_unsaid(desk: Office) -> None:
    """Reviews are appended; the newest holds, and the database refuses to change an earlier one."""
    scored(desk, "shop:k1")
    request = desk.started("shop:k1", Right.HUMAN_REVIEW)
    review(desk.hub, request.request_id, SET_ASIDE, desk.dpo)
    with pytest.raises(DBAPIError), desk.hub.engine.begin() as connection:
        connection.execute(text("UPDATE score_review SET outcome = 'confirmed'"))
    desk.hub.clock.forward(hours=1)  # type: ignore[attr-defined]  # the tests' clock
    review(desk.hub, request.request_id, replace(SET_ASIDE, verdict=Verdict.CONFIRMED), desk.dpo)
    (told,) = desk.told("shop:k1")["scores"]
    assert told["review"]["outcome"] == "confirmed"


def test_art22_3_a_score_that_is_void_is_not_reviewed(desk: Office) -> None:
    """A score made of other records than are the person's now is shown to nobody, and no human puts a word on it."""
    scored(desk, "shop:k1")
    request = desk.started("shop:k1", Right.HUMAN_REVIEW)
    other, record = (desk.who(identifier).records[0] for identifier in ("shop:k2", "shop:k1"))
    merge(desk.hub, other, entity_of(desk.hub, record))
    assert not scores_to_review(desk.hub, request.request_id, desk.dpo)
    with pytest.raises(StepRefused, match="no_such_score"):
        review(desk.hub, request.request_id, SET_ASIDE, desk.dpo)


def test_art22_there_is_nothing_to_review_of_whom_no_machine_judged(desk: Office) -> None:
    """A review of a module that never scored the person is refused."""
    request = desk.started("shop:k2", Right.HUMAN_REVIEW)
    with pytest.raises(StepRefused, match="no_such_score"):
        review(desk.hub, request.request_id, SET_ASIDE, desk.dpo)

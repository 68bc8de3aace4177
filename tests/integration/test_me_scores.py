"""Scores told to the person: in words, of their present self only, once the look is in the audit log."""

from typing import Any

import polars as pl
import pytest

from hub.authentication import acting_principal
from hub.compose import Hub
from hub.me.scores import explain_scores
from hub.me.words import word
from hub.predictions.scores import TABLE, write_scores
from hub.predictions.store import TrainedModel, add_model
from hub.views.gateway import PSEUDONYM, Gateway
from hub.views.spec import ViewSpec
from ingest.canonical.catalogue import lake_table_of
from ingest.store.identity import records_beside
from privacy.errors import PrivacyError
from privacy.purposes import LANGUAGES
from privacy.store.audit import entries
from privacy.terms import PrincipalId, RecordId
from tests.integration.test_gateway_fence import AS_OF, entity_of, merge, record_of, shop
from tests.integration.test_scores_carry_revision import MODEL

__all__ = ["shop"]
FIGURES = {"probability": 0.314, "low": 0.2, "high": 0.449, "band": "high"}
REASONS = {"reason_1": "orders_365d.below", "reason_2": "rhythm.overdue", "reason_3": None}


def written(hub: Hub, **changes: Any) -> ViewSpec:
    """Score every customer alike by a model of the view; return the view."""
    owner = acting_principal(hub)
    released = Gateway(hub).read(owner, "fence_person", purpose="churn", as_of=AS_OF)
    model = MODEL | {"spec_hash": released.spec.hash} | changes
    with hub.unit_of_work() as session:
        add_model(session, model)
    empty = {name: pl.lit(None) for name in lake_table_of(TABLE).schema}
    values = {name: pl.lit(value) for name, value in (FIGURES | REASONS).items()}
    scores = released.frame.select(PSEUDONYM, **(empty | values | {"as_of": pl.lit(AS_OF)}))
    write_scores(hub, owner, scores, released, TrainedModel(**model))
    return released.spec


def asked(hub: Hub, customer: str, language: str = "en") -> list[Any]:
    record = record_of(hub, customer)
    with hub.reading() as session:
        records = [RecordId(each) for each in records_beside(session, record)]
    return explain_scores(hub, records, language, by=PrincipalId(record))


@pytest.mark.parametrize("language", LANGUAGES)
def test_score_is_told_with_its_reasons_and_all_that_was_weighed(shop: Hub, language: str) -> None:
    spec = written(shop)
    (told,) = asked(shop, "c1", language)
    label = spec.texts["orders_365d"][language]
    assert (told.module, told.purpose, told.as_of, told.band) == ("churn", "churn", AS_OF, "high")
    assert told.in_words == word("scores", "churn", language, percent=31, low=20, high=45)
    assert told.reasons == (
        word("reasons", "below", language, what=label),
        word("reasons", "rhythm.overdue", language),
    )
    assert told.looked_at == (label,)
    assert told.who_decides == word("method", "person", language)


def test_score_of_another_set_of_records_is_not_told(shop: Hub) -> None:
    written(shop)
    merge(shop, record_of(shop, "c4"), entity_of(shop, record_of(shop, "c5")))
    assert asked(shop, "c5") == [], "it was of one record, and now there are two"
    assert len(asked(shop, "c1")) == 1


def test_view_that_is_not_what_it_was_tells_codes_only(shop: Hub) -> None:
    written(shop, spec_hash=bytes(32))
    (told,) = asked(shop, "c1")
    assert (told.purpose, told.looked_at) == (None, ())
    assert told.reasons[0] == "orders_365d: less than is usual"


def test_person_sees_one_score_a_module_the_newest(shop: Hub) -> None:
    written(shop)
    shop.clock.forward(days=1)  # type: ignore[attr-defined]  # the tests' clock
    written(shop, model_id=bytes(16))
    (told,) = asked(shop, "c1")
    assert told.scored_at == shop.clock()


def test_look_is_audited_before_the_lake_is_read(shop: Hub) -> None:
    written(shop)
    asked(shop, "c2")
    with shop.reading() as session:
        _, entry = entries(session, action="subject.scores", limit=1)[0]
    assert (entry.actor, entry.fields.records) == (record_of(shop, "c2"), (record_of(shop, "c2"),))


def test_without_an_entry_nothing_is_read(shop: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    written(shop)

    def refuse(*_: object, **__: object) -> None:
        raise PrivacyError("no entry")

    monkeypatch.setattr("hub.compose.append_entry", refuse)
    monkeypatch.setattr("hub.me.scores.reading", reading_must_not_happen)
    with pytest.raises(PrivacyError):
        asked(shop, "c1")


def reading_must_not_happen(*_: object) -> None:
    raise AssertionError("the lake was read")

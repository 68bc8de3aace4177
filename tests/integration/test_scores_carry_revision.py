"""A score names the record set that it was made from: when that changes, the score is another customer's."""

from typing import Any

import polars as pl
import pytest
from sqlalchemy import select
from sqlmodel import col

from hub.authentication import acting_principal
from hub.compose import Hub
from hub.lake.reading import reading
from hub.predictions.scores import TABLE, write_scores
from hub.predictions.store import TrainedModel
from hub.views.gateway import PSEUDONYM, Gateway, Released
from ingest.canonical.catalogue import lake_table_of
from ingest.tables.identity import Crosswalk, Entity
from privacy.terms import EntityKind
from tests.builders import NOON, an_id
from tests.integration.test_gateway_fence import AS_OF, entity_of, merge, record_of, shop

__all__ = ["shop"]
MODEL: dict[str, Any] = {
    "model_id": an_id(5),
    "module": "churn",
    "view": "fence_person",
    "view_version": 1,
    "spec_hash": bytes(32),
    "trained_at": NOON,
    "trained_by": an_id(6),
    "training_release": an_id(7),
    "file_sha256": bytes(32),
    "report": "{}",
}


@pytest.fixture
def written(shop: Hub) -> tuple[Hub, Released]:
    """Two customers were one before the scores were made."""
    merge(shop, record_of(shop, "c1"), entity_of(shop, record_of(shop, "c2")))
    owner = acting_principal(shop)
    released = Gateway(shop).read(owner, "fence_person", purpose="churn", as_of=AS_OF)
    empty = [pl.lit(None).alias(name) for name in lake_table_of(TABLE).schema]
    scores = released.frame.select(PSEUDONYM, *empty, as_of=pl.lit(AS_OF))
    write_scores(shop, owner, scores, released, TrainedModel(**MODEL))
    return shop, released


def rows_of(hub: Hub) -> dict[bytes, int]:
    """The revision that each score carries, by the entity of its record now."""
    with reading(hub.lake) as reader:
        frame = reader.collect(reader.scan(TABLE, columns=["person", "crosswalk_revision"]))
    with hub.reading() as session:
        homes = dict(session.execute(select(col(Crosswalk.record_id), col(Crosswalk.entity_id))).all())
    return {homes[record]: revision for record, revision in frame.iter_rows()}


def revisions_of(hub: Hub) -> dict[bytes, int]:
    """The revision that last changed each customer's record set."""
    with hub.reading() as session:
        query = select(col(Entity.entity_id), col(Entity.revision)).where(
            col(Entity.entity_id).in_(select(col(Crosswalk.entity_id))), col(Entity.kind) == EntityKind.PERSON.value
        )
        return dict(session.execute(query).all())


def test_a_score_carries_the_revision_of_its_record_set(written: tuple[Hub, Released]) -> None:
    hub, released = written
    scores = rows_of(hub)
    assert scores == revisions_of(hub)
    assert len(scores) == released.frame.height == 4
    assert sorted(scores.values())[:3] == [0, 0, 0], "three customers were never anything but one record"
    assert max(scores.values()) > 0


def test_a_change_of_the_record_set_leaves_the_score_behind(written: tuple[Hub, Released]) -> None:
    hub, _ = written
    joined, other = record_of(hub, "c4"), entity_of(hub, record_of(hub, "c5"))
    merge(hub, joined, other)
    scores, revisions = rows_of(hub), revisions_of(hub)
    assert scores[other] < revisions[other], "made of one record, and now there are two"
    assert all(scores[entity] == revisions[entity] for entity in revisions.keys() - {other})

"""A score that was made of several records goes with any of them, and once they are one customer no more."""

from typing import Any

import polars as pl
import pytest

from hub.authentication import acting_principal
from hub.compose import Hub
from hub.consents import Subject
from hub.database.unit import StorageFull
from hub.erasing import erase, plan
from hub.erasure.absence import verify_absence
from hub.errors import HubError
from hub.lake.append import append
from hub.lake.errors import CatalogueConflict
from hub.lake.reading import reading
from hub.predictions import scores as written
from hub.predictions.scores import TABLE, write_scores
from hub.predictions.store import TrainedModel
from hub.views import withdrawal
from hub.views.gateway import PSEUDONYM, Gateway, Released
from hub.views.withdrawal import withdraw
from ingest.canonical.catalogue import lake_table_of
from ingest.canonical.snapshots import OTHERS
from privacy.store.erasure import intend_erasure
from privacy.terms import random_id
from tests.integration.test_gateway_fence import AS_OF, entity_of, merge, record_of, shop
from tests.integration.test_scores_carry_revision import MODEL
from tests.integration.test_view_withdrawal import part, two_as_one

__all__ = ["shop"]  # a fixture


def release(hub: Hub) -> Released:
    return Gateway(hub).read(acting_principal(hub), "fence_person", purpose="churn", as_of=AS_OF)


def score(hub: Hub, released: Released | None = None) -> int:
    """Score every released customer."""
    released = released or release(hub)
    empty = [pl.lit(None).alias(name) for name in lake_table_of(TABLE).schema]
    rows = released.frame.select(PSEUDONYM, *empty, as_of=pl.lit(AS_OF))
    return write_scores(hub, acting_principal(hub), rows, released, TrainedModel(**MODEL))


def scores_of(hub: Hub) -> pl.DataFrame:
    with reading(hub.lake) as reader:
        return reader.collect(reader.scan(TABLE))


def test_a_score_names_every_record_of_its_customer(shop: Hub) -> None:
    first, last, _ = two_as_one(shop)
    assert score(shop) == 4
    rows = scores_of(shop)
    assert rows.filter(person=first)[OTHERS].to_list() == [[last]]
    assert rows.filter(pl.col("person") != first)[OTHERS].to_list() == [None] * 3


@pytest.mark.parametrize("which", [0, 1])
def test_whoever_is_erased_after_parting_takes_along_the_score_that_was_made_of_them(shop: Hub, which: int) -> None:
    *pair, home = two_as_one(shop)
    score(shop)
    part(shop, home)
    owner, gone = acting_principal(shop), Subject(records=(pair[which],))
    told = plan(shop, gone, owner).lake
    assert told is not None
    assert told[TABLE].deleted == 1
    erase(shop, gone, owner)
    verify_absence(shop, pair[which].hex())
    assert scores_of(shop).height == 3


def test_a_score_of_two_goes_once_they_are_parted_and_of_one_once_they_are_joined(shop: Hub) -> None:
    first, last, home = two_as_one(shop)
    score(shop)
    assert withdraw(shop) == 0, "all are of the present sets"
    part(shop, home)
    assert withdraw(shop) == 1
    assert not scores_of(shop)["person"].is_in([first, last]).any()
    merge(shop, record_of(shop, "c4"), entity_of(shop, record_of(shop, "c5")))
    assert withdraw(shop) > 0
    assert scores_of(shop).height == 1, "of c3 alone"


def test_nothing_is_written_of_whom_the_records_changed_since_the_rows_left(shop: Hub) -> None:
    """It would lie under one of two who are strangers, or leave out a record of whom it does not tell."""
    _, _, home = two_as_one(shop)
    released = release(shop)
    part(shop, home)
    assert score(shop, released) == 3
    assert scores_of(shop)[OTHERS].to_list() == [None] * 3


def test_a_score_is_not_written_if_one_whom_it_was_made_of_is_erased_meanwhile(
    shop: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, last, home = two_as_one(shop)
    released, tried = release(shop), []

    def interrupted(*given: Any, **named: Any) -> Any:
        tried.append(given)
        if len(tried) == 1:
            part(shop, home)
            erase(shop, Subject(records=(last,)), acting_principal(shop))
        return append(*given, **named)

    monkeypatch.setattr(written, "append", interrupted)
    assert score(shop, released) == 3
    assert len(tried) == 2, "the first try named the record of whoever was erased"


@pytest.mark.parametrize("fault", [CatalogueConflict(TABLE), StorageFull()])
def test_scores_stand_though_void_ones_cannot_be_taken_out(
    shop: Hub, monkeypatch: pytest.MonkeyPatch, fault: HubError
) -> None:
    def conflicted(*_: object, **__: object) -> int:
        raise fault

    monkeypatch.setattr(withdrawal, "sift", conflicted)
    assert score(shop) == 5


@pytest.mark.parametrize("which", [0, 1])
def test_scoring_does_not_wait_for_an_erasure_that_waits(
    shop: Hub, monkeypatch: pytest.MonkeyPatch, which: int
) -> None:
    """Whoever is closed has a record as long as a delivery or a long read keeps the erasure from being carried out."""
    *pair, _ = two_as_one(shop)
    released, me = release(shop), acting_principal(shop).principal_id
    with shop.unit_of_work() as session:
        intend_erasure(session, random_id(), [pair[which]], by=me, at=shop.clock())
    tried: list[Any] = []

    def once(*given: Any, **named: Any) -> Any:
        tried.append(given)
        assert len(tried) == 1, "it would be tried for ever"
        return append(*given, **named)

    monkeypatch.setattr(written, "append", once)
    assert score(shop, released) == 3

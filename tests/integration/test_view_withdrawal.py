"""A kept row that was made of several records tells of all of them: it goes with any, and once they are parted."""

from datetime import datetime

import polars as pl
import pytest

from hub.authentication import acting_principal
from hub.compose import Hub
from hub.consents import Subject
from hub.erasing import erase, plan
from hub.erasure.absence import verify_absence
from hub.lake.errors import CatalogueConflict
from hub.lake.reading import reading
from hub.views import snapshot, withdrawal
from hub.views.gateway import Built, Gateway
from hub.views.withdrawal import withdraw
from ingest.canonical.snapshots import OTHERS
from privacy.terms import EntityId, RecordId
from tests.builders import FixedClock
from tests.integration.test_gateway_fence import AS_OF, entity_of, merge, record_of, shop
from tests.integration.test_online_rows import view_of

__all__ = ["shop"]  # a fixture


def kept_rows(hub: Hub) -> pl.DataFrame:
    with reading(hub.lake) as reader:
        return reader.collect(reader.scan("snapshots"))


def two_as_one(hub: Hub) -> tuple[RecordId, RecordId, EntityId]:
    """Join two customers; return their records, that under which their row lies first, and a home to part to."""
    one, other = record_of(hub, "c1"), record_of(hub, "c2")
    home = entity_of(hub, one)
    merge(hub, one, entity_of(hub, other))
    first, last = sorted((one, other))
    return first, last, home


def part(hub: Hub, home: EntityId) -> None:
    merge(hub, record_of(hub, "c1"), home)


def test_a_row_names_every_record_that_it_was_made_of(shop: Hub) -> None:
    first, last, _ = two_as_one(shop)
    view_of(shop).materialise(as_of=AS_OF)
    rows = kept_rows(shop)
    assert rows.filter(person=first)[OTHERS].to_list() == [[last]]
    assert rows.filter(pl.col("person") != first)[OTHERS].to_list() == [None] * 3


@pytest.mark.parametrize("which", [0, 1])
def test_whoever_is_erased_after_parting_takes_along_what_was_made_of_them(shop: Hub, which: int) -> None:
    *pair, home = two_as_one(shop)
    view_of(shop).materialise(as_of=AS_OF)
    part(shop, home)
    owner, gone = acting_principal(shop), Subject(records=(pair[which],))
    told = plan(shop, gone, owner).lake
    assert told is not None
    assert told["snapshots"].deleted == 1
    erase(shop, gone, owner)
    verify_absence(shop, pair[which].hex())
    assert kept_rows(shop).height == 3, "and of the others each has a row"


def test_erasing_both_counts_their_row_once(shop: Hub) -> None:
    first, last, _ = two_as_one(shop)
    view_of(shop).materialise(as_of=AS_OF)
    told = plan(shop, Subject(records=(first, last)), acting_principal(shop)).lake
    assert told is not None
    assert told["snapshots"].deleted == 1


def test_what_was_made_of_two_goes_once_they_are_parted(shop: Hub) -> None:
    first, last, home = two_as_one(shop)
    view_of(shop).materialise(as_of=AS_OF)
    assert withdraw(shop) == 0, "they are one"
    part(shop, home)
    assert withdraw(shop) == 1
    assert kept_rows(shop)["person"].is_in([first, last]).sum() == 0
    assert kept_rows(shop).height == 3
    assert withdraw(shop) == 0


def test_rows_go_once_their_snapshot_serves_no_more(shop: Hub, clock: FixedClock) -> None:
    view_of(shop).materialise(as_of=AS_OF)
    clock.forward(days=1)
    assert withdraw(shop) == 1
    assert kept_rows(shop).is_empty()


def test_a_snapshot_is_made_though_the_rows_before_it_cannot_be_taken_out(
    shop: Hub, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was told of a failure would make it again, and it would count as two reads."""

    def conflicted(*_: object, **__: object) -> int:
        raise CatalogueConflict("snapshots")

    view_of(shop).materialise(as_of=AS_OF)
    with monkeypatch.context() as broken:
        broken.setattr(withdrawal, "sift", conflicted)
        assert view_of(shop).materialise(as_of=AS_OF).rows == 5
    clock.forward(days=1)
    assert withdraw(shop) == 2, "nothing is forgotten"
    assert kept_rows(shop).is_empty()


def test_a_row_is_not_kept_if_one_whom_it_was_made_of_was_erased_meanwhile(
    shop: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, home = two_as_one(shop)
    built: list[Built] = []

    class Interrupted(Gateway):
        def build(self, view: str, *, purpose: str, as_of: datetime) -> Built:
            built.append(super().build(view, purpose=purpose, as_of=as_of))
            if len(built) == 1:
                part(shop, home)
                erase(shop, Subject(records=(record_of(shop, "c1"),)), acting_principal(shop))
            return built[-1]

    monkeypatch.setattr(snapshot, "Gateway", Interrupted)
    view_of(shop).materialise(as_of=AS_OF)
    assert len(built) == 2
    assert kept_rows(shop)[OTHERS].to_list() == [None] * 4

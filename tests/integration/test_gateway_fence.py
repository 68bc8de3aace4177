"""Between building a frame and releasing it, somebody acts: the release shows the world as it is at its commit."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from hub.authentication import Scope, acting_principal, add, authenticate
from hub.compose import Hub
from hub.consents import Subject, Wish, record_wish
from hub.errors import AccessRefused, StreamStopped
from hub.views.departure import verify_unchanged
from hub.views.gateway import PSEUDONYM, Gateway
from hub.views.registry import approve, revoke, submit
from hub.workspace import open_workspace
from ingest.contract.load import contract_of_yaml
from ingest.identity.clustering import Move
from ingest.pipeline.delivery import ingest_file
from ingest.store.move import Cause, apply_moves
from ingest.store.record import find_records
from privacy.pseudonym import pseudonym_of
from privacy.store.epoch import bump_epoch
from privacy.store.principal import Principal
from privacy.terms import ActChannel, ConsentAct, EntityId, PurposeId, RecordId, Role
from tests.builders import FixedClock
from tests.view_builders import WITHOUT_CHECK

VIEW = """
name: fence
version: 1
grain: {grain}
purpose: churn
consumer: test
description: How many orders a customer placed in a year.
as_of_grid: day
expires_days: 7
quasi_identifiers: []
k: 1
population:
  any_of:
    - {{table: orders, window_days: 365}}
features:
  orders_365d: {{op: count, table: orders, window_days: 365, unit: count}}
texts:
  orders_365d: {{nb: Ordrer, nn: Ordrar, sv: Ordrar, en: Orders, de: Bestellungen}}
"""
ORDERS = """
contract: orders
version: 1
source: shop
owner: shop-team
table: orders
format: {kind: csv, delimiter: ",", encoding: utf-8, timezone: UTC}
currency: NOK
basis: {purposes: {churn: legitimate_interests}, notice: privacy-2025-01, notice_given: true}
key: [no]
person: {column: customer}
organisation: {column: company}
columns:
  at: {to: event_time, type: instant}
  total: {to: amount_minor, type: money}
constants: {status: placed}
"""
AS_OF = datetime(2025, 6, 1, tzinfo=UTC)


@pytest.fixture
def shop(hub_factory, tmp_path) -> Hub:
    """Five customers of one company, one order each, and an approved view at each grain."""
    hub = hub_factory()
    lines = ["no,customer,company,at,total", *(f"{n},c{n},firm,2025-05-0{n} 10:00:00,10.00" for n in range(1, 6))]
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(lines) + "\n")
    me = acting_principal(hub)
    ingest_file(contract_of_yaml(ORDERS), path, hub.ports(me.principal_id))
    everything = frozenset({"*"})
    _, token = add(hub, "dpo", Scope(role=Role.DPO, purposes=everything, views=everything), me)
    dpo = authenticate(hub, token)
    for grain in ("person", "organisation"):
        submit(hub, VIEW.format(grain=grain).replace("name: fence", f"name: fence_{grain}"), me)
        approve(hub, f"fence_{grain}", dpo, WITHOUT_CHECK)
    return hub


class Interrupted(Gateway):
    """A gateway in whose first build, just before its release, something happens."""

    def __init__(self, hub: Hub, act: Callable[[], None]) -> None:
        super().__init__(hub)
        self._acts = [act]

    def _build(self, view, purpose, build):
        built = super()._build(view, purpose, build)
        while self._acts:
            self._acts.pop()()
        return built


def record_of(hub: Hub, key: str) -> RecordId:
    with hub.reading() as session:
        from privacy.terms import EntityKind

        index = hub.indexes().source_key("shop", EntityKind.PERSON).token_of(key)
        return find_records(session, [index])[index]


def entity_of(hub: Hub, record: RecordId) -> EntityId:
    from ingest.store.identity import entity_of_record

    with hub.reading() as session:
        return entity_of_record(session, record)


def pseudonym(hub: Hub, record: RecordId) -> bytes:
    return bytes(pseudonym_of(hub.domain(hub.policy().purpose("churn").domain), entity_of(hub, record)))


def object_to(hub: Hub, record: RecordId) -> None:
    wish = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId("churn"), channel=ActChannel.AGENT)
    record_wish(hub, Subject(records=(record,)), wish, acting_principal(hub))


def merge(hub: Hub, record: RecordId, into: EntityId) -> None:
    with hub.unit_of_work() as session:
        move = Move(record, entity_of(hub, record), into)
        cause = Cause(word="test", actor=acting_principal(hub).principal_id, at=hub.clock())
        apply_moves(session, [move], cause)
        bump_epoch(session, {record}, kind="crosswalk")


def read(gateway: Gateway, principal: Principal, grain: str = "person") -> pl.DataFrame:
    return gateway.read(principal, f"fence_{grain}", purpose="churn", as_of=AS_OF).frame


def test_an_objection_between_build_and_release_is_honoured(shop: Hub) -> None:
    record = record_of(shop, "c1")
    gone = pseudonym(shop, record)
    frame = read(Interrupted(shop, lambda: object_to(shop, record)), acting_principal(shop))
    assert frame.height == 4
    assert gone not in frame[PSEUDONYM].to_list()


def test_a_merge_with_somebody_who_objected_silences_the_entity_that_took_them_in(shop: Hub) -> None:
    objected, other = record_of(shop, "c1"), record_of(shop, "c2")
    object_to(shop, objected)
    gone = pseudonym(shop, other)
    target = entity_of(shop, other)
    frame = read(Interrupted(shop, lambda: merge(shop, objected, target)), acting_principal(shop))
    assert gone not in frame[PSEUDONYM].to_list()
    assert frame.height == 3


def test_a_stream_stops_when_somebody_in_it_was_taken_in_by_a_person_who_objects(shop: Hub) -> None:
    """Between two pieces two people turn out to be one; the no of the other record is the no of both."""
    released = Gateway(shop).read(acting_principal(shop), "fence_person", purpose="churn", as_of=AS_OF)
    taken_in, other, stranger = (record_of(shop, key) for key in ("c1", "c2", "c5"))
    gone = entity_of(shop, taken_in)
    only = replace(released, frame=released.frame.filter(pl.col(PSEUDONYM) == pseudonym(shop, taken_in)))
    object_to(shop, stranger)
    verify_unchanged(shop, only)
    merge(shop, taken_in, entity_of(shop, other))
    object_to(shop, other)
    with pytest.raises(StreamStopped, match="somebody in it changed"):
        verify_unchanged(shop, only)
    assert entity_of(shop, taken_in) != gone, "the release holds a pseudonym that nobody has any more"


def test_a_company_figure_is_counted_again_when_a_contributor_objects(shop: Hub) -> None:
    me = acting_principal(shop)
    assert read(Gateway(shop), me, "organisation")["orders_365d"].to_list() == [5]
    record = record_of(shop, "c3")
    frame = read(Interrupted(shop, lambda: object_to(shop, record)), me, "organisation")
    assert frame["orders_365d"].to_list() == [4]


def test_a_view_revoked_between_build_and_release_is_refused(shop: Hub) -> None:
    me = acting_principal(shop)
    with pytest.raises(AccessRefused, match="view_not_approved"):
        read(Interrupted(shop, lambda: revoke(shop, "fence_person", me) and None), me)


def test_a_consent_that_lapses_during_the_read_is_decided_again(shop: Hub, clock: FixedClock) -> None:
    me = acting_principal(shop)
    frame = read(Interrupted(shop, lambda: clock.forward(days=1) and None), me)
    assert frame.height == 5  # nobody's consent lapsed: time alone takes nobody away
    later = replace(shop, clock=lambda: clock() + timedelta(days=400))
    with pytest.raises(AccessRefused, match="approval_expired"):
        read(Gateway(later), me)


def test_the_authors_own_eyes_do_not_approve(shop: Hub) -> None:
    me = acting_principal(shop)
    _, token = add(shop, "owner", Scope(role=Role.DPO, purposes=frozenset({"*"}), views=frozenset({"*"})), me)
    submit(shop, VIEW.format(grain="person").replace("name: fence", "name: again"), me)
    with pytest.raises(AccessRefused, match="four_eyes"):
        approve(shop, "again", authenticate(shop, token), WITHOUT_CHECK)


def test_every_read_leaves_an_intent_and_a_completion(shop: Hub) -> None:
    from privacy.store.audit import entries

    read(Gateway(shop), acting_principal(shop))
    with shop.reading() as session:
        told = [entry.action for _, entry in entries(session, action="view.release")]
    assert told == ["view.release.complete", "view.release.intent"]


def test_a_view_is_read_in_one_line_beside_the_hub(shop: Hub, clock: FixedClock) -> None:
    workspace = open_workspace(shop.settings.home, clock=clock)
    frame = workspace.views["fence_person"].read(purpose="churn", as_of=AS_OF)
    assert frame.columns == [PSEUDONYM, "orders_365d"]
    assert "fence_person" in workspace.views
    assert repr(workspace) == "Workspace()"

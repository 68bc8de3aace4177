"""The subject access log: a person learns when and for what they were read, and after erasure nobody does."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import inspect, text

from hub.accesses import Access, accesses_of, show_accesses
from hub.authentication import Scope, acting_principal, add
from hub.compose import Hub
from hub.consents import Subject, Wish, history, record_wish
from hub.erasing import erase
from hub.errors import AccessRefused
from hub.views.gateway import Gateway
from hub.views.intent import Reader
from hub.views.registry import approve, submit
from ingest.contract.load import contract_of_yaml
from ingest.pipeline.delivery import ingest_file
from ingest.store.ordinal import assign_ordinals, ordinals_of
from ingest.store.record import find_records
from privacy.membership import count_of, holds_any, packed
from privacy.store.audit import entries
from privacy.store.audit_verify import verify_log
from privacy.store.release_members import find_members, members_since
from privacy.terms import ActChannel, ConsentAct, EntityKind, PurposeId, RecordId, Role
from tests.builders import DATABASES, Named, a_record, name_all, started
from tests.conftest import HubFactory
from tests.integration.test_gateway_fence import ORDERS, VIEW
from tests.view_builders import WITHOUT_CHECK

AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
PEOPLE = range(1, 6)


both = pytest.mark.parametrize("shop", DATABASES, indirect=True)


@pytest.fixture
def shop(request: pytest.FixtureRequest, hub_factory: HubFactory, tmp_path) -> Hub:
    """Five customers of one company, one order each, and an approved view at each grain."""
    hub = hub_factory(getattr(request, "param", "sqlite"))
    lines = ["no,customer,company,at,total", *(f"{n},c{n},firm,2025-05-0{n} 10:00:00,10.00" for n in PEOPLE)]
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(lines) + "\n")
    me = acting_principal(hub)
    ingest_file(contract_of_yaml(ORDERS), path, hub.ports(me.principal_id))
    everything = frozenset({"*"})
    dpo, _ = add(hub, "dpo", Scope(role=Role.DPO, purposes=everything, views=everything), me)
    for grain in ("person", "organisation"):
        submit(hub, VIEW.format(grain=grain).replace("name: fence", f"name: fence_{grain}"), me)
        approve(hub, f"fence_{grain}", dpo, WITHOUT_CHECK)
    return hub


def person(hub: Hub, number: int) -> RecordId:
    with hub.reading() as session:
        index = hub.indexes().source_key("shop", EntityKind.PERSON).token_of(f"c{number}")
        return find_records(session, [index])[index]


def read(hub: Hub, grain: str = "person", **more: str) -> bytes:
    me = acting_principal(hub)
    return Gateway(hub).read(me, f"fence_{grain}", purpose="churn", as_of=AS_OF, **more).release_id


def told(hub: Hub, number: int) -> list[Access]:
    return accesses_of(hub, [person(hub, number)])


def ordinal(hub: Hub, record: RecordId) -> int | None:
    with hub.reading() as session:
        found = ordinals_of(session, [record])["ordinal"].to_list()
    return found[0] if found else None


@both
def test_a_person_learns_when_for_what_and_by_which_role_they_were_read(shop: Hub, clock) -> None:
    assert told(shop, 1) == []
    first = clock.at
    read(shop)
    clock.forward(hours=1)
    read(shop, module="churn")
    assert [(each.at, each.purpose, each.by, each.module, each.grain) for each in told(shop, 1)] == [
        (clock.at, "churn", Role.OWNER, "churn", EntityKind.PERSON),
        (first, "churn", Role.OWNER, None, EntityKind.PERSON),
    ]
    assert [each.at for each in accesses_of(shop, [person(shop, 1)], since=clock.at)] == [clock.at]


def test_who_was_not_in_a_release_was_not_read_by_it(shop: Hub) -> None:
    wish = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId("churn"), channel=ActChannel.AGENT)
    record_wish(shop, Subject(records=(person(shop, 2),)), wish, acting_principal(shop))
    read(shop)
    assert [len(told(shop, number)) for number in PEOPLE] == [1, 0, 1, 1, 1]


def test_an_organisations_figure_is_told_to_those_who_may_have_counted(shop: Hub) -> None:
    read(shop, "organisation")
    assert [[each.grain for each in told(shop, number)] for number in PEOPLE] == [[EntityKind.ORGANISATION]] * 5


def test_whoever_objects_between_build_and_release_is_not_a_member(shop: Hub) -> None:
    me, gone = acting_principal(shop), person(shop, 3)

    class Interrupted(Gateway):
        def _build(self, view, purpose, build):
            built = super()._build(view, purpose, build)
            wish = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId("churn"), channel=ActChannel.AGENT)
            record_wish(shop, Subject(records=(gone,)), wish, me)
            return built

    released = Interrupted(shop).read(me, "fence_person", purpose="churn", as_of=AS_OF)
    assert released.frame.height == 4
    assert [len(told(shop, number)) for number in PEOPLE] == [1, 1, 0, 1, 1]


def test_looks_at_one_person_are_told_too_by_role_and_never_by_name(shop: Hub) -> None:
    me, record = acting_principal(shop), person(shop, 1)
    history(shop, Subject(records=(record,)), me)
    show_accesses(shop, [record], me, since=None)
    found = told(shop, 1)
    assert {(each.act, each.by) for each in found} == {("consent.show", Role.OWNER), ("subject.accesses", Role.OWNER)}
    assert bytes(me.principal_id).hex() not in repr(found)
    assert told(shop, 2) == []


def test_a_scientist_may_not_look_up_a_persons_accesses(shop: Hub) -> None:
    scope = Scope(role=Role.SCIENTIST, purposes=frozenset("*"), views=frozenset("*"))
    scientist, _ = add(shop, "scientist", scope, acting_principal(shop))
    before = count_entries(shop, "subject.accesses")
    with pytest.raises(AccessRefused):
        show_accesses(shop, [person(shop, 1)], scientist, since=None)
    assert count_entries(shop, "subject.accesses") == before


def test_a_training_release_is_told_with_its_module(shop: Hub, clock) -> None:
    reader = Reader(principal=acting_principal(shop), module="churn")
    view = VIEW.format(grain="person").replace("name: fence", "name: taught").replace("texts:", LABEL + "texts:")
    submit(shop, view, reader.principal)
    everything = frozenset({"*"})
    dpo, _ = add(shop, "dpo", Scope(role=Role.DPO, purposes=everything, views=everything), reader.principal)
    approve(shop, "taught", dpo, WITHOUT_CHECK)
    cuts = [AS_OF]
    Gateway(shop).read_training(reader, "taught", purpose="churn", cuts=cuts, known_until=AS_OF + timedelta(days=31))
    assert [(each.view, each.module) for each in told(shop, 1)] == [("taught", "churn")]


LABEL = """label:
  name: churned
  horizon_days: 30
  any_of:
    - {none_within: [{table: orders}]}
"""


def count_entries(hub: Hub, action: str) -> int:
    with hub.reading() as session:
        return len(entries(session, action=action))


# --- erasure ---


@both
def test_after_erasure_the_log_verifies_and_points_to_nobody(shop: Hub) -> None:
    release, record = read(shop), person(shop, 1)
    number, others = ordinal(shop, record), [ordinal(shop, person(shop, n)) for n in PEOPLE if n != 1]
    assert number is not None
    erase(shop, Subject(records=(record,)), acting_principal(shop))
    with shop.reading() as session:
        verify_log(session, shop.verifier_key())
        assert find_members(session, release) is not None, "the members themselves stay"
    assert accesses_of(shop, [record]) == []
    assert ordinal(shop, record) is None
    assert [ordinal(shop, person(shop, n)) for n in PEOPLE if n != 1] == others
    assert tables_with(shop, record) & tables_with_ordinals(shop) == set()


def test_the_number_of_an_erased_record_is_never_given_again(shop: Hub) -> None:
    read(shop)
    numbers = {ordinal(shop, person(shop, n)): n for n in PEOPLE}
    last = max(number for number in numbers if number is not None)
    erase(shop, Subject(records=(person(shop, numbers[last]),)), acting_principal(shop))
    with shop.unit_of_work() as session:
        name_all(session, [Named(901, 902)])
        assign_ordinals(session, [a_record(901)])
    given_now = ordinal(shop, a_record(901))
    assert given_now is not None
    assert given_now > last


def tables_with(hub: Hub, record: RecordId) -> set[str]:
    """Name the tables in which a record's id still stands as a value of its own."""
    found = set()
    with hub.reading() as session:
        for table in inspect(hub.engine).get_table_names():
            for column in inspect(hub.engine).get_columns(table):
                if "LargeBinary" in repr(column["type"]) or column["type"].__class__.__name__ in {"BLOB", "BYTEA"}:
                    query = text(f'SELECT 1 FROM "{table}" WHERE "{column["name"]}" = :id LIMIT 1')  # noqa: S608 - names of the schema
                    if session.execute(query, {"id": bytes(record)}).first() is not None:
                        found.add(table)
    return found


def tables_with_ordinals(hub: Hub) -> set[str]:
    """Name the tables that hold ordinals beside anything else."""
    names = inspect(hub.engine).get_table_names()
    return {t for t in names if any(c["name"] == "ordinal" for c in inspect(hub.engine).get_columns(t))}


# --- ordinals and members ---


def test_ordinals_are_dense_and_drawn_by_chance(control) -> None:
    engine = started(control)
    records = [a_record(n) for n in range(1, 401)]
    from hub.database.unit import reading, unit_of_work

    with unit_of_work(engine) as session:
        name_all(session, [Named(n, n) for n in range(1, 401)])
        assign_ordinals(session, records)
        assign_ordinals(session, records[:10])
    with reading(engine) as session:
        found = ordinals_of(session, records).sort("record")["ordinal"].to_list()
    assert sorted(found) == list(range(400)), "a second time changes nothing"
    rising = sum(b > a for a, b in pairwise(found))
    assert 120 < rising < 280, "the order of ids says nothing about the order of numbers (chance: 199.5 +- 6)"


@given(st.sets(st.integers(min_value=0, max_value=200_000), max_size=300), st.randoms(use_true_random=False))
def test_members_are_a_set_whatever_order_they_came_in(ordinals: set[int], chance) -> None:
    shuffled = [*ordinals, *list(ordinals)[:5]]
    chance.shuffle(shuffled)
    members = packed(pl.Series(shuffled, dtype=pl.UInt32))
    assert members == packed(pl.Series(sorted(ordinals), dtype=pl.UInt32))
    assert count_of(members) == len(ordinals)
    assert all(holds_any(members, [each]) for each in ordinals)
    assert not holds_any(members, {200_001, *range(200_002, 200_050)})


def test_members_rest_sealed(shop: Hub) -> None:
    read(shop)
    with shop.reading() as session:
        (release,) = members_since(session, None)
    numbers = [ordinal(shop, person(shop, n)) for n in PEOPLE]
    assert release.members != packed(pl.Series(numbers, dtype=pl.UInt32))
    assert packed(pl.Series(numbers, dtype=pl.UInt32)) not in release.members

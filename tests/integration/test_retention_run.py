"""Plan and run over a real home: what the plan says goes, nothing else, once."""

import json
from datetime import timedelta

import pytest

from hub.authentication import acting_principal
from hub.compose import Hub
from hub.errors import AccessRefused
from hub.finding import State
from hub.home import Stores, put_policy_in_force
from hub.lake.reading import reading
from hub.policy.pack import default_pack, pack_of
from hub.retention.holds import HoldNotFound, NewHold, all_holds, holds_on, lift, place
from hub.retention.overdue import finding
from hub.retention.plan import Line, plan
from hub.retention.run import run
from privacy.store.audit import entries
from privacy.store.principal import Principal
from privacy.terms import EntityKind, RecordId
from tests.builders import DATABASES, Named, an_id, name_all
from tests.retention_builders import days_ago, land

RULES = [
    {"table": "usage", "data_category": "behaviour", "years": 1},
    {"table": "usage", "data_category": "behaviour", "days": 90, "purpose": "churn"},
    {"table": "profiles", "data_category": "quasi_identifier", "years": 2, "starts": "last_contact"},
    {"table": "orders", "data_category": "behaviour", "years": 1},
    {"table": "messages", "data_category": "behaviour", "years": 2},
    {"table": "messages", "data_category": "redacted_text", "days": 30},
]
LAW = {
    "name": "bokforingsloven",
    "country": "NO",
    "tables": ["orders"],
    "years": 5,
    "after": "financial_year",
    "purpose": "bookkeeping",
    "source": "section 13",
}


@pytest.fixture(params=DATABASES)
def shop(request, hub_factory) -> Hub:
    """Two people, 1 and 2; rows of one day up to eight years old."""
    hub = hub_factory(request.param)
    with hub.unit_of_work() as session:
        name_all(session, [Named(1, 1), Named(2, 2), Named(3, 1)], EntityKind.PERSON)
    govern(hub, RULES)
    ages = (1, 100, 364, 366, 800, 3000)
    land(hub, "usage", [{"person": an_id(1), "event_time": days_ago(age), "kind": "login"} for age in ages])
    land(hub, "orders", [{"person": an_id(2), "event_time": days_ago(age), "status": "placed"} for age in ages])
    texts = [(1, "in"), (100, "out"), (800, "in")]
    land(
        hub,
        "messages",
        [
            {"person": an_id(2), "event_time": days_ago(age), "direction": way, "text_redacted": "hei"}
            for age, way in texts
        ],
    )
    land(hub, "profiles", [{"person": an_id(n), "event_time": days_ago(900), "segment": "A"} for n in (1, 2)])
    return hub


def govern(hub: Hub, rules: list[dict], laws: tuple = (LAW,)) -> None:
    pack = pack_of(default_pack()) | {
        "retention": rules,
        "statutory_holds": list(laws),
        "bookkeeping": {"countries": ["NO"]},
    }
    put_policy_in_force(Stores(hub.engine, hub.keystore), pack, by=owner(hub).principal_id, at=hub.clock)


def owner(hub: Hub) -> Principal:
    return acting_principal(hub)


def ages(hub: Hub, table: str) -> list[int]:
    with reading(hub.lake) as reader:
        times = reader.collect(reader.scan(table))["event_time"].to_list()
    return sorted((days_ago(0) - time).days for time in times)


def due(lines: list[Line]) -> dict[str, int]:
    return {f"{line.table}.{line.what}": line.due for line in lines if line.due}


def test_the_plan_is_exact_and_the_run_takes_just_that(shop: Hub) -> None:
    lines = plan(shop, at=shop.clock())
    assert due(lines) == {"usage.row": 3, "orders.row": 1, "messages.row": 1, "messages.redacted_text": 1}
    orders = next(line for line in lines if line.table == "orders")
    assert (orders.by_law, orders.grounds) == (2, ("bokforingsloven",))
    (done,) = run(shop, owner(shop))
    assert done.taken_out == {"usage": 3, "orders": 1, "messages": 2 - 1}
    assert done.planned == {
        "usage.behaviour": 3,
        "orders.behaviour": 1,
        "messages.behaviour": 1,
        "messages.redacted_text.emptied": 1,
    }
    assert done.left == {}
    assert ages(shop, "usage") == [1, 100, 364]
    assert ages(shop, "orders") == [1, 100, 364, 366, 800]
    with reading(shop.lake) as reader:
        texts = dict(reader.collect(reader.scan("messages").select("direction", "text_redacted")).iter_rows())
    assert texts == {"in": "hei", "out": None}
    assert due(plan(shop, at=shop.clock())) == {}


def test_running_again_changes_nothing(shop: Hub) -> None:
    run(shop, owner(shop))
    before = {table: ages(shop, table) for table in ("usage", "orders", "messages", "profiles", "contact_traces")}
    (again,) = run(shop, owner(shop))
    assert (again.planned, again.taken_out, again.destroyed) == ({}, {}, 0)
    assert {table: ages(shop, table) for table in before} == before


def test_what_comes_due_is_announced(shop: Hub) -> None:
    lines = {(line.table, line.what): line for line in plan(shop, at=shop.clock())}
    usage = lines["usage", "row"]
    assert (usage.due, usage.next_30, usage.next_90) == (3, 1, 1)
    assert usage.before is not None
    assert usage.before.isoformat() == "2024-06-01"


def test_a_last_contact_that_goes_leaves_its_instant(shop: Hub, clock) -> None:
    """Person 1's last login goes after a year; the profile, kept two years from it, goes a year after that."""
    clock.forward(days=400)
    run(shop, owner(shop))
    assert ages(shop, "usage") == []
    assert ages(shop, "contact_traces") == [1, 1]  # both records of 1; the law keeps what 2 bought, and so the instant
    assert len(ages(shop, "profiles")) == 2
    clock.forward(days=320)
    run(shop, owner(shop))
    assert len(ages(shop, "profiles")) == 2
    clock.forward(days=20)
    (done,) = run(shop, owner(shop))
    assert done.taken_out["profiles"] == 2


def test_a_hold_keeps_what_is_due_and_its_end_lets_it_go(shop: Hub, clock) -> None:
    new = NewHold(
        owner=owner(shop).principal_id,
        reason="claim_pending",
        ends_at=shop.clock() + timedelta(days=10),
        records=(RecordId(an_id(3)),),
    )
    hold = place(shop, new, owner(shop))
    line = next(line for line in plan(shop, at=shop.clock()) if line.table == "usage")
    assert (line.due, line.by_hold) == (0, 3)
    assert line.grounds == (f"claim_pending:{hold.hex()[:8]}",)
    assert line.next_30 == 4  # the hold has ended by then
    (done,) = run(shop, owner(shop))
    assert "usage" not in done.taken_out
    assert json.loads(done.document)["held"]["usage.behaviour"] == [0, 3, f"claim_pending:{hold.hex()[:8]}"]
    clock.forward(days=10)
    (after,) = run(shop, owner(shop))
    assert after.taken_out["usage"] == 4


def test_a_hold_that_is_placed_during_the_run_is_heeded(shop: Hub) -> None:
    """The facts are asked again in the transaction that replaces files: after the sieve was made, before it counted."""
    new = NewHold(owner=owner(shop).principal_id, reason="claim", ends_at=shop.clock() + timedelta(days=9))
    placed: list[bytes] = []

    def meanwhile(step: str) -> None:
        if step == "files_settled" and not placed:
            placed.append(place(shop, new, owner(shop)))

    object.__setattr__(shop.lake, "reached", meanwhile)
    (done,) = run(shop, owner(shop))
    assert placed
    assert done.taken_out == {}
    assert ages(shop, "usage") == [1, 100, 364, 366, 800, 3000]


def test_holds_are_told_lifted_and_asked_for(shop: Hub, clock) -> None:
    at, me = shop.clock(), owner(shop)
    mine = NewHold(owner=me.principal_id, reason="a", ends_at=at + timedelta(days=9), records=(RecordId(an_id(1)),))
    everybody = NewHold(owner=me.principal_id, reason="b", ends_at=at + timedelta(days=9), table="usage")
    first = place(shop, mine, me)
    at = clock.forward(minutes=1)
    second = place(shop, everybody, me)
    with shop.reading() as session:
        assert [hold.hold_id for hold in holds_on(session, [RecordId(an_id(1))], at=at)] == [first, second]
        assert [hold.hold_id for hold in holds_on(session, [RecordId(an_id(2))], at=at)] == [second]
    lift(shop, first, "settled", me)
    with shop.reading() as session:
        assert [hold.hold_id for hold in holds_on(session, [RecordId(an_id(1))], at=at)] == [second]
        assert [hold.lifted_at for hold in all_holds(session)] == [at, None]
        assert holds_on(session, [RecordId(an_id(1))], at=at + timedelta(days=9)) == []
        actions = [entry.action for _, entry in entries(session, limit=3)]
    assert sorted(actions) == ["hold.lift", "hold.place", "hold.place"]
    with pytest.raises(HoldNotFound):
        lift(shop, first, "again", me)
    with pytest.raises(AccessRefused):
        place(shop, NewHold(owner=me.principal_id, reason="c", ends_at=at), me)


def test_what_is_past_its_time_is_seen_until_it_is_gone(shop: Hub) -> None:
    """The doctor asks the catalogue alone; rows that the law keeps are not past their time."""
    before = finding(shop)
    assert before.state is State.WARNING
    assert "rows of messages, orders, usage" in before.found
    run(shop, owner(shop))
    after = finding(shop)
    assert (after.state, after.found) == (
        State.OK,
        "nothing is known to be past its time; newest run for 2025-06-01",
    )


def test_an_open_run_is_told(shop: Hub) -> None:
    def dies(step: str) -> None:
        if step == "retention_traced":
            raise RuntimeError

    object.__setattr__(shop, "reached", dies)
    with pytest.raises(RuntimeError):
        run(shop, owner(shop))
    assert finding(shop).found == "the run of 2025-06-01 broke off"
    object.__setattr__(shop, "reached", lambda _step: None)
    (done,) = run(shop, owner(shop))
    assert done.left == {}
    assert finding(shop).state is State.OK


def test_people_whose_whole_time_is_over_are_handed_to_erasure(shop: Hub, clock) -> None:
    """Person 1 was last in contact a day before; 2 as well, but the law keeps what 2 bought. A hold keeps, too."""
    rule = {"table": "people", "data_category": "identifier", "years": 3, "starts": "last_contact"}
    govern(shop, [*RULES, rule])
    erased: list[tuple[RecordId, ...]] = []

    def erase(people) -> int:
        erased.extend(people)
        return len(people)

    run(shop, owner(shop), erase)
    assert erased == []
    clock.forward(days=3 * 365 - 20)
    (line,) = [line for line in plan(shop, at=shop.clock()) if line.what == "person"]
    assert (line.due, line.next_30, line.by_law) == (0, 1, 0)
    clock.forward(days=21)
    me = owner(shop)
    new = NewHold(
        owner=me.principal_id, reason="x", ends_at=shop.clock() + timedelta(days=9), records=(RecordId(an_id(3)),)
    )
    hold = place(shop, new, me)
    (line,) = [line for line in plan(shop, at=shop.clock()) if line.what == "person"]
    assert (line.due, line.by_hold, line.by_law) == (0, 1, 1)
    lift(shop, hold, "settled", me)
    run(shop, me, erase)
    assert erased == [(RecordId(an_id(1)), RecordId(an_id(3)))]


def test_a_score_is_kept_no_longer_than_its_purpose_needs(shop: Hub) -> None:
    """By the default pack next_need keeps what is made for it 120 days, churn 180; the table's rule is 180."""
    scored = [(module, age) for module in ("churn", "next_need", "satisfaction") for age in (119, 151, 181)]
    rows = [{"person": an_id(1), "event_time": days_ago(age), "module": module} for module, age in scored]
    land(shop, "scores", rows)
    line = next(line for line in plan(shop, at=shop.clock()) if line.table == "scores")
    assert (line.due, line.next_30) == (4, 3)
    run(shop, owner(shop))
    with reading(shop.lake) as reader:
        left = reader.collect(reader.scan("scores"))
    assert sorted(zip(left["module"], [(days_ago(0) - at).days for at in left["event_time"]], strict=True)) == [
        ("churn", 119),
        ("churn", 151),
        ("next_need", 119),
        ("satisfaction", 119),
        ("satisfaction", 151),
    ]

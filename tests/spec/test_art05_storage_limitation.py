"""Article 5(1)(e): personal data are kept in a form that identifies people no longer than their purposes need."""

from datetime import date, timedelta

import pytest

from hub.authentication import acting_principal
from hub.compose import Hub
from hub.home import Stores, put_policy_in_force
from hub.lake.reading import reading
from hub.policy.pack import default_pack, pack_of
from hub.retention.holds import NewHold, place
from hub.retention.plan import plan
from hub.retention.run import run
from hub.retention.sight import Sight
from hub.retention.terms import terms_of
from ingest.canonical.catalogue import LAKE_TABLES
from privacy.errors import PolicyInvalid
from privacy.policy import policy_of
from privacy.purposes import Policy
from privacy.retention import NOTHING, RetentionRule, RetentionStart, cut_of, held_until
from privacy.store.audit import entries
from privacy.store.principal import Principal
from privacy.terms import DataCategory, EntityKind, RecordId
from tests.builders import Named, an_id, name_all
from tests.retention_builders import days_ago, land

LAWS = policy_of(pack_of(default_pack())).statutory_holds
BOUGHT = date(2020, 8, 10)


@pytest.fixture
def shop(hub_factory) -> Hub:
    """Orders of two people: this year's, one of four years ago and one of eight."""
    hub = hub_factory()
    with hub.unit_of_work() as session:
        name_all(session, [Named(1, 1), Named(2, 2)], EntityKind.PERSON)
    orders = [{"person": an_id(n), "event_time": days_ago(age), "status": "placed"} for n in (1, 2) for age in AGES]
    land(hub, "orders", orders)
    rule = {"table": "orders", "data_category": "behaviour", "years": 3}
    pack = pack_of(default_pack()) | {"retention": [rule]}
    put_policy_in_force(Stores(hub.engine, hub.keystore), pack, by=dpo(hub).principal_id, at=hub.clock)
    return hub


AGES = (10, 4 * 365, 8 * 365)


def dpo(hub: Hub) -> Principal:
    return acting_principal(hub)


def seen(hub: Hub, purpose: str) -> list[int]:
    """The ages of the orders that a read for a purpose sees now."""
    with reading(hub.lake) as reader:
        sight = Sight(reader, hub.policy(), purpose, at=hub.clock())
        with hub.reading() as session:
            sight.know_records(session, ("orders",))
        times = reader.collect(sight.scan("orders", until=hub.clock()))["event_time"]
    return sorted({(days_ago(0) - time).days for time in times})


def test_art05_1e_everything_that_is_kept_has_an_end() -> None:
    """Every category of every table of the lake has a rule that ends, from the pack or from the table itself."""
    policy = Policy(version=1, purposes=())
    for table in LAKE_TABLES.values():
        for rules in terms_of(policy, table).rules.values():
            assert all(cut_of(rule, on=date(2060, 1, 1)) != NOTHING for rule in rules)


def test_art05_1e_what_is_over_is_used_for_nothing_from_that_day_on(shop: Hub) -> None:
    """No purpose sees a row whose time is over, whether or not it has been deleted yet."""
    assert seen(shop, "churn") == [10]


def test_art05_1e_what_is_over_is_deleted_and_the_deletion_can_be_shown(shop: Hub) -> None:
    """The run takes what the plan said, destroys the old files' keys, and leaves a certificate in the audit log."""
    due = {line.rule: line.due for line in plan(shop, at=shop.clock()) if line.due}
    (done,) = run(shop, dpo(shop))
    assert due == {"orders.behaviour": 2} == dict(done.planned)
    assert done.taken_out == {"orders": 2}
    assert (done.left, done.awaiting) == ({}, 0)
    with shop.reading() as session:
        ((number, entry),) = entries(session, action="retention.complete")
    assert (number, entry.fields.act_id) == (done.leaf, done.run_id)


def test_art17_3b_what_a_law_orders_to_keep_is_kept_for_that_law_alone(shop: Hub) -> None:
    """An order of four years ago is past its use and held by bookkeeping law: it stays, for bookkeeping alone."""
    run(shop, dpo(shop))
    assert seen(shop, "churn") == [10]
    assert seen(shop, "bookkeeping") == [10, 4 * 365]


@pytest.mark.parametrize(
    ("country", "last"),
    [("NO", date(2025, 12, 31)), ("SE", date(2027, 12, 31)), ("DK", date(2025, 12, 31)), ("DE", date(2028, 12, 31))],
)
def test_art17_3b_the_laws_of_the_four_countries_end_when_they_say(country: str, last: date) -> None:
    """An order of 10 August 2020 is kept until the day that each country's bookkeeping law names, and no longer."""
    books = policy_of(pack_of(default_pack())).bookkeeping
    law = next(law for law in LAWS if law.country == country and "orders" in law.tables)
    assert held_until(law, books, BOUGHT) == last


def test_art17_3e_what_a_claim_needs_is_kept_as_long_as_somebody_answers_for_it(shop: Hub, clock) -> None:
    """A legal hold has an owner, a reason and an end; it keeps from deletion and shows the row to nobody."""
    me = dpo(shop)
    ends = shop.clock() + timedelta(days=30)
    place(shop, NewHold(owner=me.principal_id, reason="claim", ends_at=ends, records=(RecordId(an_id(1)),)), me)
    (done,) = run(shop, me)
    assert done.taken_out == {"orders": 1}
    assert seen(shop, "churn") == [10]
    clock.forward(days=30)
    (after,) = run(shop, me)
    assert after.taken_out == {"orders": 1}


def test_art05_1e_opening_an_email_is_no_contact_that_prolongs_anything() -> None:
    """A pack that counts the opening of an e-mail as a contact is refused (CNIL, SAN-2020-003)."""
    said = {"contact_events": [{"table": "campaign_contacts", "column": "kind", "values": ["clicked", "opened"]}]}
    with pytest.raises(PolicyInvalid, match="the person did nothing"):
        policy_of(pack_of(default_pack()) | said)


def test_art05_1e_a_purpose_may_need_less_than_is_kept() -> None:
    """The rule for a purpose narrows what that purpose sees, and no other."""
    kept = RetentionRule(table="usage", data_category=DataCategory.BEHAVIOUR, months=36)
    less = RetentionRule(
        table="usage",
        data_category=DataCategory.BEHAVIOUR,
        months=6,
        purpose="next_need",
        starts=RetentionStart.LAST_CONTACT,
    )
    policy = Policy(version=1, purposes=(), retention=(kept, less))
    table = LAKE_TABLES["usage"]
    assert terms_of(policy, table, "next_need").rules == {DataCategory.BEHAVIOUR: (kept, less)}
    assert terms_of(policy, table, "churn").rules == {DataCategory.BEHAVIOUR: (kept,)}

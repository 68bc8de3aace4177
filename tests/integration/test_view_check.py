"""A view is checked on real data before it is approved: audited, without a name, kept, bound to what it measured."""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.authentication import Scope, acting_principal, add
from hub.backlog import view_reviews
from hub.compose import Hub
from hub.consents import Wish, find_subject, record_wish
from hub.database.unit import RuleBroken
from hub.errors import AccessRefused
from hub.finding import State
from hub.home import Stores, put_policy_in_force
from hub.inspection.check import check, last_check
from hub.policy.pack import default_pack, pack_of
from hub.views.errors import CutRefused
from hub.views.gateway import Gateway
from hub.views.look import Look, Refusal, Unchecked
from hub.views.registry import approve, refuse, submit
from hub.views.version import all_versions
from ingest.contract.load import contract_of_yaml
from ingest.pipeline.delivery import ingest_file
from privacy.store.audit import entries
from privacy.store.principal import Principal
from privacy.terms import ActChannel, ConsentAct, PurposeId, Role
from tests.builders import DATABASES, FixedClock
from tests.conftest import HubFactory
from tests.integration.test_gateway_fence import AS_OF, ORDERS, VIEW

SPENT = "{nb: Handlet for, nn: Handla for, sv: Handlat för, en: Bought for, de: Gekauft für}"
TEXT = (
    VIEW.format(grain="person")
    .replace("name: fence", "name: spending")
    .replace("as_of_grid: day", "as_of_grid: month\ncurrency: NOK")
    .replace("quasi_identifiers: []\nk: 1", "quasi_identifiers: [spent]\nk: 5")
    .replace("texts:\n", "  spent: {op: sum, table: orders, column: amount_minor, unit: amount_minor}\ntexts:\n")
    + f"  spent: {SPENT}\n"
)
EVERYTHING = frozenset({"*"})


@dataclass(frozen=True)
class Shop:
    """Forty customers in four groups by what they spent in April; in May three bought once more and one twice."""

    hub: Hub
    author: Principal
    other: Principal
    dpo: Principal

    def actions(self) -> list[str]:
        with self.hub.reading() as session:
            return [entry.action for _, entry in reversed(entries(session, limit=100))]


BOTH = pytest.mark.parametrize("shop", DATABASES, indirect=True)


@pytest.fixture
def shop(request: pytest.FixtureRequest, hub_factory: HubFactory, tmp_path: Path) -> Shop:
    hub = hub_factory(getattr(request, "param", "sqlite"))
    me = acting_principal(hub)
    april = [f"a{n},c{n},,{2023 if n == 39 else 2025}-04-10 10:00:00,{n % 4 + 1}00.00" for n in range(40)]
    may = [f"m{n},c{min(n, 3)},,2025-05-1{n} 10:00:00,5.00" for n in range(5)]
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(["no,customer,company,at,total", *april, *may]) + "\n")
    ingest_file(contract_of_yaml(ORDERS), path, hub.ports(me.principal_id))
    wish = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId("churn"), channel=ActChannel.AGENT)
    record_wish(hub, find_subject(hub, "shop:c38"), wish, me)
    author, other, dpo = (colleague(hub, me, label) for label in ("scientist", "scientist 2", "dpo"))
    submit(hub, TEXT, author)
    return Shop(hub, author, other, dpo)


def colleague(hub: Hub, owner: Principal, label: str) -> Principal:
    scope = Scope(role=Role(label.rstrip(" 2")), purposes=EVERYTHING, views=EVERYTHING)
    return add(hub, label, scope, owner)[0]


@BOTH
def test_figures_are_what_a_read_would_release(shop: Shop) -> None:
    found = check(shop.hub, "spending", shop.dpo).figures
    assert (found.customers, found.rows, dict(found.lost)) == (40, 38, {"objected": 1, "outside_population": 1})
    groups = found.groups
    assert (groups.groups, groups.smallest, groups.rows_below_k) == (8, 1, 4)
    assert dict(groups.sizes) == {1: 4, 5: 34}
    moved = found.differences
    assert (moved.later, moved.earlier.month) == (AS_OF, 5)
    assert (moved.in_both, moved.one_event, moved.appeared, moved.gone) == (38, 3, 0, 0)
    assert moved.changed == 12, "four bought, and a group of eight hides with them: four alone would stand out"
    assert [each.sources for each in found.lineage if each.column == "spent"] == [
        ("orders.amount_minor", "orders.currency", "orders.event_time")
    ]
    assert [(each.table, each.rows) for each in found.cost] == [("orders", 45)]
    approve(shop.hub, "spending", shop.dpo)
    released = Gateway(shop.hub).read(acting_principal(shop.hub), "spending", purpose="churn", as_of=AS_OF)
    assert released.frame.height == found.rows
    assert released.frame["spent"].null_count() == round(found.plan.hidden_before * found.rows)


def test_what_is_proposed_reaches_k_when_it_is_written_down(shop: Shop) -> None:
    plan = check(shop.hub, "spending", shop.dpo).figures.plan
    (change,) = plan.changes
    assert (plan.hidden_after, plan.loss_after < plan.loss_before) == (0, True)
    better = TEXT.replace("version: 1", "version: 2")
    better = better.replace("column: amount_minor, unit", f"column: amount_minor, {change.key}, unit")
    submit(shop.hub, better, shop.author)
    again = check(shop.hub, "spending", shop.dpo).figures
    assert (again.groups.rows_below_k, again.plan.changes) == (0, ())
    assert again.plan.loss_before == pytest.approx(plan.loss_after)


def test_no_approval_rests_on_a_check_of_an_instant_that_the_author_chose(shop: Shop) -> None:
    """In May nobody had bought a second time: the small groups of June are not in that check."""
    chosen = check(shop.hub, "spending", shop.author, as_of=AS_OF.replace(month=5))
    assert last_check(shop.hub, "spending", shop.author) is None
    with pytest.raises(AccessRefused, match="view_not_checked"):
        approve(shop.hub, "spending", shop.dpo)
    told = check(shop.hub, "spending", shop.author, as_of=AS_OF)
    approve(shop.hub, "spending", shop.dpo)
    with shop.hub.reading() as session:
        (row,) = all_versions(session)
    assert row.approved_check == told.check_id != chosen.check_id


@BOTH
def test_a_check_is_audited_and_approval_names_it(shop: Shop) -> None:
    with pytest.raises(AccessRefused, match="view_not_checked"):
        approve(shop.hub, "spending", shop.dpo)
    found = check(shop.hub, "spending", shop.dpo)
    approve(shop.hub, "spending", shop.dpo)
    acts = [each for each in shop.actions() if each.startswith("view.")]
    assert acts == ["view.submit", "view.check", "view.check.complete", "view.approve"]
    with shop.hub.reading() as session:
        ((_, approved),) = entries(session, action="view.approve")
        ((_, measured),) = entries(session, action="view.check.complete")
        (row,) = all_versions(session)
    assert approved.fields.act_id == measured.fields.act_id == found.check_id == row.approved_check
    assert row.review_at == row.expires_at - timedelta(days=60)


def test_a_review_that_is_due_is_said_to_whoever_examines_the_home(shop: Shop, clock: FixedClock) -> None:
    approve(shop.hub, "spending", shop.dpo, Look(unchecked=Unchecked.NO_DATA_YET, until=clock() + timedelta(days=90)))
    clock.forward(days=29)
    assert view_reviews(shop.hub).state is State.OK
    clock.forward(days=1)
    assert view_reviews(shop.hub).state is State.WARNING
    clock.forward(days=60)
    assert view_reviews(shop.hub).state is State.OK, "it has run out: there is nothing left to review"


def test_no_name_is_opened_for_a_check(shop: Shop) -> None:
    before = set(shop.actions())
    check(shop.hub, "spending", shop.dpo)
    assert set(shop.actions()) - before == {"view.check", "view.check.complete"}


def test_a_credential_of_another_purpose_neither_submits_nor_checks(shop: Shop) -> None:
    elsewhere = replace(shop.author, purposes=frozenset({"winback"}), views=frozenset({"other"}))
    with pytest.raises(AccessRefused, match="credential_not_bound"):
        check(shop.hub, "spending", elsewhere)
    with pytest.raises(AccessRefused, match="credential_not_bound"):
        submit(shop.hub, TEXT.replace("version: 1", "version: 2"), elsewhere)


def test_totals_give_no_few_away_to_the_author(shop: Shop) -> None:
    mine, whole = (check(shop.hub, "spending", who).figures for who in (shop.author, shop.dpo))
    assert whole.rows % 5 or whole.customers % 5
    told = [mine.rows, mine.customers, mine.groups.rows, mine.groups.groups, *mine.groups.sizes.values()]
    assert all(count % 5 == 0 for count in (*told, mine.differences.in_both))


def test_counts_of_few_are_for_the_dpo_and_the_owner(shop: Shop) -> None:
    mine = check(shop.hub, "spending", shop.author).figures
    assert (mine.lost, mine.groups.rows_below_k, mine.groups.smallest) == ({}, None, None)
    assert (mine.differences.one_event, mine.differences.changed, mine.differences.gone) == (None, 10, 0)
    kept = last_check(shop.hub, "spending", shop.dpo)
    assert kept is not None
    assert kept.figures.groups.rows_below_k == 4, "the same check, told in full"
    with pytest.raises(AccessRefused, match="not_the_author"):
        check(shop.hub, "spending", shop.other)
    agent = colleague(shop.hub, acting_principal(shop.hub), "agent")
    with pytest.raises(AccessRefused, match="role_may_not_check"):
        check(shop.hub, "spending", agent)


def test_a_check_speaks_for_its_rules_and_for_a_month(shop: Shop, clock: FixedClock) -> None:
    check(shop.hub, "spending", shop.dpo)
    clock.forward(days=30)
    with pytest.raises(AccessRefused, match="check_too_old"):
        approve(shop.hub, "spending", shop.dpo)
    check(shop.hub, "spending", shop.dpo)
    pack = pack_of(default_pack())
    pack["retention"] = [{"table": "orders", "data_category": "behaviour", "years": 9}]
    stores = Stores(shop.hub.engine, shop.hub.keystore)
    put_policy_in_force(stores, pack, by=shop.dpo.principal_id, at=shop.hub.clock)
    with pytest.raises(AccessRefused, match="view_not_checked"):
        approve(shop.hub, "spending", shop.dpo)
    approve(shop.hub, "spending", shop.dpo, Look(unchecked=Unchecked.URGENT))
    with shop.hub.reading() as session:
        ((_, approved),) = entries(session, action="view.approve")
    assert (approved.fields.act_id, approved.fields.reason) == (None, "urgent")


@pytest.mark.parametrize(("table", "closed"), [("orders", "policy_changed"), ("tickets", "")])
def test_rules_over_its_own_tables_that_change_close_an_approved_view(shop: Shop, table: str, closed: str) -> None:
    approve(shop.hub, "spending", shop.dpo, Look(unchecked=Unchecked.URGENT))
    pack, stores = pack_of(default_pack()), Stores(shop.hub.engine, shop.hub.keystore)
    pack["retention"] = [each for each in pack["retention"] if each["table"] != table]
    put_policy_in_force(stores, pack, by=shop.dpo.principal_id, at=shop.hub.clock)
    gateway, me = Gateway(shop.hub), acting_principal(shop.hub)
    if closed:
        with pytest.raises(AccessRefused, match=closed):
            gateway.read(me, "spending", purpose="churn", as_of=AS_OF)
    else:
        assert gateway.read(me, "spending", purpose="churn", as_of=AS_OF).frame.height == 38


@BOTH
def test_what_was_found_is_never_changed(shop: Shop) -> None:
    check(shop.hub, "spending", shop.dpo)
    for act in ("UPDATE view_check SET figures = '{}'", "DELETE FROM view_check"):
        with pytest.raises(RuleBroken, match="append-only"), shop.hub.unit_of_work() as session:
            session.execute(text(act))


def test_a_refused_view_is_approved_by_nobody_and_says_why(shop: Shop) -> None:
    with pytest.raises(AccessRefused, match="role_may_not_approve"):
        refuse(shop.hub, "spending", shop.author, Refusal.NOT_MINIMAL)
    assert refuse(shop.hub, "spending", shop.dpo, Refusal.NOT_MINIMAL) == 1
    with pytest.raises(AccessRefused, match="nothing_submitted"):
        approve(shop.hub, "spending", shop.dpo)
    with shop.hub.reading() as session:
        (row,) = all_versions(session)
        ((_, told),) = entries(session, action="view.refuse")
    assert (row.state, row.refused_because, told.fields.reason) == ("refused", "not_minimal", "not_minimal")
    submit(shop.hub, TEXT.replace("version: 1", "version: 2"), shop.author)


def test_a_view_of_months_counts_customers_and_compares_each_month_with_itself(shop: Shop) -> None:
    months = TEXT.replace("name: spending", "name: months").replace("[spent]\nk: 5", "[]\nk: 1")
    months = months.replace("window_days: 365", "window_days: 364").replace(
        "column: am", "window_days: 364, column: am"
    )
    submit(shop.hub, months.replace("grain: person", "grain: time_bucket\nbucket_days: 28"), shop.author)
    found = check(shop.hub, "months", shop.dpo).figures
    assert (found.customers, dict(found.lost)) == (40, {"objected": 1, "outside_population": 1})
    assert found.rows == 38 + 4, "a row for each 28 days with an order: everybody's in April, four customers' in May"


def test_no_instant_to_come_is_checked(shop: Shop) -> None:
    """Days that nobody delivered yet would count as silence."""
    with pytest.raises(CutRefused, match="still_to_come"):
        check(shop.hub, "spending", shop.author, as_of=AS_OF.replace(year=AS_OF.year + 9))

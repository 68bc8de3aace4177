"""Why one person is in a view, or not: the rule that fired first, in a sentence, with its date; audited."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.accesses import accesses_of
from hub.authentication import Scope, acting_principal, add
from hub.compose import Hub
from hub.consents import Subject, Wish, find_subject, record_wish
from hub.errors import AccessRefused
from hub.home import Stores, put_policy_in_force
from hub.inspection.check import check
from hub.inspection.explain import Explained, explain
from hub.policy.pack import default_pack, pack_of
from hub.views.gateway import Gateway
from hub.views.registry import approve, submit
from ingest.contract.load import contract_of_yaml
from ingest.pipeline.delivery import ingest_file
from privacy.store.audit import entries
from privacy.store.principal import Principal
from privacy.terms import ActChannel, ConsentAct, PurposeId, Role
from tests.builders import FixedClock
from tests.conftest import HubFactory
from tests.integration.test_gateway_fence import AS_OF, ORDERS, VIEW
from tests.view_builders import WITHOUT_CHECK, approve_again

EVERYTHING = frozenset({"*"})
LEAVING = "    - {table: orders, window_days: 365}\n"
TEXT = VIEW.format(grain="person").replace(
    LEAVING, LEAVING + "  none_of: [{table: orders, window_days: 30, filter: {status: returned}}]\n"
)
STATES = ORDERS.replace("constants: {status: placed}\n", "").replace(
    "columns:\n", "columns:\n  state: {to: status, type: category, values: {P: placed, R: returned}}\n"
)


@pytest.fixture
def shop(hub_factory: HubFactory, tmp_path: Path) -> Hub:
    """c1 bought in May, c2 returned something in May, c3 bought years ago, c4 too and more lately."""
    hub = hub_factory()
    me = acting_principal(hub)
    rows = [
        "1,c1,,2025-05-02 10:00:00,10.00,P",
        "2,c2,,2025-05-03 10:00:00,10.00,P",
        "3,c2,,2025-05-20 10:00:00,1.00,R",
    ]
    rows += ["4,c3,,2023-05-02 10:00:00,10.00,P", "5,c4,,2024-07-02 10:00:00,10.00,P"]
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(["no,customer,company,at,total,state", *rows]) + "\n")
    ingest_file(contract_of_yaml(STATES), path, hub.ports(me.principal_id))
    dpo = colleague(hub, Role.DPO)
    submit(hub, TEXT, me)
    approve(hub, "fence", dpo, WITHOUT_CHECK)
    return hub


def colleague(hub: Hub, role: Role, label: str = "") -> Principal:
    scope = Scope(role=role, purposes=EVERYTHING, views=EVERYTHING)
    return add(hub, label or role.value, scope, acting_principal(hub))[0]


@pytest.fixture
def dpo(shop: Hub) -> Principal:
    return colleague(shop, Role.DPO, "dpo who explains")


def say(hub: Hub, who: Subject, act: ConsentAct) -> None:
    wish = Wish(act=act, purpose=PurposeId("churn"), channel=ActChannel.AGENT)
    record_wish(hub, who, wish, acting_principal(hub))


def told(hub: Hub, key: str, dpo: Principal, view: str = "fence") -> Explained:
    return explain(hub, find_subject(hub, f"shop:{key}"), view, dpo, as_of=AS_OF)


def test_who_is_a_row_is_told_so_and_who_is_none_by_which_line(shop: Hub, dpo: Principal) -> None:
    found = {key: told(shop, key, dpo) for key in ("c1", "c2", "c3", "c4")}
    assert [each.present for each in found.values()] == [True, False, False, True]
    released = Gateway(shop).read(acting_principal(shop), "fence", purpose="churn", as_of=AS_OF)
    assert released.frame.height == sum(each.present for each in found.values())
    assert found["c2"].words == (
        "The view leaves out whoever has orders (status is returned) in the last 30 days; they have."
    )
    assert found["c2"].since == datetime(2025, 5, 21, tzinfo=UTC), "eleven whole days before"
    assert found["c3"].words == "The view is of those who have orders in the last 365 days; they have not."


def test_an_objection_is_told_with_its_day_and_restriction_goes_first(
    shop: Hub, dpo: Principal, clock: FixedClock
) -> None:
    who = find_subject(shop, "shop:c1")
    objected = clock.forward(hours=1)
    say(shop, who, ConsentAct.OBJECTED)
    clock.forward(days=1)
    found = told(shop, "c1", dpo)
    assert (found.present, found.rule, found.since) == (False, "objected", objected)
    assert found.words == "They object to this use (Article 21(1))."
    restricted = clock.forward(hours=1)
    say(shop, who, ConsentAct.RESTRICTED)
    found = told(shop, "c1", dpo)
    assert (found.rule, found.since) == ("restricted", restricted)


def test_retention_is_told_where_rows_are_past_their_time(shop: Hub, dpo: Principal) -> None:
    pack, stores = pack_of(default_pack()), Stores(shop.engine, shop.keystore)
    pack["retention"] = [{"table": "orders", "data_category": "behaviour", "days": 200}]
    put_policy_in_force(stores, pack, by=dpo.principal_id, at=shop.clock)
    found = told(shop, "c4", dpo)
    assert (found.present, found.rule, found.closed) == (False, "retention", "policy_changed_since_approval")
    approve_again(shop, TEXT, acting_principal(shop))
    assert told(shop, "c4", dpo).closed is None


def test_it_is_for_the_dpo_and_stands_among_the_persons_accesses(shop: Hub, dpo: Principal) -> None:
    who = find_subject(shop, "shop:c1")
    for role in (Role.OWNER, Role.SCIENTIST, Role.AGENT):
        with pytest.raises(AccessRefused, match="role_may_not_explain"):
            explain(shop, who, "fence", colleague(shop, role, f"a {role}"))
    with shop.reading() as session:
        assert entries(session, action="view.explain") == []
    told(shop, "c1", dpo)
    assert [each.act for each in accesses_of(shop, who.records)] == ["view.explain"]
    with pytest.raises(AccessRefused, match="identifier_shared"):
        explain(shop, Subject(records=who.records, entities=2), "fence", dpo)


def test_check_counts_whom_explain_tells_of(shop: Hub, dpo: Principal) -> None:
    say(shop, find_subject(shop, "shop:c1"), ConsentAct.OBJECTED)
    figures = check(shop, "fence", dpo).figures
    rules = sorted(told(shop, key, dpo).rule for key in ("c1", "c2", "c3"))
    assert dict(figures.lost) == {rule: rules.count(rule) for rule in rules}

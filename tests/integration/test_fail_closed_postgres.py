"""PostgreSQL's own ways of refusing an audit entry: the privilege is gone, or somebody holds the log's head."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import create_engine

from hub.authentication import Scope, acting_principal, add
from hub.compose import Hub, open_hub
from hub.consents import Subject, Wish, record_wish
from hub.database.unit import RuleBroken
from hub.errors import HubError
from hub.views.gateway import Gateway
from hub.views.registry import approve, submit
from ingest.contract.load import contract_of_yaml
from ingest.pipeline.delivery import ingest_file
from privacy.store.audit_verify import verify_log
from privacy.store.consent import heads_of
from privacy.terms import ActChannel, ConsentAct, PurposeId, RecordId, Role
from tests import postgres_role
from tests.builders import an_id
from tests.conftest import HubFactory
from tests.integration.test_gateway_fence import AS_OF, ORDERS, VIEW
from tests.postgres_role import revoked
from tests.view_builders import WITHOUT_CHECK


@pytest.fixture
def owner(hub_factory: HubFactory, tmp_path) -> Hub:
    """A hub on PostgreSQL with an approved view that releases five customers."""
    hub = hub_factory("postgres")
    path = tmp_path / "orders.csv"
    lines = ["no,customer,company,at,total", *(f"{n},c{n},firm,2025-05-0{n} 10:00:00,10.00" for n in range(1, 6))]
    path.write_text("\n".join(lines) + "\n")
    me, everything = acting_principal(hub), frozenset({"*"})
    ingest_file(contract_of_yaml(ORDERS), path, hub.ports(me.principal_id))
    dpo, _ = add(hub, "dpo", Scope(role=Role.DPO, purposes=everything, views=everything), me)
    submit(hub, VIEW.format(grain="person").replace("name: fence", "name: fence_person"), me)
    approve(hub, "fence_person", dpo, WITHOUT_CHECK)
    return hub


@pytest.fixture
def limited(owner: Hub) -> Iterator[Hub]:
    """The same hub through a role that owns nothing: a superuser has every privilege."""
    with postgres_role.limited(owner.engine) as url:
        hub = open_hub(replace(owner.settings, database_url=url), clock=owner.clock)
        yield hub
        hub.engine.dispose()
        hub.keystore.engine.dispose()


def read(hub: Hub) -> int:
    return Gateway(hub).read(acting_principal(hub), "fence_person", purpose="churn", as_of=AS_OF).frame.height


@pytest.mark.parametrize("privilege", ["INSERT ON audit_leaf", "INSERT ON audit_body", "UPDATE ON audit_head"])
def test_nothing_is_released_once_the_privilege_is_revoked(limited: Hub, owner: Hub, privilege: str) -> None:
    assert read(limited) == 5
    with revoked(owner.engine, [privilege]), pytest.raises(RuleBroken):
        read(limited)
    assert read(limited) == 5


def test_nothing_is_released_while_somebody_holds_the_head(owner: Hub) -> None:
    plain = owner.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    hasty = create_engine(owner.engine.url, connect_args={"options": "-c lock_timeout=100 -c timezone=UTC"})
    impatient = replace(owner, engine=hasty)
    with psycopg.connect(plain) as holder:
        holder.execute("SELECT size FROM audit_head FOR UPDATE")
        with pytest.raises(HubError):
            read(impatient)
    assert read(impatient) == 5
    hasty.dispose()


def test_no_choice_is_recorded_once_its_entry_cannot_arrive(limited: Hub, owner: Hub) -> None:
    """A choice waits for no place in the tree, but for its entry: without it there is no choice."""
    agent = acting_principal(limited)
    wish = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId("churn"), channel=ActChannel.AGENT)
    subject = Subject(records=(RecordId(an_id(1)),), entities=1)
    with revoked(owner.engine, ["INSERT ON audit_arrival"]), pytest.raises(RuleBroken):
        record_wish(limited, subject, wish, agent)
    with owner.reading() as session:
        assert heads_of(session, subject.records) == {}
    with revoked(owner.engine, ["UPDATE ON audit_head"]):
        record_wish(limited, subject, wish, agent)
    with owner.reading() as session:
        assert len(heads_of(session, subject.records)) == 1
        assert verify_log(session, owner.verifier_key()).unsequenced == 1

"""Second persons over HTTP: what is approved is what was looked at, by somebody else, with a token of their own."""

import pytest

from hub.authentication import Scope, add
from hub.home import OWNER_LABEL, Stores, put_policy_in_force
from hub.policy.pack import default_pack, pack_of
from hub.views.registry import submit
from hub.views.version import all_versions
from privacy.store.audit import entries
from privacy.terms import Role
from tests.api.conftest import Caller
from tests.api.world import AS_OF, CHURN, World
from tests.shop import view_text

_EVERYTHING = frozenset({"*"})


def token(world: World, label: str, role: Role) -> str:
    return add(world.hub, label, Scope(role=role, purposes=_EVERYTHING, views=_EVERYTHING), world.owner)[1]


@pytest.fixture
def dpo(world: World, request: pytest.FixtureRequest) -> str:
    return token(world, f"dpo of {request.node.name}", Role.DPO)


def test_a_view_is_approved_as_it_was_looked_at(caller: Caller, world: World, dpo: str) -> None:
    submit(world.hub, view_text("approved_over_http", CHURN), world.owner)
    where = "/v1/views/approved_over_http"
    seen = caller.call("GET", f"{where}/submission", dpo).json()
    assert (seen["version"], seen["purpose"]) == (1, CHURN)
    assert "approved_over_http" in seen["spec"]
    other = caller.call("POST", f"{where}/approval", dpo, json={"spec_hash": "ab" * 32})
    assert (other.status_code, "another_version_submitted" in other.text) == (403, True)
    approval = {"spec_hash": seen["spec_hash"]}
    unseen = caller.call("POST", f"{where}/approval", dpo, json=approval)
    assert (unseen.status_code, "view_not_checked" in unseen.text) == (403, True)
    answer = caller.call("POST", f"{where}/approval", dpo, json=approval | {"unchecked": "checked_elsewhere"})
    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    with world.hub.reading() as session:
        (row,) = [each for each in all_versions(session) if each.name == "approved_over_http"]
        assert row.four_eyes_enforced, "each has a token of their own"
        assert entries(session, action="view.approve")[0][1].fields.four_eyes is True
    assert caller.call("GET", f"{where}/submission", dpo).status_code == 403
    assert caller.call("DELETE", f"{where}/approval", dpo).json() == {"revoked": 1}
    assert caller.call("DELETE", f"{where}/approval", dpo).json() == {"revoked": 0}


def test_only_a_dpo_who_is_not_the_author_sees_and_approves(caller: Caller, world: World, dpo: str) -> None:
    engineer, author = token(world, "an engineer", Role.ENGINEER), token(world, OWNER_LABEL, Role.DPO)
    submit(world.hub, view_text("waits_for_another", CHURN), world.owner)
    where = "/v1/views/waits_for_another"
    approval = {"spec_hash": caller.call("GET", f"{where}/submission", dpo).json()["spec_hash"]}
    for who, rule in ((engineer, "role_may_not_approve"), (author, "four_eyes")):
        for answer in (
            caller.call("GET", f"{where}/submission", who),
            caller.call("POST", f"{where}/approval", who, json=approval),
        ):
            assert (answer.status_code, rule in answer.text) == (403, True)
    assert caller.call("DELETE", f"{where}/approval", engineer).status_code == 403
    assert caller.call("POST", f"{where}/approval", dpo, json={"spec": "x"}).status_code == 422


def test_a_link_between_domains_waits_for_another_person(caller: Caller, world: World, dpo: str) -> None:
    pack = pack_of(default_pack())
    link = {"linking_ref": "dpia-7", "members": ["role:service"]}
    pack["domains"] = {"churn": link | {"linkable_with": ["winback"]}, "winback": link | {"linkable_with": ["churn"]}}
    stores = Stores(world.hub.engine, world.hub.keystore)
    assert caller.call("GET", "/v1/domains/churn/link", dpo).status_code == 403, "nothing waits yet"
    put_policy_in_force(stores, pack, by=world.owner.principal_id, at=world.hub.clock)
    try:
        seen = caller.call("GET", "/v1/domains/churn/link", dpo).json()
        assert (seen["linkable_with"], seen["linking_ref"]) == (["winback"], "dpia-7")
        approve = "/v1/domains/churn/link/approval"
        other = caller.call("POST", approve, dpo, json={"version": seen["version"] + 1})
        assert (other.status_code, "another_version_waits" in other.text) == (403, True)
        assert caller.call("POST", approve, world.reader_token, json={"version": seen["version"]}).status_code == 403
        assert caller.call("POST", approve, dpo, json={"version": seen["version"]}).json() == {
            "version": seen["version"]
        }
        with world.hub.reading() as session:
            assert entries(session, action="domain.approve")[0][1].fields.four_eyes is True
        assert caller.call("GET", "/v1/domains/churn/link", dpo).status_code == 403
    finally:
        put_policy_in_force(stores, pack_of(default_pack()), by=world.owner.principal_id, at=world.hub.clock)


def test_a_view_is_looked_at_and_refused_over_http(caller: Caller, world: World, dpo: str) -> None:
    where = "/v1/views/looked_at_over_http"
    submit(world.hub, view_text("looked_at_over_http", CHURN), world.owner)
    told = caller.call("GET", f"{where}/changes", dpo).json()
    assert (told["version"], told["against"]) == (1, None)
    assert told["changes"][0] == "nothing of this view was approved before"
    answer = caller.call("POST", f"{where}/check", dpo, json={"as_of": AS_OF.isoformat()})
    assert answer.status_code == 200
    assert answer.json()["figures"]["rows"] == len(world.records)
    off = caller.call("POST", f"{where}/check", dpo, json={"as_of": "2025-06-01T01:00:00Z"})
    assert (off.status_code, "off_grid" in off.text) == (422, True)
    seen = caller.call("GET", f"{where}/submission", dpo).json()
    assert seen["spec_hash"] == answer.json()["spec_hash"]
    assert caller.call("POST", f"{where}/refusal", dpo, json={"because": "whim"}).status_code == 422
    assert caller.call("POST", f"{where}/refusal", dpo, json={"because": "unclear"}).json() == {"version": 1}
    assert caller.call("POST", f"{where}/approval", dpo, json={"spec_hash": seen["spec_hash"]}).status_code == 403
    engineer = token(world, "an engineer who wrote nothing", Role.ENGINEER)
    submit(world.hub, view_text("looked_at_over_http", CHURN).replace("version: 1", "version: 2"), world.owner)
    for call in (("GET", "changes", None), ("POST", "check", {})):
        assert caller.call(call[0], f"{where}/{call[1]}", engineer, json=call[2]).status_code == 403

"""Who acts: a token opens exactly one live credential, and two credentials of one person are one pair of eyes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import text

from hub.authentication import Binding, Scope, acting_principal, add, authenticate, listed, rebind, withdraw
from hub.compose import Hub
from hub.errors import AccessRefused, NotAuthenticated
from privacy.store.audit import entries
from privacy.store.principal import Principal
from privacy.terms import PrincipalId, Role
from tests.builders import FixedClock, an_id
from tests.conftest import HubFactory


@pytest.fixture
def hub(hub_factory: HubFactory) -> Hub:
    return hub_factory()


@pytest.fixture
def owner(hub: Hub) -> Principal:
    return acting_principal(hub)


def a_scope(role: Role = Role.SCIENTIST, **more: object) -> Scope:
    return Scope(**{"role": role, "purposes": frozenset({"churn"}), "views": frozenset({"churn_signals"})} | more)


def newest_action(hub: Hub) -> str:
    with hub.reading() as session:
        return entries(session, limit=1)[0][1].action


def test_a_credential_works_on_both_databases(hub_factory: HubFactory) -> None:
    for kind in ("sqlite", "postgres"):
        hub = hub_factory(kind)
        principal, token = add(hub, "Kari", a_scope(), acting_principal(hub))
        assert authenticate(hub, token) == principal
        assert {one.label for one in listed(hub, acting_principal(hub))} == {"owner", "Kari"}
        withdraw(hub, principal.principal_id, acting_principal(hub))
        with pytest.raises(NotAuthenticated):
            authenticate(hub, token)


@pytest.mark.parametrize("token", [None, "", "x", "*", "æ" * 40])
def test_no_token_or_an_unknown_one_acts_for_nobody(hub: Hub, token: str | None) -> None:
    with pytest.raises(NotAuthenticated) as caught:
        authenticate(hub, token)
    assert not token or len(token) < 2 or token not in str(caught.value)


def test_a_credential_ends_at_its_instant(hub: Hub, owner: Principal, clock: FixedClock) -> None:
    _, token = add(hub, "Kari", a_scope(expires_at=clock.at + timedelta(hours=1)), owner)
    clock.forward(minutes=59)
    authenticate(hub, token)
    clock.forward(minutes=1)
    with pytest.raises(NotAuthenticated):
        authenticate(hub, token)


def test_a_revoked_credential_stays_revoked(hub: Hub, owner: Principal) -> None:
    principal, _ = add(hub, "Kari", a_scope(), owner)
    withdraw(hub, principal.principal_id, owner)
    assert newest_action(hub) == "principal.revoke"
    for act in (lambda: withdraw(hub, principal.principal_id, owner), lambda: rebind_to(hub, principal, owner)):
        with pytest.raises(AccessRefused, match="no_such_principal"):
            act()


def rebind_to(hub: Hub, principal: Principal, by: Principal, *purposes: str) -> None:
    rebind(hub, principal.principal_id, Binding(purposes=frozenset(purposes), views=frozenset({"churn_signals"})), by)


def test_a_second_credential_under_one_label_is_one_person(hub: Hub, owner: Principal) -> None:
    first, _ = add(hub, "Kari Nordmann", a_scope(), owner)
    second, _ = add(hub, "  KARI  nordmann", a_scope(Role.DPO), owner)
    other, _ = add(hub, "Ola", a_scope(), owner)
    assert first.person_id == second.person_id != other.person_id
    assert first.principal_id != second.principal_id
    withdraw(hub, first.principal_id, owner)
    assert add(hub, "kari nordmann", a_scope(), owner)[0].person_id == first.person_id


def test_a_credential_is_bound_to_purposes_and_views(hub: Hub, owner: Principal) -> None:
    principal, token = add(hub, "Kari", a_scope(), owner)
    assert principal.may_use(purpose="churn", view="churn_signals")
    assert not principal.may_use(purpose="winback", view="churn_signals")
    assert not principal.may_use(purpose="churn", view="other")
    assert owner.may_use(purpose="anything", view="anything")
    rebind_to(hub, principal, owner, "winback")
    assert authenticate(hub, token).may_use(purpose="winback", view="churn_signals")
    assert not authenticate(hub, token).may_use(purpose="churn", view="churn_signals")
    assert newest_action(hub) == "principal.grant"


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.OWNER, Role.DPO}])
def test_only_owner_and_dpo_manage_principals(hub: Hub, owner: Principal, role: Role) -> None:
    other = replace(owner, role=role)
    acts = (
        lambda: add(hub, "Ola", a_scope(), other),
        lambda: rebind_to(hub, owner, other),
        lambda: withdraw(hub, owner.principal_id, other),
        lambda: listed(hub, other),
    )
    for act in acts:
        with pytest.raises(AccessRefused, match="administer"):
            act()
    assert newest_action(hub) == "principal.add"


@pytest.mark.parametrize("role", Role)
def test_nobody_gives_a_role_above_his_own(hub: Hub, owner: Principal, role: Role) -> None:
    dpo, _ = add(hub, "Dag", a_scope(Role.DPO), owner)
    assert add(hub, "Ola", a_scope(role), owner)[0].role is role
    if role is Role.OWNER:
        acts = (
            lambda: add(hub, "Kari", a_scope(role), dpo),
            lambda: rebind_to(hub, owner, dpo),
            lambda: withdraw(hub, owner.principal_id, dpo),
        )
        for act in acts:
            with pytest.raises(AccessRefused, match="role_above_own"):
                act()
        assert acting_principal(hub) == owner
    else:
        made, _ = add(hub, "Kari", a_scope(role), dpo)
        rebind_to(hub, made, dpo, "winback")
        withdraw(hub, made.principal_id, dpo)


def test_binding_anew_keeps_role_and_expiry_and_wakes_nobody(hub: Hub, owner: Principal, clock: FixedClock) -> None:
    made, token = add(hub, "Kari", a_scope(expires_at=clock.at + timedelta(hours=1)), owner)
    rebind_to(hub, made, owner, "winback")
    assert authenticate(hub, token).role is Role.SCIENTIST
    with hub.reading() as session:
        assert entries(session, limit=1)[0][1].fields.role is Role.SCIENTIST
    clock.forward(hours=1)
    with pytest.raises(NotAuthenticated):
        authenticate(hub, token)
    with pytest.raises(AccessRefused, match="no_such_principal"):
        rebind_to(hub, made, owner, "winback")


def test_neither_token_nor_label_rests_in_clear(hub: Hub, owner: Principal) -> None:
    _, token = add(hub, "Sissel Kanari", a_scope(), owner)
    with hub.reading() as session:
        rows = session.execute(text("SELECT * FROM principal")).all()
        bodies = session.execute(text("SELECT body FROM audit_body")).all()
    files = b"".join(path.read_bytes() for path in hub.settings.home.glob("*.db*"))
    for secret in (token, "Sissel", "Kanari"):
        assert secret not in str(rows)
        assert secret not in str(bodies)
        assert secret.encode() not in files


def test_listing_is_audited_before_any_label_is_opened(hub: Hub, owner: Principal) -> None:
    with hub.unit_of_work() as session:
        session.execute(text("UPDATE principal SET label_sealed = :broken"), {"broken": bytes(60)})
    with pytest.raises(Exception, match="sealed value refused"):
        listed(hub, owner)
    assert newest_action(hub) == "principal.list"


def test_the_token_of_the_environment_goes_before_the_file(hub: Hub, owner: Principal) -> None:
    principal, token = add(hub, "Kari", a_scope(), owner)
    assert acting_principal(replace(hub, settings=replace(hub.settings, token=token))) == principal
    hub.settings.owner_token_file.unlink()
    with pytest.raises(NotAuthenticated):
        acting_principal(hub)


def test_nobody_can_revoke_who_is_not_there(hub: Hub, owner: Principal) -> None:
    with pytest.raises(AccessRefused):
        withdraw(hub, PrincipalId(an_id(99)), owner)


def test_the_last_live_owner_is_not_revoked(hub: Hub, owner: Principal, clock: FixedClock) -> None:
    with pytest.raises(AccessRefused, match="last_owner"):
        withdraw(hub, owner.principal_id, owner)
    ends, _ = add(hub, "Eva", a_scope(Role.OWNER, expires_at=clock.at + timedelta(hours=1)), owner)
    clock.forward(hours=1)
    with pytest.raises(AccessRefused, match="last_owner"):
        withdraw(hub, owner.principal_id, owner)
    second, _ = add(hub, "Kari", a_scope(Role.OWNER), owner)
    withdraw(hub, ends.principal_id, owner)
    withdraw(hub, owner.principal_id, second)
    with pytest.raises(AccessRefused, match="last_owner"):
        withdraw(hub, second.principal_id, second)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_of_two_owners_who_revoke_each_other_at_once_one_stays(hub_factory: HubFactory, kind: str) -> None:
    hub = hub_factory(kind)
    first = acting_principal(hub)
    second, _ = add(hub, "Kari", a_scope(Role.OWNER), first)
    barrier = Barrier(2)

    def revoke(target: Principal, by: Principal) -> str:
        barrier.wait()
        try:
            withdraw(hub, target.principal_id, by)
        except AccessRefused as exc:
            return exc.because
        return "revoked"

    with ThreadPoolExecutor(2) as pool:
        told = {each.result() for each in [pool.submit(revoke, second, first), pool.submit(revoke, first, second)]}
    assert told == {"revoked", "last_owner"}

"""Domains in force: kept by version, open only while valid, linked only with a second person, keys by version."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from sqlalchemy import Engine, text

from hub.authentication import withdraw
from hub.database.unit import RuleBroken, reading, unit_of_work
from hub.errors import AccessRefused
from hub.linking import approve as approve_link
from hub.policy.pack import default_pack, pack_of
from hub.rotation.status import all_keys, warnings
from hub.views.gateway import PSEUDONYM, Gateway
from hub.views.registry import approve, submit
from privacy.domain import ClosedBecause, DomainKeys
from privacy.keys import KeyKind
from privacy.policy import policy_of
from privacy.pseudonym import resolve
from privacy.store.domain import append_domain, domain_history, governing_domain, record_domains
from privacy.store.policy import apply_policy
from privacy.terms import DomainName, PrincipalId, Role
from tests.api.world import AS_OF, view_text
from tests.builders import NOON, FixedClock, a_key, an_id, started
from tests.privacy_builders import a_pack
from tests.reveal_builders import Company, person
from tests.view_builders import WITHOUT_CHECK

BY = PrincipalId(an_id(1))
CHURN = DomainName("churn")


def versions(engine: Engine, name: str = "churn") -> list[int]:
    with reading(engine) as session:
        return [each.version for each in domain_history(session, name)]


def with_domain(**fields: Any) -> dict[str, Any]:
    return a_pack() | {"domains": {"churn": {"members": ["role:scientist"]} | fields}}


def test_a_changed_record_is_a_new_version_and_an_unchanged_one_is_none(control: Engine) -> None:
    started(control)
    for pack in (a_pack(), a_pack(), with_domain(), with_domain(), with_domain(valid_until="2030-01-01")):
        with unit_of_work(control) as session:
            apply_policy(session, pack, by=BY, at=NOON)
    assert versions(control) == [1, 2, 3]
    assert versions(control, "winback") == [1]


def test_a_policy_keeps_the_keys_as_they_stand(control: Engine) -> None:
    started(control)
    policy = policy_of(a_pack())
    with unit_of_work(control) as session:
        record_domains(session, policy, by=BY, at=NOON)
        domain = governing_domain(session, policy, policy.purpose("churn")).record
        rotated = replace(domain, keys=domain.keys.rotated(until=NOON + timedelta(days=7)))
        append_domain(session, rotated, by=BY, at=NOON)
    with unit_of_work(control) as session:
        assert record_domains(session, policy_of(with_domain()), by=BY, at=NOON) == ["churn"]
        newest = governing_domain(session, policy, policy.purpose("churn")).record
    assert newest.keys == DomainKeys(current=2, retiring=((1, NOON + timedelta(days=7)),))
    assert newest.members == {"role:scientist"}


@pytest.mark.parametrize("statement", ["UPDATE {} SET version = 9", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["pseudonymisation_domain", "pseudonymisation_domain_approval"])
def test_history_of_domains_is_appended_only(control: Engine, table: str, statement: str) -> None:
    values = {
        "pseudonymisation_domain": "('churn', 1, 'churn', '{}', :id, 1, :id)",
        "pseudonymisation_domain_approval": "('churn', 1, :id, :id, :id, 1)",
    }
    with unit_of_work(control) as session:
        session.execute(text(f"INSERT INTO {table} VALUES {values[table]}"), {"id": an_id(1)})  # noqa: S608 - tables of this test
    with pytest.raises(RuleBroken, match="append-only"), unit_of_work(control) as session:
        session.execute(text(statement.format(table)))


@pytest.fixture
def approved(here: Company) -> Company:
    submit(here.hub, view_text("shopping", "churn"), here.owner)
    approve(here.hub, "shopping", here.dpo, WITHOUT_CHECK)
    return here


def read(here: Company, who: str = "success") -> pl.DataFrame:
    return Gateway(here.hub).read(getattr(here, who), "shopping", purpose="churn", as_of=AS_OF).frame


def churn_with(**fields: Any) -> dict[str, Any]:
    pack = pack_of(default_pack())
    pack["domains"]["churn"] |= fields
    return pack


@pytest.mark.parametrize(
    ("fields", "because"),
    [
        ({"valid_until": "2025-06-01T12:00:00Z"}, "domain_expired"),
        ({"valid_from": "2025-06-02"}, "domain_not_yet_valid"),
        ({"members": ["role:scientist"]}, "role_not_member_of_domain"),
    ],
)
def test_nothing_is_derived_in_a_domain_that_is_not_open_to_the_reader(
    approved: Company, fields: dict[str, Any], because: str
) -> None:
    assert read(approved).height == 6
    approved.apply(churn_with(**fields))
    with pytest.raises(AccessRefused, match=r"\. \w+") as refused:
        read(approved)
    assert refused.value.because == because
    assert approved.audited("view.release.refused")[0]["reason"] == because


def test_rows_are_read_for_no_module_that_is_not_a_member(approved: Company) -> None:
    gateway = Gateway(approved.hub)
    assert gateway.read(approved.success, "shopping", purpose="churn", as_of=AS_OF, module="churn").frame.height == 6
    with pytest.raises(AccessRefused, match="module_not_member_of_domain"):
        gateway.read(approved.success, "shopping", purpose="churn", as_of=AS_OF, module="winback")
    assert approved.audited("view.release.refused")[0]["reason"] == "module_not_member_of_domain"
    approved.apply(churn_with(members=["role:success"]))
    with pytest.raises(AccessRefused, match="module_not_member_of_domain"):
        gateway.read(approved.success, "shopping", purpose="churn", as_of=AS_OF, module="churn")
    assert read(approved).height == 6, "the role reads on for itself"


def test_a_domain_that_expires_closes_by_time_alone(approved: Company, clock: FixedClock) -> None:
    approved.apply(churn_with(valid_until="2025-06-01T13:00:00Z"))
    assert read(approved).height == 6
    clock.forward(hours=1)
    with pytest.raises(AccessRefused, match="domain_expired"):
        read(approved)
    with pytest.raises(AccessRefused, match="domain_expired"):
        approved.hub.domain(CHURN)


def test_a_domain_that_ends_soon_is_told_before_it_closes(approved: Company, clock: FixedClock) -> None:
    approved.apply(churn_with(valid_until="2025-07-02T12:00:00Z"))
    assert not any("valid until" in each for each in warnings(approved.hub, all_keys(approved.hub)))
    clock.forward(days=1)
    (told,) = [each for each in warnings(approved.hub, all_keys(approved.hub)) if "valid until" in each]
    assert "churn" in told
    assert "2025-07-02" in told


def test_a_view_with_quasi_identifiers_does_not_enter_a_domain_without(approved: Company) -> None:
    text_of_view = view_text("bands", "churn").replace("quasi_identifiers: []", "quasi_identifiers: [orders]")
    submit(approved.hub, text_of_view.replace("k: 1", "k: 2"), approved.owner)
    approve(approved.hub, "bands", approved.dpo, WITHOUT_CHECK)
    gateway = Gateway(approved.hub)
    assert gateway.read(approved.success, "bands", purpose="churn", as_of=AS_OF).frame.height == 6
    approved.apply(churn_with(quasi_identifiers="none_released"))
    with pytest.raises(AccessRefused, match="quasi_identifiers_not_of_domain"):
        gateway.read(approved.success, "bands", purpose="churn", as_of=AS_OF)


def linked() -> dict[str, Any]:
    pack = churn_with(linkable_with=["service"], linking_ref="link-1")
    pack["domains"]["service"] |= {"linkable_with": ["churn"], "linking_ref": "link-1"}
    return pack


def test_a_link_waits_for_a_second_person(approved: Company) -> None:
    approved.apply(linked(), by=approved.dpo)
    with pytest.raises(AccessRefused, match="domain_link_not_approved"):
        read(approved)
    with pytest.raises(AccessRefused, match="role_may_not_approve"):
        approve_link(approved.hub, "churn", approved.owner)
    with pytest.raises(AccessRefused, match="four_eyes"):
        approve_link(approved.hub, "churn", approved.dpo)
    approved.apply(churn_with(), by=approved.dpo)
    assert read(approved).height == 6, "without the link it is open again"
    approved.apply(linked(), by=approved.owner)
    approve_link(approved.hub, "churn", approved.dpo)
    assert read(approved).height == 6
    with pytest.raises(AccessRefused, match="nothing_to_approve"):
        approve_link(approved.hub, "churn", approved.dpo)
    with approved.hub.reading() as session:
        states = [each.closed_because(NOON) for each in domain_history(session, "churn")]
    assert states == [None, ClosedBecause.NOT_APPROVED, None, None]


def test_a_second_credential_approves_no_link_of_the_first_one_revoked(approved: Company) -> None:
    approved.apply(linked(), by=approved.dpo)
    again = person(approved.hub, "dpo", Role.DPO, approved.owner)
    withdraw(approved.hub, approved.dpo.principal_id, approved.owner)
    with pytest.raises(AccessRefused, match="four_eyes"):
        approve_link(approved.hub, "churn", again)


def test_a_rotation_makes_nobody_else_the_author_of_a_link(approved: Company) -> None:
    approved.apply(linked(), by=approved.dpo)
    rotate(approved, until=NOON + timedelta(days=7))
    with pytest.raises(AccessRefused, match="four_eyes"):
        approve_link(approved.hub, "churn", approved.dpo)
    colleague = person(approved.hub, "another dpo", Role.DPO, approved.owner)
    approve_link(approved.hub, "churn", colleague)
    assert read(approved).height == 6


def rotate(here: Company, until: datetime) -> None:
    here.hub.keystore.add_named(a_key(2, KeyKind.DOMAIN), "churn", 2)
    policy = here.hub.policy()
    with here.hub.unit_of_work() as session:
        record = governing_domain(session, policy, policy.purpose("churn")).record
        rotated = replace(record, keys=record.keys.rotated(until=until))
        append_domain(session, rotated, by=here.owner.principal_id, at=here.hub.clock())


def test_both_versions_resolve_in_the_window_and_only_the_current_is_given_out(
    approved: Company, clock: FixedClock
) -> None:
    before = read(approved)[PSEUDONYM]
    rotate(approved, until=clock() + timedelta(days=7))
    after = read(approved)[PSEUDONYM]
    assert set(before).isdisjoint(after)
    entities = pl.Series([approved.entity(number) for number in range(6)], dtype=pl.Binary)
    domains = approved.hub.domains.live(CHURN, at=clock())
    assert [domain.version for domain in domains] == [2, 1]
    for column in (before, after):
        assert set(resolve(domains, column, entities)) == set(entities)
    clock.forward(days=7)
    ended = approved.hub.domains.live(CHURN, at=clock())
    assert resolve(ended, before, entities).null_count() == len(before)
    assert resolve(ended, after, entities).null_count() == 0


def test_who_is_nobodys_pseudonym_resolves_to_null(here: Company) -> None:
    domains = here.hub.domains.live(CHURN, at=here.hub.clock())
    column = pl.Series([here.pseudonym(1), an_id(4)], dtype=pl.Binary)
    known = pl.Series([here.entity(1)], dtype=pl.Binary)
    assert resolve(domains, column, known).to_list() == [here.entity(1), None]
    assert resolve(domains, column.head(0), known).to_list() == []
    assert resolve([], column, known).to_list() == [None, None]


def test_a_home_without_records_goes_on_with_those_of_its_policy(here: Company) -> None:
    """A home of an earlier version has no rows until its next policy."""
    with here.hub.unit_of_work() as session:
        session.execute(text("DROP TRIGGER pseudonymisation_domain_no_delete"))
        session.execute(text("DELETE FROM pseudonymisation_domain"))
    assert here.hub.domain(CHURN).version == 1
    with here.hub.reading() as session:
        policy = here.hub.policy()
        assert governing_domain(session, policy, policy.purpose("churn")).version == 0
    with pytest.raises(AccessRefused, match="domain_unknown"):
        here.hub.domain(DomainName("sales"))

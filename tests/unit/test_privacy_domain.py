"""Pseudonymisation domains as records: what they bind, when they are open, which key versions are live."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from privacy.domain import (
    ClosedBecause,
    DomainKeys,
    DomainRecord,
    QuasiIdentifierTreatment,
    document_of,
    domain_hash,
    generated_domain,
    record_of,
)
from privacy.errors import PolicyInvalid
from privacy.policy import policy_of
from privacy.purposes import policy_hash, purpose_hash
from privacy.terms import DomainName, PurposeId, Role
from tests.builders import NOON
from tests.privacy_builders import a_pack, a_purpose

DAY = timedelta(days=1)


def a_domain(**changes: Any) -> DomainRecord:
    return replace(generated_domain(DomainName("churn"), PurposeId("churn")), **changes)


def a_pack_with(**fields: Any) -> dict[str, Any]:
    return a_pack() | {"domains": {"churn": {"members": ["role:scientist"]} | fields}}


CHANGES: dict[str, Any] = {
    "name": DomainName("other"),
    "purpose": PurposeId("other"),
    "members": frozenset({"role:dpo"}),
    "quasi_identifiers": QuasiIdentifierTreatment.NONE_RELEASED,
    "valid_from": NOON,
    "valid_until": NOON + DAY,
    "risk_ref": "dpia-1",
    "keys": DomainKeys(current=2, retiring=((1, NOON),)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_hash_binds_every_field_and_the_document_brings_it_back(name: str) -> None:
    changed = a_domain(**{name: CHANGES[name]})
    assert domain_hash(changed) != domain_hash(a_domain())
    assert record_of(document_of(changed)) == changed


def test_no_field_escapes_the_hash() -> None:
    linked = a_domain(linkable_with=frozenset({DomainName("winback")}), linking_ref="link-1")
    assert record_of(document_of(linked)) == linked
    assert len({domain_hash(each) for each in (a_domain(), linked, replace(linked, linking_ref="link-2"))}) == 3
    covered = CHANGES.keys() | {"linkable_with", "linking_ref", "algorithm"}  # of algorithms there is one
    assert covered == set(DomainRecord.__dataclass_fields__)


@pytest.mark.parametrize(
    ("valid_from", "valid_until", "because"),
    [
        (None, None, None),
        (NOON, None, None),
        (NOON + DAY, None, ClosedBecause.NOT_YET),
        (None, NOON, ClosedBecause.EXPIRED),
        (None, NOON + timedelta(microseconds=1), None),
        (NOON - DAY, NOON + DAY, None),
    ],
)
def test_a_domain_is_open_from_its_first_instant_to_before_its_last(valid_from, valid_until, because) -> None:
    assert a_domain(valid_from=valid_from, valid_until=valid_until).closed_because(NOON) is because


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"members": frozenset()}, "has members"),
        ({"members": frozenset({"scientist"})}, "role:ROLE or module:NAME"),
        ({"members": frozenset({"role:boss"})}, "role:ROLE or module:NAME"),
        ({"members": frozenset({"module:"})}, "role:ROLE or module:NAME"),
        ({"valid_from": NOON, "valid_until": NOON}, "ends after it begins"),
        ({"linkable_with": frozenset({DomainName("churn")}), "linking_ref": "x"}, "not linked with itself"),
        ({"linkable_with": frozenset({DomainName("winback")})}, "a policy of its own"),
        ({"linking_ref": "x"}, "a policy of its own"),
    ],
)
def test_a_domain_that_breaks_a_rule_cannot_be_made(changes: dict[str, Any], rule: str) -> None:
    with pytest.raises(PolicyInvalid, match=rule):
        a_domain(**changes)


def test_who_is_a_member_is_said_by_role() -> None:
    assert a_domain().has_role(Role.SCIENTIST)
    assert not a_domain(members=frozenset({"module:churn"})).has_role(Role.SCIENTIST)


def test_an_old_key_is_live_until_its_end_and_the_newest_comes_first() -> None:
    keys = DomainKeys().rotated(until=NOON + DAY).rotated(until=NOON + 2 * DAY)
    assert keys.live(NOON) == (3, 2, 1)
    assert keys.live(NOON + DAY) == (3, 2)
    assert keys.live(NOON + 2 * DAY) == (3,)
    assert keys.ended(1).live(NOON) == (3, 2)
    for wrong in ({"current": 0}, {"retiring": ((1, NOON),)}, {"current": 2, "retiring": ((0, NOON),)}):
        with pytest.raises(PolicyInvalid, match="count from 1"):
            DomainKeys(**wrong)


def test_a_purpose_without_a_declared_domain_gets_one_without_links_and_end() -> None:
    policy = policy_of(a_pack())
    record = policy.domain_of(policy.purpose("winback"))
    assert (record.name, record.purpose, record.linkable_with) == ("winback", "winback", frozenset())
    assert not record.needs_approval
    assert record.closed_because(NOON) is None


def test_a_declared_domain_is_what_the_pack_says() -> None:
    policy = policy_of(a_pack_with(quasi_identifiers="none_released", valid_until="2026-01-01", risk_ref="dpia-7"))
    record = policy.domain_of(policy.purpose("churn"))
    assert record.quasi_identifiers is QuasiIdentifierTreatment.NONE_RELEASED
    assert record.valid_until is not None
    assert record.valid_until.isoformat() == "2026-01-01T00:00:00+00:00"
    assert (record.members, record.risk_ref) == ({"role:scientist"}, "dpia-7")
    assert policy_hash(policy) != policy_hash(policy_of(a_pack()))


def test_links_need_both_sides_and_a_policy() -> None:
    link = {"linkable_with": ["winback"], "linking_ref": "link-1"}
    with pytest.raises(PolicyInvalid, match="where both say so"):
        policy_of(a_pack_with(**link))
    pack = a_pack_with(**link)
    pack["domains"]["winback"] = {"members": ["role:dpo"], "linkable_with": ["churn"], "linking_ref": "link-1"}
    assert all(each.needs_approval for each in policy_of(pack).domains)


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"members": []}, "domains.churn"),
        ({"membres": ["role:dpo"]}, "domains.churn.membres"),
        ({"quasi_identifiers": "shown"}, "domains.churn.quasi_identifiers"),
        ({"algorithm": "rot13"}, "domains.churn.algorithm"),
        ({"valid_until": "soon"}, "domains.churn.valid_until"),
        ({"keys": {}}, "domains.churn.keys"),
    ],
)
def test_a_domain_is_refused_at_the_field_that_is_wrong(fields: dict[str, Any], where: str) -> None:
    with pytest.raises(PolicyInvalid) as refused:
        policy_of(a_pack_with(**fields))
    assert refused.value.where == where


def test_a_domain_of_no_purpose_is_refused() -> None:
    with pytest.raises(PolicyInvalid, match=r"domains\.sales: a domain serves a purpose"):
        policy_of(a_pack() | {"domains": {"sales": {"members": ["role:dpo"]}}})


def test_who_may_reveal_is_not_what_a_views_approval_binds() -> None:
    pack = a_pack()
    pack["purposes"]["winback"]["reidentification"] = {
        "roles": ["dpo"],
        "attributes": ["email"],
        "reasons": ["complaint"],
        "per_hour": 1,
    }
    with_rules, without = policy_of(pack).purpose("winback"), policy_of(a_pack()).purpose("winback")
    assert purpose_hash(with_rules) == purpose_hash(without)
    assert policy_hash(policy_of(pack)) != policy_hash(policy_of(a_pack()))
    assert a_purpose().reidentification is None

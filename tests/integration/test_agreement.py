"""Who may lead pseudonyms back changes only by two persons: one agrees to the very rules, another applies them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub import home
from hub.agreeing import agree
from hub.authentication import withdraw
from hub.errors import AccessRefused
from hub.keystore.store import SqlKeyStore
from hub.policy.agreement import AGREED_FOR
from hub.policy.pack import default_pack, pack_of
from privacy.errors import PolicyInvalid
from privacy.policy import policy_of
from privacy.purposes import Policy
from privacy.terms import Role
from tests.builders import FixedClock
from tests.integration.cli_desk import Desk, stocked
from tests.reveal_builders import Company, person

_RULES = {"roles": ["dpo"], "attributes": ["email"], "reasons": ["help_offered"], "per_hour": 3}


def pack(purpose: str = "churn", **rules: Any) -> dict[str, Any]:
    made = pack_of(default_pack())
    made["purposes"][purpose] |= {"version": 2, "reidentification": _RULES | rules}
    return made


def per_hour(here: Company, purpose: str = "churn") -> int | None:
    rules = here.hub.policy().purpose(purpose).reidentification
    return rules.per_hour if rules else None


def refused(here: Company, proposed: dict[str, Any], by: Any) -> None:
    before = here.hub.policy()
    with pytest.raises(PolicyInvalid, match="nobody else agreed"):
        here.apply(proposed, by=by)
    assert here.hub.policy() == before


def test_neither_the_dpo_nor_the_owner_changes_the_rules_alone(here: Company) -> None:
    for alone in (here.dpo, here.owner):
        refused(here, pack(), alone)
    agree(here.hub, policy_of(pack()), "churn", here.dpo)
    refused(here, pack(), here.dpo)
    agree(here.hub, policy_of(pack()), "churn", here.owner)
    here.apply(pack(), by=here.dpo)
    assert per_hour(here) == 3
    told = here.audited("policy.agree")[0]
    assert (told["purpose"], told["role"], told["four_eyes"]) == ("churn", "owner", False)


def test_one_person_with_two_credentials_is_one_person(here: Company) -> None:
    again = person(here.hub, "dpo", Role.OWNER, here.owner)
    assert again.person_id == here.dpo.person_id
    agree(here.hub, policy_of(pack()), "churn", again)
    refused(here, pack(), here.dpo)


def test_an_agreement_is_to_those_rules_and_that_purpose(here: Company) -> None:
    agree(here.hub, policy_of(pack(per_hour=4)), "churn", here.dpo)
    refused(here, pack(per_hour=5), here.owner)
    refused(here, pack("service", per_hour=4), here.owner)
    here.apply(pack(per_hour=4))
    assert per_hour(here) == 4


def test_a_purpose_that_had_no_rules_gets_them_by_two_and_loses_them_by_one(here: Company) -> None:
    refused(here, pack("winback"), here.dpo)
    agree(here.hub, policy_of(pack("winback")), "winback", here.owner)
    here.apply(pack("winback"), by=here.dpo)
    without = pack_of(default_pack())
    without["purposes"]["winback"] |= {"version": 3}
    here.apply(without, by=here.dpo)
    assert per_hour(here, "winback") is None


def test_an_agreement_runs_out_and_falls_with_its_credential(here: Company, clock: FixedClock) -> None:
    leaving = person(here.hub, "second dpo", Role.DPO, here.owner)
    agree(here.hub, policy_of(pack()), "churn", leaving)
    withdraw(here.hub, leaving.principal_id, here.owner)
    refused(here, pack(), here.owner)
    agree(here.hub, policy_of(pack()), "churn", here.dpo)
    clock.forward(hours=AGREED_FOR / timedelta(hours=1) + 1)
    refused(here, pack(), here.owner)


def test_rules_that_were_taken_away_meanwhile_come_back_by_two(here: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    same, without = pack_of(default_pack()), pack_of(default_pack())
    same["purposes"]["churn"] |= {"version": 3}
    without["purposes"]["churn"] |= {"version": 2}
    del without["purposes"]["churn"]["reidentification"]
    make_keys = home._domains

    def meanwhile(keystore: SqlKeyStore, policy: Policy) -> None:
        monkeypatch.undo()
        here.apply(without, by=here.dpo)
        make_keys(keystore, policy)

    monkeypatch.setattr(home, "_domains", meanwhile)
    with pytest.raises(PolicyInvalid, match="nobody else agreed"):
        here.apply(same, by=here.owner)
    assert per_hour(here) is None


def test_only_the_dpo_or_owner_agrees_and_only_to_a_change(here: Company) -> None:
    with pytest.raises(AccessRefused, match="role_may_not_agree"):
        agree(here.hub, policy_of(pack()), "churn", here.success)
    with pytest.raises(PolicyInvalid, match="no other rules"):
        agree(here.hub, policy_of(pack()), "service", here.dpo)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


def test_the_command_line_says_who_is_missing_and_what_it_cannot_enforce(desk: Desk) -> None:
    text = default_pack().replace("      per_hour: 20\n", "      per_hour: 30\n", 1)
    text = text.replace("  churn:\n    version: 1\n", "  churn:\n    version: 2\n", 1)
    file = desk.file("pack.yaml", text)
    assert "varde policy agree" in desk.run("policy", "plan", file).stderr
    for more in ((), ("--dry-run",)):
        alone = desk.run("policy", "apply", file, *more, role="dpo")
        assert (alone.exit_code != 0, "nobody else agreed" in alone.stderr) == (True, True)
    assert desk.run("policy", "agree", file, "churn", "--dry-run").exit_code == 0
    assert desk.run("policy", "agree", file, "churn", role="scientist").exit_code == 4
    agreed = desk.run("policy", "agree", file, "churn")
    assert (agreed.exit_code, "four eyes are not enforced" in agreed.stderr) == (0, True)
    assert desk.run("policy", "apply", file, role="dpo").exit_code == 0

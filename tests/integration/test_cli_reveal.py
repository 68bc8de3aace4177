"""`varde reveal`, `varde domain` and `varde audit reconcile` as they are typed."""

from pathlib import Path

import pytest

from hub.compose import open_hub
from hub.consents import find_subject
from hub.policy.pack import default_pack
from hub.settings import Settings
from ingest.store.identity import entity_of_record
from privacy.pseudonym import pseudonym_of
from privacy.terms import DomainName
from tests.integration.cli_desk import SECRETS, Desk, stocked, tick


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


def pseudonym(desk: Desk, domain: str = "churn") -> str:
    hub = open_hub(Settings.load({}, desk.home), clock=tick)
    with hub.reading() as session:
        entity = entity_of_record(session, find_subject(hub, "shop:1").records[0])
    assert entity is not None
    return pseudonym_of(hub.domain(DomainName(domain)), entity).hex()


def asked(desk: Desk, *more: str) -> tuple[str, ...]:
    return ("reveal", "open", pseudonym(desk), "--purpose", "churn", "--reason", "help_offered", *more)


def test_a_dpo_sees_who_it_is_and_the_log_says_so(desk: Desk) -> None:
    shown = desk.json(*asked(desk), role="dpo")
    assert {each["attribute"]: each["value"] for each in shown} == {
        "full_name": "Astrid Bø-Unik",
        "email": "astrid.aas@example.org",
        "phone": "90012345",
    }
    actions = [each["action"] for each in desk.json("audit", "log", "--action", "reveal")]
    assert actions == ["reveal.complete", "reveal.intent"]
    (found,) = desk.json("audit", "reconcile")
    assert (found["strength"], found["unaudited"], found["without_act"], found["opened"]) == ("advisory", 0, 0, 1)


@pytest.mark.parametrize(
    ("role", "changes", "rule"),
    [
        ("scientist", {}, "role_may_not_reveal"),
        ("dpo", {"help_offered": "curiosity"}, "reason_not_listed"),
        ("dpo", {"churn": "winback"}, "purpose_without_reidentification"),
    ],
)
def test_a_refusal_is_4_names_its_rule_and_shows_nothing(
    desk: Desk, role: str, changes: dict[str, str], rule: str
) -> None:
    words = [changes.get(word, word) for word in asked(desk)]
    ended = desk.run(*words, role=role)
    assert ended.exit_code == 4
    assert rule in ended.stderr
    assert not any(secret in ended.output for secret in SECRETS)
    assert desk.json("audit", "log", "--action", "reveal.refused")[0]["fields"]["reason"] == rule


def test_dry_runs_show_nobody_and_note_nothing(desk: Desk) -> None:
    for words in (asked(desk, "--dry-run"), ("reveal", "request", *asked(desk, "--dry-run")[2:])):
        ended = desk.run(*words, role="dpo")
        assert ended.exit_code == 0
        assert not any(secret in ended.output for secret in SECRETS)
    assert desk.run("reveal", "approve", "ab" * 16, "--dry-run", role="dpo").exit_code == 0
    assert desk.json("audit", "log", "--action", "reveal") == []


def test_two_persons_reveal_together(desk: Desk) -> None:
    words = asked(desk)
    request = desk.run("reveal", "request", *words[2:], role="dpo").stdout.strip()
    (listed,) = desk.json("reveal", "list", role="dpo")
    assert (listed["request"], listed["approved"]) == (request, False)
    own = desk.run("reveal", "approve", request, role="dpo")
    assert (own.exit_code, "four_eyes" in own.stderr) == (4, True)
    assert desk.run("reveal", "open", "12", *words[3:], role="dpo").exit_code == 2
    assert "request_not_approved" in desk.run(*words, "--request", request, role="dpo").stderr


def test_domains_are_listed_and_shown_by_version(desk: Desk) -> None:
    listed = {each["domain"]: each for each in desk.json("domain", "list")}
    assert listed.keys() == {"churn", "service", "next_need", "winback", "satisfaction"}
    assert {each["state"] for each in listed.values()} == {"open"}
    (shown,) = desk.json("domain", "show", "churn")
    assert (shown["version"], shown["key_version"], shown["algorithm"]) == (1, 1, "aes_256_permutation_v1")
    assert "role:scientist" in shown["members"]
    assert desk.run("domain", "show", "sales").exit_code == 2
    assert desk.run("domain", "approve", "churn", role="dpo").exit_code == 4
    assert desk.run("domain", "approve", "churn").exit_code == 4
    assert desk.run("domain", "approve", "churn", "--dry-run", role="dpo").exit_code == 0


def test_a_pack_with_an_end_closes_the_domain_and_says_how_to_mend_it(desk: Desk) -> None:
    assert desk.run("view", "approve", "shopping", "--unchecked", "no_data_yet", role="dpo").exit_code == 0
    ended = '    risk_ref: dpia-domains-2025\n    valid_until: "2025-01-01"\n'
    pack = desk.file("pack.yaml", default_pack().replace("    risk_ref: dpia-domains-2025\n", ended, 1))
    assert desk.run("policy", "apply", pack).exit_code == 0
    refused = desk.run("view", "read", "shopping", "--purpose", "churn", role="scientist")
    assert (refused.exit_code, "domain_expired" in refused.stderr) == (4, True)
    assert "valid_until" in refused.stderr
    assert desk.json("domain", "list")[0]["state"] == "domain_expired"
    assert [each["version"] for each in desk.json("domain", "show", "churn")] == [1, 2]


def test_whoever_is_told_that_a_reason_is_not_listed_can_read_which_are(desk: Desk) -> None:
    words = [{"help_offered": "curiosity"}.get(word, word) for word in asked(desk)]
    assert "varde reveal rules" in desk.run(*words, role="dpo").stderr
    listed = {each["purpose"]: each for each in desk.json("reveal", "rules", role="scientist")}
    assert "winback" not in listed
    churn, satisfaction = listed["churn"], listed["satisfaction"]
    assert ("help_offered" in churn["reasons"], "email" in churn["attributes"], churn["per_hour"]) == (True, True, 20)
    assert (churn["second_person"], churn["approvers"]) == (False, None)
    assert (satisfaction["second_person"], satisfaction["approvers"]) == (True, ["dpo", "owner"])

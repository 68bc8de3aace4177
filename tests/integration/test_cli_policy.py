"""`varde policy`: what a pack would change, what it may not change, and what it changes."""

from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli.app import make_app
from hub.cli.launch import Invocation
from hub.policy.pack import default_pack
from tests.integration.cli_desk import AT, Desk, stocked

READ = ("view", "read", "shopping", "--purpose", "churn")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


@pytest.fixture
def approved(desk: Desk) -> Desk:
    assert desk.run("view", "approve", "shopping", "--unchecked", "no_data_yet", role="dpo").exit_code == 0
    return desk


def test_the_shipped_pack_is_printed_without_a_home_and_changes_nothing(desk: Desk) -> None:
    printed = desk.run("policy", "default", env={"VARDE_HOME": desk.path("nowhere")})
    assert (printed.exit_code, "lia_ref" in printed.stdout) == (0, True)
    assert not Path(desk.path("nowhere")).exists()
    pack = desk.file("shipped.yaml", printed.stdout)
    assert desk.json("policy", "plan", pack) == []


def test_policy_plan_names_the_approvals_that_lapse(approved: Desk) -> None:
    pack = approved.file("pack.yaml", _shorter("version: 2"))
    assert approved.json("policy", "plan", approved.file("same.yaml", default_pack())) == []
    changes = {each["purpose"]: each for each in approved.json("policy", "plan", pack)}
    assert changes["churn"]["change"] == "rules changed"
    assert changes["churn"]["approvals_that_lapse"] == ["shopping v1"]
    assert approved.run("policy", "apply", pack, "--dry-run").exit_code == 0
    assert approved.run(*READ).exit_code == 0
    assert approved.run("policy", "apply", pack).exit_code == 0
    assert approved.run(*READ).exit_code == 4
    assert approved.json("policy", "plan", pack) == []


def test_changed_rules_need_a_new_version_and_mended_texts_do_not(approved: Desk) -> None:
    before = approved.json("policy", "show")
    pack = approved.file("pack.yaml", _shorter("version: 1"))
    for words in (("plan",), ("apply", "--dry-run"), ("apply",)):
        ended = approved.run("policy", *words, pack)
        assert ended.exit_code == 2
        assert "purposes.churn: rules changed under version 1; raise the version" in " ".join(ended.stderr.split())
    assert approved.json("policy", "show") == before
    mended = approved.file("mended-pack.yaml", default_pack().replace("a customer may leave", "a customer might leave"))
    assert approved.json("policy", "plan", mended) != []
    assert approved.run("policy", "apply", mended).exit_code == 0
    assert approved.run(*READ).exit_code == 0


def _shorter(version: str) -> str:
    """Write the default pack with a shorter retention for the churn purpose, under a version of it."""
    head, churn, rest = default_pack().partition("  churn:\n")
    return head + churn + rest.replace("version: 1", version, 1).replace("retention_days: 180", "retention_days: 30", 1)


def test_new_purpose_gets_its_domain_with_the_policy(desk: Desk) -> None:
    head, _, rest = default_pack().partition("  churn:\n")
    block = rest[: rest.index("  service:\n")].replace("lia-churn-2025", "lia-care-2025")
    pack = desk.file("pack.yaml", f"{head}  care:\n{block}  churn:\n{rest}")
    (change,) = desk.json("policy", "plan", pack)
    assert (change["purpose"], change["change"]) == ("care", "added")
    assert desk.run("policy", "agree", pack, "care", role="dpo").exit_code == 0, "its pseudonyms may be led back"
    assert desk.run("policy", "apply", pack).exit_code == 0
    assert {each["check"]: each["state"] for each in desk.json("doctor")}["keys"] == "ok"


def test_broken_pack_is_2_and_changes_nothing(desk: Desk) -> None:
    before = desk.json("policy", "show")
    pack = desk.file("pack.yaml", default_pack().replace("legal_basis: consent", "legal_basis: whim"))
    assert desk.run("policy", "apply", pack).exit_code == 2
    assert desk.json("policy", "show") == before


def test_a_review_that_becomes_overdue_is_told_and_closes_nothing(approved: Desk) -> None:
    due = f'"{(AT + timedelta(days=1)).date()}"'
    pack = approved.file("pack.yaml", default_pack().replace('"2028-01-15"', due))
    assert approved.run("policy", "apply", pack).exit_code == 0
    assert "was to be reviewed" not in approved.run("policy", "show").stderr
    late = Invocation(environment={"VARDE_HOME": str(approved.home)}, clock=lambda: AT + timedelta(days=3))
    shown = CliRunner().invoke(make_app(), ["policy", "show"], obj=late)
    assert shown.exit_code == 0
    assert "the balancing test of churn was to be reviewed by" in " ".join(shown.stderr.split())
    assert CliRunner().invoke(make_app(), ["policy", "apply", pack], obj=late).exit_code == 2
    assert CliRunner().invoke(make_app(), list(READ), obj=late).exit_code == 0

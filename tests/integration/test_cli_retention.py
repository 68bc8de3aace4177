"""`varde retention` and `varde hold` at a desk: plan, hold, run, certificate; and a pack whose rule ends people."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from hub.policy.pack import default_pack, pack_of
from tests.integration.cli_desk import SECRETS, Desk, stocked

ORDERS_OF_2025 = {"table": "orders", "data_category": "behaviour", "days": 60}
PEOPLE_OF_2025 = {"table": "people", "data_category": "identifier", "days": 60, "starts": "last_contact"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """It is 10 June 2025; orders are of January and May (1) and of April (3)."""
    return stocked(tmp_path)


def govern(desk: Desk, *rules: dict) -> None:
    pack = pack_of(default_pack()) | {"retention": list(rules), "statutory_holds": []}
    ended = desk.run("policy", "apply", desk.file("pack.yaml", yaml.safe_dump(pack, allow_unicode=True)))
    assert ended.exit_code == 0, ended.output


def planned(desk: Desk, table: str) -> dict:
    (line,) = [line for line in desk.json("retention", "plan", "--all", role="dpo") if line["table"] == table]
    return line


def test_plan_hold_run_and_certificate(desk: Desk) -> None:
    govern(desk, ORDERS_OF_2025)
    assert (planned(desk, "orders")["due"], planned(desk, "orders")["before"]) == (2, "2025-04-11")
    held = desk.run("hold", "add", "--of", "shop:1", "--reason", "claim_7", "--until", "2025-12-31", role="dpo")
    assert held.exit_code == 0, held.output
    (hold,) = desk.json("hold", "list", role="dpo")
    assert hold["ends_at"] == "2025-12-31T23:00:00+00:00", "midnight in Oslo: the last day counts in full"
    assert "2025-12-31 23:00Z" in desk.run("hold", "list", role="dpo").stdout
    wrong = desk.run("hold", "add", "--of", "shop:1", "--reason", "claim_7", "--until", "31.12.2025", role="dpo")
    assert wrong.exit_code == 2
    assert "YYYY-MM-DD" in wrong.output, "a remedy is not taken for somebody's number"
    assert (planned(desk, "orders")["due"], planned(desk, "orders")["by_hold"]) == (1, 1)
    said = desk.run("retention", "run", "--dry-run", role="dpo")
    assert "would delete or empty 1 row;" in " ".join(said.stderr.split())
    taken = desk.run("retention", "run", "--certificate", desk.file("taken.json", ""), role="dpo")
    assert (taken.exit_code, planned(desk, "orders")["due"]) == (2, 1), "nothing is deleted whose proof has no place"
    ended = desk.run("retention", "run", "--certificate", desk.path("done.json"), "--format", "json", role="dpo")
    assert ended.exit_code == 0, ended.output
    assert [(row["table"], row["rows"]) for row in json.loads(ended.stdout)] == [("orders", 1), ("(own terms)", 0)]
    (signed,) = json.loads(Path(desk.path("done.json")).read_text())
    document = json.loads(signed["document"])
    assert (document["planned"], document["left"]) == ({"orders.behaviour": 1}, {})
    assert document["held"]["orders.behaviour"][:2] == [0, 1]
    (entry,) = desk.json("audit", "log", "--limit", "1", "--action", "retention.complete")
    assert hashlib.sha256(signed["document"].encode()).hexdigest() in json.dumps(entry)
    assert signed["receipt"]
    (run,) = desk.json("retention", "list")
    assert (run["taken_out"], run["left"]) == (1, 0)
    (hold,) = desk.json("hold", "list")
    assert hold["stands"]
    assert desk.run("hold", "lift", hold["hold"], "--reason", "settled").exit_code == 0
    assert planned(desk, "orders")["due"] == 1
    assert not any(secret in json.dumps(document) + ended.output + held.output for secret in SECRETS)


def test_people_whose_time_is_over_are_erased(desk: Desk) -> None:
    """The last order of 3 was in April; 1 ordered in May; the others came with this delivery."""
    govern(desk, PEOPLE_OF_2025)
    assert planned(desk, "people")["due"] == 1
    assert desk.run("consent", "show", "shop:3").exit_code == 0
    ended = desk.run("retention", "run", role="dpo")
    assert ended.exit_code == 0, ended.output
    assert planned(desk, "people")["due"] == 0
    assert desk.run("consent", "show", "shop:3").exit_code != 0
    assert desk.run("consent", "show", "shop:1").exit_code == 0


def test_a_pack_is_refused_with_its_line(desk: Desk) -> None:
    pack = desk.file("wrong.yaml", default_pack().replace("table: usage", "table: visits"))
    ended = desk.run("policy", "plan", pack)
    assert ended.exit_code == 2
    line = 1 + default_pack()[: default_pack().index("table: usage")].count("\n")
    assert f".table (line {line}): no table of that name" in " ".join(ended.stderr.split())

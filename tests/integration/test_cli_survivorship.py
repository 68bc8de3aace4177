"""`varde survivorship` as it is typed, and what `varde reveal open` makes of it."""

from pathlib import Path

import pytest

from ingest.survivorship.rules import shipped, shipped_text
from tests.integration.cli_desk import SECRETS, Desk, bare, stocked
from tests.integration.test_cli_reveal import asked


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


def rules(desk: Desk, *, version: int = 2, sources: str = "[shop]") -> str:
    text = shipped_text().replace("version: 1", f"version: {version}").replace("sources: []", f"sources: {sources}")
    return desk.file("rules.yaml", text)


def test_the_shipped_rules_are_printed_without_a_home_and_hold_in_one(tmp_path: Path, desk: Desk) -> None:
    assert bare(tmp_path).run("survivorship", "default").stdout == shipped_text()
    shown = desk.json("survivorship", "show", role="scientist")
    assert len(shown) == sum(map(len, shipped().of_kind.values()))
    address = next(each for each in shown if (each["of"], each["rule"]) == ("person", "address"))
    assert address["attributes"] == ["street", "postcode", "city", "country"]
    assert (address["missing"], address["sources"]) == ("leave", [])


def test_rules_are_applied_by_owner_or_dpo_and_the_log_is_told(desk: Desk) -> None:
    path = rules(desk)
    assert desk.run("survivorship", "apply", path, role="scientist").exit_code == 4
    rehearsed = desk.run("survivorship", "apply", path, "--dry-run")
    assert (rehearsed.exit_code, desk.json("survivorship", "show")[0]["sources"]) == (0, [])
    assert desk.run("survivorship", "apply", path, role="dpo").exit_code == 0
    assert desk.json("survivorship", "show")[0]["sources"] == ["shop"]
    again = desk.run("survivorship", "apply", path)
    assert (again.exit_code, "in force already" in again.output) == (0, True)
    (entry,) = desk.json("audit", "log", "--action", "survivorship")
    assert (entry["action"], entry["fields"]["role"]) == ("survivorship.apply", "dpo")


def test_rules_that_cannot_be_are_refused_with_place_and_remedy(desk: Desk) -> None:
    unfit = desk.run("survivorship", "apply", rules(desk, sources="[shop, shop]"))
    assert (unfit.exit_code, "sources: says a word twice" in unfit.stderr) == (2, True)
    assert "cannot be read" in desk.run("survivorship", "apply", desk.path("nowhere.yaml")).stderr
    older = desk.run("survivorship", "apply", rules(desk, version=1))
    assert (older.exit_code, "write 2" in older.stderr) == (2, True)


def test_a_source_that_never_delivered_is_pointed_out(desk: Desk) -> None:
    path = rules(desk, sources="[shop, shpo]")
    assert "shpo" in desk.run("survivorship", "apply", path, "--dry-run").stderr
    applied = desk.run("survivorship", "apply", path)
    assert (applied.exit_code, "from shpo" in applied.stderr) == (0, True)


def test_a_reveal_shows_what_stands_or_what_each_source_says(desk: Desk) -> None:
    stands = desk.json(*asked(desk), role="dpo")
    (email,) = [each for each in stands if each["attribute"] == "email"]
    assert (email["value"], email["source"], email["decided_by"]) == ("astrid.aas@example.org", "shop", "only")
    assert (email["agreeing"], email["differing"], email["revision"]) == (1, 0, 1)
    said = desk.json(*asked(desk), "--sources", role="dpo")
    assert {each["attribute"]: each["value"] for each in said} == {each["attribute"]: each["value"] for each in stands}
    assert {tuple(each) for each in said} == {("source", "attribute", "value")}
    assert not any(secret in desk.run("survivorship", "show").output for secret in SECRETS)

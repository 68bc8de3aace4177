"""`varde recipient`: added, listed, told and removed from the command line."""

from pathlib import Path

import pytest

from tests.integration.cli_desk import Desk, stocked

URL = "https://mail.example.org/varde?key=hemmelig"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


def test_a_recipient_comes_and_goes_and_its_secret_is_shown_once(desk: Desk) -> None:
    words = ("recipient", "add", "mailing house", "--url", URL, "--purpose", "churn")
    would = desk.run(*words, "--dry-run")
    assert (would.exit_code, would.stdout) == (0, "")
    added = desk.run(*words)
    assert added.stdout.startswith("whsec_")
    (row,) = desk.json("recipient", "list")
    assert (row["name"], row["kind"], row["purposes"]) == ("mailing house", "processor", ["churn"])
    assert row["removed_at"] is None
    printed = desk.run("recipient", "list").stdout + desk.run("audit", "log").stdout
    assert "hemmelig" not in printed
    assert added.stdout.strip() not in printed
    assert desk.json("recipient", "notices") == []
    assert desk.run("recipient", "send").exit_code == 0
    assert desk.run("recipient", "remove", "mailing house").exit_code == 0
    assert desk.json("recipient", "list")[0]["removed_at"] is not None


def test_an_address_without_encryption_is_refused_unrepeated(desk: Desk) -> None:
    url = "http://mail.example.org/hemmelig"
    ended = desk.run("recipient", "add", "a", "--url", url, "--purpose", "churn")
    assert ended.exit_code != 0
    assert "hemmelig" not in ended.stderr + ended.stdout

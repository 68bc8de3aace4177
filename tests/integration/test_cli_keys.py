"""`varde keys` as it is typed: what is shown, who may, what a dry run leaves alone, a move to another KEK."""

from pathlib import Path

import pytest

from hub.kek.file import create_key_file
from tests.integration.cli_desk import VIEW, Desk, stocked


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


def generations(desk: Desk) -> list[tuple[str, bool]]:
    """State of each generation, and whether keys are under it."""
    shown = desk.json("keys", "status")
    return [(each["state"], each["keys"] > 0) for each in shown if each["what"] == "generation"]


def test_status_shows_every_kind_of_key_and_no_secret(desk: Desk) -> None:
    shown = desk.json("keys", "status", role="dpo")
    assert {each["what"] for each in shown} == {"kek", "generation", "domain", "index", "instance", "signing"}
    (kek,) = [each for each in shown if each["what"] == "kek"]
    assert kek["name"].startswith("file-")
    churn = next(each for each in shown if each["name"] == "churn")
    assert (churn["version"], churn["state"], churn["due"][:4]) == (1, "current", "2026")
    secret = (desk.home / "key" / "kek").read_bytes()
    for form in ("table", "csv", "json"):
        assert secret.hex() not in desk.run("keys", "status", "--format", form).output


@pytest.mark.parametrize(
    ("words", "role"),
    [
        (("status",), "scientist"),
        (("rotate-kek",), "dpo"),
        (("rotate-domain", "churn"), "dpo"),
        (("rotate-suppression",), "dpo"),
        (("retire",), "scientist"),
    ],
)
def test_who_has_not_the_duty_is_refused(desk: Desk, words: tuple[str, ...], role: str) -> None:
    assert desk.run("keys", *words, role=role).exit_code == 4


def test_a_dry_run_changes_nothing_and_says_what_would(desk: Desk) -> None:
    before = generations(desk)
    assert "start a generation" in desk.run("keys", "rotate-kek", "--dry-run").output
    assert "version 2" in desk.run("keys", "rotate-domain", "churn", "--dry-run").output
    assert "destroy 0 of 0" in desk.run("keys", "retire", "--dry-run").output
    assert generations(desk) == before == [("current", True)]


def test_rotating_moves_and_destroys_and_everything_works_on(desk: Desk) -> None:
    ended = desk.run("keys", "rotate-kek")
    assert ended.exit_code == 0, ended.output
    assert "Destroyed: generation" in ended.output
    assert generations(desk) == [("destroyed", False), ("current", True)]
    assert desk.run("doctor").exit_code == 0
    assert desk.json("audit", "log", "--action", "keys.rotate_kek.complete")


def test_backups_keep_a_generation_and_retire_says_until_when(desk: Desk) -> None:
    ended = desk.run("keys", "rotate-kek", "--keep-until", "2026-01-01")
    assert "kept_for_backups until 2026-01-01" in ended.output
    (old,) = desk.json("keys", "retire", role="dpo")
    assert (old["what"], old["due"], old["needed_for"]) == ("generation", False, ["kept_for_backups"])
    assert desk.run("keys", "rotate-kek", "--keep-until", "2020-01-01").exit_code == 2


def test_a_domain_is_rotated_and_its_old_key_retired_at_once_if_so_wished(desk: Desk) -> None:
    ended = desk.run("keys", "rotate-domain", "churn", "--days", "0")
    assert "releases use version 2" in ended.output
    assert "Destroyed: domain churn version 1" in desk.run("keys", "retire", role="dpo").output
    assert [each["version"] for each in desk.json("keys", "status") if each["name"] == "churn"] == [2]
    assert desk.run("keys", "rotate-domain", "sales").exit_code == 2
    assert desk.run("keys", "rotate-domain", "churn", "--days", "400").exit_code == 2


def test_a_home_moves_to_another_key_file(desk: Desk, tmp_path: Path) -> None:
    new = tmp_path / "secrets" / "new.kek"
    new.parent.mkdir(mode=0o700)
    assert desk.run("keys", "rotate-kek", "--to", str(new)).exit_code == 5, "no such key file"
    create_key_file(new)
    assert desk.run("keys", "rotate-kek", "--to", str(new), "--keep-until", "2026-01-01").exit_code == 2
    assert "put the key generations under file-" in desk.run("keys", "rotate-kek", "--to", str(new), "--dry-run").output
    assert generations(desk) == [("current", True)]
    ended = desk.run("keys", "rotate-kek", "--to", str(new))
    assert "run `varde keys rotate-kek`" in ended.output
    assert desk.run("doctor").exit_code == 2, "the old key opens nothing any more"
    moved = {"VARDE_KEK": str(new)}
    assert desk.run("keys", "status", env=moved).exit_code == 0
    ended = desk.run("keys", "rotate-kek", env=moved)
    assert "Destroyed: generation" in ended.output
    assert desk.run("doctor", env=moved).exit_code == 0


def test_a_window_covers_the_rows_that_left_unless_somebody_says_otherwise(desk: Desk) -> None:
    assert ", 30 days" in desk.run("keys", "rotate-domain", "churn", "--dry-run").stderr, "nothing has left yet"
    long = VIEW.replace("name: shopping", "name: long").replace("expires_days: 30", "expires_days: 90")
    desk.run("view", "submit", desk.file("long.yaml", long), role="scientist")
    assert desk.run("view", "approve", "long", "--unchecked", "no_data_yet", role="dpo").exit_code == 0
    assert desk.run("view", "read", "long", "--purpose", "churn", role="scientist").exit_code == 0
    short = desk.run("keys", "rotate-domain", "churn", "--days", "40", "--dry-run")
    assert "rows of 1 releases may be used until" in short.stderr
    whole = desk.run("keys", "rotate-domain", "churn", "--dry-run")
    assert ", 90 days" in whole.stderr
    assert "may be used until" not in whole.stderr
    ended = desk.run("keys", "rotate-domain", "churn", "--days", "0")
    assert (ended.exit_code, "lead to nobody" in ended.stderr) == (0, True), "in an emergency it is done all the same"


def test_status_says_when_the_setting_names_another_key(desk: Desk) -> None:
    assert "VARDE_KEK" not in desk.run("keys", "status").stderr
    other = desk.folder / "other-kek"
    create_key_file(other)
    told = desk.run("keys", "status", env={"VARDE_KEK": str(other)})
    assert (told.exit_code, "set it right" in told.stderr) == (0, True)

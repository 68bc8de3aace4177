"""`varde backup`, `restore`, and `erase` of many, typed: what they say, and that a rehearsal changes nothing."""

import re
import shutil
from pathlib import Path

import pytest

from tests.integration.cli_desk import SECRETS, Desk, stocked, tick


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


def parts(desk: Desk) -> tuple[str, ...]:
    return desk.path("saved"), "--keystore", desk.path("keys"), "--generations", desk.path("generations")


def test_a_backup_is_made_restored_and_replayed(desk: Desk) -> None:
    rehearsed = desk.run("backup", *parts(desk), "--dry-run")
    assert (rehearsed.exit_code, "would save the home and its keys" in rehearsed.stderr) == (0, True)
    assert not Path(desk.path("saved")).exists()
    saved = desk.run("backup", *parts(desk))
    assert saved.exit_code == 0, saved.output
    made_before = tick()
    assert desk.run("consent", "object", "shop:1", "churn").exit_code == 0
    (said,) = desk.json("consent", "show", "shop:1")["acts"]
    assert said["notice_version"] is None, "nobody is shown a text before they object"
    assert desk.run("erase", "shop:2", "--yes").exit_code == 0
    refused = desk.run("restore", *parts(desk))
    assert (refused.exit_code, "control database already" in refused.stderr) == (2, True)
    for path in desk.home.glob("control.db*"):
        path.unlink()
    shutil.rmtree(desk.home / "lake")
    rehearsed = desk.run("restore", *parts(desk), "--dry-run")
    assert (rehearsed.exit_code, "legal holds" in rehearsed.stderr) == (0, True)
    assert not (desk.home / "control.db").exists()
    done = desk.run("restore", *parts(desk), "--format", "json")
    assert done.exit_code == 0, done.output
    assert '"records_erased_again": 1' in done.stdout
    assert "VARDE_LEDGER_COPY" in done.stderr
    told = " ".join(done.stderr.split())
    instant = re.search(r"legal holds, .* made since (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC are lost", told)
    assert instant is not None, "what the ledger does not have is said, with the instant from which on it is lost"
    assert instant[1] <= f"{made_before:%Y-%m-%d %H:%M:%S}"
    assert "before `varde retention run`" in told
    assert desk.run("consent", "show", "shop:2").exit_code == 2
    assert desk.json("consent", "show", "shop:1")["acts"] == [said], "the same fact as before"
    assert not any(secret in saved.output + done.output for secret in SECRETS)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("backup",), "give DIR"),
        (("backup", "a", "--keystore", "b"), "--generations"),
        (("backup", "a", "--keystore", "a/b", "--generations", "c"), "do not lie in one another"),
        (("restore",), "--replay"),
        (("restore", "nowhere"), "no whole backup"),
    ],
)
def test_what_cannot_be_saved_or_brought_back_is_told(desk: Desk, words: tuple[str, ...], told: str) -> None:
    ended = desk.run(*words)
    assert ended.exit_code == 2
    assert told in " ".join(ended.stderr.split())


def test_only_owner_and_engineer_make_backups(desk: Desk) -> None:
    assert desk.run("backup", *parts(desk), role="scientist").exit_code == 4


def test_a_replay_of_a_home_that_is_right_changes_nothing(desk: Desk) -> None:
    done = desk.run("restore", "--replay", "--format", "json")
    assert done.exit_code == 0
    assert '"acts_replayed": 0' in done.stdout
    assert desk.run("consent", "show", "shop:1").exit_code == 0


def test_people_of_a_file_are_erased_together_and_proven_gone(desk: Desk) -> None:
    people = desk.file("people.txt", "shop:1\nshop:2\n\nshop:nobody\nemail:familie@example.org\nshop:1\n")
    rehearsed = desk.run("erase", "--file", people, "--dry-run")
    assert "2 people found; 1 identifier nobody carries, 1 shared by several" in " ".join(rehearsed.stderr.split())
    assert desk.run("consent", "show", "shop:1").exit_code == 0
    done = desk.run("erase", "--file", people, "--yes", "--format", "json")
    assert done.exit_code == 3, "two lines could not be followed"
    (row,) = desk.json("audit", "log", "--action", "erasure.complete")
    erasure = row["erasure"] if "erasure" in row else row["fields"]["erasure"]
    proven = desk.run("erase", "verify", erasure)
    assert (proven.exit_code, "Nothing is left" in proven.stderr) == (0, True)
    note = desk.run("erase", "certificate", erasure)
    assert note.stdout.startswith("varde-erasure-certificate/v2\n{")
    assert desk.run("erase", "certificate", "00" * 16).exit_code == 2
    for stranger in ("00" * 16, "zz"):
        unknown = desk.run("erase", "verify", stranger)
        assert (unknown.exit_code, "nobody was erased under that reference" in unknown.stderr) == (2, True)
    assert desk.run("erase", "shop:3", "--file", people).exit_code == 2

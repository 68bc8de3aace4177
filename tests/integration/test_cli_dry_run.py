"""`--dry-run` says what the real command would do or refuse, with its exit code, and changes nothing."""

from pathlib import Path

import pytest

from tests.integration.cli_desk import Desk, stocked
from tests.integration.test_cli_witness import LOG, run


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


@pytest.mark.parametrize(
    ("words", "role", "code"),
    [
        (("approve", "nosuch"), None, 4),
        (("approve", "nosuch"), "dpo", 4),
        (("approve", "shopping"), None, 4),
        (("approve", "shopping"), "scientist", 4),
        (("approve", "shopping"), "dpo", 4),
        (("approve", "shopping", "--unchecked", "no_data_yet"), "dpo", 0),
        (("refuse", "shopping", "--because", "unclear"), "scientist", 4),
        (("refuse", "shopping", "--because", "unclear"), "dpo", 0),
        (("revoke", "nosuch"), None, 2),
        (("revoke", "nosuch"), "scientist", 4),
        (("revoke", "shopping"), "scientist", 4),
        (("revoke", "shopping"), None, 0),
    ],
)
def test_dry_run_of_a_view_ends_as_the_act_does(
    desk: Desk, words: tuple[str, ...], role: str | None, code: int
) -> None:
    before = desk.json("view", "list")
    rehearsed = desk.run("view", *words, "--dry-run", role=role)
    assert desk.json("view", "list") == before
    assert (rehearsed.exit_code, "would" in rehearsed.stderr) == (code, code == 0), rehearsed.output
    done = desk.run("view", *words, role=role)
    assert done.exit_code == code
    if code:
        assert done.stderr == rehearsed.stderr


def test_revoking_what_is_not_there_says_where_to_look(desk: Desk) -> None:
    assert "varde view list" in desk.run("view", "revoke", "nosuch").stderr


@pytest.mark.parametrize(("role", "code"), [("dpo", 4), ("scientist", 4), (None, 4)])
def test_dry_run_of_a_submission_ends_as_the_act_does(desk: Desk, role: str | None, code: int) -> None:
    words = ("view", "submit", desk.path("view.yaml"))
    rehearsed, done = desk.run(*words, "--dry-run", role=role), desk.run(*words, role=role)
    assert rehearsed.exit_code == done.exit_code == code, "the role may not, or this version is submitted already"
    assert done.stderr == rehearsed.stderr


def test_checkpoint_is_not_signed(desk: Desk) -> None:
    ended = desk.run("audit", "checkpoint", "--dry-run")
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert "would sign the log's head over" in ended.stderr


def test_log_is_not_continued(desk: Desk, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text(desk.run("audit", "checkpoint").stdout, encoding="utf-8")
    words = ("audit", "continue", "--from", str(kept), "--reason", "drill")
    before = desk.json("audit", "log", "--limit", "1")[0]["leaf"]
    ended = desk.run(*words, "--dry-run")
    assert ended.exit_code == 0
    assert f"/1 with entry {before + 1}." in ended.stderr
    assert desk.json("audit", "verify")[0]["logs"] == 1
    assert desk.json("audit", "log", "--action", "log.continued") == []
    assert desk.run(*words, "--dry-run", role="dpo").exit_code == 4
    assert desk.run(*words).exit_code == 0
    assert desk.run(*words, "--dry-run").exit_code == desk.run(*words).exit_code == 1, "it is of the log that ended"


def test_roots_are_not_made_again(desk: Desk) -> None:
    ended = desk.run("audit", "rebuild", "--dry-run")
    assert ended.exit_code == 0
    assert "entries of 1 logs" in ended.stderr
    assert desk.run("audit", "rebuild", "--dry-run", role="scientist").exit_code == 4


def test_witness_is_neither_made_nor_told_what_to_watch(tmp_path: Path) -> None:
    folder = tmp_path / "witness"
    assert run(folder, "init", "witness.example/w1", "--dry-run").exit_code == 0
    assert not folder.exists()
    assert run(folder, "init", "no name", "--dry-run").exit_code == run(folder, "init", "no name").exit_code != 0
    made = run(folder, "init", "witness.example/w1")
    again = run(folder, "init", "witness.example/w1", "--dry-run")
    assert (again.exit_code, "already" in again.stderr) == (2, True)
    assert run(folder, "trust", str(LOG.vkey), "--dry-run").exit_code == 0
    assert run(folder, "logs", "--format", "csv").stdout.splitlines() == ["log,cosigned,key"]
    assert run(folder, "trust", made.stdout.strip(), "--dry-run").exit_code == 1, "a witness's key is no log's"
    assert run(folder, "trust", str(LOG.vkey)).exit_code == 0
    assert run(folder, "trust", str(LOG.vkey), "--dry-run").exit_code == 2

"""How commands fail: a sentence and an exit code; no traceback, no value, nothing on standard output."""

import csv
import io
import json
from pathlib import Path

import pytest

from hub.cli import audit
from hub.errors import WriteUnknown
from tests.integration.cli_desk import SECRETS, Desk, bare, stocked


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


def _explode(*_: object, **__: object) -> None:
    local_variable = "astrid.aas@example.org"
    raise RuntimeError(local_variable)


def test_unexpected_error_is_a_class_and_an_incident(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "verify_log", _explode)
    ended = desk.run("audit", "verify")
    assert ended.exit_code == 1
    assert ended.stdout == ""
    assert "RuntimeError (incident " in ended.stderr
    assert "astrid" not in ended.output
    assert "Traceback" not in ended.output
    assert "local_variable" not in ended.output


def test_two_incidents_are_told_apart(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "verify_log", _explode)
    assert desk.run("audit", "verify").stderr != desk.run("audit", "verify").stderr


def test_debug_shows_where_and_never_what(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "verify_log", _explode)
    ended = desk.run("audit", "verify", env={"VARDE_DEBUG": "1"})
    assert ended.exit_code == 1
    assert "in _explode" in ended.stderr
    assert "astrid" not in ended.output
    assert "local_variable" not in ended.output


def test_unknown_commit_is_5(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object, **__: object) -> None:
        raise WriteUnknown

    monkeypatch.setattr(audit, "verify_log", lost)
    assert desk.run("audit", "verify").exit_code == 5


def test_database_that_does_not_answer_is_5(desk: Desk) -> None:
    ended = desk.run("audit", "log", env={"VARDE_DATABASE_URL": "postgresql://varde:s3cret@127.0.0.1:1/none"})
    assert ended.exit_code == 5
    assert "s3cret" not in ended.output


@pytest.mark.parametrize("token", ["wrong", "", "x" * 5000])
def test_unknown_token_is_4_and_not_repeated(desk: Desk, token: str) -> None:
    ended = desk.run("audit", "key", env={"VARDE_TOKEN": token})
    assert ended.exit_code == (0 if token == "" else 4), "an empty variable is no token"
    assert token == "" or token not in ended.output


def test_token_is_no_option(desk: Desk) -> None:
    assert desk.run("audit", "log", "--token", "x").exit_code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("no-such-command",),
        ("consent", "withdraw"),
        ("consent", "withdraw", "a", "b", "astrid.aas@example.org", "90012345"),
        ("ingest", "only-a-contract.yaml"),
        ("audit", "log", "--limit", "none"),
        ("audit", "log", "--since", "yesterday"),
        ("audit", "log", "--since", "2025-01-01T10:00"),
        ("audit", "log", "--format", "xml"),
        ("principal", "revoke", "not-an-id"),
        ("lake", "compact", "no_such_table"),
        ("batch", "show", "nothing"),
        ("view", "show", "nothing"),
        ("view", "submit", "no-such-file.yaml"),
        ("policy", "plan", "no-such-file.yaml"),
        ("source", "check", "one-file-only"),
        ("hold", "add", "--reason", "claim", "--until", "2027-01-01", "--table", "nothing"),
        ("hold", "add", "--reason", "Astrid Aas", "--until", "2027-01-01"),
        ("hold", "lift", "not-an-id", "--reason", "over"),
        ("erase", "--dry-run"),
        ("erase", "shop:1", "--finish"),
    ],
)
def test_wrong_usage_is_2(desk: Desk, words: tuple[str, ...]) -> None:
    ended = desk.run(*words)
    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert ended.stderr
    assert not any(secret in ended.output for secret in SECRETS)


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("agent", ("audit", "log")),
        ("agent", ("quarantine", "list")),
        ("dpo", ("quarantine", "export", "--out", "x")),
        ("scientist", ("ingest", "people.yaml", "people.csv")),
        ("scientist", ("policy", "apply", "p.yaml")),
        ("scientist", ("consent", "withdraw", "shop:1", "churn")),
        ("agent", ("principal", "list")),
        ("agent", ("erase", "shop:1", "--yes")),
        ("agent", ("lake", "purge")),
        ("scientist", ("retention", "plan")),
        ("agent", ("retention", "run")),
        ("scientist", ("hold", "list")),
        ("agent", ("serve",)),
        ("dpo", ("outbox", "send")),
        ("scientist", ("recipient", "send")),
        ("agent", ("recipient", "list")),
        ("agent", ("outbox", "list")),
        ("agent", ("predict", "train", "churn")),
        ("scientist", ("view", "approve", "shopping")),
    ],
)
def test_role_without_the_duty_is_4(desk: Desk, role: str, words: tuple[str, ...]) -> None:
    there = [desk.path(word) if word.endswith((".yaml", ".csv")) else word for word in words]
    ended = desk.run(*there, role=role)
    assert ended.exit_code == 4, ended.output
    assert ended.stdout == ""
    assert "refused" in ended.stderr


def test_log_lines_come_only_when_asked_for(desk: Desk) -> None:
    assert "command_ended" not in desk.run("audit", "key").stderr
    ended = desk.run("audit", "key", env={"VARDE_LOG": "json"})
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["command_ended"]
    assert (lines[0]["command"], lines[0]["exit_code"]) == ("audit", 0)
    assert ended.stdout.startswith("varde/")


NOUNS = (
    *("init", "migrate", "doctor", "source", "ingest", "quarantine", "consent", "principal", "policy", "view"),
    *("audit", "lake", "batch", "erase", "serve", "predict", "demo", "version", "subject", "retention", "hold"),
    *("outbox", "recipient", "match"),
)


@pytest.mark.parametrize("noun", NOUNS)
def test_every_noun_explains_itself(desk: Desk, noun: str) -> None:
    explained = desk.run(noun, "--help")
    assert explained.exit_code == 0
    assert noun in desk.run("--help").stdout
    assert explained.stderr == ""


@pytest.mark.parametrize(
    "words",
    [
        ("audit", "log"),
        ("quarantine", "list"),
        ("batch", "list"),
        ("batch", "show", "shop_orders"),
        ("principal", "list"),
        ("policy", "show"),
        ("view", "list"),
        ("view", "new"),
        ("view", "show", "shopping"),
        ("lake", "fsck"),
        ("retention", "plan", "--all"),
        ("retention", "list"),
        ("hold", "list"),
        ("outbox", "list"),
        ("doctor",),
        ("version",),
        ("migrate", "--dry-run"),
    ],
)
def test_every_list_has_three_forms_with_the_same_rows(desk: Desk, words: tuple[str, ...]) -> None:
    rows = desk.json(*words)
    printed = desk.run(*words, "--format", "csv")
    assert printed.exit_code == 0
    read = list(csv.DictReader(io.StringIO(printed.stdout)))
    assert [set(row) for row in read] == [set(row) for row in rows]
    table = desk.run(*words, "--format", "table")
    assert table.exit_code == 0
    assert not rows or table.stdout


def test_process_of_its_own_keeps_streams_and_codes_apart(tmp_path: Path) -> None:
    desk = bare(tmp_path)
    made = desk.spawn("init")
    assert (made.returncode, made.stdout) == (0, "")
    key = desk.spawn("audit", "key")
    assert (key.returncode, key.stderr) == (0, "")
    assert key.stdout.startswith("varde/")
    broken = desk.spawn("ingest", "people.yaml", "orders.csv")
    assert (broken.returncode, broken.stdout) == (2, "")
    assert "Traceback" not in broken.stderr

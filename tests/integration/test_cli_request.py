"""`varde request`: the words that a DPO types, what is printed, and that no name is, but into the file asked for."""

import json
import stat
from pathlib import Path

import pytest

from hub.exit_code import ExitCode
from tests.integration.cli_desk import AT, SECRETS, Desk, stocked

ASTRID = "shop:1"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


def done(desk: Desk, *words: str, stdin: str | None = None, role: str | None = "dpo") -> str:
    result = desk.run("request", *words, role=role, stdin=stdin)
    assert result.exit_code == 0, result.output
    assert not [secret for secret in SECRETS if secret in result.output]
    return result.stdout.strip()


def started(desk: Desk, right: str, who: str = ASTRID) -> str:
    request = done(desk, "open", right, "--language", "sv")
    done(desk, "identify", request, "-", "--proof", "known_contact", stdin=f"{who}\n")
    done(desk, "start", request)
    return request


def test_from_the_inbox_to_the_closed_request(desk: Desk) -> None:
    request, file = started(desk, "access"), Path(desk.path("answer.html"))
    (waiting,) = desk.json("request", "list")
    assert (waiting["request"], waiting["state"], waiting["late"]) == (request, "in_progress", False)
    done(desk, "export", request, "--to", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    page = file.read_text(encoding="utf-8")
    assert '<html lang="sv">' in page
    assert "astrid.aas@example.org" in page
    assert "Bo Berg" not in page
    done(desk, "fulfil", request)
    assert desk.json("request", "list") == []
    steps = [each["step"] for each in desk.json("request", "show", request)]
    assert steps == ["received", "identified", "in_progress", "fulfilled"]


def test_a_request_is_not_closed_before_its_deed(desk: Desk) -> None:
    request = started(desk, "erasure")
    for more in ((), ("--dry-run",)):
        refused = desk.run("request", "fulfil", request, *more, role="dpo")
        assert refused.exit_code == ExitCode.REFUSED
        assert "varde request erase" in refused.output.replace("\n", " ")
    half = desk.run("request", "fulfil", request, "--elsewhere", "other_system", role="dpo")
    assert half.exit_code == ExitCode.USAGE
    words = ("--elsewhere", "other_system", "--reference", "case-7")
    done(desk, "fulfil", request, *words, "--dry-run")
    assert "to be answered by" in done(desk, "show", request)
    done(desk, "fulfil", request, *words)
    told = " ".join(done(desk, "show", request).split())
    assert f"fulfilled on {AT:%A} {AT.day} {AT:%B} {AT.year}" in told, told


def test_a_file_that_is_there_is_not_written_over_and_nothing_is_opened(desk: Desk) -> None:
    request, file = started(desk, "access"), desk.file("mine.html", "mine")
    result = desk.run("request", "export", request, "--to", file)
    assert result.exit_code == ExitCode.USAGE
    assert Path(file).read_text(encoding="utf-8") == "mine"
    assert "request.export" not in desk.run("audit", "log", "--format", "csv").stdout


def test_details_are_corrected_from_standard_input(desk: Desk) -> None:
    request, file = started(desk, "rectification"), Path(desk.path("told.json"))
    done(desk, "correct", request, "--set", "-", stdin="email=ny@example.org\nphone=\n")
    done(desk, "fulfil", request)
    done(desk, "export", started(desk, "access"), "--to", str(file), "--form", "json")
    (told,) = json.loads(file.read_text(encoding="utf-8"))["identity"]
    assert (told["attributes"]["email"], "phone" in told["attributes"]) == ("ny@example.org", False)
    wrong = desk.run("request", "correct", started(desk, "rectification"), "--set", "email", role="dpo")
    assert wrong.exit_code == ExitCode.USAGE


def test_decisions_are_typed_and_told(desk: Desk) -> None:
    objection = started(desk, "objection")
    words = ("--purpose", "churn", "--outcome", "overridden", "--ground", "fraud_prevention", "--document", "lia-7")
    done(desk, "balance", objection, *words)
    told = done(desk, "refuse", objection, "--reason", "overriding_grounds")
    assert "Datatilsynet" in told
    assert told in done(desk, "show", objection)
    restriction = started(desk, "restriction")
    done(desk, "restrict", restriction)
    done(desk, "fulfil", restriction)
    review = started(desk, "human_review")
    done(desk, "review", review)
    missing = desk.run("request", "review", review, "--module", "churn", "--verdict", "confirmed", role="dpo")
    assert missing.exit_code == ExitCode.REFUSED
    done(desk, "extend", review, "--reason", "complex")


def test_an_erasure_closes_its_request(desk: Desk) -> None:
    request = started(desk, "erasure")
    assert desk.run("request", "erase", request, role="dpo").exit_code == ExitCode.USAGE  # nobody was asked
    done(desk, "erase", request, "--yes")
    assert desk.run("consent", "show", ASTRID).exit_code == ExitCode.USAGE
    assert desk.json("request", "list", "--all")[0]["state"] == "fulfilled"


def test_a_dry_run_changes_nothing(desk: Desk) -> None:
    assert done(desk, "open", "access", "--dry-run") == ""
    request = done(desk, "open", "erasure")
    done(desk, "ask", request, "--dry-run")
    done(desk, "identify", request, ASTRID, "--proof", "one_time_code", "--dry-run")
    assert [each["step"] for each in desk.json("request", "show", request)] == ["received"]
    started(desk, "access")
    done(desk, "refuse", request, "--reason", "not_identified", "--dry-run")
    refused = desk.run("request", "refuse", request, "--reason", "excessive", "--dry-run", role="dpo")
    assert refused.exit_code == ExitCode.REFUSED
    assert {each["state"] for each in desk.json("request", "list")} == {"received", "in_progress"}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("open", "access", "--language", "fi"), ExitCode.USAGE),
        (("open", "access", "--received", "2026-01-01"), ExitCode.REFUSED),
        (("show", "nothing"), ExitCode.USAGE),
        (("show", "0" * 32), ExitCode.USAGE),
        (("fulfil", "0" * 32), ExitCode.USAGE),
    ],
)
def test_what_cannot_be_is_refused(desk: Desk, words: tuple[str, ...], code: ExitCode) -> None:
    assert desk.run("request", *words, role="dpo").exit_code == code


def test_agents_enter_requests_and_a_scientist_sees_none(desk: Desk) -> None:
    request = done(desk, "open", "access", role="agent")
    assert desk.run("request", "list", role="agent").exit_code == 0
    for words in (("show", request), ("start", request), ("export", request, "--to", desk.path("x"))):
        assert desk.run("request", *words, role="agent").exit_code == ExitCode.REFUSED
    assert desk.run("request", "list", role="scientist").exit_code == ExitCode.REFUSED
    assert not Path(desk.path("x")).exists()

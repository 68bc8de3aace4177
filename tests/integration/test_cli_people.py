"""`varde consent`, `erase`, `principal`: what people tell us, and who may act, from the command line."""

import json
import re
import stat
from pathlib import Path

import pytest

from tests.integration.cli_desk import SECRETS, Desk, stocked


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = stocked(tmp_path)
    assert made.run("view", "approve", "shopping", "--unchecked", "no_data_yet", role="dpo").exit_code == 0
    return made


def _readable(desk: Desk) -> int:
    rows: list[dict[str, object]] = desk.json("view", "read", "shopping", "--purpose", "churn")
    return len(rows)


def _acts(desk: Desk, who: str) -> list[tuple[str, str]]:
    return [(each["act"], each["purpose"]) for each in desk.json("consent", "show", who)["acts"]]


def _stand(desk: Desk, purpose: str) -> tuple[bool | None, str | None, str]:
    """Return what `consent show` says of the first person and a purpose: used, because, consent."""
    standing = desk.json("consent", "show", "shop:1")["standing"]
    (row,) = (each for each in standing if each["purpose"] == purpose)
    return row["used"], row["because"], row["consent"]


def test_where_somebody_stands_is_what_the_gate_decides(desk: Desk) -> None:
    """A no to everything ends what was agreed to before; of what nothing was said the verdict is told too."""
    assert desk.run("consent", "give", "shop:1", "winback").exit_code == 0
    assert _stand(desk, "winback") == (True, None, "given")
    assert _stand(desk, "churn")[0]
    assert desk.run("consent", "withdraw", "shop:1", "*").exit_code == 0
    assert _stand(desk, "winback") == (False, "consent_withdrawn", "withdrawn")
    assert _stand(desk, "*") == (None, None, ["withdrawn"])
    assert desk.run("consent", "object", "shop:1", "churn").exit_code == 0
    assert _stand(desk, "churn") == (False, "objected", "withdrawn")


def test_objection_holds_for_the_very_next_read(desk: Desk) -> None:
    before = _readable(desk)
    ended = desk.run("consent", "object", "shop:1", "churn")
    assert ended.exit_code == 0
    assert ended.stdout == ""
    assert _readable(desk) == before - 1
    assert desk.run("consent", "lift", "objection", "shop:1", "churn").exit_code == 0
    assert _readable(desk) == before


def test_restriction_without_a_purpose_is_for_every_purpose(desk: Desk) -> None:
    before = _readable(desk)
    assert desk.run("consent", "restrict", "email:astrid.aas@example.org").exit_code == 0
    assert _acts(desk, "shop:1") == [("restricted", "*")]
    assert _readable(desk) == before - 1


def test_identifier_comes_from_standard_input_and_is_never_printed(desk: Desk) -> None:
    ended = desk.run("consent", "withdraw", "-", "winback", stdin="phone:90012345\n")
    assert ended.exit_code == 0
    assert _acts(desk, "shop:1") == [("withdrawn", "winback")]
    assert not any(secret in ended.output for secret in SECRETS)
    assert desk.run("consent", "withdraw", "-", "winback", stdin="").exit_code == 2


def test_unknown_person_is_2_and_not_repeated(desk: Desk) -> None:
    ended = desk.run("consent", "show", "email:nobody.known@example.org")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "nobody.known" not in ended.output


def test_unknown_purpose_is_2_and_writes_nothing(desk: Desk) -> None:
    assert desk.run("consent", "give", "shop:1", "no_such").exit_code == 2
    assert desk.run("consent", "give", "shop:1", "no_such", "--dry-run").exit_code == 2
    assert _acts(desk, "shop:1") == []


def test_dry_run_says_how_many_records_and_writes_nothing(desk: Desk) -> None:
    ended = desk.run("consent", "withdraw", "shop:1", "churn", "--dry-run")
    assert "`withdrawn` for churn on 1 record of the person" in ended.stderr
    assert _acts(desk, "shop:1") == []


def test_consent_is_for_one_purpose_and_may_lapse(desk: Desk) -> None:
    assert desk.run("consent", "give", "shop:1", "*").exit_code == 2
    assert desk.run("consent", "give", "shop:1", "winback", "--until", "2020-01-01").exit_code == 2
    assert desk.run("consent", "give", "shop:1", "winback", "--until", "2030-01-01").exit_code == 0
    assert _stand(desk, "winback") == (True, None, "given")


@pytest.mark.parametrize(
    "words",
    [("consent", "give", "{}", "winback"), ("consent", "lift", "restriction", "{}"), ("erase", "{}", "--yes")],
)
def test_shared_address_permits_and_destroys_nothing(desk: Desk, words: tuple[str, ...]) -> None:
    ended = desk.run(*(word.format("email:familie@example.org") for word in words))
    assert ended.exit_code == 4
    assert "identifier_is_shared" in ended.stderr
    assert _acts(desk, "shop:3") == []


def test_shared_address_can_restrict_everybody_who_has_it(desk: Desk) -> None:
    assert desk.run("consent", "object", "email:familie@example.org", "churn").exit_code == 0
    assert _acts(desk, "shop:3") == _acts(desk, "shop:4") == [("objected", "churn")]


def test_erased_person_is_gone_and_the_log_still_verifies(desk: Desk) -> None:
    before = _readable(desk)
    ended = desk.run("erase", "shop:1", "--yes")
    assert ended.exit_code == 0, ended.output
    assert _readable(desk) == before - 1
    assert desk.run("consent", "show", "shop:1").exit_code == 2
    erasure = re.search(r"[0-9a-f]{32}", ended.stdout)
    assert erasure is not None
    shown = desk.run("erase", "certificate", erasure[0], "--readable", "--format", "json")
    rows = {row["where"]: row for row in json.loads(shown.stdout)}
    assert rows["record_revision"]["rows"] == 1
    assert rows["tombstone"]["what"] == "kept"
    assert "score_review" not in rows, "nobody reviewed a score of theirs"
    assert desk.run("audit", "verify").exit_code == 0
    assert desk.run("erase", "--finish").exit_code == 0


def test_dry_run_of_erasure_names_what_goes_and_changes_nothing(desk: Desk) -> None:
    before = _readable(desk)
    ended = desk.run("erase", "shop:1", "--dry-run")
    assert ended.exit_code == 0
    assert "record_revision" in ended.stdout
    assert "Nothing was changed" in ended.stderr
    assert _readable(desk) == before


def test_erasure_in_a_script_must_be_confirmed(desk: Desk) -> None:
    before = _readable(desk)
    assert desk.run("erase", "shop:1").exit_code == 2
    assert _readable(desk) == before


def test_token_is_all_that_add_prints_and_opens_the_door(desk: Desk) -> None:
    added = desk.run("principal", "add", "-", "--role", "engineer", stdin="Kari Nordmann\n")
    assert added.exit_code == 0
    token = added.stdout.strip()
    assert len(token) >= 43, "32 random bytes"
    assert token not in added.stderr
    assert "Nordmann" not in added.output
    assert desk.run("lake", "fsck", env={"VARDE_TOKEN": token}).exit_code == 0
    assert desk.run("audit", "log", env={"VARDE_TOKEN": token}).exit_code == 4


def test_token_file_is_private(desk: Desk) -> None:
    ended = desk.run("principal", "add", "Kari", "--role", "dpo", "--token-file", desk.path("kari.token"))
    assert (ended.exit_code, ended.stdout) == (0, "")
    path = desk.folder / "kari.token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert desk.run("audit", "verify", env={"VARDE_TOKEN": path.read_text()}).exit_code == 0


def test_revoked_and_expired_tokens_are_refused(desk: Desk) -> None:
    token = desk.run("principal", "add", "Kari", "--role", "dpo").stdout.strip()
    kari = next(each["id"] for each in desk.json("principal", "list") if each["label"] == "Kari")
    assert desk.run("principal", "revoke", kari, "--dry-run").exit_code == 0
    assert desk.run("audit", "key", env={"VARDE_TOKEN": token}).exit_code == 0
    assert desk.run("principal", "revoke", kari).exit_code == 0
    assert desk.run("audit", "key", env={"VARDE_TOKEN": token}).exit_code == 4
    old = desk.run("principal", "add", "Ola", "--role", "dpo", "--expires", "2025-01-01").stdout.strip()
    assert desk.run("audit", "key", env={"VARDE_TOKEN": old}).exit_code == 4


def test_grant_binds_and_unbinds(desk: Desk) -> None:
    scientist = next(each["id"] for each in desk.json("principal", "list") if each["role"] == "scientist")
    read = ("view", "read", "shopping", "--purpose", "churn")
    assert desk.run(*read, role="scientist").exit_code == 0
    assert desk.run("principal", "grant", scientist, "--purpose", "winback", "--view", "*").exit_code == 0
    assert desk.run(*read, role="scientist").exit_code == 4
    assert desk.run("principal", "grant", "0" * 32, "--purpose", "churn").exit_code == 4


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_dpo_makes_no_owner_and_changes_none(desk: Desk, more: tuple[str, ...]) -> None:
    before = desk.json("principal", "list")
    owner = next(each["id"] for each in before if each["role"] == "owner")
    words = (("add", "Kari", "--role", "owner"), ("grant", owner, "--purpose", "churn"), ("revoke", owner))
    for word in words:
        ended = desk.run("principal", *word, *more, role="dpo")
        assert (ended.exit_code, ended.stdout) == (4, "")
        assert "role_above_own" in ended.stderr
    assert desk.json("principal", "list") == before


def test_dry_run_of_add_adds_nobody(desk: Desk) -> None:
    before = desk.json("principal", "list")
    ended = desk.run("principal", "add", "Kari", "--role", "owner", "--dry-run")
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert desk.json("principal", "list") == before

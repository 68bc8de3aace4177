"""`varde init`, `migrate`, `doctor`: a home is made once, told from a broken one, and never widened."""

import shutil
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from hub.authentication import acting_principal
from hub.clock import now
from hub.compose import open_hub
from hub.doctor import examine
from hub.finding import State
from hub.notices.publishing import publish, unkept
from hub.recipients.store import NoticeState
from hub.recipients.tables import RecipientNotice
from hub.settings import Settings
from tests.integration.cli_desk import AT, Desk, stocked


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


def _state(desk: Desk, check: str) -> tuple[str, str]:
    found = {each["check"]: each for each in desk.json("doctor")}
    return found[check]["state"], found[check]["remedy"]


def _settings(desk: Desk) -> Settings:
    return Settings.load({"VARDE_HOME": str(desk.home)})


def test_dry_run_of_init_leaves_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    ended = desk.run("init", "--dry-run")
    assert ended.exit_code == 0
    assert "key-encryption key" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_init_makes_a_home_for_the_owner_alone_and_again_changes_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.run("init").exit_code == 0
    paths = [desk.home, *desk.home.rglob("*")]
    assert not [path for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077]
    key, token = (desk.home / "key/kek").read_bytes(), (desk.home / "owner.token").read_bytes()
    again = desk.run("init")
    assert again.exit_code == 0
    assert "already" in again.stderr
    assert ((desk.home / "key/kek").read_bytes(), (desk.home / "owner.token").read_bytes()) == (key, token)


def test_home_option_wins_over_the_environment(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.run("--home", desk.path("other"), "init").exit_code == 0
    assert (tmp_path / "other/control.db").exists()
    assert not desk.home.exists()


def test_home_that_others_can_enter_is_refused(desk: Desk) -> None:
    desk.home.chmod(0o755)
    ended = desk.run("init")
    assert ended.exit_code == 2
    assert "chmod 700" in ended.stderr


def test_command_without_a_home_says_how_to_make_one(tmp_path: Path) -> None:
    ended = Desk(tmp_path).run("audit", "log")
    assert ended.exit_code == 2
    assert "varde init" in ended.stderr


def test_migrate_says_before_and_after(desk: Desk) -> None:
    rows = desk.json("migrate")
    assert {row["database"] for row in rows} == {"control", "keystore"}
    assert all(row["before"] == row["after"] for row in rows)


def test_healthy_home_has_only_the_warnings_of_one_account(desk: Desk) -> None:
    found = {each.check: each.state for each in examine(_settings(desk), clock=now)}
    warnings = {check for check, state in found.items() if state is State.WARNING}
    assert warnings == {"key_apart", "anchor", "ledger", "four_eyes", "keys_due", "retention", "notices"}, (
        "its keys were drawn in June 2025"
    )
    assert State.FAULT not in found.values()
    assert len(found) >= 14
    assert desk.run("doctor").exit_code == 0


def test_doctor_tells_of_letters_that_do_not_leave(desk: Desk) -> None:
    assert _state(desk, "letters")[0] == "ok"
    desk.run("request", "open", "access", role=None)
    request = desk.json("request", "list")[0]["request"]
    assert desk.run("request", "identify", request, "shop:1", "--proof", "known_contact").exit_code == 0
    assert _state(desk, "letters")[0] == "ok", "just written"
    later = examine(_settings(desk), clock=lambda: AT + timedelta(hours=3))
    (found,) = [each for each in later if each.check == "letters"]
    assert (found.state, "1 wait" in found.found, "VARDE_MAIL" in found.remedy) == (State.WARNING, True, True)


def test_doctor_tells_of_recipients_who_were_not_told(desk: Desk) -> None:
    assert _state(desk, "recipients")[0] == "ok"
    hub = open_hub(_settings(desk), clock=lambda: AT)
    with hub.unit_of_work() as session:
        session.execute(insert(RecipientNotice), [_notice(NoticeState.UNNAMED, 1), _notice(NoticeState.TOLD, 2)])
    state, remedy = _state(desk, "recipients")
    assert (state, "varde recipient notices" in remedy) == ("warning", True)


def test_doctor_tells_of_a_balancing_test_that_nobody_looked_at_again(desk: Desk) -> None:
    assert _state(desk, "policy_reviews")[0] == "ok"
    later = examine(_settings(desk), clock=lambda: AT + timedelta(days=4_000))
    (found,) = [each for each in later if each.check == "policy_reviews"]
    assert found.state is State.WARNING
    assert "churn" in found.found


def test_doctor_tells_of_purposes_whose_notice_is_not_kept_as_it_stands(desk: Desk) -> None:
    state, remedy = _state(desk, "notices")
    assert (state, "varde notice keep" in remedy) == ("warning", True)
    assert desk.run("notice", "keep").exit_code == 0
    assert "VARDE_CONTROLLER" in _state(desk, "notices")[1], "kept, and it names nobody"
    named = replace(_settings(desk), controller="Fjord AS, Bergen")
    hub = open_hub(named, clock=lambda: AT)
    assert unkept(hub).state is State.WARNING, "the text is another one now"
    publish(hub, acting_principal(hub))
    assert unkept(hub).state is State.OK


def _notice(state: NoticeState, number: int) -> dict[str, object]:
    return {
        **dict.fromkeys(("notice_id", "recipient_id", "record_id", "act_id"), number.to_bytes(16)),
        "recipient": "mailing house",
        "kind": "erasure",
        "purpose": "churn",
        "envelope": b"",
        "state": state.value,
        **dict.fromkeys(("created_at", "due_at", "expires_at"), AT),
        "attempts": 0,
    }


def test_doctor_finds_a_clock_that_the_file_system_does_not_share(desk: Desk) -> None:
    assert _state(desk, "clock_files")[0] == "warning", "the desk's clock stands in another year"


def test_doctor_leaves_nothing_behind(desk: Desk) -> None:
    before = {path for path in desk.home.rglob("*") if path.suffix not in {".db-wal", ".db-shm"}}
    desk.run("doctor")
    assert {path for path in desk.home.rglob("*") if path.suffix not in {".db-wal", ".db-shm"}} == before


def test_doctor_finds_a_readable_file_without_naming_it(desk: Desk) -> None:
    stray = desk.home / "Ola Nordmann.csv"
    stray.write_text("x")
    stray.chmod(0o644)
    ended = desk.run("doctor")
    assert ended.exit_code == 2
    assert _state(desk, "permissions")[0] == "fault"
    assert "chmod" in _state(desk, "permissions")[1]
    assert "Nordmann" not in ended.output


def test_doctor_looks_at_the_key_and_not_at_what_lies_beside_it(desk: Desk, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    (desk.home / "key" / "kek").rename(secrets / "kek")
    config = desk.home / "varde.toml"
    config.write_text(f'kek = "{secrets / "kek"}"')
    config.chmod(0o600)
    beside = secrets / "of-somebody-else"
    beside.write_text("x")
    beside.chmod(0o644)
    assert _state(desk, "permissions")[0] == "ok"
    secrets.chmod(0o755)
    assert _state(desk, "permissions")[0] == "fault"


def test_doctor_works_without_key(desk: Desk) -> None:
    (desk.home / "key/kek").unlink()
    assert desk.run("doctor").exit_code == 2
    assert _state(desk, "key_file")[0] == "fault"


def test_doctor_finds_a_key_of_another_home(desk: Desk, tmp_path: Path) -> None:
    other = Desk(tmp_path / "other")
    other.folder.mkdir()
    assert other.run("init").exit_code == 0
    shutil.copy(other.home / "key/kek", desk.home / "key/kek")
    assert desk.run("doctor").exit_code == 2
    assert _state(desk, "hub")[0] == "fault"


def test_doctor_warns_while_the_key_shares_the_disk_and_takes_a_key_elsewhere(desk: Desk, tmp_path: Path) -> None:
    assert _state(desk, "key_apart")[0] == "warning"
    apart = tmp_path / "safe"
    apart.mkdir(mode=0o700)
    shutil.move(desk.home / "key/kek", apart / "kek")
    settings = Settings.load({"VARDE_HOME": str(desk.home), "VARDE_KEK": f"file:{apart / 'kek'}"})
    found = {each.check: each for each in examine(settings, clock=now)}
    assert found["key_file"].state is State.OK
    assert "shares a disk" in found["key_apart"].found


def test_one_database_for_both_stores_is_refused(desk: Desk) -> None:
    url = f"sqlite:///{desk.home / 'control.db'}"
    assert desk.run("doctor", env={"VARDE_KEYSTORE_URL": url}).exit_code == 2


def test_doctor_finds_a_clock_behind_the_log(desk: Desk) -> None:
    found = {each.check: each for each in examine(_settings(desk), clock=lambda: AT - timedelta(days=1))}
    assert found["clock_audit"].state is State.FAULT
    assert "NTP" in found["clock_audit"].remedy


def test_doctor_finds_no_home(tmp_path: Path) -> None:
    ended = Desk(tmp_path).run("doctor")
    assert ended.exit_code == 2
    assert "varde init" in ended.stdout

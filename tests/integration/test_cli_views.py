"""`varde view`, `policy`, `audit`, `lake`, `predict`: from a spec to rows on disk, under a policy, in a proven log."""

import json
import stat
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from privacy.verifier import verifier_key_of, verify_checkpoint
from tests.integration.cli_desk import Desk, stocked

READ = ("view", "read", "shopping", "--purpose", "churn")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


@pytest.fixture
def approved(desk: Desk) -> Desk:
    assert desk.run("view", "approve", "shopping", "--unchecked", "no_data_yet", role="dpo").exit_code == 0
    return desk


def test_author_cannot_approve_and_nobody_reads_before_approval(desk: Desk) -> None:
    assert desk.run(*READ).exit_code == 4
    assert desk.run("view", "approve", "shopping").exit_code == 4
    refused = desk.json("audit", "log", "--action", "view.release.refused")
    assert len(refused) == 1, "a read that was refused is in the log, also where no date was given"


def test_approval_on_one_account_says_that_four_eyes_are_not_enforced(desk: Desk) -> None:
    ended = desk.run("view", "approve", "shopping", "--unchecked", "no_data_yet", role="dpo")
    assert ended.exit_code == 0
    assert "not enforced" in ended.stderr
    (row,) = desk.json("view", "list")
    assert (row["state"], row["four_eyes_enforced"]) == ("approved", False)


def test_dry_runs_change_no_view(desk: Desk) -> None:
    desk.file("again.yaml", Path(desk.path("view.yaml")).read_text().replace("version: 1", "version: 2"))
    before = desk.json("view", "list")
    assert desk.run("view", "submit", desk.path("again.yaml"), "--dry-run").exit_code == 0
    assert desk.run("view", "approve", "shopping", "--unchecked", "no_data_yet", "--dry-run", role="dpo").exit_code == 0
    assert desk.run("view", "revoke", "shopping", "--dry-run").exit_code == 0
    assert desk.json("view", "list") == before


def test_spec_that_breaks_a_rule_is_2_and_names_it(desk: Desk) -> None:
    spec = Path(desk.path("view.yaml")).read_text().replace("op: count", "op: eavesdrop")
    ended = desk.run("view", "submit", desk.file("bad.yaml", spec))
    assert ended.exit_code == 2
    assert "unknown_op" in ended.stderr


def test_kept_rows_are_those_of_the_instant_they_were_made_at(approved: Desk) -> None:
    assert approved.run(*READ, "--kept").exit_code == 4, "nobody made any"
    assert approved.run("view", "materialise", "shopping", "--as-of", "2025-05-01").exit_code == 0
    kept = approved.run(*READ, "--kept")
    assert sorted(kept.stdout.splitlines()) == sorted(approved.run(*READ, "--as-of", "2025-05-01").stdout.splitlines())
    assert "as kept" in kept.stderr
    assert approved.run(*READ, "--kept", "--as-of", "2025-05-01").exit_code == 2


def test_piped_rows_are_csv_under_pseudonyms(approved: Desk) -> None:
    ended = approved.run(*READ)
    assert ended.exit_code == 0
    header, *rows = ended.stdout.splitlines()
    assert header == "pseudonym,orders,amount"
    assert all(len(row.split(",")[0]) == 32 for row in rows)
    assert "rows of shopping as of 2025-06-01" in ended.stderr


@pytest.mark.parametrize("kind", ["parquet", "csv", "arrow", "json"])
def test_rows_go_to_a_private_file_of_each_kind(approved: Desk, kind: str) -> None:
    out = approved.folder / f"rows.{kind}"
    assert approved.run(*READ, "--out", str(out)).exit_code == 2, "nobody said what for"
    assert not out.exists()
    ended = approved.run(*READ, "--use", "help_offered", "--out", str(out))
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    readers: dict[str, Any] = {
        "parquet": pl.read_parquet,
        "csv": pl.read_csv,
        "arrow": pl.read_ipc,
        "json": pl.read_json,
    }
    frame: pl.DataFrame = readers[kind](out)
    assert frame.columns == ["pseudonym", "orders", "amount"]
    assert frame.height == len(approved.json(*READ))


def test_file_of_unknown_kind_is_refused_before_anything_is_read(approved: Desk) -> None:
    assert approved.run(*READ, "--out", approved.path("rows.xls")).exit_code == 2
    assert approved.json("audit", "log", "--action", "view.release") == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("view", "read", "shopping", "--purpose", "winback"), 4),
        (("view", "read", "nothing", "--purpose", "churn"), 4),
        ((*READ, "--as-of", "2025-06-02"), 2),
        ((*READ, "--as-of", "2025-05-01"), 0),
        (("view", "read", "shopping"), 2),
    ],
)
def test_read_keeps_to_purpose_view_and_grid(approved: Desk, words: tuple[str, ...], code: int) -> None:
    ended = approved.run(*words)
    assert ended.exit_code == code
    assert bool(ended.stdout) == (code == 0)


def test_revoked_view_is_closed(approved: Desk) -> None:
    assert approved.run("view", "revoke", "shopping").exit_code == 0
    assert approved.run(*READ).exit_code == 4


def test_a_view_of_ours_that_is_not_approved_is_named_and_no_other(desk: Desk) -> None:
    ours = desk.run("view", "read", "churn_signals", "--purpose", "churn")
    assert "It is churn_signals;" in ours.stderr
    assert "`varde view new churn_signals`" in ours.stderr
    assert "nothing_of_ours" not in desk.run("view", "read", "nothing_of_ours", "--purpose", "churn").stderr


def test_catalogue_view_can_be_saved_and_submitted(desk: Desk) -> None:
    names = [each["view"] for each in desk.json("view", "new")]
    assert "churn_signals" in names
    saved = desk.file("churn.yaml", desk.run("view", "new", "churn_signals").stdout)
    assert desk.run("view", "submit", saved).exit_code == 0
    assert desk.run("view", "new", "no_such").exit_code == 2


def test_the_catalogue_is_written_as_drafts_that_can_be_submitted_and_none_is_overwritten(desk: Desk) -> None:
    listed = desk.json("view", "catalogue", "--purpose", "service")
    names = {each["view"] for each in listed}
    assert {"service_scoring", "service_training", "service_machines_scoring"} <= names
    assert {each["purpose"] for each in listed} == {"service"}
    drafts = desk.folder / "drafts"
    assert desk.run("view", "catalogue", "--purpose", "service", "--into", str(drafts)).exit_code == 0
    assert {each.stem for each in drafts.iterdir()} == names
    mine = drafts / "service_scoring.yaml"
    mine.write_text(mine.read_text().replace("expires_days: 14", "expires_days: 7"))
    assert "Wrote 0 drafts" in desk.run("view", "catalogue", "--purpose", "service", "--into", str(drafts)).stderr
    assert desk.run("view", "submit", str(mine)).exit_code == 0
    shown = desk.json("view", "show", "service_scoring")
    assert all(each["needed because"] for each in shown)
    assert desk.run("view", "catalogue", "--purpose", "nothing").exit_code == 2
    assert desk.run("view", "catalogue", "--into", str(mine)).exit_code == 2


def test_log_is_filtered_by_action_time_and_number(approved: Desk) -> None:
    views = approved.json("audit", "log", "--action", "view.")
    assert [each["action"] for each in views] == ["view.approve", "view.submit"]
    assert approved.json("audit", "log", "--since", "2030-01-01") == []
    assert len(approved.json("audit", "log", "--limit", "2")) == 2
    assert all(set(each) == {"leaf", "at", "action", "actor", "fields"} for each in views)


def test_checkpoint_verifies_under_the_printed_key(desk: Desk) -> None:
    note = desk.run("audit", "checkpoint").stdout
    key = verifier_key_of(desk.run("audit", "key").stdout.strip())
    size = verify_checkpoint(note, key).head.size
    (verdict,) = desk.json("audit", "verify")
    assert verdict["entries"] == size


def test_lake_is_checked_merged_and_purged(desk: Desk) -> None:
    more = "order,who,at,total,state\nb1,1,2025-05-06T10:00:00Z,10.00,P\n"
    assert desk.run("ingest", desk.path("orders.yaml"), desk.file("more.csv", more)).exit_code == 0
    planned = desk.run("lake", "compact", "orders", "--dry-run", "--format", "json")
    assert json.loads(planned.stdout) == [{"table": "orders", "files_before": 2, "rows": 4}]
    (merged,) = desk.json("lake", "compact", "orders")
    assert (merged["files_before"], merged["files_after"], merged["rows"]) == (2, 1, 4)
    assert "up to 2" in desk.run("lake", "purge", "--dry-run").stderr
    assert "Destroyed 2" in desk.run("lake", "purge").stderr
    assert desk.run("lake", "sweep").exit_code == 0
    assert desk.json("lake", "fsck") == []


def test_lost_file_is_a_fault_of_fsck(desk: Desk) -> None:
    next((desk.home / "lake").rglob("*.parquet")).unlink()
    ended = desk.run("lake", "fsck", "--format", "json")
    assert ended.exit_code == 1
    assert json.loads(ended.stdout)[0]["kind"] == "fault"


def test_unknown_file_is_set_aside_by_sweep(desk: Desk) -> None:
    table = next((desk.home / "lake").rglob("*.parquet")).parent
    (table / f"{'ab' * 16}.parquet").write_bytes(b"x")
    assert [each["kind"] for each in desk.json("lake", "fsck")] == ["unknown_file"]
    assert "set aside 1" in desk.run("lake", "sweep").stderr
    assert desk.json("lake", "fsck") == []


def test_model_must_be_trained_before_it_is_reported(desk: Desk) -> None:
    ended = desk.run("predict", "report", "churn")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "varde predict train churn" in ended.stderr
    assert desk.run("predict", "score", "churn").exit_code == 2
    assert desk.run("predict", "train", "no_such").exit_code == 2
    assert desk.run("predict", "score", "churn", "--language", "xx").exit_code == 2
    assert desk.run("predict", "train", "churn", "--dry-run").exit_code == 0
    assert desk.run("predict", "train", "churn").exit_code == 4, "its view has not been approved"


def test_recalls_name_whom_to_drop_of_ones_own_releases(desk: Desk) -> None:
    desk.run("view", "approve", "shopping", "--unchecked", "no_data_yet", role="dpo")
    read = desk.run("view", "read", "shopping", "--purpose", "churn", "--format", "csv", role="scientist")
    assert read.exit_code == 0, read.stderr
    asked = ("view", "recalls", "--since", "2025-06-01")
    assert desk.json(*asked, role="scientist") == []
    assert desk.run("consent", "object", "shop:1", "churn").exit_code == 0
    told = desk.json(*asked, role="scientist")
    assert told
    assert all(each["drop"] in read.stdout for each in told)
    assert desk.json("view", "recalls", "--since", "2030-01-01", role="scientist") == []
    assert desk.json(*asked, role="dpo") == [], "one's own"

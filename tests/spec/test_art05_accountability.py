"""Article 5(2): the controller is responsible for all of this, and can show it."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from hub.database.unit import RuleBroken, unit_of_work
from privacy.verifier import ProofRejected, proof_of
from tests.builders_audit import StoredLog, auditor, replayed
from tests.integration.cli_desk import stocked


def test_art05_2_every_read_and_every_refused_read_is_on_record_with_its_purpose(tmp_path: Path) -> None:
    """The log holds who read what for which purpose, noted before any row left, and who was refused and why."""
    shop, read = stocked(tmp_path), ("view", "read", "shopping", "--purpose", "churn")
    assert shop.run(*read).exit_code == 4
    assert shop.run("view", "approve", "shopping", "--unchecked", "no_data_yet", role="dpo").exit_code == 0
    assert shop.run(*read, role="scientist").exit_code == 0
    complete, intent, refused = shop.json("audit", "log", "--action", "view.release")
    assert [entry["action"].split(".")[-1] for entry in (refused, intent, complete)] == [
        "refused",
        "intent",
        "complete",
    ]
    assert refused["leaf"] < intent["leaf"] < complete["leaf"]
    assert (refused["fields"]["purpose"], refused["fields"]["reason"]) == ("churn", "view_not_approved")
    assert (intent["fields"]["purpose"], intent["fields"]["role"]) == ("churn", "scientist")
    assert refused["actor"] != intent["actor"] == complete["actor"]


def test_art05_2_an_outsider_checks_an_entry_without_trusting_the_hub(sqlite_control: Engine) -> None:
    """An auditor who holds the public key and a signed checkpoint verifies any entry by itself."""
    log = StoredLog(sqlite_control).started()
    note = log.grow(5)
    assert auditor(note).verify_entry(proof_of(log.proof(3, note))).head.size == 5


def test_art05_2_what_was_changed_afterwards_is_found(sqlite_control: Engine) -> None:
    """The database refuses to change an entry; a log changed all the same does not fit a checkpoint kept outside."""
    log = StoredLog(sqlite_control).started()
    note = log.grow(5)
    with pytest.raises(RuleBroken, match="append-only"), unit_of_work(sqlite_control) as session:
        session.execute(text("UPDATE audit_body SET body = body"))
    lines = log.export()
    replayed(lines, note)
    changed = [line.replace(b'"rows":3', b'"rows":4') for line in lines]
    assert changed != lines
    with pytest.raises(ProofRejected):
        replayed(changed, note)

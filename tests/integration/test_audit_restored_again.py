"""The same backup put back again: no name of a log is used twice, and what was lost each time is owned up to."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hub.database.engine import engine_of
from hub.database.unit import reading, unit_of_work
from privacy.store.audit import entries
from privacy.store.audit_checkpoint import add_checkpoint
from privacy.store.audit_continuation import log_after, logs_of
from privacy.store.audit_verify import Gap, Verdict, verify_log
from privacy.verifier import LOST, ProofRejected, proof_of, verify_receipt
from tests.builders import NOON
from tests.builders_audit import BASE, KEY, PUBLIC, StoredLog, auditor, replayed

Restore = Callable[[], StoredLog]


@pytest.fixture
def log(sqlite_control: Engine) -> StoredLog:
    return StoredLog(sqlite_control).started()


@pytest.fixture
def backup(log: StoredLog, tmp_path: Path) -> tuple[str, Restore]:
    """Five signed entries, and how to put them back."""
    note = log.grow(5)
    log.engine.dispose()  # the last connection empties the write-ahead log
    saved = shutil.copy(str(log.engine.url.database), tmp_path / "saved.db")
    number = iter(range(10))

    def restore() -> StoredLog:
        return StoredLog(engine_of(f"sqlite:///{shutil.copy(saved, tmp_path / f'restored-{next(number)}.db')}"))

    return note, restore


def signed(log: StoredLog) -> str:
    with unit_of_work(log.engine) as session:
        note = add_checkpoint(session, BASE, KEY, at=NOON)
    assert note is not None
    return note


def verified(log: StoredLog, *outside: str) -> Verdict:
    with reading(log.engine) as session:
        return verify_log(session, PUBLIC, outside=outside)


def test_a_second_restore_takes_a_new_name_and_owns_up_to_both_losses(
    log: StoredLog, backup: tuple[str, Restore]
) -> None:
    early, restore = backup
    lost = log.grow(7)
    first = restore()
    first.go_on(lost)
    begun, grown = signed(first), first.grow(3)
    second = restore()
    second.go_on(lost, begun, grown)
    newest = second.grow(2)
    assert newest.startswith(f"{BASE}/2\n4\n")
    with reading(second.engine) as session:
        assert logs_of(session) == {0: range(5), 2: range(5, 9)}
        assert [entry.fields.log_number for _, entry in entries(session, action=LOST)] == [1]
    kept = (early, lost, begun, grown, newest)
    assert verified(second, *kept).gaps == (Gap(BASE, 5, 12), Gap(f"{BASE}/1", 0, 4))
    told = replayed(second.export(), *kept)
    assert "GAP: 7 entries of varde/test, from 5 on, were lost by a restore" in told
    assert "GAP: all 4 entries of varde/test/1 were lost by a restore" in told
    assert auditor(newest).verify_entry(proof_of(second.proof(8, newest))).origin == f"{BASE}/2"
    assert verify_receipt(second.receipt(8), auditor().key_for(f"{BASE}/2")).index == 3

    third = restore()
    with reading(third.engine) as session:
        assert log_after(session, lost, PUBLIC, later=[grown, newest]).log == 3
    third.go_on(lost, newest, grown)
    assert [gap.origin for gap in verified(third, *kept).gaps] == [BASE, f"{BASE}/1", f"{BASE}/2"]
    assert sum("GAP: all" in line for line in replayed(third.export(), *kept)) == 2


def test_a_second_restore_that_lost_nothing_of_the_first_log(backup: tuple[str, Restore]) -> None:
    early, restore = backup
    first = restore()
    first.go_on(early)
    grown = first.grow(3)
    second = restore()
    second.go_on(early, grown)
    assert verified(second, early, grown).gaps == (Gap(f"{BASE}/1", 0, 4),)
    assert replayed(second.export(), early, grown)


def test_a_name_that_is_used_again_is_a_contradiction(log: StoredLog, backup: tuple[str, Restore]) -> None:
    _, restore = backup
    lost = log.grow(7)
    first = restore()
    first.go_on(lost)
    begun, grown = signed(first), first.grow(3)
    second = restore()
    second.go_on(lost)  # whoever knows nothing of the first restore
    signed(second)
    for kept in (begun, grown):
        with pytest.raises(ProofRejected):
            verified(second, kept)
        with pytest.raises(ProofRejected):
            replayed(second.export(), kept)


def test_a_lost_log_that_was_not_owned_up_to_in_full_is_found(log: StoredLog, backup: tuple[str, Restore]) -> None:
    _, restore = backup
    lost = log.grow(7)
    first = restore()
    first.go_on(lost)
    begun, grown = signed(first), first.grow(3)
    second = restore()
    second.go_on(lost, begun)
    verified(second, lost, begun)
    with pytest.raises(ProofRejected, match="not here, nor owned up"):
        verified(second, grown)
    with pytest.raises(ProofRejected, match="fewer than"):
        replayed(second.export(), grown)
    other = restore()
    other.go_on(lost)
    beside = other.grow(3)  # the same name and size as `grown`, another history
    third = restore()
    third.go_on(lost, grown)
    with pytest.raises(ProofRejected, match="another history"):
        verified(third, beside)
    with pytest.raises(ProofRejected, match="another history"):
        replayed(third.export(), beside)


def test_only_later_logs_of_this_hub_are_owned_up_to(backup: tuple[str, Restore]) -> None:
    early, restore = backup
    log = restore()
    for no_later in (early, early.replace(BASE, "varde/other/1"), early.replace(BASE, f"{BASE}/1")):
        with pytest.raises(ProofRejected):
            log.go_on(early, no_later)
    assert verified(log, early).logs == 1

"""What an auditor is handed verifies without the database, and what was tampered with does not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

import privacy.verifier
from hub.database.unit import RuleBroken, reading, unit_of_work
from privacy.merkle import KEPT_LEVELS
from privacy.store.audit import EntryNotFound
from privacy.store.audit_continuation import logs_of
from privacy.store.audit_node import rebuild_nodes
from privacy.store.audit_verify import Gap, verify_log
from privacy.verifier import ProofRejected, leaf_hash, main, proof_of, verify_receipt
from tests.builders_audit import BASE, PUBLIC, StoredLog, auditor, replayed, written

SIZES = (1, 2, 15, 1, 30, 250)
TOTAL = sum(SIZES)


@pytest.fixture
def log(control: Engine) -> StoredLog:
    return StoredLog(control).started()


@pytest.fixture
def sqlite_log(sqlite_control: Engine) -> StoredLog:
    return StoredLog(sqlite_control).started()


def test_every_entry_is_proved_under_every_later_checkpoint(log: StoredLog) -> None:
    notes = [log.grow(size) for size in SIZES]
    ends = [sum(SIZES[: n + 1]) for n in range(len(SIZES))]
    for number in [*range(50), 255, 256, 257, TOTAL - 1]:
        for end, note in zip(ends, notes, strict=True):
            if number < end:
                proof = proof_of(log.proof(number, note))
                assert auditor().verify_entry(proof).head.size == end
                assert proof.entry is not None
                assert json.loads(proof.entry)["fields"]["rows"] >= 0
            else:
                with pytest.raises(ProofRejected, match="before the entry"):
                    log.proof(number, note)


def test_every_checkpoint_is_proved_to_begin_every_later_one(log: StoredLog) -> None:
    notes = [log.grow(size) for size in SIZES]
    for n, old in enumerate(notes):
        for new in notes[n:]:
            auditor(old).verify_growth(proof_of(log.growth(old, new)))
        for new in notes[:n]:
            with pytest.raises(ProofRejected, match="newer"):
                log.growth(old, new)


def test_growth_is_proved_only_from_a_checkpoint_that_the_auditor_kept(log: StoredLog) -> None:
    old, new = log.grow(3), log.grow(4)
    with pytest.raises(ProofRejected, match="must be given"):
        auditor().verify_growth(proof_of(log.growth(old, new)))


def test_what_is_not_in_the_log_is_not_proved(log: StoredLog) -> None:
    note = log.grow(5)
    for number in (-1, 5):
        with pytest.raises(EntryNotFound):
            log.proof(number, note)
        with pytest.raises(EntryNotFound):
            log.receipt(number)
    with unit_of_work(log.engine) as session:
        session.execute(text("DELETE FROM audit_body WHERE leaf_index = 2"))
    with pytest.raises(EntryNotFound):
        log.proof(2, note)
    for foreign in (note.replace(BASE, "varde/other"), note.replace("\n5\n", "\n6\n")):
        with pytest.raises(ProofRejected):
            log.proof(1, foreign)


def test_wrong_or_missing_kept_roots_are_found_and_made_again(log: StoredLog) -> None:
    note, numbers = log.grow(600), range(600)
    whole = log.proof(3, note)
    for damage in (
        "DELETE FROM audit_node WHERE level = 4 AND position = 1",
        "UPDATE audit_node SET node_hash = (SELECT leaf_hash FROM audit_leaf WHERE leaf_index = 0) WHERE level = 8",
        "INSERT INTO audit_node SELECT log, 12, 0, node_hash FROM audit_node WHERE level = 8 AND position = 0",
    ):
        with unit_of_work(log.engine) as session:
            session.execute(text(damage))
            with pytest.raises(ProofRejected, match="audit rebuild"):
                verify_log(session, PUBLIC)
            assert rebuild_nodes(session, {0: numbers}) == 600 // 16 + 600 // 256
            verify_log(session, PUBLIC)
    assert log.proof(3, note) == whole


def test_a_missing_kept_root_is_said_to_be_missing(sqlite_log: StoredLog) -> None:
    note = sqlite_log.grow(100)
    with unit_of_work(sqlite_log.engine) as session:
        session.execute(text("DELETE FROM audit_node"))
    with pytest.raises(ProofRejected, match="audit rebuild"):
        sqlite_log.proof(3, note)


@pytest.mark.parametrize(
    ("damage", "because"),
    [
        ("UPDATE audit_node SET node_hash = zeroblob(32) WHERE level = 8", "audit rebuild"),  # at the tree's edge
        ("UPDATE audit_node SET node_hash = zeroblob(32) WHERE level = 4 AND position = 3", "audit verify"),
        ("DELETE FROM audit_node WHERE level = 4 AND position = 3", "audit rebuild"),
        ("UPDATE audit_body SET body = x'00' WHERE leaf_index = 2", "audit verify"),
    ],
)
def test_no_proof_is_handed_out_that_does_not_verify(sqlite_log: StoredLog, damage: str, because: str) -> None:
    note = sqlite_log.grow(300)
    with unit_of_work(sqlite_log.engine) as session:
        session.execute(text("DROP TRIGGER audit_body_no_update"))
        session.execute(text(damage))
    with pytest.raises(ProofRejected, match=because):
        sqlite_log.proof(2, note)


def test_kept_roots_are_a_fifteenth_of_the_leaves(sqlite_log: StoredLog) -> None:
    sqlite_log.grow(4096)
    with reading(sqlite_log.engine) as session:
        kept = session.execute(text("SELECT count(*) FROM audit_node")).scalar_one()
    assert kept == 4096 // 16 + 4096 // 256 + 1
    assert KEPT_LEVELS == 4


def test_a_receipt_is_a_promise_that_a_later_log_can_be_seen_to_break(log: StoredLog) -> None:
    log.grow(2)
    receipt = log.receipt(1)
    assert verify_receipt(receipt, PUBLIC).index == 1
    note = log.grow(3)
    auditor(receipt).verify_entry(proof_of(log.proof(1, note)))
    assert replayed(log.export(), receipt)
    broken = StoredLog(log.engine)
    with unit_of_work(log.engine) as session:
        session.execute(text("UPDATE audit_head SET size = 0, frontier = :empty"), {"empty": b""})
        for trigger in ("audit_leaf_no_delete", "audit_checkpoint_no_delete"):
            drop = f"DROP TRIGGER {trigger}" if session.connection().dialect.name == "sqlite" else None
            session.execute(text(drop or f"ALTER TABLE {trigger.removesuffix('_no_delete')} DISABLE TRIGGER ALL"))
        for table in ("audit_leaf", "audit_body", "audit_checkpoint"):
            session.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - three names of the test
    rewritten = broken.grow(5)
    with reading(log.engine) as session:
        verify_log(session, PUBLIC)
    with pytest.raises(ProofRejected, match="promised"):
        auditor(receipt).verify_entry(proof_of(broken.proof(1, rewritten)))
    with pytest.raises(ProofRejected, match="promised"):
        replayed(broken.export(), receipt)


def test_an_export_is_recomputed_from_its_lines(log: StoredLog) -> None:
    notes = [log.grow(size) for size in (3, 1, 20)]
    lines = log.export()
    assert "24 entries of varde/test" in replayed(lines, *notes)[0]
    assert all(isinstance(json.loads(line), dict) for line in lines)
    with unit_of_work(log.engine) as session:
        session.execute(text("DELETE FROM audit_body WHERE leaf_index IN (1, 2, 7)"))
    assert "3 of them by their hash alone" in replayed(log.export(), *notes)[0]


def test_a_changed_line_of_an_export_is_found(sqlite_log: StoredLog) -> None:
    note = sqlite_log.grow(24)
    lines = sqlite_log.export()
    for place in range(1, 25):
        for altered in (
            [*lines[:place], lines[place].replace(b'"rows":', b'"rows":1'), *lines[place + 1 :]],
            [*lines[:place], *lines[place + 1 :]],
            [*lines[:place], lines[place], *lines[place:]],
            [*lines[:-1], lines[-1].replace(b"24", b"23")],
            lines[:place],
        ):
            with pytest.raises(ProofRejected):
                replayed(altered, note)


def test_a_restored_log_goes_on_under_a_new_name_and_says_what_is_lost(log: StoredLog) -> None:
    early, lost = log.grow(5), log.grow(7)
    cut_to(log, 5)
    with unit_of_work(log.engine) as session, pytest.raises(ProofRejected, match="longer than the log"):
        verify_log(session, PUBLIC, outside=[lost])
    log.go_on(lost)
    later = log.grow(4)
    assert later.startswith(f"{BASE}/1\n5\n")
    with reading(log.engine) as session:
        verdict = verify_log(session, PUBLIC, outside=[early, lost, later])
        assert logs_of(session) == {0: range(5), 1: range(5, 10)}
    assert (verdict.size, verdict.logs, verdict.gaps) == (10, 2, (Gap(BASE, 5, 12),))
    told = replayed(log.export(), early, lost, later)
    assert "GAP: 7 entries of varde/test, from 5 on, were lost by a restore" in told
    assert auditor(early).verify_entry(proof_of(log.proof(3, early))).origin == BASE
    assert auditor(later).verify_entry(proof_of(log.proof(9, later))).origin == f"{BASE}/1"
    assert verify_receipt(log.receipt(9), auditor().key_for(f"{BASE}/1")).index == 4


def test_a_log_goes_on_twice_and_without_loss(sqlite_log: StoredLog) -> None:
    first = sqlite_log.grow(5)
    sqlite_log.go_on(first)
    second = sqlite_log.grow(3)
    sqlite_log.go_on(second)
    third = sqlite_log.grow(2)
    with reading(sqlite_log.engine) as session:
        verdict = verify_log(session, PUBLIC, outside=[first, second, third])
    assert (verdict.size, verdict.logs, verdict.gaps) == (12, 3, ())
    assert not any("GAP" in line for line in replayed(sqlite_log.export(), first, second, third))
    with pytest.raises(ProofRejected, match="missing"):
        replayed(sqlite_log.export()[7:], second, third)
    with pytest.raises(ProofRejected, match="begins with"):
        replayed(sqlite_log.export()[1:], second, third)


def test_a_loss_that_was_not_owned_up_to_is_found(sqlite_log: StoredLog) -> None:
    early, middle, lost = sqlite_log.grow(5), sqlite_log.grow(2), sqlite_log.grow(7)
    cut_to(sqlite_log, 5)
    sqlite_log.go_on(middle)
    sqlite_log.grow(1)
    with reading(sqlite_log.engine) as session:
        verify_log(session, PUBLIC, outside=[early, middle])
        with pytest.raises(ProofRejected, match="newer than the one"):
            verify_log(session, PUBLIC, outside=[lost])
    with pytest.raises(ProofRejected, match="fewer than"):
        replayed(sqlite_log.export(), lost)


def test_a_log_does_not_go_on_from_another_history(sqlite_log: StoredLog, tmp_path: Path) -> None:
    sqlite_log.grow(5)
    note = sqlite_log.grow(2)
    cut_to(sqlite_log, 5)
    forged = sqlite_log.grow(2)
    for refused in (note, note.replace(BASE, "varde/other")):
        with pytest.raises(ProofRejected):
            sqlite_log.go_on(refused)
    sqlite_log.go_on(forged)


def test_where_a_log_began_is_never_changed(log: StoredLog) -> None:
    log.go_on(log.grow(2))
    for act in ("UPDATE audit_continuation SET start = 0", "DELETE FROM audit_continuation"):
        with pytest.raises(RuleBroken, match="append-only"), unit_of_work(log.engine) as session:
            session.execute(text(act))


def cut_to(log: StoredLog, size: int) -> None:
    """Put the log back to what a backup after `size` entries held: what a restore does, without one."""
    with unit_of_work(log.engine) as session:
        sqlite = session.connection().dialect.name == "sqlite"
        for table in ("audit_leaf", "audit_checkpoint"):
            session.execute(
                text(f"DROP TRIGGER {table}_no_delete" if sqlite else f"ALTER TABLE {table} DISABLE TRIGGER ALL")
            )
        for table, column in (("audit_leaf", "leaf_index"), ("audit_body", "leaf_index")):
            session.execute(text(f"DELETE FROM {table} WHERE {column} >= {size}"))  # noqa: S608 - names of the test
        session.execute(text(f"DELETE FROM audit_checkpoint WHERE size > {size}"))  # noqa: S608 - a number of the test
        leaves = session.execute(text("SELECT leaf_hash FROM audit_leaf ORDER BY leaf_index")).scalars()
        from privacy.merkle import edge_of
        from privacy.verifier import Frontier

        edge = Frontier().extended([bytes(leaf) for leaf in leaves])
        session.execute(
            text("UPDATE audit_head SET size = :size, frontier = :edge"), {"size": size, "edge": edge_of(edge)}
        )
        rebuild_nodes(session, {0: range(size)})


def test_the_verifier_runs_alone_on_another_machine(sqlite_log: StoredLog, tmp_path: Path) -> None:
    """Isolated mode: no site of the working folder, no PYTHONPATH; only the file, Python and `cryptography`."""
    old, receipt, new = sqlite_log.grow(5), sqlite_log.receipt(2), sqlite_log.grow(4)
    alone = tmp_path / "verifier.py"
    alone.write_bytes(Path(privacy.verifier.__file__).read_bytes())
    files = [
        written(tmp_path, "entry.tlog-proof", sqlite_log.proof(2, new)),
        written(tmp_path, "growth", sqlite_log.growth(old, new)),
        written(tmp_path, "log.ndjson", sqlite_log.export()),
        written(tmp_path, "new", new),
        written(tmp_path, "receipt", receipt),
    ]
    kept = ["--kept", written(tmp_path, "old", old), "--kept", files[-1]]
    command = [sys.executable, "-I", str(alone), "--key", str(PUBLIC), *kept]
    ended = subprocess.run([*command, *files], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.count("VERIFIED") == 5
    assert '"rows": 2' in ended.stdout
    altered = written(tmp_path, "altered", sqlite_log.proof(2, new).replace("index 2", "index 3"))
    ended = subprocess.run([*command, altered], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "NOT VERIFIED" in ended.stderr


def test_the_verifier_refuses_what_it_cannot_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, content in {
        "empty": "",
        "words": "hello\n\nyou\n",
        "binary": "\udcff",
        "json": '{"entry": 1}\n',
        "list": "{]\n",
        "two": '{"log": "a", "entry": "b"}\n',
        "receipt": "varde-audit-receipt@v1",
        "proof": "c2sp.org/tlog-proof@v1\nindex x\n\n",
        "deep": '{"log":' + "[" * 100_000,
    }.items():
        path = tmp_path / name
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
        assert main(["--key", str(PUBLIC), str(path)]) == 1, name
    assert main(["--key", "nonsense", str(path)]) == 1
    assert main(["--key", str(PUBLIC), str(tmp_path / "absent")]) == 1
    for quorum in ("0", "-1"):
        with pytest.raises(SystemExit, match="2"):
            main(["--key", str(PUBLIC), "--quorum", quorum, str(path)])
    assert "NOT VERIFIED" in capsys.readouterr().err


def test_verifier_imports_nothing_of_ours() -> None:
    source = Path(privacy.verifier.__file__).read_text(encoding="utf-8")
    imports = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
    names = {line.split()[1].split(".")[0] for line in imports}
    assert names <= {*sys.stdlib_module_names, "cryptography"}
    assert leaf_hash(b"") != b""

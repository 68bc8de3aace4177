"""kill -9 of a writer or a sequencer at every named step: what was acknowledged is there once, in order, verified."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hub.database.engine import engine_of
from hub.database.unit import reading, unit_of_work
from privacy.store.audit import entries, note_entries, sequence_entries
from privacy.store.audit_verify import verify_log
from tests.builders import Postgres
from tests.builders_audit import PUBLIC, StoredLog, an_entry

pytestmark = pytest.mark.faults

ROOT = Path(__file__).parents[2]
WAITING = 50
WRITING = (("noted", 9), ("written", 9), ("committed", 9))
SEQUENCING = ("audit_head_locked", "audit_placed", "audit_sequenced")


def killed(what: str, url: str, step: str, count: int) -> list[int]:
    """Run a process until it dies at a step; return the numbers that it was told are durable."""
    words = [sys.executable, "-m", "tests.faults.audit_child", what, url, step, str(count)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=ROOT, env=environment, check=False, stdout=subprocess.PIPE, text=True)
    assert done.returncode == -signal.SIGKILL
    return [int(line) for line in done.stdout.split()]


def finished(engine: Engine) -> list[int | None]:
    """Let another process's sequencer place what waits; verify; return the entries in the order of the log."""
    with unit_of_work(engine) as session:
        sequence_entries(session)
    with reading(engine) as session:
        assert verify_log(session, PUBLIC).unsequenced == 0
        return [entry.fields.rows for _, entry in reversed(entries(session, limit=10_000))]


@pytest.mark.parametrize(("step", "count"), WRITING)
def test_a_killed_writer_leaves_what_it_acknowledged(postgres: Postgres, step: str, count: int) -> None:
    url = postgres.control_database()
    engine = engine_of(url)
    StoredLog(engine).started()
    told = killed("write", url, step, count)
    assert told == list(range(count - 1))
    unknown = [count - 1] if step == "committed" else []  # durable, and its caller was never told
    assert finished(engine) == told + unknown
    engine.dispose()


@pytest.mark.parametrize("step", SEQUENCING)
def test_a_killed_sequencer_leaves_its_work_to_the_next(postgres: Postgres, step: str) -> None:
    url = postgres.control_database()
    engine = engine_of(url)
    StoredLog(engine).started()
    with unit_of_work(engine) as session:
        note_entries(session, [an_entry(number, "consent.withdrawn") for number in range(WAITING)])
    killed("sequence", url, step, 1)
    with reading(engine) as session:
        waits = 0 if step == "audit_sequenced" else WAITING
        verdict = verify_log(session, PUBLIC)
        assert (verdict.size, verdict.unsequenced) == (WAITING - waits, waits)
    assert finished(engine) == list(range(WAITING))
    engine.dispose()

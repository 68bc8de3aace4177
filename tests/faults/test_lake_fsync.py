"""The order of writes, fsyncs and renames: kill -9 cannot see a missing fsync, the kernel's page cache survives it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.faults

PROGRAM = """
import sys
from pathlib import Path
from tests.faults.lake_child import durable_lake
from tests.builders_lake import StandingClock, land, orders
land(durable_lake(Path(sys.argv[1]), StandingClock()), orders(range(9)), 1)
"""
CALL = re.compile(r"^(?:\d+ +)?(write|pwrite64|fsync|fdatasync|rename)\((.*)$")
RENAMED = re.compile(r'"([^"]+)", "([^"]+)"')
DESCRIPTOR = re.compile(r"\d+<([^>]+)>")


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """Return (call, path) in order of one landed batch; a rename names its target."""
    strace = shutil.which("strace")
    if strace is None:
        if "CI" in os.environ:
            pytest.fail("strace is not installed: apt install strace")
        pytest.skip("strace is not installed")
    root = tmp_path_factory.mktemp("traced")
    log = root / "strace.log"
    wanted = "trace=write,pwrite64,fsync,fdatasync,rename,renameat,renameat2"
    command = [strace, "-f", "-y", "-s", "0", "-e", wanted, "-o", str(log), sys.executable, "-c", PROGRAM, str(root)]
    subprocess.run(command, check=True, capture_output=True)
    return list(_parsed(log, root))


def _parsed(log: Path, root: Path) -> Iterator[tuple[str, str]]:
    for line in log.read_text().splitlines():
        found = CALL.match(line)
        if found is None:
            continue
        call, rest = found.groups()
        target = RENAMED.search(rest) if call == "rename" else DESCRIPTOR.match(rest)
        if target is not None and target.group(target.lastindex or 1).startswith(str(root)):
            yield call, str(Path(target.group(target.lastindex or 1)).relative_to(root))


def first(calls: list[tuple[str, str]], call: str, pattern: str) -> int:
    return next(i for i, (name, path) in enumerate(calls) if name == call and re.fullmatch(pattern, path))


def last(calls: list[tuple[str, str]], call: str, pattern: str) -> int:
    return len(calls) - 1 - first(calls[::-1], call, pattern)


def test_bytes_are_durable_before_the_name_and_the_name_before_the_catalogue(calls: list[tuple[str, str]]) -> None:
    written = last(calls, "write", r"lake/orders/.*\.tmp")
    synced = first(calls, "fsync", r"lake/orders/.*\.tmp")
    renamed = first(calls, "rename", r"lake/orders/[0-9a-f]{32}\.parquet")
    settled = last(calls, "fsync", r"lake/orders")
    staged = [i for i, (call, path) in enumerate(calls) if path == "control.sqlite-wal" and i > renamed]
    assert written < synced < renamed < settled < staged[0]
    assert calls[staged[0]][0] == "pwrite64"


def test_intent_and_key_are_durable_before_the_first_byte(calls: list[tuple[str, str]]) -> None:
    first_byte = first(calls, "write", r"lake/orders/.*\.tmp")
    before = calls[:first_byte]
    for wal in (r"control\.sqlite-wal", r"keys\.sqlite-wal"):
        assert last(before, "pwrite64", wal) < max(
            i for i, (call, path) in enumerate(before) if call in ("fsync", "fdatasync") and re.fullmatch(wal, path)
        )
    keys = last(before, "pwrite64", r"keys\.sqlite-wal")
    assert last(before, "pwrite64", r"control\.sqlite-wal") < keys


def test_a_new_directory_is_made_durable_in_its_parent(calls: list[tuple[str, str]]) -> None:
    assert first(calls, "fsync", "lake") < first(calls, "write", r"lake/orders/.*\.tmp")

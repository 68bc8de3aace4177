"""The order of writes of a delivery: keys durable before what they seal, files durable before the catalogue names them.

kill -9 cannot see a missing fsync (the kernel's page cache survives it), so the system calls are read.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.ingest_company import copy_home, make_template

pytestmark = pytest.mark.faults

PROGRAM = """
import os, sys
from pathlib import Path
from tests.faults.ingest_company import deliver, open_home
home, folder = map(Path, sys.argv[1:])
hub = open_home(home, reached=lambda step: os.write(marks, f"{step}\\n".encode()))
marks = os.open(home / "marks", os.O_WRONLY | os.O_CREAT)
deliver(hub, "crm1", folder)
deliver(hub, "mail1", folder)
"""
CALL = re.compile(r"^(\d+) +(write|pwrite64|fsync|fdatasync|rename)\((.*)$")
RENAMED = re.compile(r'"([^"]+)", "([^"]+)"')
DESCRIPTOR = re.compile(r"\d+<([^>]+)>")
MARK = re.compile(r'"(\w+)\\n"')
CONTROL, KEYS = "control.db-wal", "keystore.db-wal"


class Call(NamedTuple):
    """A system call on a file of the home, or ("step", its name), by the thread that made it."""

    call: str
    path: str
    thread: str


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """Return the calls of all threads in order; a rename names its target."""
    strace = shutil.which("strace")
    if strace is None:
        if "CI" in os.environ:
            pytest.fail("strace is not installed: apt install strace")
        pytest.skip("strace is not installed")
    root = tmp_path_factory.mktemp("traced")
    home = copy_home(make_template(root), root / "home")
    log = root / "strace.log"
    wanted = "trace=write,pwrite64,fsync,fdatasync,rename"
    command = [strace, "-f", "-y", "-s", "40", "-e", wanted, "-o", str(log), sys.executable, "-c", PROGRAM]
    subprocess.run([*command, str(home), str(root / "in")], check=True, capture_output=True)
    return list(_parsed(log, home))


def _parsed(log: Path, home: Path) -> Iterator[Call]:
    for line in log.read_text(errors="replace").splitlines():
        found = CALL.match(line)
        if found is None:
            continue
        thread, call, rest = found.groups()
        target = RENAMED.search(rest) if call == "rename" else DESCRIPTOR.match(rest)
        if target is None or not target.group(target.lastindex or 1).startswith(str(home)):
            continue
        path = str(Path(target.group(target.lastindex or 1)).relative_to(home))
        mark = MARK.search(rest)
        yield Call("step", mark.group(1), thread) if path == "marks" and mark else Call(call, path, thread)


def before(calls: list[Call], step: str) -> Iterator[list[Call]]:
    """Give, for each time a step was reached, the calls of its thread since the step before it."""
    since: defaultdict[str, list[Call]] = defaultdict(list)
    for call in calls:
        if call.call == "step":
            if call.path == step:
                yield since[call.thread]
            since[call.thread] = []
        else:
            since[call.thread].append(call)


def is_durable(calls: list[Call], path: str) -> bool:
    """Say whether the last write to a path was followed by its fsync."""
    mine = [each.call for each in calls if each.path == path]
    return bool(mine) and mine[-1] in {"fsync", "fdatasync"}


@pytest.mark.parametrize(
    "step", ["keys_durable", "text_keys_durable", "keys_added", "quarantine_key_durable", "acts_staged"]
)
def test_keys_and_ledger_are_durable_when_the_step_says_so(step: str, calls: list[Call]) -> None:
    """Another thread may write the keys of a chunk: whoever says the step, nothing is left without its fsync."""
    reached = [position for position, each in enumerate(calls) if (each.call, each.path) == ("step", step)]
    assert reached
    assert all(is_durable(calls[:position], KEYS) for position in reached)


@pytest.mark.parametrize(
    "step", ["batch_staged", "named", "revisions_staged", "ledger_owed", "texts_held", "flipped", "settled", "intended"]
)
def test_each_staged_transaction_is_durable_when_the_step_says_so(step: str, calls: list[Call]) -> None:
    parts = list(before(calls, step))
    assert parts
    assert all(is_durable(part, CONTROL) for part in parts)


def test_nothing_sealed_is_written_before_its_keys_are_durable(calls: list[Call]) -> None:
    """Chunks are written in the order in which they are reckoned, each when its own keys have been made durable."""
    order = [each.path for each in calls if each.call == "step"]
    assert "revisions_staged" in order
    for position, step in enumerate(order):
        if step == "revisions_staged":
            assert order[:position].count("keys_durable") > order[:position].count("chunk_written")
        if step == "texts_held":
            assert "text_keys_durable" in order[:position]


def test_the_lake_file_and_its_folder_are_durable_before_the_catalogue_names_it(calls: list[Call]) -> None:
    files = {each.path for each in calls if each.call == "rename"}
    in_order = [(each.call, each.path) for each in calls]
    assert files
    for name in files:
        renamed = in_order.index(("rename", name))
        key = max(i for i, each in enumerate(in_order[:renamed]) if each == ("step", "keys_added"))
        written = [i for i, each in enumerate(in_order) if each == ("write", f"{name}.tmp")]
        synced = in_order.index(("fsync", f"{name}.tmp"))
        settled = in_order.index(("fsync", str(Path(name).parent)), renamed)
        entered = next(i for i in range(renamed, len(calls)) if in_order[i] == ("pwrite64", CONTROL))
        assert key < written[0] <= written[-1] < synced < renamed < settled < entered

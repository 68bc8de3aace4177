"""kill -9 of a witness at each step: no second branch is ever cosigned; and the record is on the disk before the line.

kill -9 cannot see a missing fsync (the page cache survives it), so the order of the calls is looked at with strace.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from hub.witness.record import find_record, trust
from hub.witness.rules import Refusal, SubmissionRefused
from hub.witness.witness import Witness, make_witness, open_witness
from privacy.verifier import verify_cosignature
from tests.api.server import free_port
from tests.builders import NOON
from tests.builders_log import ALog

pytestmark = pytest.mark.faults
LOG = ALog()
FORK = LOG.fork(at=3)
PROGRAM = """
import sys
from pathlib import Path
from hub.witness.witness import open_witness
from tests.builders import NOON
from tests.builders_log import ALog
line = open_witness(Path(sys.argv[1])).add_checkpoint(ALog().body(0, 5), at=NOON)
sys.stdout.write(line)
"""
CALL = re.compile(r'^(?:\d+ +)?(write|fsync|rename)\((?:\d+<([^>]+)>|"[^"]*", "([^"]+)")')


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    made = make_witness(tmp_path / "witness", "witness.example/w1")
    trust(made.folder, LOG.vkey)
    return made


@contextmanager
def process(folder: Path, kill_at: str) -> Iterator[httpx.Client]:
    port = free_port()
    command = [sys.executable, "-m", "tests.integration.witness_server", str(folder), str(port), kill_at]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            while True:
                try:
                    client.get("/")
                    break
                except httpx.ConnectError:
                    assert running.poll() is None, "the witness did not start"
                    time.sleep(0.02)
            yield client
    finally:
        running.kill()
        running.wait()


@pytest.mark.parametrize(("kill_at", "remembered"), [("decided", 5), ("remembered", 9)])
def test_killed_witness_never_cosigns_two_branches(witness: Witness, kill_at: str, remembered: int) -> None:
    witness.add_checkpoint(LOG.body(0, 5), at=NOON)
    with process(witness.folder, kill_at) as client, pytest.raises(httpx.TransportError):
        client.post("/add-checkpoint", content=LOG.body(5, 9))
    again = open_witness(witness.folder)
    record = find_record(again.folder, LOG.origin)
    assert record is not None
    assert record.head == LOG.head(remembered)
    with pytest.raises(SubmissionRefused) as refused:
        again.add_checkpoint(FORK.body(remembered, 11), at=NOON)
    assert refused.value.because is Refusal.INCONSISTENT
    line = again.add_checkpoint(LOG.body(remembered, 9), at=NOON)  # the client asks again and is answered
    verify_cosignature(LOG.note(9) + line, again.public_key)


def test_record_is_on_the_disk_before_the_line_leaves(witness: Witness, tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        if "CI" in os.environ:
            pytest.fail("strace is not installed: apt install strace")
        pytest.skip("strace is not installed")
    trace = tmp_path / "trace"
    wanted = "trace=write,fsync,rename"
    command = [strace, "-f", "-y", "-s", "0", "-e", wanted, "-o", str(trace), sys.executable, "-c", PROGRAM]
    told = subprocess.run([*command, str(witness.folder)], check=True, capture_output=True)
    assert told.stdout.startswith("—".encode())
    assert list(_steps(trace.read_text(), witness.folder / "logs")) == [
        "write draft",
        "fsync draft",
        "rename file",
        "fsync folder",
        "write answer",
    ]


def _steps(trace: str, logs: Path) -> Iterator[str]:
    """Name each call on the record, its draft and their folder, and the answer on standard output, in order."""
    for call, descriptor, target in (found.groups() for found in map(CALL.match, trace.splitlines()) if found):
        path = Path(descriptor or target)
        if path == logs:
            yield f"{call} folder"
        elif path.parent == logs:
            yield f"{call} {'draft' if path.name.startswith('.') else 'file'}"
        elif str(path).startswith("pipe:"):
            yield f"{call} answer"

"""A disk that is full in the middle: a clear error, nothing half visible, and the rerun works once there is room.

As root on a small memory file system of its own; else by a limit on file sizes in a child process.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.errors import HubError
from ingest.pipeline.delivery import Summary
from tests.faults.ingest_company import (
    CRM,
    CRM_HEADER,
    NOON,
    TOLD,
    Ticking,
    copy_home,
    deliver,
    deliver_text,
    make_template,
    open_home,
    tidy,
)
from tests.faults.ingest_killing import Ask, asking, prepared, succeed, told
from tests.faults.ingest_meaning import assert_in_order, meaning

pytestmark = pytest.mark.faults

PEOPLE = CRM_HEADER + "".join(f"p{n},Anna{n},Berg{n},a{n}@crm.example,,,nb,{TOLD},yes,\n" for n in range(2_000))
REFUSED = 3


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with asking() as child:
        yield child


@pytest.fixture
def small_disk(in_memory: Path) -> Iterator[Path]:
    """A file system of 32 MiB."""
    disk = in_memory / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", "size=32m", "tmpfs", str(disk)]
    if (
        os.geteuid() != 0
        or mount is None
        or subprocess.run([mount, *options], check=False, capture_output=True).returncode
    ):
        pytest.skip("only root may mount a small file system")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def take_in(home: Path, folder: Path, minutes: int) -> Summary:
    hub = open_home(home, clock=Ticking(NOON + timedelta(minutes=minutes)), lake_ahead=timedelta(hours=minutes))
    return deliver_text(hub, CRM, PEOPLE, folder / "people.csv")


@pytest.mark.parametrize("left_kb", [40, 200, 700, 1500])
def test_a_full_disk_is_said_and_the_rerun_works(
    left_kb: int, memory_root: Path, small_disk: Path, in_memory: Path
) -> None:
    home = copy_home(make_template(in_memory), small_disk / "home")
    deliver(open_home(home), "crm1", in_memory / "in")
    before = meaning(open_home(home))
    ballast = small_disk / "ballast"
    status = os.statvfs(small_disk)
    ballast.write_bytes(b"x" * max(0, status.f_bavail * status.f_frsize - left_kb * 1024))
    with pytest.raises((HubError, OSError)) as full:
        take_in(home, in_memory, 10)
    assert "full" in str(full.value) or "No space" in str(full.value), str(full.value)
    assert "crm.example" not in str(full.value)
    ballast.unlink()
    visible = meaning(open_home(home))
    assert visible["lake"] == before["lake"]
    assert visible["batches"] == before["batches"]
    summary = take_in(home, in_memory, 20)
    assert not summary.repeated
    assert summary.counts.accepted == 2_000
    hub = open_home(home, clock=Ticking(NOON + timedelta(minutes=30)), lake_ahead=timedelta(hours=30))
    tidy(hub)
    assert_in_order(hub)


@pytest.mark.parametrize("limit", [200_000, 400_000])
@pytest.mark.parametrize("step", ["batch_staged", "revisions_staged", "flipped"])
def test_a_file_that_may_not_grow_is_said_and_the_rerun_works(limit: int, step: str, ask: Ask, in_memory: Path) -> None:
    home = prepared(ask, make_template(in_memory), in_memory / "few", ["crm1"])
    before = meaning(open_home(home))
    status = os.waitstatus_to_exitcode(ask(home, ["mail1", "crm2"], step=f"room:{limit}@{step}", minutes=10))
    if status == 0:
        pytest.skip("everything fitted below the limit")
    assert status == REFUSED, told(home)
    now = meaning(open_home(home))
    if step == "batch_staged":
        assert now["lake"] == before["lake"]
        assert now["batches"] == before["batches"]
    succeed(ask, home, ["tidy", "mail1", "crm2"], minutes=20)
    succeed(ask, home, ["tidy"], minutes=30, lake_hours=7)
    assert len(meaning(open_home(home))["batches"]) == 3
    assert_in_order(open_home(home))

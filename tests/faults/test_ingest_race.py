"""Two processes, one file: it counts once; the second waits for nobody and says what is going on."""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.errors import BatchBusy
from ingest.pipeline.delivery import Summary
from ingest.store.batch import LEASE
from tests.faults.ingest_company import (
    CRM,
    CRM_FIRST,
    NOON,
    Ticking,
    copy_home,
    deliver,
    deliver_text,
    make_template,
    open_home,
    tidy,
)
from tests.faults.ingest_meaning import assert_in_order, lake_frame, meaning

pytestmark = pytest.mark.faults

PROGRAM = """
import sys, time
from pathlib import Path
from tests.faults.ingest_company import deliver, open_home, small_steps
from ingest.errors import BatchBusy
small_steps()
home, folder, gate = map(Path, sys.argv[1:])
hub = open_home(home)
while not gate.exists():
    time.sleep(0.001)
try:
    print("again" if deliver(hub, "crm1", folder).repeated else "first")
except BatchBusy:
    print("busy")
"""


@pytest.fixture(scope="module")
def template(memory_root: Path) -> Path:
    return make_template(memory_root)


def test_two_processes_at_the_same_file_count_it_once(template: Path, in_memory: Path) -> None:
    home, gate = copy_home(template, in_memory / "home"), in_memory / "gate"
    (in_memory / "in").mkdir()
    (in_memory / "in" / "crm1.csv").write_text(CRM_FIRST)
    command = [sys.executable, "-c", PROGRAM, str(home), str(in_memory / "in"), str(gate)]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    time.sleep(3)
    gate.touch()
    said = sorted(racer.communicate()[0].strip() for racer in racers)
    assert said.count("first") == 1
    assert set(said) <= {"first", "busy", "again"}
    hub = open_home(home)
    assert meaning(hub)["batches"] == [("crm_people", "settled", 8, 6, 1, 1)]
    assert_in_order(hub)


def between_look_and_insert(home: Path, folder: Path, *, then: Callable[[], object]) -> Summary:
    """Let another process act after this one saw that nobody has the file, and before it stages its batch."""
    seen: list[int] = []

    class Gap(Ticking):
        def __call__(self):
            if not seen:
                seen.append(1)
                then()
            return super().__call__()

    return deliver(open_home(home, clock=Gap()), "crm1", folder)


def test_who_comes_second_between_look_and_insert_gets_the_same_summary(template: Path, in_memory: Path) -> None:
    home = copy_home(template, in_memory / "home")
    firsts: list[Summary] = []
    second = between_look_and_insert(
        home, in_memory / "in", then=lambda: firsts.append(deliver(open_home(home), "crm1", in_memory / "in"))
    )
    assert second.repeated
    assert not firsts[0].repeated
    assert second.counts == firsts[0].counts
    assert second.batch_id == firsts[0].batch_id


def test_who_comes_while_it_is_being_staged_is_told_so(template: Path, in_memory: Path) -> None:
    home = copy_home(template, in_memory / "home")
    told = []

    def meanwhile(step: str) -> None:
        if step == "chunk_taken" and not told:
            with pytest.raises(BatchBusy, match="another process is taking in this very file") as refused:
                deliver(open_home(home), "crm1", in_memory / "in")
            told.append(refused)

    assert not deliver(open_home(home, reached=meanwhile), "crm1", in_memory / "in").repeated
    assert told
    assert_in_order(open_home(home))


def test_a_file_whose_process_died_is_taken_over_after_its_lease(
    template: Path, in_memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = copy_home(template, in_memory / "home")

    class Died(BaseException):
        pass

    def die(step: str) -> None:
        if step == "all_staged":
            raise Died

    hub = open_home(home, reached=die)
    monkeypatch.setattr("ingest.pipeline.delivery.give_up", lambda *_: None)  # the dead clear nothing up
    with pytest.raises(Died):
        deliver(hub, "crm1", in_memory / "in")
    with pytest.raises(BatchBusy):
        deliver(open_home(home, clock=Ticking(NOON + LEASE - timedelta(seconds=1))), "crm1", in_memory / "in")
    later = open_home(home, clock=Ticking(NOON + LEASE + timedelta(seconds=1)), lake_ahead=timedelta(hours=7))
    assert not deliver(later, "crm1", in_memory / "in").repeated
    tidy(later)
    assert meaning(later)["batches"] == [("crm_people", "settled", 8, 6, 1, 1)]
    assert_in_order(later)


def test_the_same_file_again_changes_nothing(template: Path, in_memory: Path) -> None:
    home = copy_home(template, in_memory / "home")
    first = deliver(open_home(home), "crm1", in_memory / "in")
    before = meaning(open_home(home))
    again = deliver_text(open_home(home), CRM, CRM_FIRST, in_memory / "in" / "another_name.csv")
    assert again.repeated
    assert again.counts == first.counts
    assert meaning(open_home(home)) == before
    assert lake_frame(open_home(home), "profiles").height == 6

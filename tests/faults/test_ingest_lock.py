"""Opt-outs beside a big delivery: no transaction of ingest holds the control database's lock longer than 50 ms.

What is held against the limit is the processor time of a transaction without Python's garbage collector, because wall
time on a shared machine measures its neighbours; both are printed (`-s`). `VARDE_LOCK_ROWS=1000000` takes in a million
people instead of ten thousand.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hub.consents import Wish, find_subject, record_wish, write_wish
from hub.writer import Writer
from privacy.terms import ActChannel, ConsentAct, PurposeId
from tests.faults.ingest_company import (
    CRM,
    CRM_HEADER,
    Ticking,
    copy_home,
    deliver_text,
    make_template,
    open_home,
    owner_of,
)

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]

ROWS = int(os.environ.get("VARDE_LOCK_ROWS", "10000"))
LIMIT_MS = 50.0
CUSTOMERS = 50
PROGRAM = """
import gc, json, sys, threading, time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from ingest.pipeline.delivery import ingest_file
from tests.faults.ingest_company import CRM, contract, open_home, owner_of
home, file, gate, answer = map(Path, sys.argv[1:])
hub = open_home(home)
holds, own = [], threading.local()  # several threads write: each knows what collecting has cost it
def collecting(phase, _):
    own.collected = collected() + time.thread_time() * (1 if phase == "stop" else -1)
def collected():
    return getattr(own, "collected", 0.0)
gc.callbacks.append(collecting)
@contextmanager
def timed():
    with hub.unit_of_work() as session:
        cpu, wall = time.thread_time() - collected(), time.perf_counter()
        yield session
    holds.append([(time.thread_time() - collected() - cpu) * 1e3, (time.perf_counter() - wall) * 1e3, len(holds)])
def reached(at):
    while len(names) < len(holds):
        names.append(at)
names = []
ports = replace(hub.ports(owner_of(hub).principal_id), unit_of_work=timed, reached=reached)
gate.touch()
begun = time.perf_counter()
summary = ingest_file(contract(CRM), file, ports)
reached("end")
answer.write_text(json.dumps({
    "seconds": time.perf_counter() - begun, "accepted": summary.counts.accepted,
    "holds": [[cpu, wall, name] for (cpu, wall, _), name in zip(holds, names)],
}))
"""


def people(rows: int) -> str:
    """Every third says yes, every fifth says no; every seventh shares a phone with the one before."""
    return CRM_HEADER + "".join(
        f"n{n},Anna{n % 977},Berg{n % 1013},n{n}@crm.example,+47 9{n - (n % 7 == 0):07d},1980-01-01,nb,"
        f"2025-05-01 08:00:00,{'yes' if n % 3 == 0 else 'no' if n % 5 == 0 else ''},\n"
        for n in range(rows)
    )


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


@pytest.fixture(scope="module")
def beside(memory_root: Path) -> dict:
    """Opt out one customer after the other while the delivery runs; how long each waited, and the delivery's locks."""
    folder = memory_root / "beside"
    folder.mkdir()
    home = copy_home(make_template(folder), folder / "home")
    known = CRM_HEADER + "".join(
        f"k{n},Kari{n},Berg,k{n}@crm.example,,,nb,2025-05-01 08:00:00,yes,\n" for n in range(CUSTOMERS)
    )
    deliver_text(open_home(home), CRM, known, folder / "known.csv")
    file, gate, answer = folder / "people.csv", folder / "gate", folder / "answer"
    file.write_text(people(ROWS))
    hub = open_home(home, clock=Ticking())
    owner = owner_of(hub)
    subjects = [find_subject(hub, f"crm:k{n}") for n in range(CUSTOMERS)]
    wish = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId("churn"), channel=ActChannel.AGENT)
    command = [sys.executable, "-c", PROGRAM, str(home), str(file), str(gate), str(answer)]
    alone, waits = [], []
    for number in range(20):
        begun = time.perf_counter()
        record_wish(hub, subjects[number % CUSTOMERS], wish, owner)
        alone.append((time.perf_counter() - begun) * 1e3)
    with subprocess.Popen(command) as ingest:
        while not gate.exists() and ingest.poll() is None:
            time.sleep(0.01)
        writer = Writer(hub.unit_of_work)
        number = 0
        while ingest.poll() is None:
            subject = subjects[number % CUSTOMERS]
            begun = time.perf_counter()
            if number % 2:
                record_wish(hub, subject, wish, owner)
            else:
                writer.submit(
                    lambda session, who=subject: write_wish(hub, session, who, wish, owner.principal_id)
                ).result()
            waits.append((time.perf_counter() - begun) * 1e3)
            number += 1
            time.sleep(0.005)
        writer.close()
    assert ingest.returncode == 0
    return json.loads(answer.read_text()) | {"waits": waits, "alone": alone}


def test_no_lock_of_ingest_is_held_longer_than_the_limit(beside: dict) -> None:
    assert beside["accepted"] == ROWS
    by_step: dict[str, list[list[float]]] = {}
    for cpu, wall, step in beside["holds"]:
        by_step.setdefault(step, []).append([cpu, wall])
    for step, holds in by_step.items():
        cpu, wall = ([hold[i] for hold in holds] for i in (0, 1))
        print(
            f"{step:>18} {len(holds):6d} locks, processor max {max(cpu):6.1f} ms p99 {quantile(cpu, 0.99):6.1f} ms, "
            f"wall max {max(wall):7.1f} ms p99 {quantile(wall, 0.99):7.1f} ms p50 {statistics.median(wall):6.1f} ms"
        )
    worst = max(beside["holds"])
    assert worst[0] <= LIMIT_MS, worst


def test_an_opt_out_beside_a_delivery_waits_briefly(beside: dict) -> None:
    waits = beside["waits"]
    print(
        f"{ROWS} people in {beside['seconds']:.1f} s; {len(waits)} opt-outs beside: "
        f"p50 {statistics.median(waits):.1f} ms, p99 {quantile(waits, 0.99):.1f} ms, max {max(waits):.1f} ms; "
        f"alone p50 {statistics.median(beside['alone']):.1f} ms"
    )
    assert len(waits) >= CUSTOMERS
    assert statistics.median(waits) <= 2 * LIMIT_MS + 4 * statistics.median(beside["alone"])

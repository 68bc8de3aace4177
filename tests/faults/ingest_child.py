"""A process that takes deliveries in or erases somebody, and is killed on the way, waits there, or runs out of room.

Reads JSON lines, forks for each (importing everything anew would cost two seconds a case) and answers with the child's
wait status. Nothing of Polars may run before the fork: its threads would not survive it.

    {"home": PATH, "folder": PATH, "acts": ["crm1", "erase c1"], "step": "flipped#2", "minutes": 0}
"""

import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hub import erasing
from hub.compose import Hub
from hub.consents import find_subject
from hub.erasing import erase, erase_many, roll_forward
from hub.errors import HubError
from hub.retention.run import run as retain
from ingest.errors import BatchBusy, IngestError
from ingest.pipeline.rebuilding import Order, rebuild
from privacy.terms import Role
from tests.faults.ingest_company import (
    DELIVERIES,
    NOON,
    Ticking,
    contract,
    deliver,
    open_home,
    owner_of,
    small_steps,
    tidy,
)

WAITS = "wait:"
ROOM = "room:"
REFUSED, BUSY, UNCLEAR = 3, 4, 5


def dies_at(step: str, marker: Path) -> Callable[[str], None]:
    """Kill this process, without a chance to clean up, the n-th time a step is reached (`step#n`).

    `wait:step` writes the marker and waits until it is taken away; `room:BYTES@step` lets no file grow past a limit.
    """
    name, _, number = step.partition("#")
    left = [int(number or 1)]

    def reached(at: str) -> None:
        left[0] -= str(at) == name.rpartition(":")[2].rpartition("@")[2]
        if left[0]:
            return
        if name.startswith(WAITS):
            marker.touch()
            while marker.exists():
                time.sleep(0.01)
        elif name.startswith(ROOM):
            limit = int(name.removeprefix(ROOM).partition("@")[0])
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        else:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


def traced(log: Path, then: Callable[[str], None]) -> Callable[[str], None]:
    """Write every step down on its way."""

    def reached(at: str) -> None:
        with log.open("a") as file:
            file.write(f"{at}\n")
        then(at)

    return reached


def carry_out(hub: Hub, act: str, folder: Path) -> None:
    verb, _, subject = act.partition(" ")
    match verb:
        case "erase":
            erase(hub, find_subject(hub, subject), owner_of(hub))
        case "erase_together":
            erase_many(hub, [find_subject(hub, each) for each in subject.split()], owner_of(hub))
        case "finish":
            roll_forward(hub, owner_of(hub).principal_id)
        case "retain":
            retain(hub, owner_of(hub))
        case "tidy":
            tidy(hub)
        case "rebuild":
            anew(hub)
        case _:
            deliver(hub, verb, folder)


def anew(hub: Hub) -> None:
    ports = hub.ports(owner_of(hub).principal_id)
    assert ports.matching is not None
    rebuild(Order(role=Role.OWNER, country="NO"), ports, ports.matching)


def run(asked: dict[str, Any]) -> int:
    """Carry out the acts; 0, or why it stopped."""
    small_steps()
    erasing.PEOPLE_AT_ONCE = 1
    folder = Path(asked["folder"])
    folder.mkdir(exist_ok=True)
    reached = dies_at(asked["step"], folder / "waiting")
    if asked.get("trace"):
        reached = traced(Path(asked["trace"]), reached)
    clock = Ticking(NOON + timedelta(minutes=asked["minutes"]))
    try:
        hub = open_home(
            Path(asked["home"]), clock=clock, reached=reached, lake_ahead=timedelta(hours=asked.get("lake_hours", 0))
        )
        if asked.get("matching"):
            hub = replace(hub, settings=replace(hub.settings, matching=asked["matching"]))
        for act in asked["acts"]:
            carry_out(hub, act, folder)
    except BatchBusy:
        return BUSY
    except (HubError, IngestError) as told:
        (folder / "told").write_text(f"{type(told).__name__}: {told}")
        return REFUSED
    except BaseException as told:  # noqa: BLE001 - a child answers whatever ended it
        (folder / "told").write_text(f"{type(told).__name__}: {told}")
        return UNCLEAR
    return 0


def main() -> None:
    for delivery in DELIVERIES.values():
        contract(delivery.contract)  # once for all children
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(run(json.loads(line)))
        print(os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    main()

"""A process that does one act on a lake and is killed on the way, or runs out of room.

Reads `root<TAB>act<TAB>step` lines, forks for each (importing everything anew would cost a second a case), and answers
with the child's wait status. Nothing of Polars may run before the fork: its threads would not survive it.
"""

import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from hub.database.engine import engine_of
from hub.kek.file import FileKek
from hub.keystore.store import SqlKeyStore
from hub.keystore.tables import keystore_metadata
from hub.lake import append as append_module
from hub.lake import catalogue
from hub.lake.append import append
from hub.lake.compaction import compact
from hub.lake.erasure import ErasureRule, RowRule, erase
from hub.lake.errors import LakeFileNotWritten
from hub.lake.lake import Lake
from hub.lake.purge import purge
from hub.lake.sweep import sweep
from tests.builders_lake import StandingClock, batch, orders, record, small_lake

OPERATION = b"o" * 16
ROOM_BYTES = 300_000
RULES = [
    ErasureRule(table="orders", then=RowRule.DELETE),
    ErasureRule(table="tickets", then=RowRule.BLANK),
]


def durable_keys(root: Path) -> SqlKeyStore:
    engine = engine_of(f"sqlite:///{root / 'keys.sqlite'}")
    keystore_metadata.create_all(engine)
    return SqlKeyStore(engine, FileKek(b"k" * 32))


def durable_lake(root: Path, clock: StandingClock, reached: Callable[[str], None] = lambda _step: None) -> Lake:
    return small_lake(root, keys=durable_keys(root), clock=clock, reached=reached)


def ingest(lake: Lake, reached: Callable[[str], None], count: int = 40) -> None:
    """Append batch 2 as four files."""
    append_module.modulus_for = lambda _rows: 4
    files = append(lake, orders(range(count), start=100, organisation=70), table="orders", batch_id=batch(2))
    with lake.unit_of_work() as session:
        catalogue.stage(session, files, batch_id=batch(2), at=lake.clock(session))
    reached("staged")
    with lake.unit_of_work() as session:
        catalogue.publish(session, batch(2))
    reached("published")


def run(root: Path, act: str, reached: Callable[[str], None]) -> None:
    clock = StandingClock()
    lake = durable_lake(root, clock, reached)
    if act == "ingest":
        ingest(lake, reached)
    if act == "erase":
        erase(lake, [record(1), record(2)], RULES, operation_id=OPERATION)
    if act == "compact":
        compact(lake, "orders", operation_id=OPERATION)
    if act == "purge":
        purge(lake)
    if act == "sweep":
        clock.advance(hours=7)
        sweep(lake)


def run_out_of_room(root: Path, act: str) -> int:
    """Let no file grow past a limit that one lake file exceeds; return 0 if that was said as it should be."""
    lake = durable_lake(root, StandingClock())
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, ROOM_BYTES))
    try:
        if act == "ingest":
            ingest(lake, lambda _step: None, 60_000)
        else:
            erase(lake, [record(1)], RULES[:1], operation_id=OPERATION)
    except LakeFileNotWritten:
        return 0
    return 1


def dies_at(step: str) -> Callable[[str], None]:
    """Kill this process, without any chance to clean up, the n-th time a step is reached (`step#n`)."""
    name, _, number = step.partition("#")
    left = [int(number or 1)]

    def reached(at: str) -> None:
        left[0] -= at == name
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


def main() -> None:
    for line in sys.stdin:
        root, act, step = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            if step == "room":
                os._exit(run_out_of_room(Path(root), act))
            run(Path(root), act, dies_at(step))
            os._exit(0)
        print(os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    main()

"""A process that writes or sequences audit entries on PostgreSQL and dies by SIGKILL at a named step.

`python -m tests.faults.audit_child write|sequence URL STEP COUNT`: the step is named as in `STEPS` of the test, and the
process dies when it gets there the COUNT-th time. A writer prints the number of each entry that it was told is durable.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlmodel import Session

from hub.database.engine import engine_of
from hub.database.unit import unit_of_work
from hub.writer import Writer
from privacy.store.audit import note_entries, sequence_entries
from tests.builders_audit import an_entry

Reached = Callable[[str], None]


def write(engine: Engine, reached: Reached) -> None:
    @contextmanager
    def begin() -> Iterator[Session]:
        with unit_of_work(engine) as session:
            yield session
            reached("written")  # the group's entries are in the transaction, COMMIT has not been sent
        reached("committed")  # and nobody was told

    def act(number: int) -> Callable[[Session], int]:
        def noted(session: Session) -> int:
            note_entries(session, [an_entry(number, "consent.withdrawn")])
            reached("noted")
            return number

        return noted

    writer = Writer(begin)
    for number in range(1_000):
        print(writer.submit(act(number)).result(30), flush=True)


def sequence(engine: Engine, reached: Reached) -> None:
    with unit_of_work(engine) as session:
        sequence_entries(session, reached=reached)
    reached("audit_sequenced")


def main(what: str, url: str, step: str, count: int) -> None:
    left = count

    def dying(here: str) -> None:
        nonlocal left
        left -= here == step
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    {"write": write, "sequence": sequence}[what](engine_of(url), dying)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))

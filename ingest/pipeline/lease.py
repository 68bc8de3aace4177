"""The lease of a rebuild, prolonged while it works: what takes minutes must not look like a process that died."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from ingest.errors import RebuildBusy
from ingest.pipeline.ports import Ports
from ingest.store import batch as batches
from privacy.terms import BatchId

_BETWEEN: Final = 30.0
"""Seconds between two renewals while something is reckoned: a tenth of a lease."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one batch to go on, staged or visible."""

    batch_id: BatchId
    ports: Ports

    def renew(self) -> None:
        """Prolong it.

        Raises:
            RebuildBusy: it had run out, and somebody gave the batch up.

        """
        with self.ports.unit_of_work() as session:
            alive = batches.renew(session, self.batch_id, at=self.ports.clock())
        if not alive:
            raise RebuildBusy("took too long between two steps, and was given up by another command")

    def let_go(self) -> None:
        """End it, as far as the fault allows that ended the work."""
        with suppress(SQLAlchemyError, OSError), self.ports.unit_of_work() as session:
            batches.let_go(session, self.batch_id, at=self.ports.clock())

    def renewing(self) -> Ports:
        """Return the ports that prolong it whenever progress is told."""

        def told(done: int) -> None:
            self.ports.progress(done)
            self.renew()

        return replace(self.ports, progress=told)

    def during(self, task: Callable[[], T]) -> T:
        """Do what writes nothing in a thread beside, wherever it reckons, and prolong the lease meanwhile.

        Where the lease is lost, or somebody interrupts, the task ends by itself and its result is nobody's.

        Raises:
            RebuildBusy: the lease had run out.

        """
        beside = ThreadPoolExecutor(1, thread_name_prefix="varde-rebuilding")
        try:
            doing = beside.submit(task)
            while wait([doing], timeout=_BETWEEN).not_done:
                self.renew()
            result = doing.result()
            self.renew()
            return result
        finally:
            beside.shutdown(wait=False)

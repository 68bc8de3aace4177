"""After a crash: visible batches are settled, staged ones whose lease has ended are aborted and swept.

A visible delivery is finished by whoever starts, since its new records are read by nobody before. A rebuild holds
nobody back, and its last step reads everybody: as long as its lease runs, it is left to the process that works on it.
"""

from contextlib import suppress
from dataclasses import dataclass

from ingest.canonical.identity import IDENTITY_TABLES
from ingest.errors import RebuildBusy
from ingest.pipeline.compacting import sweep_runs
from ingest.pipeline.expiry import expire
from ingest.pipeline.ports import Ports
from ingest.pipeline.settle import settle
from ingest.store import batch as batches
from ingest.store import sweep as sweeping
from ingest.store.batch import REBUILD, BatchState
from ingest.store.delivered import StoredBatch
from privacy.terms import BatchId


@dataclass(frozen=True, slots=True)
class Recovery:
    """What start-up found and finished."""

    settled: int
    aborted: int
    expired: int


def recover(ports: Ports) -> Recovery:
    """Roll visible batches forward; give up staged ones that nobody works on any more."""
    with ports.read_only() as session:
        visible = batches.in_state(session, BatchState.VISIBLE)
        aborted = [BatchId(row.batch_id) for row in batches.in_state(session, BatchState.ABORTED)]
    dead = [row for row in visible if row.contract != REBUILD or row.lease_until <= ports.clock()]
    for row in dead:
        _roll_forward(row, ports)
    given_up = abort_expired(ports)
    for batch_id in aborted:
        sweep(batch_id, ports)
    sweep_runs(ports)  # what is many is made one by the next delivery, not by whoever starts
    return Recovery(settled=len(dead), aborted=given_up, expired=expire(ports))


def _roll_forward(batch: StoredBatch, ports: Ports) -> None:
    if batch.contract == REBUILD and ports.matched(IDENTITY_TABLES[batch.canonical_table]) is not None:
        from ingest.pipeline.partitioning import finish  # noqa: PLC0415 - SciPy, for who is matched alone

        with suppress(RebuildBusy):  # somebody else was faster
            finish(batch, ports)
    else:
        settle(BatchId(batch.batch_id), ports)


def abort_expired(ports: Ports) -> int:
    """Abort and sweep the staged batches that nobody works on any more; return how many."""
    with ports.read_only() as session:
        staged = [row for row in batches.in_state(session, BatchState.STAGED) if row.lease_until <= ports.clock()]
    return sum(abort_batch(BatchId(row.batch_id), ports) for row in staged)


def abort_batch(batch_id: BatchId, ports: Ports) -> bool:
    """Abort a staged batch and sweep it; False if it had become visible meanwhile, then it stays."""
    with ports.unit_of_work() as session:
        if not batches.abort(session, batch_id):
            return False
    ports.reached("aborted")
    sweep(batch_id, ports)
    return True


def give_up(batch_id: BatchId, ports: Ports) -> None:
    """Abort and sweep the batch of an ingest that failed, as far as the fault allows.

    If that fails too (the disk is full), the batch waits for recovery; the first fault is the one to tell. If
    somebody aborted the batch because this process had lost its lease, what was written since goes as well.
    """
    with suppress(Exception):
        if abort_batch(batch_id, ports):
            return
        with ports.read_only() as session:
            aborted = batches.was_aborted(session, batch_id)
        if aborted:
            sweep(batch_id, ports)


def sweep(batch_id: BatchId, ports: Ports) -> None:
    """Destroy the keys of an aborted batch first, then its files and rows; repeating it changes nothing.

    Acts that restricted somebody stay in force: they were acknowledged to nobody, but erring towards no is safe.
    """
    ports.keys.shred_batch(batch_id)
    ports.reached("keys_swept")
    with ports.unit_of_work() as session:
        ports.lake.discard(session, batch_id)
    ports.reached("files_discarded")
    while True:
        with ports.unit_of_work() as session:
            if not sweeping.sweep_batch(session, batch_id):
                break
        ports.reached("rows_swept")
    sweep_runs(ports)
    _sweep_indexes(batch_id, ports)
    ports.reached("swept")


def _sweep_indexes(batch_id: BatchId, ports: Ports) -> None:
    with ports.read_only() as session:
        if not sweeping.may_hold_indexes(session, batch_id, at=ports.clock()):
            return
        slices = sweeping.index_slices(session, batch_id)
    for first in slices:
        more = True
        while more:
            with ports.unit_of_work() as session:
                more = sweeping.sweep_indexes(session, batch_id, first) > 0
        ports.reached("rows_swept")
    with ports.unit_of_work() as session:
        sweeping.note_swept(session, batch_id, at=ports.clock())

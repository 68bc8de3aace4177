"""After a crash: visible batches are settled, staged ones whose lease has ended are aborted and swept."""

from dataclasses import dataclass

from ingest.pipeline.ports import Ports
from ingest.pipeline.settle import settle
from ingest.store import batch as batches
from ingest.store.batch import BatchState
from privacy.terms import BatchId


@dataclass(frozen=True, slots=True)
class Recovery:
    """What start-up found and finished."""

    settled: int
    aborted: int


def recover(ports: Ports) -> Recovery:
    """Roll visible batches forward; give up staged ones that nobody works on any more."""
    with ports.read_only() as session:
        visible = [BatchId(row.batch_id) for row in batches.in_state(session, BatchState.VISIBLE)]
        staged = [row for row in batches.in_state(session, BatchState.STAGED) if row.lease_until <= ports.clock()]
        aborted = [BatchId(row.batch_id) for row in batches.in_state(session, BatchState.ABORTED)]
    for batch_id in visible:
        settle(batch_id, ports)
    given_up = sum(abort_batch(BatchId(row.batch_id), ports) for row in staged)
    for batch_id in aborted:
        sweep(batch_id, ports)
    return Recovery(settled=len(visible), aborted=given_up)


def abort_batch(batch_id: BatchId, ports: Ports) -> bool:
    """Abort a staged batch and sweep it; False if it had become visible meanwhile, then it stays."""
    with ports.unit_of_work() as session:
        if not batches.abort(session, batch_id):
            return False
    ports.reached("aborted")
    sweep(batch_id, ports)
    return True


def sweep(batch_id: BatchId, ports: Ports) -> None:
    """Destroy the keys of an aborted batch first, then its rows and files; repeating it changes nothing.

    Acts that restricted somebody stay in force: they were acknowledged to nobody, but erring towards no is safe.
    """
    ports.keys.shred_batch(batch_id)
    ports.reached("keys_swept")
    with ports.unit_of_work() as session:
        ports.lake.discard(session, batch_id)
        batches.sweep_batch(session, batch_id)
    ports.reached("swept")

"""One frame on its way into the lake while the next is being typed: sorting and sealing take as long as reading.

Rules kept here: one frame at a time and in order, so that memory holds two chunks at most; a fault is told at the next
`put` or at `finish`, before anything could be flipped; `close` leaves nothing running, whatever happened.
"""

from concurrent.futures import Future, ThreadPoolExecutor

import polars as pl

from ingest.pipeline.ports import Ports
from privacy.terms import BatchId


class Staging:
    """Stages the frames of one batch in one lake table."""

    def __init__(self, table: str, batch_id: BatchId, ports: Ports) -> None:
        self._table = table
        self._batch_id = batch_id
        self._ports = ports
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="varde-staging")
        self._running: Future[None] | None = None

    def put(self, frame: pl.DataFrame, ids: pl.Series) -> None:
        """Begin to stage a frame whose owners are positions in `ids`, once the one before is durable."""
        self.finish()
        self._running = self._worker.submit(self._stage, frame, ids)

    def finish(self) -> None:
        """Wait until all that was put is staged and durable; raise what went wrong."""
        running, self._running = self._running, None
        if running is not None:
            running.result()

    def close(self) -> None:
        """Wait for what still runs, without caring how it ends: after a fault the batch is given up anyway."""
        self._worker.shutdown(wait=True)

    def _stage(self, frame: pl.DataFrame, ids: pl.Series) -> None:
        self._ports.lake.stage(self._table, frame, self._batch_id, ids=ids)
        self._ports.reached("lake_staged")

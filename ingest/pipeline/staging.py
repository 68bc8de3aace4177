"""Frames on their way into the lake while the next is being typed: sorting and sealing take longer than reading.

Rules kept here: a bounded number of frames at a time, so that memory holds a bounded number of chunks; a fault is told
at a later `put` or at `finish`, before anything could be flipped; `close` leaves nothing running, whatever happened.
"""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import polars as pl

from ingest.pipeline.ports import Ports
from privacy.terms import BatchId

_AT_ONCE: Final = 2
"""One is sorted on one core while another is compressed and written: measured on 2 cores against one at a time."""


class Staging:
    """Stages the frames of one batch in one lake table."""

    def __init__(self, table: str, batch_id: BatchId, ports: Ports) -> None:
        self._table = table
        self._batch_id = batch_id
        self._ports = ports
        self._workers = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="varde-staging")
        self._running: deque[Future[None]] = deque()

    def put(self, frame: pl.DataFrame, ids: pl.Series) -> None:
        """Begin to stage a frame whose owners are positions in `ids`; wait for an earlier one if there are enough."""
        if len(self._running) == _AT_ONCE:
            self._running.popleft().result()
        self._running.append(self._workers.submit(self._stage, frame, ids))

    def finish(self) -> None:
        """Wait until all that was put is staged and durable; raise what went wrong."""
        while self._running:
            self._running.popleft().result()

    def close(self) -> None:
        """Wait for what still runs, without caring how it ends: after a fault the batch is given up anyway."""
        self._workers.shutdown(wait=True)

    def _stage(self, frame: pl.DataFrame, ids: pl.Series) -> None:
        self._ports.lake.stage(self._table, frame, self._batch_id, ids=ids)
        self._ports.reached("lake_staged")

"""Frames on their way into the lake while the next is being typed: sorting and sealing take longer than reading."""

from functools import partial
from typing import Final

import polars as pl

from ingest.pipeline.behind import Behind
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
        self._behind = Behind("varde-staging", at_once=_AT_ONCE)

    def put(self, frame: pl.DataFrame, ids: pl.Series) -> None:
        """Begin to stage a frame whose owners are positions in `ids`; wait for an earlier one if there are enough."""
        self._behind.put(partial(self._stage, frame, ids))

    def finish(self) -> None:
        """Wait until all that was put is staged and durable; raise what went wrong."""
        self._behind.wait()

    def close(self) -> None:
        """Wait for what still runs, without caring how it ends."""
        self._behind.close()

    def _stage(self, frame: pl.DataFrame, ids: pl.Series) -> None:
        self._ports.lake.stage(self._table, frame, self._batch_id, ids=ids)
        self._ports.reached("lake_staged")

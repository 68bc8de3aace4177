"""Append a frame to a lake table: durable files first, visible only when the batch is published."""

from functools import partial

import polars as pl

from hub.lake.buckets import buckets, modulus_for
from hub.lake.errors import FrameRefused
from hub.lake.lake import Lake
from hub.lake.terms import TABLE_NAME, Act, StagedFile
from hub.lake.writing import Draft, write
from privacy.terms import ID_BYTES, BatchId


def append(
    lake: Lake, frame: pl.DataFrame, *, table: str, batch_id: BatchId, schema_version: int = 1
) -> list[StagedFile]:
    """Write the rows as new files; enter them with `catalogue.stage`, make them visible with `catalogue.publish`.

    Appending is not idempotent: a retry after a crash writes new files, and the old ones are swept. Call it with
    as many rows as memory holds comfortably (peak: about the frame once more); `compact` merges small files later.

    Raises:
        FrameRefused: a column is missing, too many or of another type; an id is not 16 bytes; an event has no time.
        LakeFileNotWritten: disk full or the like; nothing is left behind.

    """
    _verify_frame(lake, frame, table)
    if frame.is_empty():
        return []
    frame = frame.rechunk()  # gathering from 81 chunks took 4.5 times the processor time of gathering from one
    modulus = modulus_for(frame.height)
    drafts = [
        Draft(
            table=table,
            modulus=modulus,
            remainder=bucket.remainder,
            schema_version=schema_version,
            rows=partial(_gather, frame, bucket.order),
        )
        for bucket in buckets(frame, modulus)
    ]
    return write(lake, drafts, act=Act.APPEND, batch_id=batch_id)


def _gather(frame: pl.DataFrame, order: pl.Series) -> pl.DataFrame:
    """Return one bucket's rows in their order."""
    return frame[order]


def _verify_frame(lake: Lake, frame: pl.DataFrame, table: str) -> None:
    """Refuse what later reads, erasures or the sort could not handle."""
    if not TABLE_NAME.fullmatch(table):
        raise FrameRefused(table, "", "a table is named in lower case letters, digits and underscores")
    expected = lake.schema_of(table)
    for column in [*expected, *frame.columns]:
        if frame.schema.get(column) != expected.get(column):
            raise FrameRefused(table, column, f"must be {expected.get(column)}, is {frame.schema.get(column)}")
    if frame["event_time"].null_count():
        raise FrameRefused(table, "event_time", "an event needs a time")
    for column in ("person", "organisation"):
        if not frame.select((pl.col(column).bin.size() == ID_BYTES).all()).item():
            raise FrameRefused(table, column, f"a record id has {ID_BYTES} bytes")

"""Append a frame to a lake table: durable files first, visible only when the batch is published."""

from functools import partial
from typing import Final

import polars as pl

from hub.lake.buckets import OWNERS, buckets, modulus_for, owners_in, owners_of
from hub.lake.errors import FrameRefused
from hub.lake.lake import Lake
from hub.lake.terms import TABLE_NAME, Act, StagedFile
from hub.lake.writing import Draft, write
from privacy.terms import ID_BYTES, BatchId

_SCHEMA_VERSION: Final = 1


def append(
    lake: Lake,
    frame: pl.DataFrame,
    *,
    table: str,
    batch_id: BatchId,
    ids: pl.Series | None = None,
) -> list[StagedFile]:
    """Write the rows as new files; enter them with `catalogue.stage`, make them visible with `catalogue.publish`.

    Appending is not idempotent: a retry after a crash writes new files, and the old ones are swept. Call it with
    as many rows as memory holds comfortably (peak: about the frame once more); `compact` merges small files later.

    With `ids` (Binary) the columns `person` and `organisation` hold positions in it (UInt32) instead of record ids: a
    customer of a thousand rows is then ranked once, and 16 bytes a row are written down only file by file.

    Raises:
        FrameRefused: a column is missing, too many or of another type; an id is not 16 bytes; an event has no time.
        LakeFileNotWritten: disk full or the like; nothing is left behind.

    """
    _verify_frame(lake, frame, table, ids)
    if frame.is_empty():
        return []
    frame = frame.rechunk()  # gathering from 81 chunks took 4.5 times the processor time of gathering from one
    modulus = modulus_for(frame.height)
    owners = owners_of(frame) if ids is None else owners_in(frame, ids)
    filled = frame.select(
        column for column in frame if column.null_count() < frame.height
    )  # tables are wide and sparse
    drafts = [
        Draft(
            table=table,
            modulus=modulus,
            remainder=bucket.remainder,
            schema_version=_SCHEMA_VERSION,
            rows=partial(_gather, filled, bucket.order, ids, lake.schema_of(table)),
        )
        for bucket in buckets(owners, frame["event_time"], modulus)
    ]
    return write(lake, drafts, act=Act.APPEND, batch_id=batch_id)


def _gather(filled: pl.DataFrame, order: pl.Series, ids: pl.Series | None, schema: pl.Schema) -> pl.DataFrame:
    """Return one bucket's rows in their order, with record ids, and with the columns that hold nothing but null."""
    rows = filled[order]
    if ids is not None:
        rows = rows.with_columns(ids.gather(rows[column]).alias(column) for column in OWNERS if column in rows.columns)
    return rows.select(
        pl.col(name) if name in rows.columns else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in schema.items()
    )


def _verify_frame(lake: Lake, frame: pl.DataFrame, table: str, ids: pl.Series | None) -> None:
    """Refuse what later reads, erasures or the sort could not handle."""
    if not TABLE_NAME.fullmatch(table):
        raise FrameRefused(table, "", "a table is named in lower case letters, digits and underscores")
    expected = dict(lake.schema_of(table))
    if ids is not None:
        expected |= dict.fromkeys(OWNERS, pl.UInt32())
    for column in [*expected, *frame.columns]:
        if frame.schema.get(column) != expected.get(column):
            raise FrameRefused(table, column, f"must be {expected.get(column)}, is {frame.schema.get(column)}")
    if frame["event_time"].null_count():
        raise FrameRefused(table, "event_time", "an event needs a time")
    for column in OWNERS:
        given = frame[column] if ids is None else ids
        if not (given.bin.size() == ID_BYTES).all():
            raise FrameRefused(table, column, f"a record id has {ID_BYTES} bytes")

"""Steps of campaigns in the sealed lake: who was drawn into which arm, what was sent, what happened since.

A row lies under one record of its customer and names the others, so that an erasure of any of them takes it along.
It becomes visible in the transaction of the act that it tells of, with its audit entry, or not at all.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.compose import Hub
from hub.lake import catalogue
from hub.lake.append import append
from hub.lake.reading import reading
from hub.winback.people import named_now
from ingest.canonical.catalogue import lake_table_of
from ingest.canonical.snapshots import OTHERS
from privacy.store.epoch import lock_epoch
from privacy.store.erasure import tombstones
from privacy.terms import BatchId, random_id

TABLE: Final = "winback_acts"
Deed = Callable[[Session, BatchId, int], None]
"""What else happens in the transaction: it is given the batch and how many rows there are."""
_READ: Final = ("campaign", "act", "reason", "offer", "plan", "step", "channel", "value_minor")


def keep_acts(hub: Hub, rows: pl.DataFrame, campaign: bytes, deed: Deed, *, at: datetime) -> int:
    """Append rows (record, others, act, and what else there is to say) and do the deed; return how many.

    Whoever was erased since the rows were made is left out.
    """
    left = rows
    while True:
        frame = _canonical(left, campaign, at)
        batch_id = BatchId(random_id())
        staged = append(hub.lake, frame, table=TABLE, batch_id=batch_id)
        with hub.unit_of_work() as session:
            lock_epoch(session)
            gone = tombstones(session)
            catalogue.stage(session, staged, batch_id=batch_id, at=hub.lake.clock(session))
            if gone.isdisjoint([*frame["person"], *frame[OTHERS].drop_nulls().explode()]):
                catalogue.publish(session, batch_id)
                deed(session, batch_id, frame.height)
                return frame.height
            # An erasure came between: it could not see these rows. They never become visible; write the rest anew.
            catalogue.abort(session, batch_id, operation_id=random_id(), at=hub.lake.clock(session))
        closed = pl.Series(sorted(gone), dtype=pl.Binary).implode()
        beside = pl.col(OTHERS).list.eval(pl.element().is_in(closed)).list.any().fill_null(value=False)
        left = left.filter(~(pl.col("record").is_in(closed) | beside))


def acts_of(hub: Hub) -> pl.DataFrame:
    """Read the steps of all campaigns by the customers' present pseudonyms: pseudonym, at, campaign and `_READ`."""
    with reading(hub.lake) as reader:
        found = reader.collect(reader.scan(TABLE).select("person", pl.col("event_time").alias("at"), *_READ))
    with hub.reading() as session:
        return named_now(hub, session, found.rename({"person": "record"}))


def _canonical(rows: pl.DataFrame, campaign: bytes, at: datetime) -> pl.DataFrame:
    given = rows.with_columns(person=pl.col("record"), event_time=pl.lit(at), campaign=pl.lit(campaign.hex()))
    schema = lake_table_of(TABLE).schema
    return given.select(
        (pl.col(name) if name in given.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )

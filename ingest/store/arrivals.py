"""When what is known of each record last changed: its newest counted revision, else the day it was first named."""

from typing import Final

import polars as pl
from sqlalchemy import func, select
from sqlmodel import Session, col

from ingest.store.batch import COUNTED
from ingest.tables.batch import Batch
from ingest.tables.record import RecordRevision, SourceRecord
from privacy.terms import EntityKind

_SCHEMA: Final = {"record": pl.Binary(), "arrived_at": pl.Datetime("us", "UTC")}


def arrivals_frame(session: Session, kind: EntityKind) -> pl.DataFrame:
    """Return record (Binary) and arrived_at (instant) of every record of a kind."""
    counted = (
        select(col(RecordRevision.record_id), func.max(col(RecordRevision.arrived_at)).label("arrived_at"))
        .join(Batch, col(Batch.batch_id) == col(RecordRevision.batch_id))
        .where(col(Batch.state).in_(COUNTED))
        .group_by(col(RecordRevision.record_id))
        .subquery()
    )
    query = (
        select(col(SourceRecord.record_id), func.coalesce(counted.c.arrived_at, col(SourceRecord.created_at)))
        .outerjoin(counted, counted.c.record_id == col(SourceRecord.record_id))
        .where(col(SourceRecord.kind) == kind.value)
    )
    return pl.DataFrame([tuple(row) for row in session.execute(query)], schema=_SCHEMA, orient="row")

"""Before the rows go that tell of a last contact: keep the instant, and nothing else, or older rows would look fresh.

Whose instants would change by what is due is found by working them out twice, with and without it. What a trace says
is then no change any more, so a run that is repeated adds nothing.
"""

from collections.abc import Callable

import polars as pl
from sqlmodel import Session

from hub.compose import Hub
from hub.lake import catalogue
from hub.lake.append import append
from hub.lake.reading import reading
from hub.retention.instants import (
    LAST_CONTACT,
    RECORD,
    RELATION_END,
    RUNNING,
    TRACES,
    from_rows,
    instants_of,
    joined,
    worked_out,
)
from hub.retention.keeping import Facts, TableSieve
from ingest.canonical.catalogue import lake_table_of
from ingest.canonical.table import INSTANT
from ingest.store.record import records_frame
from privacy.terms import BatchId, EntityKind, random_id


def keep_traces(hub: Hub, facts: Facts, sieve_of: Callable[[str], TableSieve], instants: pl.DataFrame) -> int:
    """Append the instants that what is due would take away; return how many."""
    with reading(hub.lake) as reader:

        def staying(table: str) -> pl.LazyFrame:
            sieve = sieve_of(table)
            rows = joined(reader.scan(table), instants.lazy() if sieve.terms.of_person else None)
            return rows.filter(~sieve.due)

        after = worked_out(reader, instants_of(from_rows(staying), facts.records, facts.policy.contact_events))
    lost = pl.concat([_lost(instants, after, kind) for kind in (LAST_CONTACT, RELATION_END)])
    with hub.reading() as session:
        frame = _traces(session, lost)
    if not frame.height:
        return 0
    batch_id = BatchId(random_id())
    staged = append(hub.lake, frame, table=TRACES, batch_id=batch_id)
    with hub.unit_of_work() as session:
        catalogue.stage(session, staged, batch_id=batch_id, at=hub.lake.clock(session))
        catalogue.publish(session, batch_id)
    return frame.height


def _lost(before: pl.DataFrame, after: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Return whose instant would be earlier or unknown; a relation that still runs has no instant to keep."""
    was = before.select(RECORD, pl.col(kind).alias("event_time"))
    both = was.join(after.select(RECORD, pl.col(kind).alias("then")), on=RECORD, how="left")
    running = pl.lit(RUNNING, dtype=INSTANT)
    changed = (pl.col("event_time") < running) & (pl.col("then") < pl.col("event_time")).fill_null(value=True)
    return both.filter(changed).select(RECORD, "event_time", kind=pl.lit(kind))


def _traces(session: Session, lost: pl.DataFrame) -> pl.DataFrame:
    """Write traces as rows of the lake: of people and organisations that are on record."""
    sides = [
        lost.join(records_frame(session, kind).select(RECORD), on=RECORD, how="semi").rename({RECORD: kind.value})
        for kind in EntityKind
    ]
    rows = pl.concat(sides, how="diagonal")
    schema = lake_table_of(TRACES).schema
    missing = [pl.lit(None).alias(name) for name in schema if name not in rows.columns]
    return rows.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in schema.items())

"""How common values are, by keyed token: what the batches that count have brought, summed.

A rebuild counts everybody anew, as a batch of its own: from the moment at which that counts, those that it has counted
again do not.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import polars as pl
from sqlalchemy import BigInteger, Insert, cast, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col

from ingest.canonical.identity import TABLE_OF
from ingest.store.batch import COUNTED
from ingest.tables.batch import Batch
from ingest.tables.match import MatchFrequency
from privacy.store.bulk import Columns, execute_columns
from privacy.terms import BatchId, EntityKind

POOLED: Final = b""
"""Stands for all values of a column that few carry."""
_AT_ONCE: Final = 500
_SCHEMA: Final = {"column": pl.String, "token": pl.Binary, "values": pl.Int64, "carriers": pl.Int64}


def add_frequencies(session: Session, columns: Columns) -> None:
    """Add counts of a batch to those that it has brought."""
    execute_columns(session, _adding(session.get_bind().dialect.name), columns)


def frequencies(session: Session, columns: Sequence[str]) -> pl.DataFrame:
    """Return the sums of all batches that count: column, token (`POOLED` for the rest), values, carriers."""
    counts = (col(MatchFrequency.value_count), col(MatchFrequency.record_count))
    sums: list[Any] = [cast(func.sum(count), BigInteger) for count in counts]  # PostgreSQL sums to a decimal
    names = (col(MatchFrequency.column_name), col(MatchFrequency.token))
    query = (
        select(*names, *sums)
        .join(Batch, col(Batch.batch_id) == col(MatchFrequency.batch_id))
        .where(
            col(Batch.state).in_(COUNTED),
            col(Batch.counted_in).is_(None),
            col(MatchFrequency.column_name).in_(list(columns)),
        )
        .group_by(*names)
    )
    rows = [tuple(row) for row in session.connection().execute(query)]  # many, and past the ORM
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def supersede(session: Session, batches: Sequence[bytes], rebuild: BatchId, kind: EntityKind) -> None:
    """Let the counts of some batches of a kind say nothing any more: a rebuild has counted the same records."""
    for start in range(0, len(batches), _AT_ONCE):
        some = col(Batch.batch_id).in_(batches[start : start + _AT_ONCE])
        mine = (col(Batch.canonical_table) == TABLE_OF[kind], col(Batch.counted_in).is_(None))
        session.execute(update(Batch).where(some, *mine).values(counted_in=rebuild))


def sweep_superseded(session: Session) -> int:
    """Delete some counts that say nothing any more; return how many, 0 at the end."""
    key = (col(MatchFrequency.batch_id), col(MatchFrequency.column_name), col(MatchFrequency.token))
    old = select(col(Batch.batch_id)).where(col(Batch.counted_in).is_not(None))
    some = select(*key).where(col(MatchFrequency.batch_id).in_(old)).limit(_AT_ONCE)
    return int(getattr(session.execute(delete(MatchFrequency).where(tuple_(*key).in_(some))), "rowcount", 0))


@lru_cache(maxsize=2)
def _adding(dialect: str) -> Insert:
    statement = (sqlite_insert if dialect == "sqlite" else postgresql_insert)(MatchFrequency)
    added: Insert = statement.on_conflict_do_update(
        index_elements=["batch_id", "column_name", "token"],
        set_={
            "value_count": MatchFrequency.value_count + statement.excluded.value_count,
            "record_count": MatchFrequency.record_count + statement.excluded.record_count,
        },
    )
    return added

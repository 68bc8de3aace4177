"""How common values are, by keyed token: what the batches that count have brought, summed."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import polars as pl
from sqlalchemy import Insert, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col

from ingest.store.batch import COUNTED
from ingest.tables.batch import Batch
from ingest.tables.match import MatchFrequency
from privacy.store.bulk import Columns, execute_columns

POOLED: Final = b""
"""Stands for all values of a column that few carry."""
_SCHEMA: Final = {"column": pl.String, "token": pl.Binary, "values": pl.Int64, "carriers": pl.Int64}


def add_frequencies(session: Session, columns: Columns) -> None:
    """Add counts of a batch to those that it has brought."""
    execute_columns(session, _adding(session.get_bind().dialect.name), columns)


def frequencies(session: Session, columns: Sequence[str]) -> pl.DataFrame:
    """Return the sums of all batches that count: column, token (`POOLED` for the rest), values, carriers."""
    sums: list[Any] = [func.sum(col(MatchFrequency.value_count)), func.sum(col(MatchFrequency.record_count))]
    names = (col(MatchFrequency.column_name), col(MatchFrequency.token))
    query = (
        select(*names, *sums)
        .join(Batch, col(Batch.batch_id) == col(MatchFrequency.batch_id))
        .where(col(Batch.state).in_(COUNTED), col(MatchFrequency.column_name).in_(list(columns)))
        .group_by(*names)
    )
    rows = [(column, token, int(values), int(carriers)) for column, token, values, carriers in session.execute(query)]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


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

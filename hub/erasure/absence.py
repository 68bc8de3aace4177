"""Proving that nothing is left of somebody who was erased, by looking everywhere rather than by trusting the erasure.

Rules kept here:
- every table that the database has is looked into, by its own catalogue and not by what this program knows of it, in
  every column that can hold an id; a value inside sealed bytes cannot be found, and need not be: its key is gone;
- tables of `hub.erasure.reach.KEPT` may hold the random ids: they are counted, and said with their ground;
- the lake is read in full, every table, in each column that can hold a record;
- a record that nobody erased proves nothing: it is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
from sqlalchemy import Column, LargeBinary, MetaData, func, select
from sqlmodel import Session

from hub.compose import Hub
from hub.erasure.reach import KEPT
from hub.errors import ErasureIncomplete, NobodyErased
from hub.lake.reading import Reader, reading
from ingest.canonical.catalogue import LAKE_TABLES
from ingest.canonical.snapshots import OTHERS
from ingest.store.match_run import count_entries_of
from privacy.store.erasure import erasure_of, records_of_erasure
from privacy.terms import ID_BYTES, RecordId

_OF_RECORDS: Final = ("person", "organisation", "employee")
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """What was looked through without finding anybody; `kept` counts random ids in tables that keep them, by table."""

    records: int
    tables: int
    columns: int
    lake_rows: int
    kept: Mapping[str, int]


def verify_absence(hub: Hub, reference: str) -> Absence:
    """Prove that nothing is left of an erased record, or of all records of an erasure, named by its id in hex.

    Raises:
        NobodyErased: nobody was erased under that reference.
        ErasureIncomplete: something is left; says where, and how many rows or keys.

    """
    records = _records_of(hub, reference)
    left: dict[str, int] = {}
    if keys := sum(hub.keystore.count_owned(records).values()):
        left["key store"] = keys
    with hub.reading() as session:
        columns = _binary_columns(session)
        found = {column: _count(session, column, records) for column in columns}
        packed = count_entries_of(session, records)
    by_table: dict[str, int] = {}
    for column, count in found.items():
        by_table[column.table.name] = by_table.get(column.table.name, 0) + count
    left |= {name: count for name, count in by_table.items() if count and name not in KEPT}
    with reading(hub.lake) as reader:
        lake = {table: _lake_hits(reader, table, records) for table in LAKE_TABLES}
    left |= {f"lake {table}": hits for table, (_, hits) in lake.items() if hits}
    if packed:
        left["match_block"] = packed  # many records in one cell
    if left:
        raise ErasureIncomplete(left)
    return Absence(
        records=len(records),
        tables=len(by_table),
        columns=len(columns),
        lake_rows=sum(rows for rows, _ in lake.values()),
        kept={name: count for name, count in by_table.items() if count},
    )


def _records_of(hub: Hub, reference: str) -> list[RecordId]:
    try:
        named = bytes.fromhex(reference)
    except ValueError:
        raise NobodyErased from None
    if len(named) != ID_BYTES:
        raise NobodyErased
    with hub.reading() as session:
        if erasure_of(session, RecordId(named)) is not None:
            return [RecordId(named)]
        records = records_of_erasure(session, named)
    if not records:
        raise NobodyErased
    return records


def _binary_columns(session: Session) -> list[Column[bytes]]:
    """List every column that can hold an id, as the database itself tells."""
    found = MetaData()
    found.reflect(session.connection())
    return [column for table in found.sorted_tables for column in table.columns if isinstance(column.type, LargeBinary)]


def _count(session: Session, column: Column[bytes], records: Sequence[RecordId]) -> int:
    done = 0
    for start in range(0, len(records), _CHUNK):
        some = column.in_(records[start : start + _CHUNK])
        done += int(session.execute(select(func.count()).select_from(column.table).where(some)).scalar_one())
    return done


def _lake_hits(reader: Reader, table: str, records: Sequence[RecordId]) -> tuple[int, int]:
    """Return how many rows a table has, and how many name one of the records."""
    scan = reader.scan(table)
    columns = [name for name in _OF_RECORDS if name in LAKE_TABLES[table].schema]
    wanted = pl.Series(records, dtype=pl.Binary).implode()
    named = [pl.col(name).is_in(wanted) for name in columns]
    if OTHERS in LAKE_TABLES[table].schema:
        named.append(pl.col(OTHERS).list.eval(pl.element().is_in(wanted)).list.any())
    hit = pl.any_horizontal(each.fill_null(value=False) for each in named)
    rows, hits = reader.collect(scan.select(pl.len().alias("rows"), hit.sum().alias("hits"))).row(0)
    return int(rows), int(hits or 0)

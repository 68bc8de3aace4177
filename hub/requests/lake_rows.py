"""Every row of the sealed lake that is about a person, by reflection over the canonical tables.

A row can be about two people. Where the person is the customer, the colleague and the organisation are left out; where
the person is the colleague, nothing is told of the customer but that something was done and when.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from hub.lake.lake import Lake
from hub.lake.reading import Reader, reading
from ingest.canonical.catalogue import LAKE_TABLES
from ingest.canonical.table import Column, ColumnKind, Table
from privacy.terms import DataCategory, RecordId

PERSON: Final = "person"
EMPLOYEE: Final = "employee"
_OTHERS: Final = frozenset({"organisation", EMPLOYEE})
_AS_COLLEAGUE: Final = ("event_time",)
_REVISION: Final = "crosswalk_revision"
_EVENT: Final = "event_id"
"""By which a text that is kept sealed is told from others; never shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeRows:
    """Rows of one table about one person; `as_colleague`: the person handled them, they are about a customer."""

    table: Table
    columns: tuple[Column, ...]
    frame: pl.DataFrame
    as_colleague: bool = False

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows, oldest first, by column name."""
        return [row for _, row in self.numbered_rows()]

    def numbered_rows(self) -> list[tuple[int | None, dict[str, Any]]]:
        """Return each row with the number of its event, which is no part of what the person is shown."""
        return [(row.pop(_EVENT, None), row) for row in self.frame.sort("event_time").to_dicts()]


def lake_rows(lake: Lake, records: Sequence[RecordId], revisions: Sequence[int]) -> list[LakeRows]:
    """Read every row about a person from every table of the lake; `records` are all records of the person.

    What was worked out of a set of records (scores, kept rows of views) is read only if it is of the present set, by
    its `revisions`: of another it may tell of somebody else.
    """
    with reading(lake) as reader:
        return [found for table in LAKE_TABLES.values() for found in _of_table(reader, table, records, revisions)]


def shown_columns(table: Table) -> tuple[Column, ...]:
    """Return the columns of a table that a person is shown of rows about themselves: all but who else is in them."""
    return tuple(column for column in table.all_columns if column.name not in {PERSON, *_OTHERS} and _is_about(column))


def _is_about(column: Column) -> bool:
    """Say whether a column tells of the person; a technical one does not, but for what was kept out of a text."""
    return column.category is not DataCategory.NONE or column.kind is ColumnKind.REDACTION or column.name == "model_id"


def _of_table(
    reader: Reader, table: Table, records: Sequence[RecordId], revisions: Sequence[int]
) -> Iterator[LakeRows]:
    """Read what is about the person from the files of their buckets; what they handled lies in anybody's."""
    names = {column.name for column in table.all_columns}
    if PERSON not in names or not reader.snapshot.of_table(table.name):
        return
    columns = shown_columns(table)
    rows = reader.scan_people(table.name, records)
    if _REVISION in names:
        rows = rows.filter(pl.col(_REVISION).is_in(revisions))
    found = reader.collect(rows.select(_EVENT, *(column.name for column in columns)))
    if found.height:
        yield LakeRows(table=table, columns=columns, frame=found)
    if EMPLOYEE in names:
        people = pl.Series(records, dtype=pl.Binary)
        mine = reader.scan(table.name).filter(pl.col(EMPLOYEE).is_in(people.implode()))
        handled = reader.collect(mine.select(_AS_COLLEAGUE))
        if handled.height:
            few = tuple(column for column in columns if column.name in _AS_COLLEAGUE)
            yield LakeRows(table=table, columns=few, frame=handled, as_colleague=True)

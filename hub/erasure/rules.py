"""What erasing a person means in each table of the lake, and how many rows of each it would reach."""

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from hub.lake.erasure import ErasureRule, RowCount, RowRule
from hub.lake.lake import Lake
from hub.lake.reading import Reader, reading
from ingest.canonical.catalogue import LAKE_TABLES
from ingest.canonical.snapshots import OTHERS
from ingest.canonical.table import Erasure
from privacy.terms import RecordId

STAYS: Final = "the fact stays without the person"
"""Why rows of the lake are kept."""


def lake_rules() -> list[ErasureRule]:
    """Say for every canonical table what erasing a record means: delete the row, or take the person out of it."""
    rules = []
    for table in LAKE_TABLES.values():
        then = RowRule.DELETE if table.erasure is Erasure.DELETE_ROW else RowRule.BLANK
        rules.append(ErasureRule(table=table.name, then=then))
        if any(column.name == "employee" for column in table.columns):
            rules.append(ErasureRule(table=table.name, then=RowRule.BLANK, matched_by="employee", blank=("employee",)))
        if any(column.name == OTHERS for column in table.columns):  # worked out of somebody else's data, too
            rules.append(ErasureRule(table=table.name, then=RowRule.DELETE, matched_by=OTHERS, of_many=True))
    return rules


def count_in_lake(lake: Lake, records: Sequence[RecordId]) -> dict[str, RowCount]:
    """Count by table what erasing some records would reach, where there is anything; changes nothing.

    Raises:
        LakeFileRefused: a file cannot be read.

    """
    found: dict[str, RowCount] = {}
    with reading(lake) as reader:
        for rule in lake_rules():
            if count := _count(reader, rule, records):
                before, deletes = found.get(rule.table, RowCount()), rule.then is RowRule.DELETE
                more = RowCount(count, 0) if deletes else RowCount(0, count)
                found[rule.table] = RowCount(before.deleted + more.deleted, before.blanked + more.blanked)
    return found


def fields_reached(tables: Mapping[str, RowCount]) -> dict[str, list[str]]:
    """Name the columns that go: all of a table with rows that are deleted, of others those that name the person."""
    blanked: dict[str, set[str]] = {}
    for rule in lake_rules():
        if rule.then is RowRule.BLANK:
            blanked.setdefault(rule.table, set()).update(rule.blank)
    return {
        name: [column.name for column in LAKE_TABLES[name].all_columns if count.deleted or column.name in blanked[name]]
        for name, count in tables.items()
    }


def _count(reader: Reader, rule: ErasureRule, records: Sequence[RecordId]) -> int:
    if not reader.snapshot.of_table(rule.table):
        return 0
    if rule.matched_by == "person":
        rows = reader.scan_people(rule.table, records)
    else:
        wanted = pl.Series(records, dtype=pl.Binary)
        rows = reader.scan(rule.table).filter(rule.hit(wanted))
        if rule.of_many:  # whoever is the row's person, too, was counted by the other rule
            rows = rows.filter(pl.col("person").is_in(wanted.implode()).not_())
    return int(reader.collect(rows.select(pl.len())).item())

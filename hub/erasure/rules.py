"""What erasing a person means in each table of the lake."""

from hub.lake.erasure import ErasureRule, RowRule
from ingest.canonical.catalogue import LAKE_TABLES
from ingest.canonical.table import Erasure

_STAYS = "the fact stays without the person"


def lake_rules() -> list[ErasureRule]:
    """Say for every canonical table what erasing a record means: delete the row, or take the person out of it."""
    rules = []
    for table in LAKE_TABLES.values():
        then = RowRule.DELETE if table.erasure is Erasure.DELETE_ROW else RowRule.BLANK
        rules.append(ErasureRule(table=table.name, then=then))
        if any(column.name == "employee" for column in table.columns):
            rules.append(ErasureRule(table=table.name, then=RowRule.BLANK, matched_by="employee", blank=("employee",)))
    return rules


def kept_in_lake() -> dict[str, str]:
    """Name the tables whose rows stay without the person, and why."""
    return {table.name: _STAYS for table in LAKE_TABLES.values() if table.erasure is Erasure.CLEAR_PERSON}

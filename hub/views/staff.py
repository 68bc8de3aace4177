"""Which tables name the employee behind a row, and which columns name a unit of employees.

An employee is a data subject, too (Art. 88): no view reads one. A summary counts how many different ones stand behind a
cell, so that a figure about a team is of at least five people; who they are stays in the scan. A view of rows counts
them as well: a team of which fewer than five people stand behind the rows of a read leaves as `other`, as one of which
nobody says who they are.
"""

from typing import Final

from ingest.canonical.catalogue import TABLES
from ingest.canonical.table import ColumnKind

EMPLOYEE: Final = "employee"
LEAST_STAFF: Final = 5
UNITS: Final = frozenset({"team"})
"""Columns that tell employees apart by where they work."""


def is_staffed(table: str) -> bool:
    """Say whether a table names the employee behind its rows."""
    return table in TABLES and any(column.kind is ColumnKind.EMPLOYEE for column in TABLES[table].columns)

"""How many rows an operation took out of each table: counted from the catalogue, where no crash can lose the figure."""

from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Table, func, select
from sqlalchemy.orm import Session

from hub.lake.tables import LakeFileRow

_FILE: Final = cast("Table", LakeFileRow.__table__)  # type: ignore[attr-defined] # SQLModel does not declare it


def rows_taken_out(session: Session, operation_id: bytes) -> dict[str, int]:
    """Return, by table, the rows of all files that an operation replaced, less those of the files in their place."""
    before = _rows(session, _FILE.c.removed_by == operation_id)
    after = _rows(session, _FILE.c.added_by == operation_id)
    return {table: rows - after.get(table, 0) for table, rows in sorted(before.items())}


def _rows(session: Session, chosen: ColumnElement[Any]) -> dict[str, int]:
    query = select(_FILE.c.table_name, func.sum(_FILE.c.rows)).where(chosen).group_by(_FILE.c.table_name)
    return {table: int(rows) for table, rows in session.execute(query)}

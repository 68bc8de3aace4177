"""What operations did to files, told by the catalogue, where no crash can lose it.

How many rows each took out of a table, and which files it replaced: a file that was rewritten is made of these.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Table, func, select
from sqlalchemy.orm import Session

from hub.lake.tables import LakeFileRow
from hub.lake.terms import CatalogueFile
from privacy.terms import FileId

_FILE: Final = cast("Table", LakeFileRow.__table__)  # type: ignore[attr-defined] # SQLModel does not declare it


@dataclass(frozen=True, slots=True)
class Replaced:
    """A file that an operation replaced, and by which act it had come into the lake itself."""

    file_id: FileId
    modulus: int
    remainder: int
    added_by: bytes
    removed_by: bytes

    def may_be_in(self, file: CatalogueFile) -> bool:
        """Say whether rows of it may lie in a file that the same operation wrote: their buckets overlap."""
        shared = min(self.modulus, file.modulus)
        return self.removed_by == file.added_by and self.remainder % shared == file.remainder % shared


def replaced_by(session: Session, table: str, operations: Sequence[bytes]) -> list[Replaced]:
    """List the files of a table that some operations replaced."""
    columns = (_FILE.c.file_id, _FILE.c.modulus, _FILE.c.remainder, _FILE.c.added_by, _FILE.c.removed_by)
    query = select(*columns).where(_FILE.c.table_name == table, _FILE.c.removed_by.in_(operations))
    return [Replaced(*row) for row in session.execute(query)]


def rows_taken_out(session: Session, operation_id: bytes) -> dict[str, int]:
    """Return, by table, the rows of all files that an operation replaced, less those of the files in their place."""
    before = _rows(session, _FILE.c.removed_by == operation_id)
    after = _rows(session, _FILE.c.added_by == operation_id)
    return {table: rows - after.get(table, 0) for table, rows in sorted(before.items())}


def _rows(session: Session, chosen: ColumnElement[Any]) -> dict[str, int]:
    query = select(_FILE.c.table_name, func.sum(_FILE.c.rows)).where(chosen).group_by(_FILE.c.table_name)
    return {table: int(rows) for table, rows in session.execute(query)}

"""SQLite tables kept in the order of their primary key (`WITHOUT ROWID`), or by a row number of their own again.

SQLite cannot alter that: the table is written anew from its own words, and its indexes and triggers after it. Other
databases are left alone. https://www.sqlite.org/withoutrowid.html
"""

from typing import Final

import sqlalchemy as sa

_CLAUSE: Final = " WITHOUT ROWID"
_DEFINITION: Final = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table")
_BESIDE: Final = sa.text(
    "SELECT sql FROM sqlite_master WHERE type <> 'table' AND tbl_name = :table AND sql IS NOT NULL"
)
_KEY: Final = sa.text("SELECT name FROM pragma_table_info(:table) WHERE pk > 0 ORDER BY pk")


def keep_by_key(connection: sa.Connection, table: str) -> None:
    """Keep the rows of a table in the tree of its primary key, and in no other."""
    if connection.dialect.name == "sqlite":
        _write_anew(connection, table, ending=_CLAUSE)


def keep_by_row_number(connection: sa.Connection, table: str) -> None:
    """Undo `keep_by_key`."""
    if connection.dialect.name == "sqlite":
        _write_anew(connection, table, ending="")


def _write_anew(connection: sa.Connection, table: str, *, ending: str) -> None:
    definition = connection.execute(_DEFINITION, {"table": table}).scalar_one()
    beside = connection.execute(_BESIDE, {"table": table}).scalars().all()
    key = ", ".join(connection.execute(_KEY, {"table": table}).scalars())
    columns = definition[definition.index("(") :].removesuffix(_CLAUSE)
    connection.exec_driver_sql(f"CREATE TABLE {table}_anew {columns}{ending}")
    connection.exec_driver_sql(f"INSERT INTO {table}_anew SELECT * FROM {table} ORDER BY {key}")  # noqa: S608 - our names
    connection.exec_driver_sql(f"DROP TABLE {table}")
    connection.exec_driver_sql(f"ALTER TABLE {table}_anew RENAME TO {table}")
    for statement in beside:
        connection.exec_driver_sql(statement)

"""Many rows in one statement, and many keys in one look-up, straight to the driver.

SQLAlchemy's ORM inserts spend ten times what SQLite does (measured: 30 against 3 microseconds a row): parameters are
copied, wrapped and sorted row by row. Here the statement is compiled once by SQLAlchemy, for its dialect, and the
driver is given tuples; the one column type with a Python side, `Instant`, is applied here.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import chain, repeat
from typing import Any, Final, cast

from sqlalchemy import Column, ColumnElement, Connection, Dialect, Insert, Select, Update, insert, literal_column
from sqlalchemy.sql.compiler import SQLCompiler
from sqlmodel import Session, SQLModel

from privacy.instant import Instant, microseconds_of
from privacy.store.packed import packed_insert

_KEYS: Final = "__keys__"
_AT_ONCE: Final = 500
_PARAMETERS: Final = 990  # below SQLite's oldest limit of 999 bound parameters
_WORTH_PACKING: Final = 64


@dataclass(frozen=True, slots=True)
class Same:
    """A column that holds one value in every row."""

    value: Any


Columns = Mapping[str, Sequence[Any] | Same]
"""Columns of one length by name; a table's worth of rows without an object a row."""


def insert_rows(session: Session, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows into a model's table in the caller's transaction; does nothing for no rows.

    Raises:
        KeyError: a row has not the columns of the first row.

    """
    execute_rows(session, _insert_of(model), rows)


def insert_columns(session: Session, model: type[SQLModel], columns: Columns) -> None:
    """Insert the rows that columns of one length make up, in their order; does nothing for no rows.

    Raises:
        ValueError: the columns differ in length, or none has one.

    """
    execute_columns(session, _insert_of(model), columns)


def execute_rows(session: Session, statement: Insert, rows: Sequence[Mapping[str, Any]]) -> None:
    """Execute an INSERT (an upsert, too, if its conflict clause takes no parameters) for many rows."""
    if not rows:
        return
    for row in rows:
        if len(row) != len(rows[0]) and (more := row.keys() - rows[0].keys()):
            raise KeyError(*sorted(more))  # else its value would be dropped in silence
    execute_columns(session, statement, {name: [row[name] for row in rows] for name in rows[0]})


def execute_columns(session: Session, statement: Insert, columns: Columns) -> int:
    """Execute an INSERT or such an upsert for the rows of columns; return how many rows were inserted or changed.

    Raises:
        ValueError: the columns differ in length, or none has one.

    """
    lengths = {len(column) for column in columns.values() if not isinstance(column, Same)}
    if len(lengths) != 1:
        raise ValueError("columns of one table have one length")
    if not (rows := lengths.pop()):
        return 0
    connection = session.connection()
    compiled = _compiled(statement, connection.dialect, tuple(columns))
    names = list(compiled.positiontup or compiled.params)
    stored = [_stored(columns[name], statement.table.columns[name]) for name in names]
    if connection.dialect.name == "sqlite" and rows >= _WORTH_PACKING:
        packed = packed_insert(str(compiled), [[of.value] if isinstance(of, Same) else of for of in stored], rows)
        if packed is not None:
            return int(connection.exec_driver_sql(*packed).rowcount)
    each = zip(*(repeat(of.value, rows) if isinstance(of, Same) else of for of in stored), strict=True)
    if compiled.positional:
        return _execute_groups(connection, compiled.string, list(each))
    return int(
        connection.exec_driver_sql(compiled.string, [dict(zip(names, row, strict=True)) for row in each]).rowcount
    )


def _execute_groups(connection: Connection, text: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """Execute a statement for many rows at once: SQLite's driver spends half of a row's time on beginning one."""
    done, at_once = 0, _PARAMETERS // len(rows[0])
    for start in range(0, len(rows), at_once):
        some = rows[start : start + at_once]
        grouped = _grouped(text, len(some), len(rows[0]))
        done += connection.exec_driver_sql(grouped, tuple(chain.from_iterable(some))).rowcount
    return done


@lru_cache(maxsize=256)
def _grouped(text: str, rows: int, columns: int) -> str:
    """Write the marks of one row as those of many."""
    row = f"({', '.join('?' * columns)})"
    return text.replace(row, ", ".join([row] * rows), 1)


def among_keys(column: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a mapped column
    """Say "column is one of the keys" in a query that `select_among` is given the keys of."""
    return cast("ColumnElement[bool]", column.op("IN")(literal_column(f"({_KEYS})")))


def select_among(session: Session, query: Select[*tuple[Any, ...]], keys: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Run a query for many keys, some hundred at a time, and yield its rows as the driver gives them.

    `query` holds one `among_keys` and no other parameter (constants are written into the text), and is a constant of
    its module: its text is made once. SQLAlchemy's own expansion costs 20 microseconds a key, this one costs less
    than one.
    """
    connection = session.connection()
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    text = _text_of(query, connection.dialect)
    for start in range(0, len(keys), _AT_ONCE):
        chunk = tuple(keys[start : start + _AT_ONCE])
        statement = text.replace(_KEYS, ",".join([mark] * len(chunk)))
        yield from _fetched(connection, statement, chunk)


def select_rows(
    session: Session, statement: Select[*tuple[Any, ...]] | Update, **values: int | str | bytes
) -> list[tuple[Any, ...]]:
    """Run a query, or an UPDATE that returns, that is a constant of its module; give its rows as the driver does.

    `values` are for its `bindparam`s.
    """
    connection = session.connection()
    compiled = _prepared(statement, connection.dialect)
    bound: dict[str, Any] = {**compiled.params, **values}
    if compiled.positional:
        return _fetched(connection, compiled.string, tuple(bound[name] for name in compiled.positiontup or ()))
    return _fetched(connection, compiled.string, bound)


def _fetched(connection: Connection, statement: str, values: tuple[Any, ...] | dict[str, Any]) -> list[tuple[Any, ...]]:
    """Fetch all rows by one call of the driver's: SQLAlchemy's own rows cost ten times as much.

    SQLite's driver is asked directly, because what SQLAlchemy does around a statement costs more than a look-up by key.
    If it refuses, nothing was done, and SQLAlchemy is told the same, to raise the error as its own. Whoever listens to
    statements hears them all.
    """
    if connection.dialect.name == "sqlite" and not connection.dispatch.before_cursor_execute:
        with suppress(sqlite3.Error), closing(connection.connection.cursor()) as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())
    result = connection.exec_driver_sql(statement, values)
    rows: list[tuple[Any, ...]] = list(result.cursor.fetchall())
    result.close()
    return rows


@lru_cache(maxsize=128)
def _text_of(query: Select[*tuple[Any, ...]], dialect: Dialect) -> str:
    return str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


@lru_cache(maxsize=128)
def _prepared(statement: Select[*tuple[Any, ...]] | Update, dialect: Dialect) -> SQLCompiler:
    """Compile once; constants stay values, which the driver is handed each time."""
    compiled = statement.compile(dialect=dialect)
    if not isinstance(compiled, SQLCompiler):  # pragma: no cover - a query compiles to SQL
        raise TypeError(type(compiled))
    return compiled


@lru_cache(maxsize=128)
def _insert_of(model: type[SQLModel]) -> Insert:
    """Make one statement a table, so that it is compiled once."""
    return insert(model.__table__)  # type: ignore[attr-defined]  # SQLModel does not declare it


@lru_cache(maxsize=256)
def _compiled(statement: Insert, dialect: Dialect, columns: tuple[str, ...]) -> SQLCompiler:
    """Compile once: for a single row that cost a hundred times what the database does."""
    compiled = statement.compile(dialect=dialect, column_keys=list(columns))
    if not isinstance(compiled, SQLCompiler):  # pragma: no cover - an INSERT compiles to SQL
        raise TypeError(type(compiled))
    return compiled


def _stored(values: Sequence[Any] | Same, column: Column[Any]) -> Sequence[Any] | Same:
    """Give a column's values as the database stores them: instants become microseconds."""
    if not isinstance(column.type, Instant):
        return values
    if isinstance(values, Same):
        return Same(_microseconds(values.value))
    return [_microseconds(value) for value in values]


def _microseconds(value: datetime | None) -> int | None:
    return None if value is None else microseconds_of(value)

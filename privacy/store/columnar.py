"""All rows of a query as columns: the database writes each column down, and no row becomes an object of Python's.

A million rows of four values are five million objects, made one by one with the interpreter's lock held: four seconds,
and everybody else in the process waits. Here a value is written as hexadecimal digits (bytes, texts) or decimals
(integers), a null as a dash; SQLite joins a column of some thousand rows into one text (`group_concat`), PostgreSQL
copies rows out as lines, and Polars reads them: 1.2 s. It is the reading side of `privacy.store.packed`.
https://www.sqlite.org/lang_aggfunc.html#group_concat, https://www.postgresql.org/docs/current/sql-copy.html

The statement runs in the caller's transaction, so the rows are of its snapshot. Nothing says in which order they come.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice, pairwise
from typing import Any, Final

import polars as pl
from sqlalchemy import ColumnElement, Connection, LargeBinary, Select, String, bindparam, case
from sqlalchemy import cast as sql_cast
from sqlalchemy import func as sql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped
from sqlmodel import Session

_PIECES: Final = 16
"""Ids are random, so those with the same first half byte are a sixteenth of all: no text holds a whole column."""
_ABOVE: Final = b"\xff" * 64
"""Greater than any id."""
_LINES: Final = 65_536
_NULL: Final = "-"
_COMMA: Final = ","
_DIGITS: Final = (pl.Binary, pl.String)
Piece = Callable[[], pl.DataFrame]
"""Some rows as they came, and how their texts become a frame of texts."""
Schema = Mapping[str, pl.DataType | type[pl.DataType]]


def select_columns(
    session: Session, query: Select[*tuple[Any, ...]], schema: Schema, *, by: Mapped[bytes]
) -> pl.DataFrame:
    """Return all rows of a query that has no parameters but constants, in columns named and typed by `schema`.

    Its columns are those of the query by place: bytes (Binary), texts (String) and integers. `by` is a column of random
    ids that are never null, over which the query's rows are spread.
    """
    connection, written = session.connection(), []
    for column, dtype in zip(query.selected_columns, schema.values(), strict=True):
        written.append(_written(column, dtype, connection.dialect.name))
    if connection.dialect.name == "sqlite":
        pieces = _joined(connection, query, written, by)
    else:
        pieces = _copied(connection, query.with_only_columns(*written, maintain_column_froms=True))

    def read(piece: Piece) -> pl.DataFrame:
        texts = piece()
        return texts.select(map(_read, texts.columns, schema, schema.values()))

    with ThreadPoolExecutor(1) as beside:  # the database writes the next piece down meanwhile
        frames = list(beside.map(read, pieces))
    return pl.concat(frames, rechunk=True) if frames else pl.DataFrame(schema=schema)


def _written(column: Any, dtype: Any, dialect: str) -> ColumnElement[str]:  # noqa: ANN401 - any column, any type
    """Say in SQL how a value is written down."""
    text: ColumnElement[Any] = sql_cast(column, String)
    if dtype in _DIGITS:
        octets = column if dtype == pl.Binary else sql.convert_to(column, "UTF8")
        text = sql.hex(column) if dialect == "sqlite" else sql.encode(octets, "hex")
    return case((column.is_(None), _NULL), else_=text)  # SQLite's hex of null is empty, not null


def _read(name: str, told: str, dtype: Any) -> pl.Expr:  # noqa: ANN401 - a type or its class
    """Read what was written."""
    value = pl.when(pl.col(name) != _NULL).then(pl.col(name))
    return (value.str.decode("hex") if dtype in _DIGITS else value).cast(dtype).alias(told)


def _joined(
    connection: Connection, query: Select[*tuple[Any, ...]], written: list[ColumnElement[str]], by: Mapped[bytes]
) -> Iterator[Piece]:
    """Let SQLite join the values of a sixteenth of the rows at a time; it takes all columns of a row at once."""
    texts = [sql.group_concat(each, _COMMA) for each in written]
    among = (by >= bindparam("low", type_=LargeBinary), by < bindparam("high", type_=LargeBinary))
    joined = query.with_only_columns(*texts, maintain_column_froms=True).where(*among)
    bounds = [b"", *(bytes([16 * number]) for number in range(1, _PIECES)), _ABOVE]
    for low, high in pairwise(bounds):
        row = connection.execute(joined, {"low": low, "high": high}).one()
        if row[0] is not None:
            yield partial(_split, row)


def _split(row: Sequence[str]) -> pl.DataFrame:
    columns = [pl.Series(str(place), [text], dtype=pl.String) for place, text in enumerate(row)]
    return pl.DataFrame(columns).select(pl.all().str.split(_COMMA).explode())


def _copied(connection: Connection, query: Select[*tuple[Any, ...]]) -> Iterator[Piece]:
    """Let PostgreSQL copy the rows out, some thousand lines at a time."""
    chosen = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    names = [str(place) for place in range(len(query.selected_columns))]
    for lines in _lines(connection, f"COPY ({chosen}) TO STDOUT (DELIMITER '{_COMMA}')"):
        yield partial(
            pl.read_csv,
            lines,
            has_header=False,
            schema=dict.fromkeys(names, pl.String()),
            quote_char=None,
            empty_string_is_null=False,
        )


def _lines(connection: Connection, statement: str) -> Iterator[bytes]:
    """Copy out by the driver itself; raise what it raises as SQLAlchemy raises it: a time-out stays a time-out."""
    driver: Any = connection.connection.driver_connection
    refused: type[Exception] = connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copying:
            rows = iter(copying)
            while lines := b"".join(islice(rows, _LINES)):
                yield lines
    except refused as exc:
        raise DBAPIError.instance(statement, None, exc, refused, True, dialect=connection.dialect) from None  # noqa: FBT003 - SQLAlchemy's own form: parameters hidden

"""Rows as columns: what `select_columns` reads is what row by row is read, on either database."""

from random import Random
from typing import Final

import polars as pl
import pytest
from sqlalchemy import BigInteger, Engine, String, func, select, text, type_coerce
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col

from hub.database.engine import engine_of
from hub.database.unit import reading, unit_of_work
from hub.errors import ServiceUnreachable
from privacy.instant import instant_of
from privacy.store.bulk import Columns, insert_columns
from privacy.store.columnar import select_columns
from privacy.tables.consent import ConsentHead
from tests.builders import Postgres

_SCHEMA: Final = {"record": pl.Binary, "purpose": pl.String, "own": pl.Binary, "ended": pl.Binary, "at": pl.Int64}
_QUERY: Final = select(
    col(ConsentHead.record_id),
    col(ConsentHead.purpose),
    col(ConsentHead.own),
    col(ConsentHead.ended),
    type_coerce(col(ConsentHead.requested_at), BigInteger),
)
_WORDS: Final = ("", "-", "a,b", "ordnet; “æøå” %s :x ?\n", '"', "\\N", "purpose")
_OCTETS: Final = (None, b"", b"-", b"\x00", b"\xff" * 40, b",\n")


def write(session: Session, count: int) -> None:
    chance = Random(7)  # noqa: S311 - to be repeatable
    records = [b"", bytes(16), b"\xff" * 16, *(chance.randbytes(16) for _ in range(count))]
    columns: Columns = {
        "record_id": records,
        "purpose": [chance.choice(_WORDS) for _ in records],
        "own": [chance.choice(_OCTETS) for _ in records],
        "ended": [chance.choice(_OCTETS) for _ in records],
        "requested_at": [chance.choice((None, instant_of(-1), instant_of(1_900_000_000_000_000))) for _ in records],
        "version": [1 for _ in records],
    }
    insert_columns(session, ConsentHead, columns)


def test_columns_hold_what_rows_hold(control: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("privacy.store.columnar._LINES", 64)  # several pieces
    with unit_of_work(control) as session:
        write(session, 300)
        found = select_columns(session, _QUERY, _SCHEMA, by=col(ConsentHead.record_id))
        rows = [tuple(row) for row in session.execute(_QUERY)]
    assert found.schema == pl.Schema(_SCHEMA)
    assert found.n_chunks() == 1
    assert sorted(found.rows(), key=repr) == sorted(rows, key=repr)


def test_no_rows_are_a_frame_without_rows(control: Engine) -> None:
    with reading(control) as session:
        nobody = _QUERY.where(col(ConsentHead.purpose) == "100 %")
        assert select_columns(session, nobody, _SCHEMA, by=col(ConsentHead.record_id)).schema == pl.Schema(_SCHEMA)


def test_rows_are_those_of_the_callers_own_transaction(control: Engine) -> None:
    with reading(control) as before:
        before.execute(_QUERY).all()  # its snapshot is taken
        with unit_of_work(control) as session:
            write(session, 0)
        assert select_columns(before, _QUERY, _SCHEMA, by=col(ConsentHead.record_id)).is_empty()


def test_a_number_that_does_not_fit_is_no_null(control: Engine) -> None:
    narrow = {**_SCHEMA, "at": pl.UInt32}
    with unit_of_work(control) as session:
        write(session, 30)
        with pytest.raises(pl.exceptions.InvalidOperationError):
            select_columns(session, _QUERY, narrow, by=col(ConsentHead.record_id))


def test_a_database_that_refuses_is_told_as_any_other_time(control: Engine) -> None:
    with reading(control) as session:
        divided = select(col(ConsentHead.record_id), type_coerce(col(ConsentHead.version), BigInteger).op("//?")(0))
        with pytest.raises(DBAPIError):
            select_columns(session, divided, {"record": pl.Binary, "at": pl.Int64}, by=col(ConsentHead.record_id))


def test_a_read_that_takes_too_long_may_be_tried_again(postgres: Postgres) -> None:
    """As row by row: whoever asked is told to come back, not that a row was refused."""
    control = engine_of(postgres.control_database())
    with unit_of_work(control) as session:
        write(session, 0)
    with pytest.raises(ServiceUnreachable):
        _read_in_time(control)
    control.dispose()


def _read_in_time(control: Engine) -> None:
    with reading(control) as session:
        session.execute(text("SET LOCAL statement_timeout = 1"))
        slow = _QUERY.where(func.pg_sleep(0.1).cast(String) == "")
        select_columns(session, slow, _SCHEMA, by=col(ConsentHead.record_id))

"""Rows bound a column at a time: what lies in the database is what binding them one by one would have left there."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from privacy.store.packed import packed_insert

INSERT = "INSERT INTO told (a, b) VALUES (?, ?) ON CONFLICT (a) DO NOTHING"
TEXTS = st.text(st.characters(codec="utf-8"), max_size=5)
VALUES = (
    st.binary(min_size=16, max_size=16),
    st.binary(max_size=5),
    TEXTS,
    st.sampled_from(["email", "phone", "é", ""]),
    st.integers(-(2**61), 2**61),
    st.integers(0, 3),
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Any], list[Any]]:
    rows = draw(st.integers(1, 40))
    first, second = (
        draw(st.lists(draw(st.sampled_from(VALUES)), min_size=rows, max_size=rows).filter(bool)) for _ in "ab"
    )
    return first, second


def stored(statements: Sequence[tuple[str, tuple[Any, ...]]]) -> tuple[list[tuple[Any, ...]], int]:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE told (a UNIQUE, b)")
        written = sum(database.execute(text, bound).rowcount for text, bound in statements)
        return database.execute("SELECT rowid, typeof(a), a, typeof(b), b FROM told ORDER BY rowid").fetchall(), written


@given(tables())
def test_packed_rows_are_those_bound_one_by_one(table: tuple[list[Any], list[Any]]) -> None:
    packed = packed_insert(INSERT, table, len(table[0]))
    assert packed is not None
    assert stored([packed]) == stored([(INSERT, row) for row in zip(*table, strict=True)])


@given(st.lists(TEXTS, min_size=2, max_size=9), st.one_of(VALUES))
def test_one_value_stands_for_all_rows(texts: list[str], value: object) -> None:
    packed = packed_insert(INSERT, [texts, [value]], len(texts))
    assert packed is not None
    assert stored([packed]) == stored([(INSERT, (text, value)) for text in texts])


def test_what_cannot_be_packed_is_left_to_the_driver() -> None:
    for column in ([1, None], [1, b"x"], [1.5, 2.5], [True, False], [1, 2**63 - 1], [1, -(2**63)]):
        assert packed_insert(INSERT, [column, [1]], 2) is None
    assert packed_insert("INSERT INTO told (a, b) VALUES (?, 7)", [[1, 2]], 2) is None


def test_a_column_of_nothing_is_nothing() -> None:
    packed = packed_insert(INSERT, [[1, 2], [None, None]], 2)
    assert packed is not None
    assert stored([packed]) == ([(1, "integer", 1, "null", None), (2, "integer", 2, "null", None)], 2)


def test_values_are_bound_and_never_part_of_the_statement() -> None:
    packed = packed_insert(INSERT, [["'); DROP TABLE told", "b"], [1, 2]], 2)
    assert packed is not None
    assert "DROP" not in packed[0]

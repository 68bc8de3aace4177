"""A table's worth of rows as one statement that binds one value a column: for SQLite.

SQLite's Python driver holds the interpreter's lock while it binds values, and asks for it again after each statement:
beside a busy thread that is a wait of five milliseconds a time (`sys.getswitchinterval`). Here a column is one byte
string, out of which SQLite cuts each row's part itself, with the lock let go for all rows together; nothing is parsed
or bound row by row. Measured: 400,000 blind indexes cost 0.6 instead of 1.3 s alone, 2.9 instead of 20.6 s beside a
thread that never rests. https://www.sqlite.org/lang_with.html, https://www.sqlite.org/lang_corefunc.html#substr
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, Final

_ROWS: Final = "WITH RECURSIVE row(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM row WHERE i + 1 < ?1)"
_INT_LIMIT: Final = 1 << 62  # well within what SQLite's CAST reads without cutting it off

_FEW: Final = 16
"""Up to so many different words of a column are told apart by a byte."""

Bound = tuple[str, tuple[Any, ...]]
"""An SQL expression over `i`, the number of the row, and what it binds."""


def packed_insert(text: str, columns: Sequence[Sequence[Any]], rows: int) -> Bound | None:
    """Turn an INSERT of one row (`... VALUES (?, ?) ...`) into one of many; None where a column cannot be packed.

    `columns` are in the order of the marks, each with a value a row, or with one that stands for all rows. What the
    driver would store is what is stored; the rows are inserted in their order.
    """
    marks = f"VALUES ({', '.join('?' * len(columns))})"
    if text.count(marks) != 1:
        return None
    bound: list[Any] = [rows]
    expressions = []
    for column in columns:
        made = _packed(column, len(bound) + 1)
        if made is None:
            return None
        expressions.append(made[0])
        bound += made[1]
    # `WHERE true`, or SQLite would take the ON of a conflict clause for that of a join.
    chosen = f"{_ROWS} SELECT {', '.join(expressions)} FROM row WHERE true"  # noqa: S608 - of numbers and names of ours
    return text.replace(marks, chosen), tuple(bound)


def _packed(column: Sequence[Any], number: int) -> Bound | None:
    """Pack one column, whose first mark has a number."""
    kinds, first = set(map(type, column)), column[0]
    if len(column) == 1 or (len(kinds) == 1 and column.count(first) == len(column)):
        return f"?{number}", (first,)
    if kinds == {bytes}:
        return _bytes(column, number)
    if kinds == {str}:
        if len(words := sorted(set(column))) <= _FEW:
            return _one_of(column, words, number)
        cut, bound = _bytes([value.encode() for value in column], number)
        return f"CAST({cut} AS TEXT)", bound
    if kinds == {int} and min(column) > -_INT_LIMIT and max(column) < _INT_LIMIT:
        return _integers(column, number)
    return None


def _bytes(column: Sequence[bytes], number: int) -> Bound:
    """Join byte strings; where they differ in length, with the places at which they begin and the last one ends."""
    lengths = set(map(len, column))
    if len(lengths) == 1:
        length = lengths.pop()
        return f"substr(?{number}, i * {length} + 1, {length})", (b"".join(column),)
    (begin, places), (end, _) = (
        _integers(list(accumulate(map(len, column), initial=0)), number + 1, row=row) for row in ("i", "(i + 1)")
    )
    return f"substr(?{number}, {begin} + 1, {end} - {begin})", (b"".join(column), *places)


def _one_of(column: Sequence[str], words: Sequence[str], number: int) -> Bound:
    """Write one byte a row that says which of few words it is."""
    codes = bytes(map({word: code for code, word in enumerate(words)}.__getitem__, column))
    cases = " ".join(f"WHEN x'{code:02x}' THEN ?{number + 1 + code}" for code in range(len(words)))
    return f"CASE substr(?{number}, i + 1, 1) {cases} END", (codes, *words)


def _integers(column: Sequence[int], number: int, *, row: str = "i") -> Bound:
    """Write integers as decimals of one width: SQLite has no other way to read one out of bytes."""
    width = max(map(len, map(str, (min(column), max(column)))))
    digits = _joined(map(f"%0{width}d".__mod__, column))
    return f"CAST(substr(?{number}, {row} * {width} + 1, {width}) AS INTEGER)", (digits,)


def _joined(decimals: Iterable[str]) -> bytes:
    return "".join(decimals).encode()

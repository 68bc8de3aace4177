"""Levels of a few pairs at once, as `ingest.match.scorer` finds those of millions: for somebody who waits for them.

Conditions are asked in Python; only how alike two texts are is DuckDB's word, one short query for all pairs. Planning
the whole query takes it ten times as long as asking it of thirty pairs. A test holds both equal.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

import duckdb
import polars as pl

from ingest.match.condition import Alike, Condition, Row, condition_of
from ingest.match.spec import Comparison

Pair = tuple[int, int]
_Asked = tuple[int, str, str]
"""The number of a function, and two texts."""
_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "threads": 1,
    "temp_directory": "",
    "autoinstall_known_extensions": False,
}
_ASKED: Final = "(SELECT unnest(?::INTEGER[]) AS asked, unnest(?::VARCHAR[]) AS one, unnest(?::VARCHAR[]) AS other)"


class FewPairs:
    """Finds levels; keeps a database in memory that no value is ever written to. Safe to be asked from any thread."""

    def __init__(self, comparisons: Sequence[Comparison]) -> None:
        self._comparisons = tuple(comparisons)
        texts = [text for each in comparisons for text in (each.absent, *(level.when for level in each.levels))]
        self._asked = {text: _read(text) for text in texts}
        self._likenesses = sorted({key for each in self._asked.values() for key in each.likenesses})
        self._functions = list(dict.fromkeys(function for function, *_ in self._likenesses))
        cases = " ".join(
            f"WHEN {number} THEN {function}(one, other)::DOUBLE" for number, function in enumerate(self._functions)
        )
        self._query = f"SELECT CASE asked {cases} END FROM {_ASKED}"  # noqa: S608  # the spec is shipped, no input
        self._database = duckdb.connect(":memory:", config=_CONFIG)

    def levels_of(self, frame: pl.DataFrame, pairs: Sequence[Pair]) -> pl.DataFrame:
        """Return left, right, and `level_NAME` (Int8, -1 absent) of each comparison, in the order of `pairs`."""
        found = self.levels_among(frame.to_dicts(), pairs)
        columns = {f"level_{name}": pl.Series(levels, dtype=pl.Int8) for name, levels in found.items()}
        ends = pl.DataFrame(list(pairs), schema={"left": pl.UInt32, "right": pl.UInt32}, orient="row")
        return ends.with_columns(**columns)

    def levels_among(self, rows: Sequence[Row], pairs: Sequence[Pair]) -> dict[str, list[int]]:
        """Return the levels of each comparison by its name, in the order of `pairs`."""
        alike = list(zip(pairs, self._alike(rows, pairs), strict=True))
        return {
            each.name: [self._level(each, rows[a], rows[b], near) for (a, b), near in alike]
            for each in self._comparisons
        }

    def _level(self, comparison: Comparison, one: Row, other: Row, alike: Alike) -> int:
        if self._asked[comparison.absent].holds(one, other, alike):
            return -1
        for place, level in enumerate(comparison.levels):
            if self._asked[level.when].holds(one, other, alike):
                return comparison.size - 1 - place
        return 0

    def _alike(self, rows: Sequence[Row], pairs: Sequence[Pair]) -> list[dict[tuple[str, str, str], float | None]]:
        """Ask DuckDB how alike the texts of all pairs are: by pair, what each function says of each two columns."""
        found: list[dict[tuple[str, str, str], float | None]] = [dict.fromkeys(self._likenesses) for _ in pairs]
        asked: defaultdict[_Asked, list[tuple[int, tuple[str, str, str]]]] = defaultdict(list)
        for place, (a, b) in enumerate(pairs):
            one, other = rows[a], rows[b]
            for key in self._likenesses:
                mine, theirs = one[key[1]], other[key[2]]
                if mine is not None and theirs is not None:
                    asked[self._functions.index(key[0]), mine, theirs].append((place, key))
        for told, where in zip(self._told(list(asked)), asked.values(), strict=True):
            for place, key in where:
                found[place][key] = told
        return found

    def _told(self, asked: Sequence[_Asked]) -> Iterable[float | None]:
        """Ask of each function and two texts once, in one query."""
        if not asked:
            return []
        cursor = self._database.cursor()
        try:
            answers = cursor.execute(self._query, [list(column) for column in zip(*asked, strict=True)]).fetchall()
        finally:
            cursor.close()
        return [told for (told,) in answers]


@cache
def _read(text: str) -> Condition:
    return condition_of(text)

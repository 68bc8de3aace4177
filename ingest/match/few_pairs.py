"""Levels of a few pairs at once, as `ingest.match.scorer` finds those of millions: for somebody who waits for them.

Conditions are asked in Python; only how alike two texts are is DuckDB's word, one short query for all pairs. Planning
the whole query takes it ten times as long as asking it of thirty pairs. A test holds both equal.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

import duckdb
import polars as pl

from ingest.match.condition import Alike, Condition, Row, condition_of
from ingest.match.spec import Comparison

Pair = tuple[int, int]
_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "threads": 1,
    "temp_directory": "",
    "autoinstall_known_extensions": False,
}
_LIKENESS: Final = (
    "SELECT {function}(one, other) FROM (SELECT unnest(?::VARCHAR[]) AS one, unnest(?::VARCHAR[]) AS other)"
)


class FewPairs:
    """Finds levels; keeps a database in memory that no value is ever written to. Safe to be asked from any thread."""

    def __init__(self, comparisons: Sequence[Comparison]) -> None:
        self._comparisons = tuple(comparisons)
        texts = [text for each in comparisons for text in (each.absent, *(level.when for level in each.levels))]
        self._asked = {text: _read(text) for text in texts}
        self._likenesses = sorted({key for each in self._asked.values() for key in each.likenesses})
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
        found: list[dict[tuple[str, str, str], float | None]] = [{} for _ in pairs]
        for function in dict.fromkeys(key[0] for key in self._likenesses):
            keys = [key for key in self._likenesses if key[0] == function]
            places = [(place, key) for place in range(len(pairs)) for key in keys]
            ones = [rows[pairs[place][0]][key[1]] for place, key in places]
            others = [rows[pairs[place][1]][key[2]] for place, key in places]
            for (place, key), told in zip(places, self._told(function, ones, others), strict=True):
                found[place][key] = told
        return found

    def _told(self, function: str, ones: list[str | None], others: list[str | None]) -> Iterable[float | None]:
        """Ask of distinct texts only, and of none that is missing."""
        distinct = list(dict.fromkeys(each for each in zip(ones, others, strict=True) if None not in each))
        if not distinct:
            return [None] * len(ones)
        cursor = self._database.cursor()
        try:
            columns = [[one for one, _ in distinct], [other for _, other in distinct]]
            answers = cursor.execute(_LIKENESS.format(function=function), columns).fetchall()
        finally:
            cursor.close()
        known = {pair: told for pair, (told,) in zip(distinct, answers, strict=True)}
        return [known.get(pair) for pair in zip(ones, others, strict=True)]


@cache
def _read(text: str) -> Condition:
    return condition_of(text)

"""Levels of agreement and match weights of given pairs: what Splink would say, in one query of ours.

DuckDB works in memory, with a bound and without a place to spill to: clear values never reach a disk, and nothing but
row numbers and levels comes out of it. Weights are looked up by level, and how rare a shared value is by row; Splink
writes the same out in SQL for every pair. `ingest.match.reference` is Splink itself, and tests hold both equal.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from ingest.match.model import Model
from ingest.match.spec import Comparison, Spec

Weights = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.integer[Any]]
_MEMORY: Final = "1500MB"
_PAIRS_AT_ONCE: Final = 2_000_000
_END: Final = re.compile(r"\b(\w+)_[lr]\b")
"""A column of one of the two records, as conditions name it."""
_ONE_APART: Final = re.compile(r"damerau_levenshtein\((\w+), (\w+)\) <= 1\b")


def levels_of(frame: pl.DataFrame, pairs: pl.DataFrame, comparisons: tuple[Comparison, ...]) -> pl.DataFrame:
    """Return left, right, and `level_NAME` (Int8, -1 absent) of each comparison, in the order of `pairs`."""
    ends = pairs.select("left", "right")
    if ends.is_empty():
        return ends.with_columns(pl.lit(None, dtype=pl.Int8).alias(f"level_{each.name}") for each in comparisons)
    columns = columns_of(frame, comparisons)
    with connected() as connection:
        # Records are what is looked up, pairs what streams past: DuckDB cannot tell how many there are of either.
        connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
        connection.register("given", frame.with_row_index("row").select("row", *columns).to_arrow())
        connection.execute("CREATE TABLE records AS SELECT * FROM given")
        query = _query(columns, comparisons)
        return pl.concat([_chunk(each, connection, query) for each in ends.iter_slices(_PAIRS_AT_ONCE)])


@dataclass(frozen=True, slots=True)
class Levels:
    """Pairs of rows, and the number of the level of each comparison, by name: columns of one length."""

    left: Numbers
    right: Numbers
    of: Mapping[str, Numbers]

    @property
    def pairs(self) -> int:
        """How many there are."""
        return len(self.left)


def as_levels(levels: pl.DataFrame, names: Iterable[str]) -> Levels:
    """Read left, right and `level_NAME` of each comparison."""
    numbers = {name: levels[f"level_{name}"].to_numpy() for name in names}
    return Levels(levels["left"].to_numpy(), levels["right"].to_numpy(), numbers)


def weights_of(levels: Levels, spec: Spec, model: Model, rare: Mapping[str, Weights]) -> dict[str, Weights]:
    """Return `weight_NAME` and `rarity_NAME` of each comparison for pairs with their levels.

    `weight_NAME` is log2(m/u) of the level; `rarity_NAME` what a rarer or more common value than usual adds to it.
    `rare` is what `rarity.rarities` counted in the records, NaN where nothing counts.
    """
    told = {}
    ends = levels.left, levels.right
    for each in spec.comparisons:
        if each.name in model.m:
            # Absent is level -1, the last place: it says nothing.
            by_level = np.append(model.weights(each.name), 0.0).astype(np.float32)
            numbers = levels.of[each.name]
            told[f"weight_{each.name}"] = by_level[numbers]
            told[f"rarity_{each.name}"] = np.zeros(levels.pairs, dtype=np.float32)
            for place, level in enumerate(each.levels):
                if level.frequency is not None and level.frequency in rare:
                    number = each.size - 1 - place
                    at = np.flatnonzero(numbers == number)
                    if at.size:
                        common = np.fmin(*(rare[level.frequency][end[at]] for end in ends))
                        rarer = common + np.log2(model.u[each.name][number])
                        told[f"rarity_{each.name}"][at] = np.nan_to_num(rarer)
    return told


def rows_weighed(levels: Levels, spec: Spec, model: Model) -> dict[str, Numbers]:
    """Return of each column the rows, in order, of pairs that agree by it: only their values' rarity has a say."""
    found: dict[str, list[Numbers]] = {}
    for each in spec.comparisons:
        for place, level in enumerate(each.levels):
            if each.name in model.m and level.frequency is not None:
                at = np.flatnonzero(levels.of[each.name] == each.size - 1 - place)
                found.setdefault(level.frequency, []).extend((levels.left[at], levels.right[at]))
    return {column: np.unique(np.concatenate(rows)) for column, rows in found.items()}


def _conditions(comparison: Comparison) -> list[str]:
    return [comparison.absent, *(level.when for level in comparison.levels)]


def _quick(condition: str) -> str:
    """Ask first what is cheap: of two texts one sign apart the first or the last half is the same.

    Of n signs (those of the shorter) one edit or one exchange of neighbours leaves at least n - 2 in their places
    before and behind it, so (n - 1) / 2, rounded down, at one of the ends.
    """

    def guarded(found: re.Match[str]) -> str:
        one, other = found.groups()
        half = f"((least(length({one}), length({other})) - 1) // 2)"
        first, last = (f"{end}({one}, {half}) = {end}({other}, {half})" for end in ("left", "right"))
        return f"(abs(length({one}) - length({other})) <= 1 AND ({first} OR {last}) AND {found[0]})"

    return _ONE_APART.sub(guarded, condition)


def columns_of(frame: pl.DataFrame, comparisons: tuple[Comparison, ...]) -> list[str]:
    """Return the columns of `frame` that any of the comparisons looks at."""
    named = {name for each in comparisons for text in _conditions(each) for name in _END.findall(text)}
    return [name for name in frame.columns if name in named]


def cases_of(comparisons: tuple[Comparison, ...]) -> str:
    """Write every comparison as a column `level_NAME` of SQL, over columns that end in _l and _r."""
    cases = [
        f"CASE WHEN {each.absent} THEN -1 "
        + " ".join(f"WHEN {_quick(level.when)} THEN {each.size - 1 - place}" for place, level in enumerate(each.levels))
        + f' ELSE 0 END::TINYINT AS "level_{each.name}"'
        for each in comparisons
    ]
    return ", ".join(cases)


def _query(columns: list[str], comparisons: tuple[Comparison, ...]) -> str:
    """Put every comparison into one pass over the pairs."""
    ends = ", ".join(f'{end}."{name}" AS "{name}_{end}"' for name in columns for end in "lr")
    return (
        f'SELECT "left", "right", {cases_of(comparisons)} FROM (SELECT p."left", p."right", {ends} FROM pairs p'  # noqa: S608  # the spec is shipped, no input
        ' JOIN records l ON l."row" = p."left" JOIN records r ON r."row" = p."right")'
    )


def _chunk(pairs: pl.DataFrame, connection: duckdb.DuckDBPyConnection, query: str) -> pl.DataFrame:
    """Find the levels of some pairs, in their order."""
    connection.register("pairs", pairs.to_arrow())
    told = pl.DataFrame(connection.sql(query).to_arrow_table())
    connection.unregister("pairs")
    same = told["left"].equals(pairs["left"]) and told["right"].equals(pairs["right"])
    return told if same else pairs.join(told, on=["left", "right"], how="left", maintain_order="left")


@contextmanager
def connected() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database that lives in memory alone."""
    connection = duckdb.connect(
        ":memory:",
        config={
            "temp_directory": "",
            "memory_limit": _MEMORY,
            "autoinstall_known_extensions": False,  # nothing is fetched over a network
            "autoload_known_extensions": False,
        },
    )
    connection.execute("SET enable_progress_bar = false")
    try:
        yield connection
    finally:
        connection.close()

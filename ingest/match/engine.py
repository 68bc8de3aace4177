"""Where pairs are found and compared: in this process, or on Spark; the answer is the same to the last pair."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final, Protocol

import polars as pl

from ingest.errors import ColumnsUnfit
from ingest.match import candidates
from ingest.match.candidates import NO_BOUND
from ingest.match.keys import Alone
from ingest.match.spec import Comparison


class Engine(Protocol):
    """The two steps that grow with the records; what follows works on their numbers."""

    def candidate_pairs(
        self, frame: pl.DataFrame, keys: Sequence[Sequence[str]], alone: Alone = NO_BOUND
    ) -> pl.DataFrame:
        """Return left, right (UInt32 rows of `frame`, left first): as `candidates.candidate_pairs`."""
        ...

    def levels_of(self, frame: pl.DataFrame, pairs: pl.DataFrame, comparisons: tuple[Comparison, ...]) -> pl.DataFrame:
        """Return left, right and `level_NAME`, in the order of `pairs`: as `scorer.levels_of`."""
        ...


class _Here:
    """This process, in memory."""

    def candidate_pairs(
        self, frame: pl.DataFrame, keys: Sequence[Sequence[str]], alone: Alone = NO_BOUND
    ) -> pl.DataFrame:
        return candidates.candidate_pairs(frame, keys, alone)

    def levels_of(self, frame: pl.DataFrame, pairs: pl.DataFrame, comparisons: tuple[Comparison, ...]) -> pl.DataFrame:
        from ingest.match.scorer import levels_of  # noqa: PLC0415 - DuckDB, for who compares many alone

        return levels_of(frame, pairs, comparisons)


class _OnSpark:
    """A session of Spark, begun when it is first asked for something: that takes a minute and a JVM."""

    def candidate_pairs(
        self, frame: pl.DataFrame, keys: Sequence[Sequence[str]], alone: Alone = NO_BOUND
    ) -> pl.DataFrame:
        return _begun().candidate_pairs(frame, keys, alone)

    def levels_of(self, frame: pl.DataFrame, pairs: pl.DataFrame, comparisons: tuple[Comparison, ...]) -> pl.DataFrame:
        return _begun().levels_of(frame, pairs, comparisons)


@cache
def _begun() -> Engine:
    """Begin a session.

    Raises:
        ColumnsUnfit: Spark is not installed.

    """
    try:
        from ingest.match.spark import SparkEngine, session  # noqa: PLC0415 - an extra that few have
    except ModuleNotFoundError as error:
        raise ColumnsUnfit(f"{error.name} is not installed", "Install varde[spark] and a Java runtime") from None
    return SparkEngine(session())


HERE: Final[Engine] = _Here()
ENGINES: Final[Mapping[str, Engine]] = {"duckdb": HERE, "spark": _OnSpark()}
"""By the words of the setting."""

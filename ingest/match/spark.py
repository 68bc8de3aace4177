"""Finding and comparing pairs on Apache Spark, by a session that is configured as Spark is (`spark-defaults.conf`).

Spark finds who shares a key, brings the values of each pair together, and hands them to our own query of DuckDB on its
executors: what two texts are to one another is asked of one implementation wherever it runs, so clusters are the same.
Clear values pass through Spark's shuffle. Its files and its network are encrypted with keys of the session, which die
with it; a session that does not do that is refused.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

import polars as pl
import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as f

from ingest.errors import ColumnsUnfit
from ingest.match.candidates import LARGEST_BLOCK, NO_BOUND
from ingest.match.keys import Alone, name_of
from ingest.match.scorer import cases_of, columns_of, connected
from ingest.match.spec import Comparison

_ENCRYPTED: Final = "spark.io.encryption.enabled"
_OURS: Final = {
    _ENCRYPTED: "true",
    "spark.io.encryption.keySizeBits": "256",
    "spark.authenticate": "true",
    "spark.network.crypto.enabled": "true",
    "spark.ui.enabled": "false",  # it shows queries to whoever knows the port
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.execution.arrow.pyspark.fallback.enabled": "false",
}


def session() -> SparkSession:
    """Begin a session on the cluster that Spark is configured for, else in this machine alone."""
    builder = SparkSession.builder.appName("varde")
    for name, value in _OURS.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def verify_encrypted(session: SparkSession) -> None:
    """Check that what a session spills and shuffles is encrypted.

    Raises:
        ColumnsUnfit: it writes clear values to disks.

    """
    if session.sparkContext.getConf().get(_ENCRYPTED, "false") != "true":
        raise ColumnsUnfit("Spark would write clear values to its disks", f"Set {_ENCRYPTED} to true")


class SparkEngine:
    """`ingest.match.engine.Engine` on a session.

    Raises:
        ColumnsUnfit: the session writes clear values to disks.

    """

    def __init__(self, session: SparkSession) -> None:
        verify_encrypted(session)
        self._session = session

    def candidate_pairs(
        self, frame: pl.DataFrame, keys: Sequence[Sequence[str]], alone: Alone = NO_BOUND
    ) -> pl.DataFrame:
        """Return left, right (UInt32 rows of `frame`, left first), each pair once, in order, as `candidates` does."""
        blocks = self._there(_hashed(frame, keys)).groupBy("key", "hash").agg(f.collect_list("row").alias("rows"))
        few = blocks.where(f.size("rows").between(2, LARGEST_BLOCK))
        vain = f.size("rows") > _most_alone(keys, alone)
        left = few.select("rows", vain.alias("vain"), f.explode("rows").alias("left"))
        pairs = left.select("vain", "left", f.explode("rows").alias("right")).where("left < right")
        told = pairs.groupBy("left", "right").agg(f.count("vain").alias("shared"), f.first("vain").alias("vain"))
        pairs = told.where((f.col("shared") > 1) | ~f.col("vain")).select("left", "right")
        return _here(pairs).select(pl.col("left", "right").cast(pl.UInt32)).sort("left", "right")

    def levels_of(self, frame: pl.DataFrame, pairs: pl.DataFrame, comparisons: tuple[Comparison, ...]) -> pl.DataFrame:
        """Return left, right, and `level_NAME` (Int8, -1 absent) of each comparison, in the order of `pairs`."""
        columns = columns_of(frame, comparisons)
        rows = frame.with_row_index("row").select(pl.col("row").cast(pl.Int64), *columns)
        records = self._there(rows)
        asked = self._there(pairs.select(pl.col("left", "right").cast(pl.Int64)))
        for end in ("left", "right"):
            named = records.select(
                f.col("row").alias(end), *(f.col(each).alias(f"{each}_{end[0]}") for each in columns)
            )
            asked = asked.join(named, end)
        names = [f"level_{each.name}" for each in comparisons]
        schema = ", ".join(["left long", "right long", *(f"{name} byte" for name in names)])
        told = _here(asked.mapInArrow(partial(_levels, cases_of(comparisons)), schema))
        ends = pl.col("left", "right").cast(pl.UInt32)
        found = told.select(ends, pl.col(names).cast(pl.Int8))
        return pairs.select(ends).join(found, on=["left", "right"], how="left", maintain_order="left")

    def _there(self, frame: pl.DataFrame) -> DataFrame:
        return self._session.createDataFrame(frame.to_arrow())


def _hashed(frame: pl.DataFrame, keys: Sequence[Sequence[str]]) -> pl.DataFrame:
    """Return key (its number), hash and row of every row that has a key: of values only hashes are shuffled."""
    rows = frame.with_row_index("row")
    every = [
        rows.drop_nulls(list(key)).select(
            key=pl.lit(number, dtype=pl.Int64),
            hash=pl.struct(key).hash().reinterpret(signed=True),
            row=pl.col("row").cast(pl.Int64),
        )
        for number, key in enumerate(_each(keys))
    ]
    return pl.concat(every)


def _most_alone(keys: Sequence[Sequence[str]], alone: Alone) -> Column:
    """Say of each row's key how many rows at most may share it for it to count alone."""
    most = f.lit(LARGEST_BLOCK)
    for number, key in enumerate(_each(keys)):
        most = f.when(f.col("key") == number, f.lit(alone.get(name_of(key), LARGEST_BLOCK))).otherwise(most)
    return most


def _each(keys: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    return list(dict.fromkeys(tuple(key) for key in keys))


def _levels(cases: str, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Find the levels of pairs whose values lie side by side; runs on an executor, in memory."""
    with connected() as connection:
        for batch in batches:
            connection.register("ends", pa.Table.from_batches([batch]))
            told = connection.sql(f'SELECT "left", "right", {cases} FROM ends').to_arrow_table()  # noqa: S608  # the spec is shipped, no input
            connection.unregister("ends")
            yield from told.to_batches()


def _here(told: DataFrame) -> pl.DataFrame:
    return pl.DataFrame(told.toArrow())

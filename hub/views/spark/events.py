"""Events on executors: each part of a table is opened, cut and handed to Spark where a task runs, by Polars.

What a task is given are the parts themselves, frames that can be pickled: of the lake, paths and the keys of those
files (`hub.lake.portable`), in the closure of the task. They reach executors over Spark's own connections and live in
their memory; neither a column nor a plan shows them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
import pyarrow as pa

NUMBER: Final = "id"
_BATCH_ROWS: Final = 65_536
_WHOLE: Final = pl.Int64()
_TYPES: Final = {
    pl.Binary(): (pa.binary(), "binary"),
    pl.String(): (pa.string(), "string"),
    pl.Boolean(): (pa.bool_(), "boolean"),
    pl.Float64(): (pa.float64(), "double"),
    _WHOLE: (pa.int64(), "bigint"),
}


@dataclass(frozen=True)
class Reading:
    """What tasks do: open the parts whose numbers they get, and yield the chosen rows and columns.

    `schema` is that of the columns in Polars' types.
    """

    parts: Sequence[pl.LazyFrame]
    rows: pl.Expr
    columns: Sequence[pl.Expr]
    schema: pl.Schema

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Run on an executor."""
        for batch in batches:
            for number in batch.column(NUMBER).to_pylist():
                chosen = self.parts[number].filter(self.rows).select(self.columns)
                yield from _arrow(chosen, self.schema).to_batches(max_chunksize=_BATCH_ROWS)

    @property
    def ddl(self) -> str:
        """Return the columns as Spark declares them."""
        return _ddl(self.schema)


def handed(frame: pl.DataFrame) -> tuple[pa.Table, str]:
    """Return a small frame as Spark takes it, and its columns as Spark declares them."""
    return _arrow(frame.lazy(), frame.schema), _ddl(frame.schema)


def _arrow(frame: pl.LazyFrame, schema: pl.Schema) -> pa.Table:
    types = pa.schema([(name, _TYPES[_plain(dtype)][0]) for name, dtype in schema.items()])
    plain = frame.select(_plainly(name, dtype) for name, dtype in schema.items()).collect(engine="streaming")
    return plain.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(types)


def _ddl(schema: pl.Schema) -> str:
    return ", ".join(f"`{name}` {_TYPES[_plain(dtype)][1]}" for name, dtype in schema.items())


def _plain(dtype: pl.DataType) -> pl.DataType:
    """Return the type in which a column goes to Spark: whole numbers, instants and dates are 64 bits wide."""
    return _WHOLE if dtype.is_integer() or dtype.is_temporal() else dtype


def _plainly(name: str, dtype: pl.DataType) -> pl.Expr:
    """Cast a column to the type in which it goes; a date is its midnight."""
    column = pl.col(name)
    return (column.cast(pl.Datetime("us")) if dtype == pl.Date else column).cast(_plain(dtype))

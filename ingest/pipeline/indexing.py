"""Blind indexes of a chunk: what exact rules and look-ups need, one HMAC a distinct value."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Final

import polars as pl

from ingest.identity.comparable import comparable
from ingest.identity.exact import LOOK_UPS, RULES, match_values
from ingest.pipeline.ports import Indexes
from privacy.terms import EntityKind

_FIELDS: Final = (*RULES, *LOOK_UPS)
_ROWS: Final = {"record": pl.Binary, "field": pl.String, "token": pl.Binary}
_ABSENT: Final = pl.lit(b"", dtype=pl.Binary)


@dataclass(frozen=True, slots=True)
class Indexed:
    """The indexes of a chunk.

    `rows` has record, field, token in the order of tokens, of a record that comes twice perhaps one twice; `of_row` is
    the column tokens: those of each row of the chunk, joined (Binary, 16 bytes a token).
    """

    rows: pl.DataFrame
    of_row: pl.DataFrame


def index_chunk(fresh: pl.DataFrame, *, kind: EntityKind, country: str | None, indexes: Indexes) -> Indexed:
    """Index the identity attributes of a chunk; `fresh` has `record` (Binary) beside them."""
    values = match_values(comparable(fresh, kind=kind, country=country))
    tokens = dict(_tokens(values, indexes))
    named = fresh.select("record").with_row_index("record_row")
    wide = named
    for field, part in tokens.items():
        wide = wide.join(part.rename({"token": field}), on="record_row", how="left", maintain_order="left")
    none = pl.repeat(b"", pl.len(), dtype=pl.Binary)
    joined = reduce(add, (pl.col(field).fill_null(_ABSENT) for field in tokens), none).alias("tokens")
    long = [
        wide.select("record", pl.lit(field).alias("field"), token=field).filter(pl.col("token").is_not_null())
        for field in tokens
    ]
    return Indexed(rows=pl.concat([pl.DataFrame(schema=_ROWS), *long]).sort("token"), of_row=wide.select(joined))


def _tokens(values: pl.DataFrame, indexes: Indexes) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield, for each field that occurs, its rows' tokens: record_row (UInt32), token (Binary)."""
    for field in _FIELDS:
        part = values.filter(pl.col("field") == field)
        distinct = part["value"].unique()
        if distinct.is_empty():
            continue
        tokens = pl.Series(indexes.attribute(field).tokens_of(distinct.to_list()), dtype=pl.Binary)
        named = pl.DataFrame({"value": distinct, "token": tokens})
        yield field, part.join(named, on="value", how="left").select("record_row", "token")

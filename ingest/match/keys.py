"""Candidate keys of records one by one: what two records share if they are compared at all (see `candidates`).

A key that a spec names for candidates, or that a rule wants equal, is a value put together from columns. Whoever keeps
keys keeps them under a keyed digest: `as_number` says in which form.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import polars as pl

from ingest.match.spec import Spec

TOKEN_BYTES: Final = 8
TOKEN_BITS: Final = 62
"""Of a digest: what an integer column holds on every database, and packs. Two keys of 24 million meet with odds of 1 to
16,000, and then two records are compared in vain."""
Alone = Mapping[str, int]
"""How many records at most may share a key, by its name, for it to make pairs of two who share no other.

A key that is not named always does."""
_SEPARATOR: Final = "\x1f"


def keys_of(spec: Spec) -> tuple[tuple[str, ...], ...]:
    """Return every key by which records are compared, each once: of the candidates, then of the rules."""
    return tuple(dict.fromkeys([*spec.candidates, *(rule.equal for rule in spec.rules)]))


def name_of(key: Sequence[str]) -> str:
    """Name a key by its columns."""
    return "+".join(key)


def key_values(frame: pl.DataFrame, keys: Sequence[Sequence[str]]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield each key's name with the rows that have it: row (UInt32), value (String); a key that nobody has not."""
    rows = frame.with_row_index("row")
    for key in keys:
        told = rows.select("row", value=pl.concat_str(key, separator=_SEPARATOR)).drop_nulls()
        if told.height:
            yield name_of(key), told


def key_values_of(row: Mapping[str, str | None], keys: Sequence[Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield each key that one record has: its name and value, as `key_values` does for many."""
    for key in keys:
        parts = [part for column in key if (part := row[column]) is not None]
        if len(parts) == len(key):
            yield name_of(key), _SEPARATOR.join(parts)


def as_number(digest: bytes) -> int:
    """Read a digest of eight bytes as a number that is not negative."""
    return int.from_bytes(digest[:TOKEN_BYTES], "big") >> (8 * TOKEN_BYTES - TOKEN_BITS)


def carriers_of(*carried: pl.DataFrame) -> pl.DataFrame:
    """Count who carries each token of some frames with a column of that name: token, carriers."""
    return pl.concat([each.select("token") for each in carried]).group_by("token").agg(carriers=pl.len())


def pairs_that_share(
    mine: pl.DataFrame, others: pl.DataFrame, few: pl.DataFrame, *, alone: Mapping[int, int]
) -> pl.DataFrame:
    """Pair some records with one another and with others by what they carry: record, other, in order, the lesser first.

    Args:
        mine: record, token, key (its number); a record carries a token once.
        others: record, token of other records.
        few: the tokens that make pairs, and how many records carry each: token, carriers.
        alone: with how many carriers at most a key makes a pair of two who share nothing else, by its number.

    """
    ends = ["record", "other"]
    block, beside = mine.join(few, on="token"), others.select("token", other="record")
    inside = block.join(block.select("token", other="record"), on="token").filter(pl.col("record") < pl.col("other"))
    across = block.join(beside, on="token").select(*inside.columns)
    least, most = (pl.when(pl.col("record") < pl.col("other")).then(a).otherwise(b) for a, b in (ends, ends[::-1]))
    pairs = pl.concat([inside, across]).with_columns(record=least, other=most)
    told = pairs.group_by(ends).agg(pl.len(), pl.col("key", "carriers").first())
    most = pl.col("key").replace_strict(dict(alone), default=None, return_dtype=pl.UInt32)
    vain = (pl.col("len") == 1) & (pl.col("carriers") > most).fill_null(value=False)
    return told.filter(~vain).select(ends).sort(ends)

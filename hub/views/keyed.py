"""The key of a row as an expression of its event, as a type, and as it leaves.

A machine, a message and a thread are named by 64-bit keyed digests of the source's own numbers, which nobody can
guess without the key of the digests. Beside eight fixed bytes that say which kind it is, a digest fills the block
that the purpose's permutation takes (ADR 0004): equal digests of two purposes have nothing in common, and no entity's
random id collides.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl

from hub.views.row_key import RowKey, RowKind
from hub.views.values import DAY_US, micros_of
from privacy.pseudonym import PseudonymisationDomain, pseudonyms_of

KEY: Final = "row_key"
THREAD: Final = "thread"
_HALF: Final = 8


def key_of(key: RowKey, as_of: datetime) -> pl.Expr:
    """Return the key of the row that an event belongs to; null where it belongs to none."""
    column = pl.col(key.reads)
    if key.kind is not RowKind.TIME_BUCKET:
        return column.alias(KEY)
    number = (micros_of(as_of) - 1 - column.cast(pl.Int64)) // ((key.bucket_days or 1) * DAY_US)
    return number.cast(pl.Int32).alias(KEY)


def named(key: RowKey, as_of: datetime) -> pl.Expr:
    """Return the key under its name; a bucket as the instant at which it begins."""
    if key.kind is not RowKind.TIME_BUCKET:
        return pl.col(KEY).alias(key.name)
    begins = micros_of(as_of) - (pl.col(KEY).cast(pl.Int64) + 1) * (key.bucket_days or 1) * DAY_US
    return begins.cast(pl.Datetime("us", "UTC")).alias(key.name)


def by_pseudonym(
    frame: pl.DataFrame,
    key: RowKey | None,
    domain: PseudonymisationDomain,
    *,
    names: tuple[str, str],
    threads: Collection[str] = (),
) -> pl.DataFrame:
    """Put pseudonyms of a column of ids first, and in order, which says nothing; several rows by their keys.

    `names` are the column of the ids and that of the pseudonyms; `threads` name columns of digests of threads.
    """
    entity, pseudonym = names
    owned = frame.insert_column(0, pseudonyms_of(domain, frame[entity]).alias(pseudonym))
    if key is None:
        first_half = pl.col(pseudonym).bin.head(_HALF).bin.reinterpret(dtype=pl.UInt64, endianness="big")
        return owned.sort(first_half)  # the order of the pseudonyms, in a quarter of the time
    kinds = dict.fromkeys(threads, THREAD) | ({key.name: key.name} if key.is_pseudonym else {})
    named = (names_of_keys(owned[name], kind, domain) for name, kind in kinds.items())
    return owned.with_columns(*named).sort(pseudonym, key.name)


def names_of_keys(digests: pl.Series, kind: str, domain: PseudonymisationDomain) -> pl.Series:
    """Give the domain's pseudonyms (Binary, 16 bytes) of digests of one kind; null of null."""
    known = digests.drop_nulls().unique()
    blocks = np.empty((known.len(), 2), dtype=">i8")
    blocks[:, 0] = int.from_bytes(kind.encode().ljust(_HALF, b"\0"))
    blocks[:, 1] = known.to_numpy()
    octets = blocks.tobytes()
    each = [octets[start : start + 2 * _HALF] for start in range(0, len(octets), 2 * _HALF)]
    names = pseudonyms_of(domain, pl.Series(each, dtype=pl.Binary))
    return digests.replace_strict(known, names, default=None, return_dtype=pl.Binary)

"""Marks as order-preserving bytes: comparing the bytes is comparing the acts.

`at u64 | rank u8 | lapse u64 | no-notice u8 | notice utf-8`, big-endian. `at` and `until` are microseconds since
1970 plus 2^62, so that earlier dates stay positive; `lapse` grows the earlier the consent ends. Equal to
`privacy.consent`'s precedence by a property test. A database keeps the greater of two marks with one CASE, in any
order of arrival.
"""

import struct
from datetime import UTC, datetime
from typing import Final

import polars as pl

from privacy.consent import STATE_AFTER, Mark
from privacy.instant import instant_of, microseconds_of

_BIAS: Final = 1 << 62
_NEVER: Final = (1 << 63) - 1
_MARK: Final = struct.Struct(">QBQB")
_FIRST: Final = microseconds_of(datetime.min.replace(tzinfo=UTC))
_LAST: Final = microseconds_of(datetime.max.replace(tzinfo=UTC))
_RANKED: Final = tuple(STATE_AFTER)


def bytes_of_mark(mark: Mark) -> bytes:
    """Encode a mark."""
    lapse = 0 if mark.until is None else _NEVER - (microseconds_of(mark.until) + _BIAS)
    head = _MARK.pack(microseconds_of(mark.at) + _BIAS, _RANKED.index(mark.act), lapse, mark.notice_version is None)
    return head + (mark.notice_version or "").encode()


def mark_of_bytes(encoded: bytes) -> Mark:
    """Decode a mark."""
    at, rank, lapse, no_notice = _MARK.unpack_from(encoded)
    return Mark(
        act=_RANKED[rank],
        at=instant_of(at - _BIAS),
        notice_version=None if no_notice else encoded[_MARK.size :].decode(),
        until=None if lapse == 0 else instant_of(_NEVER - lapse - _BIAS),
    )


def act_of_mark(mark: pl.Expr) -> pl.Expr:
    """Return the act of a column of marks, as its word."""
    words = {rank: act.value for rank, act in enumerate(_RANKED)}
    rank = mark.bin.slice(8, 1).bin.reinterpret(dtype=pl.UInt8)
    return rank.replace_strict(words, default=None, return_dtype=pl.String)


def until_of_mark(mark: pl.Expr) -> pl.Expr:
    """Return the end of a column of marks in microseconds since 1970, null where it has none."""
    lapse = mark.bin.slice(9, 8).bin.reinterpret(dtype=pl.Int64, endianness="big")
    return pl.when(lapse != 0).then(pl.lit(_NEVER, dtype=pl.Int64) - lapse - _BIAS)


def notice_of_mark(mark: pl.Expr) -> pl.Expr:
    """Return the notice version of a column of marks, null where none was shown."""
    absent = mark.bin.slice(17, 1).bin.reinterpret(dtype=pl.UInt8) == 1
    return pl.when(~absent).then(_notice(mark))


def is_readable(mark: pl.Expr) -> pl.Expr:
    """Say of a column of marks whether each is one that `bytes_of_mark` can have written; null is none, and readable.

    What is not may have been the person's no, so nothing else of its head may be believed.
    """
    at = mark.bin.slice(0, 8).bin.reinterpret(dtype=pl.Int64, endianness="big") - _BIAS
    ends = mark.bin.slice(9, 8).bin.reinterpret(dtype=pl.Int64, endianness="big")
    no_notice = mark.bin.slice(17, 1).bin.reinterpret(dtype=pl.UInt8)
    notice = _notice(mark)
    whole = (
        (mark.bin.size() >= _MARK.size)
        & at.is_between(_FIRST, _LAST)
        & act_of_mark(mark).is_not_null()
        & ((ends == 0) | ends.is_between(_NEVER - _BIAS - _LAST, _NEVER - _BIAS - _FIRST))
        & pl.when(no_notice == 1).then(notice == "").otherwise((no_notice == 0) & notice.is_not_null())
    )
    return mark.is_null() | whole.fill_null(value=False)


def _notice(mark: pl.Expr) -> pl.Expr:
    return mark.bin.slice(_MARK.size, None).map_batches(_texts_of, return_dtype=pl.String)


def _texts_of(column: pl.Series) -> pl.Series:
    """Decode what is text and leave the rest null, where Polars' own cast would fail the whole read.

    One step per distinct notice: there are a handful.
    """
    distinct = column.unique().drop_nulls().to_list()
    texts = pl.DataFrame(
        {"raw": distinct, "text": [_text_of(raw) for raw in distinct]}, schema={"raw": pl.Binary, "text": pl.String}
    )
    return column.alias("raw").to_frame().join(texts, on="raw", how="left", maintain_order="left")["text"]


def _text_of(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None

"""Chunks of about one size: a text is read by blocks, and what a block leaves over makes small ones.

A chunk of people is a run through every tree of the database; a small one costs nearly the pages of a full one. The
larger the trees, the more rows it takes until two of them share a page: so chunks grow with a delivery, while a short
one is still cut in parts that are reckoned and written side by side.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import polars as pl

from ingest.errors import FileRefused
from ingest.readers.chunk import Chunk

_SMALL: Final = 8
"""A chunk of less than this part of the wanted size is carried by its neighbour, though that makes it too large."""
_GROWN: Final = 3
"""Times the size that a delivery begins with: a million people are written 1.5 times as fast, in 400 MB more memory."""
_SHARE: Final = 4
"""A chunk grows to this part of what came before it."""


def gathered(chunks: Iterable[Chunk], rows: int) -> Iterator[Chunk]:
    """Join neighbours up to about `rows` accepted rows, and later up to three times as many, in their order.

    Raises:
        FileRefused: as the chunks do, when those that came before have been given.

    """
    held: list[Chunk] = []
    given = 0
    try:
        for chunk in chunks:
            if held and not _fits(held, chunk, max(rows, min(given // _SHARE, rows * _GROWN))):
                given += sum(each.frame.height for each in held)
                yield _joined(held)
                held = []
            held.append(chunk)
    except FileRefused:
        if held:
            yield _joined(held)  # its refused rows may hold a no, which counts although the file does not
        raise
    if held:
        yield _joined(held)


def _fits(held: list[Chunk], chunk: Chunk, rows: int) -> bool:
    if (held[0].frame.schema, held[0].source.schema) != (chunk.frame.schema, chunk.source.schema):
        return False
    sizes = sum(each.frame.height for each in held), chunk.frame.height
    return sum(sizes) <= rows or (max(sizes) <= rows and min(sizes) * _SMALL < rows)


def _joined(held: list[Chunk]) -> Chunk:
    if len(held) == 1:
        return held[0]
    return Chunk(
        frame=pl.concat([each.frame for each in held]),
        rejected=pl.concat([each.rejected for each in held]),
        read=sum(each.read for each in held),
        restrictive=_concat([each.restrictive for each in held]),
        unheard=sum(each.unheard for each in held),
        source=pl.concat([each.source for each in held]),
    )


def _concat(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """Join what has rows; a frame without any may have no columns either."""
    return pl.concat([frame for frame in frames if frame.height] or frames[:1])

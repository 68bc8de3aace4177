"""Marks: by which an entity's records, and those of them that may be read, are compared with what they were.

Record ids are random, so the exclusive or of a set's ids tells it from any other set; two halves of an id serve the two
sets. A row that was made of an entity stands only while both marks do: not once a record joined or left, even one that
nobody may read, and not once a record that the row was made of may not be read any more.
"""

from typing import Final

import polars as pl

MARKS: Final = ("everyone", "permitted")
_HALF: Final = 8


def marks_of(decided: pl.DataFrame) -> pl.DataFrame:
    """Return, of each entity with a permitted record: record (the least of those), both marks, until_us.

    `decided` has record, entity (Binary, 16 bytes), permit and until_us of every record of whole entities; until_us is
    when the first consent of any of them lapses.
    """
    everyone = decided.group_by("entity").agg(everyone=_half(0).bitwise_xor(), until_us=pl.col("until_us").min())
    permitted = decided.filter("permit").sort("record")
    marked = permitted.group_by("entity", maintain_order=True).agg(
        pl.col("record").first(), permitted=_half(_HALF).bitwise_xor()
    )
    return marked.join(everyone, on="entity", how="left")


def _half(start: int) -> pl.Expr:
    return pl.col("record").bin.slice(start, _HALF).bin.reinterpret(dtype=pl.Int64(), endianness="big")

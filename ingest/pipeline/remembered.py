"""What a delivery's people say, in comparable form, in the memory of whoever takes it in: they are not opened again.

Each row was read a moment ago, in this process, for this very purpose; sealing it, to open it by itself some seconds
later, cost more than all the comparing. Whoever settles a batch after a crash remembers nothing and opens everybody.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl

MOST_ROWS: Final = 300_000
"""People of whom more than their keyed tokens is kept in memory, some hundred megabytes; of a larger delivery the rest
is opened."""
_REVISION: Final = "_revision"


class Remembered:
    """Comparable rows by record and revision."""

    def __init__(self, most: int = MOST_ROWS) -> None:
        """Remember so many rows at most."""
        self._frames: list[pl.DataFrame] = []
        self._room = most

    def add(self, frame: pl.DataFrame, records: Sequence[bytes], revisions: Sequence[int]) -> None:
        """Remember the rows of a chunk, as long as there is room; `frame` is in the order of `records`."""
        if frame.height <= self._room:
            self._room -= frame.height
            named = (pl.Series("record", records, dtype=pl.Binary), pl.Series(_REVISION, revisions, dtype=pl.Int64))
            self._frames.append(frame.with_columns(named))

    def of(self, forms: pl.DataFrame) -> pl.DataFrame | None:
        """Return the rows of the very revisions that some forms are of, in order of records; None if there are none.

        Of a record that was corrected or delivered again meanwhile another revision counts: it is opened.
        """
        if not self._frames:
            return None
        asked = forms.select("record", "source", pl.col("revision").alias(_REVISION))
        known = pl.concat(self._frames).drop("source").join(asked, on=["record", _REVISION])
        return known.drop(_REVISION).sort("record")

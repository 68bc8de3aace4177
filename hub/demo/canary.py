"""Canary tokens: a unique word in every personal field of every source, to be looked for where none may be.

Names and e-mail addresses carry the same token in all systems (else nothing would be merged and half of the hub
would stay untested); streets and free text have one per record. Telephone numbers and national ids have to stay valid
and dates cannot hold a word: the numbers themselves are listed as tokens in each form in which they are exported, dates
and towns are not. Ticket texts hold the tokens of the writer's names and, at their end, one of their own.
"""

from collections.abc import Callable
from typing import Final

import polars as pl

Marker = Callable[[int], str]
"""Gives the token of an ordinal: unique, of letters a-z and digits only, so that no standardiser changes it."""

_SHARED: Final = ("given_name", "family_name", "email")
_NUMBERS: Final = ("phone", "national_id")
_SAFE_DIGITS: Final = 9  # a shorter row of digits turns up by chance among numbers that mean something else
_SCHEMA: Final = pl.Schema({"token": pl.String(), "field": pl.String(), "source": pl.String()})


class Canary:
    """Writes tokens into frames and remembers them; without a marker it leaves everything as it is."""

    def __init__(self, marker: Marker | None) -> None:
        self._marker = marker
        self._drawn = 0
        self._people: pl.DataFrame | None = None
        self._found: list[pl.DataFrame] = []

    @property
    def tokens(self) -> pl.DataFrame:
        """All tokens so far: token, field, source (`*` where every source has it)."""
        return pl.concat([pl.DataFrame(schema=_SCHEMA), *self._found]).unique(maintain_order=True)

    def mark_people(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Mark names and e-mail addresses of rows that have an `entity`; typing errors stay before the token."""
        if self._marker is None or frame.is_empty():
            return frame
        if self._people is None:
            entities = frame["entity"].unique().sort()
            self._people = pl.DataFrame(
                {"entity": entities} | {f"_{name}": self._draw(len(entities), name, "*") for name in _SHARED}
            )
        marked = frame.join(self._people, on="entity", how="left", maintain_order="left").with_columns(
            given_name=pl.col("given_name") + pl.col("_given_name"),
            family_name=pl.col("family_name") + pl.col("_family_name"),
            email=pl.col("email").str.replace("@", pl.col("_email") + "@", literal=True),
        )
        return marked.drop([f"_{name}" for name in _SHARED])

    def mark_field(self, frame: pl.DataFrame, field: str, source: str) -> pl.DataFrame:
        """End one text field with a token of its own per row; empty fields stay empty and cost no token."""
        if self._marker is None:
            return frame
        filled = frame[field].is_not_null()
        tokens = self._draw(int(filled.sum()), field, source)
        row = (filled.cum_sum().cast(pl.Int64) - 1).clip(lower_bound=0)
        own = tokens.gather(row) if len(tokens) else pl.Series([None] * frame.height, dtype=pl.String)
        return frame.with_columns(pl.concat_str(field, pl.lit(" "), own))

    def list_numbers(self, frame: pl.DataFrame, source: str) -> None:
        """List telephone numbers and national ids as the source writes them."""
        if self._marker is None:
            return
        for field in _NUMBERS:
            if field in frame.columns:
                written = frame[field].drop_nulls().unique(maintain_order=True)
                written = written.filter(written.str.count_matches(r"\d") >= _SAFE_DIGITS)
                self._remember(written, field, source)

    def _draw(self, count: int, field: str, source: str) -> pl.Series:
        """Draw tokens; the marker is the caller's and is called once each."""
        assert self._marker is not None  # noqa: S101 - for the type checker: callers have looked
        tokens = [self._marker(self._drawn + number) for number in range(count)]
        self._drawn += count
        series = pl.Series("token", tokens, dtype=pl.String)
        self._remember(series, field, source)
        return series

    def _remember(self, tokens: pl.Series, field: str, source: str) -> None:
        row = pl.DataFrame({"token": tokens})
        self._found.append(row.with_columns(field=pl.lit(field), source=pl.lit(source)))

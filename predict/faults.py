"""What is wrong with a delivery, counted chunk by chunk as `predict.quality` counts a whole: for files of any length.

Rows are kept as 64-bit hashes for the time of the count, 8 bytes a row. Two different rows share one with a chance of a
few in a billion for a hundred million rows.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final

import polars as pl

from predict.quality import NUMERIC_FROM, Finding

_LEFT: Final = 64
"""Columns of text that are looked at for numbers: more than any file has that people read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a contract says of source columns: which name a customer, and which hold pieces or amounts."""

    customers: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()


class Faults:
    """Counts of one delivery so far; rows are given as the source has them."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._rows = 0
        self._hashes: list[pl.Series] = []
        self._blank: Counter[str] = Counter()
        self._filled: Counter[str] = Counter()
        self._numeric: Counter[str] = Counter()
        self._nobody = 0
        self._below: Counter[str] = Counter()

    def add(self, rows: pl.DataFrame) -> None:
        """Count one more chunk."""
        if rows.is_empty():
            return
        self._rows += rows.height
        self._hashes.append(rows.hash_rows(seed=7))
        for name in rows.select(pl.selectors.string()).columns[:_LEFT]:
            self._add_text(name, rows[name].str.strip_chars())
        named = [name for name in self._told.customers if name in rows.columns]
        if named:
            empty = [pl.col(name).cast(pl.String).str.strip_chars().fill_null("") == "" for name in named]
            self._nobody += int(rows.select(pl.all_horizontal(empty).sum()).item())
        for name in self._told.amounts:
            if name in rows.columns:
                self._below[name] += int((rows[name].cast(pl.Float64, strict=False) < 0).sum())

    def findings(self) -> list[Finding]:
        """Sum up; a rule that no row breaks is not told."""
        found = [
            ("exact_duplicate", "*", self._repeated(), "deliver a key of the row, or say that equal rows are meant")
        ]
        for name, blank in sorted(self._blank.items()):
            filled = self._filled[name]
            if filled and self._numeric[name] / filled >= NUMERIC_FROM:
                found.append(("blank_number", name, blank, "deliver nothing where nothing is known, not a blank"))
        customer = ", ".join(self._told.customers)
        found.append(("no_customer", customer, self._nobody, "supply the numbers, or leave them out"))
        found += [
            ("below_zero", name, rows, "count returns apart from purchases") for name, rows in self._below.items()
        ]
        return [
            Finding(rule=rule, column=column, rows=rows, of=self._rows, advice=advice)
            for rule, column, rows, advice in found
            if rows
        ]

    def overlap(self, later: "Faults") -> list[Finding]:
        """Count rows of a later extract that stand in this one, column by column alike."""
        again = int(later._all().is_in(self._all().unique().implode()).sum())  # noqa: SLF001 - another of its kind
        advice = "cut extracts at one instant, or deliver keys: what stands in both would count twice"
        rule = Finding(rule="overlapping_extract", column="*", rows=again, of=later._rows, advice=advice)  # noqa: SLF001 - as above
        return [rule] if again else []

    def _add_text(self, name: str, text: pl.Series) -> None:
        filled = text.filter(text != "")
        self._filled[name] += filled.len()
        self._blank[name] += int((text == "").sum())
        self._numeric[name] += int(filled.cast(pl.Float64, strict=False).is_not_null().sum())

    def _repeated(self) -> int:
        every = self._all()
        return every.len() - every.n_unique()

    def _all(self) -> pl.Series:
        return pl.concat(self._hashes) if self._hashes else pl.Series(dtype=pl.UInt64)

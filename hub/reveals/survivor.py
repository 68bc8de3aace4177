"""One value of a golden record as it is shown: what stands, whose word it is, and how many say otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivor:
    """The value of one attribute that stands, as its source wrote it; never printed.

    Attributes:
        revision: which arrival of the record said it; `said_at` is when that came.
        decided_by: one of `ingest.survivorship.golden.DECIDED`.
        agreeing: records that say the same in standard form, this one included; `differing` those that say another.

    """

    attribute: str
    value: str = field(repr=False)
    source: str
    revision: int
    said_at: datetime
    decided_by: str
    agreeing: int
    differing: int


def survivors_of(golden: pl.DataFrame) -> tuple[Survivor, ...]:
    """Read a golden record's rows; the record's own id stays inside."""
    return tuple(map(_survivor, golden.drop("entity", "record").iter_rows(named=True)))


def _survivor(row: Mapping[str, Any]) -> Survivor:
    return Survivor(**row)

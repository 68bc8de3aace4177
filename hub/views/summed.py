"""From rows that never leave to the figures that do."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import polars as pl

from hub.views.cells import table_of
from hub.views.figure import figures_frame
from hub.views.noise import noisy_table
from hub.views.spec import ViewSpec
from hub.views.summary import Summary

CELLS: Final = "cells."
"""Before the rule, where withheld cells are counted beside absent customers."""


@dataclass(frozen=True, slots=True)
class Summed:
    """Figures of cells, and how many cells are withheld by which rule (for audit and check, never for the reader)."""

    frame: pl.DataFrame
    withheld: dict[str, int] = field(default_factory=dict)


def summed(spec: ViewSpec, summary: Summary, rows: pl.DataFrame, *, as_of: datetime) -> Summed:
    """Put rows into cells, withhold what must not leave, and compute the figures of the others."""
    if summary.budget is None:
        table = table_of(spec, summary, rows, as_of=as_of)
    else:
        table = noisy_table(spec, summary, summary.budget, rows, as_of)
    reasons = Counter(f"{CELLS}{because.value}" for because in table.withheld.values())
    return Summed(figures_frame(summary, table), dict(sorted(reasons.items())))

"""How small the groups are in which people stand: k-anonymity, l-diversity, uniqueness; counts and shares only.

- k: rows that share a combination of quasi-identifiers (Samarati and Sweeney, "Protecting privacy when disclosing
  information", 1998);
- l: different values of another column within such a group; 1 means that whoever knows the group knows the value
  (Machanavajjhala et al., "l-diversity: privacy beyond k-anonymity", 2007: distinct l-diversity);
- uniqueness: rows whose released values, all columns together, no other row has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

_SIZE: Final = "__size"
_EDGES: Final = (1, 2, 3, 5, 10, 20, 50, 100)
"""Lower edges of the bands in which group sizes are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Groups by the quasi-identifiers, before those below k are hidden.

    `sizes` is the number of rows by the lower edge of the size band of their group. None stands for a count of few that
    the reader is not told.
    """

    rows: int
    groups: int
    smallest: int | None
    rows_below_k: int | None
    sizes: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diversity:
    """One released column within the groups: the least number of different values, and rows in groups of one value."""

    column: str
    least: int
    rows_of_one_value: int | None


def groups_of(frame: pl.DataFrame, quasi: Sequence[str], *, k: int) -> Groups:
    """Measure the groups of a frame; without quasi-identifiers all rows are one group."""
    alone = pl.Series(_SIZE, [frame.height][: frame.height], dtype=pl.UInt32)  # no row, no group
    sizes = frame.group_by(quasi).len(_SIZE)[_SIZE] if quasi else alone
    banded = sizes.to_frame().with_columns(band=_band(pl.col(_SIZE)))
    by_band = banded.group_by("band").agg(pl.col(_SIZE).sum()).sort("band")
    below = sizes.filter(sizes < k)
    return Groups(
        rows=frame.height,
        groups=sizes.len(),
        smallest=None if sizes.is_empty() else int(sizes.to_frame().min().item()),
        rows_below_k=int(below.sum()),
        sizes={int(band): int(rows) for band, rows in by_band.iter_rows()},
    )


def diversity_of(frame: pl.DataFrame, quasi: Sequence[str], sensitive: Sequence[str]) -> tuple[Diversity, ...]:
    """Measure how many values each other column has within the groups, the least diverse column first."""
    if not quasi or not sensitive or frame.is_empty():
        return ()
    kinds = [pl.col(name).n_unique().alias(name) for name in sensitive]
    groups = frame.group_by(quasi).agg(pl.len().alias(_SIZE), *kinds)
    found = [
        Diversity(
            column=name,
            least=int(groups.select(pl.col(name).min()).item()),
            rows_of_one_value=int(groups.filter(pl.col(name) == 1)[_SIZE].sum()),
        )
        for name in sensitive
    ]
    return tuple(sorted(found, key=lambda each: (each.least, -(each.rows_of_one_value or 0), each.column)))


def unique_rows(frame: pl.DataFrame, columns: Sequence[str]) -> int:
    """Count the rows that no other row equals in all of some columns."""
    if not columns:
        return 0
    return frame.group_by(columns).len(_SIZE).filter(pl.col(_SIZE) == 1).height


def _band(size: pl.Expr) -> pl.Expr:
    lower = pl.lit(_EDGES[0])
    for edge in _EDGES[1:]:
        lower = pl.when(size >= edge).then(pl.lit(edge)).otherwise(lower)
    return lower

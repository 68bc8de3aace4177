"""What a read of figures would withhold and why, for whoever approves it: counts of cells, nobody's figure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hub.views.cells import CUSTOMERS, Table, table_of
from hub.views.preview import Preview
from hub.views.spec import ViewSpec
from hub.views.summary import MICRO, STAFF


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFigures:
    """The cells of a summary as they would leave; None is a count that the reader is not told.

    - `cells`: all, totals included; `empty`: of nobody; `released`: of somebody, with their figures;
    - `withheld`: the others by the rule that withholds them;
    - `smallest`, `least_staff`: customers and employees of the released cell that has fewest;
    - `moved_by_few`: released cells in which fewer than k customers came or went between two neighbouring reads: the
      difference of the two is theirs;
    - `epsilon_spent`, `epsilon_budget`: of the view's privacy budget; None without one.
    """

    cells: int
    empty: int | None
    released: int | None
    withheld: Mapping[str, int]
    smallest: int | None
    least_staff: int | None
    moved_by_few: int | None
    epsilon_spent: float | None = None
    epsilon_budget: float | None = None


def cells_of(spec: ViewSpec, earlier: Preview, later: Preview, *, spent: int) -> CellFigures | None:
    """Measure the cells at two neighbouring instants, without noise; None for a view of rows."""
    summary = spec.summary
    if summary is None:
        return None
    before, after = (table_of(spec, summary, each.frame, as_of=each.as_of) for each in (earlier, later))
    customers = after.figures[CUSTOMERS]
    leaves = _leaving(after)
    staff = after.figures.get(STAFF)
    moved = np.abs(customers - before.figures[CUSTOMERS])
    budget = summary.budget
    return CellFigures(
        cells=customers.size,
        empty=int((customers == 0).sum()),
        released=int(leaves.sum()),
        withheld=dict(sorted(Counter(each.value for each in after.withheld.values()).items())),
        smallest=int(customers[leaves].min()) if leaves.any() else None,
        least_staff=int(staff[leaves].min()) if staff is not None and leaves.any() else None,
        moved_by_few=int((leaves & _leaving(before) & (moved > 0) & (moved < spec.k)).sum()),
        epsilon_spent=None if budget is None else spent / MICRO,
        epsilon_budget=None if budget is None else budget.total / MICRO,
    )


def cells_unmeasured(figures: CellFigures) -> CellFigures:
    """Take away what was measured, for whoever is neither DPO nor owner: how many cells there are is in the spec.

    Whether a cell is empty or withheld tells of whomever the author's own population names, before anybody approved it;
    rounding would move that to the next limit. Noise covers releases, and is not in a check at all.
    """
    return CellFigures(
        cells=figures.cells,
        empty=None,
        released=None,
        withheld={},
        smallest=None,
        least_staff=None,
        moved_by_few=None,
        epsilon_spent=figures.epsilon_spent,
        epsilon_budget=figures.epsilon_budget,
    )


def _leaving(table: Table) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    leaves = table.figures[CUSTOMERS] > 0
    for place in table.withheld:
        leaves[place] = False
    return leaves

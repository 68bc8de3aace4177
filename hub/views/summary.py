"""A summary as data: what leaves are figures of cells, each of at least k customers, and never a row.

The features of the view stay inside: they are computed for every customer as in any view, generalised, and put into
cells by `by`. A cell is one level of every dimension; where `totals` are asked for, `all` is a level, too.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hub.views.feature import OTHER_LEVEL

ALL: Final = "all"
UNKNOWN: Final = "unknown"
RESERVED_LEVELS: Final = frozenset({ALL, UNKNOWN, OTHER_LEVEL})
WITHHELD: Final = "withheld"
CELL: Final = "__cell"
STAFF: Final = "__staff"
LEAST_GROUP: Final = 5
"""No cell of fewer customers, and none of a team of fewer people, whatever a view asks for."""
MICRO: Final = 1_000_000
"""A budget is counted in whole millionths of epsilon: sums of fractions would round."""


def staff_of(feature: str) -> str:
    """Return the column that lists the employees behind one feature."""
    return f"{STAFF}:{feature}"


class MeasureOp(StrEnum):
    """What is told of a cell. A customer's value of a feature in a cell is x; null values do not count."""

    COUNT = "count"  # customers in the cell
    SUM = "sum"  # sum of x
    MEAN = "mean"  # sum of x / how many x
    SHARE = "share"  # customers with x above 0 / customers with x
    RATIO = "ratio"  # sum of x / sum of `to`; null where that is not above 0
    MEDIAN = "median"  # of x; leaves rounded only, for it is the value of one or two customers


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """By what cells are told apart: a feature of the customer, a code of the event, or days before as_of.

    Exactly one of `feature`, `column` and `bucket_days` is there; `levels` belong to a column.
    """

    name: str
    feature: str | None = None
    column: str | None = None
    levels: tuple[str, ...] = ()
    bucket_days: int | None = None

    @property
    def is_of_event(self) -> bool:
        """Say whether one customer may be in several levels."""
        return self.feature is None


@dataclass(frozen=True, slots=True, kw_only=True)
class CellMeasure:
    """One figure of each cell; `times` multiplies it, `round_to` is the step that it leaves in."""

    name: str
    op: MeasureOp
    of: str | None = None
    to: str | None = None
    times: float | None = None
    round_to: float | None = None

    @property
    def features(self) -> tuple[str, ...]:
        """Return the features that it is made of."""
        return tuple(name for name in (self.of, self.to) if name is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Differential privacy: `epsilon` of one release and of all releases of the view together, in millionths.

    A customer counts in at most `cells_per_customer` cells.
    """

    epsilon: int
    total: int
    cells_per_customer: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What of a view leaves as figures.

    - `dominance`: p of the p% rule: nobody may tell another's amount to within p per cent of it;
    - `min_staff`: how many different employees the events of a cell have at least; 0 where staff are not counted;
    - `totals`: whether the cells of `all` leave, too.
    """

    by: tuple[Dimension, ...]
    measures: tuple[CellMeasure, ...]
    totals: bool = True
    dominance: int = 10
    min_staff: int = 0
    budget: Budget | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that leave and have words of their own, in their order."""
        return (*(each.name for each in self.by), *(each.name for each in self.measures))

    @property
    def of_events(self) -> tuple[Dimension, ...]:
        """Return the dimensions of events; where there are any, one customer may be in several cells."""
        return tuple(each for each in self.by if each.is_of_event)

    @property
    def measured(self) -> frozenset[str]:
        """Return the features that measures are made of."""
        return frozenset(name for each in self.measures for name in each.features)

    @property
    def of_staff(self) -> frozenset[str]:
        """Return the features whose events have to be of enough employees by themselves: what figures are per or of."""
        own = (MeasureOp.SUM, MeasureOp.MEAN, MeasureOp.MEDIAN)
        summed = {measure.of for measure in self.measures if measure.op in own}
        divided_by = {measure.to for measure in self.measures if measure.op is MeasureOp.RATIO}
        return frozenset(name for name in summed | divided_by if name is not None)

    @property
    def grouping(self) -> frozenset[str]:
        """Return the features that dimensions are made of."""
        return frozenset(each.feature for each in self.by if each.feature is not None)

"""One feature of a view: which events, which column, which operation, and how exactly the value may leave.

A window is [as_of - offset - window, as_of - offset) with offset >= 0: nothing at or after as_of is a feature.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

EVENT_TIME: Final = "event_time"
OTHER_LEVEL: Final = "other"

Scalar = str | int | float | bool


class Op(StrEnum):
    """How the rows of a window become one value; null values of the column never count.

    r is what `of` measures (count, sum, mean) in the window of w days, e the same in the `earlier_days` before it,
    counts and sums scaled to w days; r' and e' are those of 364 days before (52 weeks: weekdays meet weekdays).
    """

    COUNT = "count"  # rows, or values of `column`
    SUM = "sum"  # 0 without rows
    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    STD = "std"  # of a sample (n - 1); null below two values
    LAST = "last"  # value of the latest row; of several at one instant the greatest
    FIRST = "first"  # value of the earliest row; of several at one instant the smallest
    DISTINCT = "distinct"  # different values, or periods of `every_days` counted back from as_of
    DAYS_SINCE = "days_since"  # whole days from the latest instant to as_of
    HOURS_SINCE = "hours_since"  # hours from the latest instant to as_of, with fractions
    DAYS_SINCE_FIRST = "days_since_first"  # whole days from the earliest instant to as_of
    DAYS_UNTIL = "days_until"  # whole days from as_of to the latest instant
    SHARE = "share"  # rows that also satisfy `part`, of all rows
    GAP_MEAN = "gap_mean"  # mean days between days with an event; null below two days
    RATE = "rate"  # rows, or values of `column`, for each `per_days` of the window; 0 without rows
    TREND = "trend"  # (r - e) / e; null unless e is above 0
    TREND_DIFFERENCE = "trend_difference"  # r - e; null where either is
    UNUSUAL = "unusual"  # how far r is from the own rate before, in standard deviations; null if that is too new
    SEASONAL_TREND = "seasonal_trend"  # (r / e) / (r' / e') - 1; null unless e, r' and e' are above 0
    SEASONAL_DIFFERENCE = "seasonal_difference"  # (r - e) - (r' - e'); null where any is
    STREAK_LONGEST = "streak_longest"  # most periods of `every_days` in a row with an event; 0 without rows
    STREAK_CURRENT = "streak_current"  # as many up to the window's end; 0 where the last one has none
    THREAD = "thread"  # a message's thread, by a pseudonym of the purpose; null where the source numbers none
    TEXT = "text"  # redacted text of one message; null where it was withheld or an older redactor cleaned it

    @property
    def folds(self) -> bool:
        """Say whether partial values per record are enough: a product bought under two records counts once."""
        return self not in NOT_FOLDABLE

    @property
    def compares(self) -> bool:
        """Say whether windows are compared, so that `of` and `earlier_days` belong to it."""
        return self in COMPARING


STREAKS: Final = frozenset({Op.STREAK_LONGEST, Op.STREAK_CURRENT})
SEASONAL: Final = frozenset({Op.SEASONAL_TREND, Op.SEASONAL_DIFFERENCE})
COMPARING: Final = SEASONAL | {Op.TREND, Op.TREND_DIFFERENCE, Op.UNUSUAL}
NOT_FOLDABLE: Final = STREAKS | {Op.DISTINCT, Op.GAP_MEAN, Op.STD}


class Measure(StrEnum):
    """What a trend compares."""

    COUNT = "count"  # rows, or values of `column`
    SUM = "sum"
    MEAN = "mean"  # not scaled to the length of a window; null without values


class Comparison(StrEnum):
    """How a condition compares; a null value never satisfies any but `null`."""

    IN = "in"
    NOT_IN = "not_in"
    GE = "ge"
    GT = "gt"
    LE = "le"
    LT = "lt"
    NULL = "null"
    NOT_NULL = "not_null"


class DerivedOp(StrEnum):
    """How two features become a third."""

    RATIO = "ratio"  # null where either is null or the divisor is 0
    DIFFERENCE = "difference"  # null where either is null
    TOTAL = "total"  # of those that are there
    LEAST = "least"  # of those that are there
    GREATEST = "greatest"  # of those that are there
    WHILE = "while"  # left as long as right is at most `at_most`, else null; null where either is


class FeatureRole(StrEnum):
    """The part a feature plays in the churn baseline and in reasons; each part is played once."""

    RECENCY = "recency"  # days since the last sign of life
    RHYTHM = "rhythm"  # the customer's own usual gap in days
    OVERDUE = "overdue"  # the one divided by the other
    TENURE = "tenure"  # days since the first sign of life


class Unit(StrEnum):
    """How a value is shown to people."""

    NUMBER = "number"
    COUNT = "count"
    DAYS = "days"
    AMOUNT_MINOR = "amount_minor"
    RATIO = "ratio"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Condition:
    """One column against fixed values; a filter is several of them, and all must hold."""

    column: str
    comparison: Comparison
    values: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Events of one table in a window before as_of; `window_days` None reaches back over all history.

    With `latest_of`, a column that says which thing an event is about (a contract), they are not events but what
    stands at the window's end: of each thing the latest event, if it satisfies the conditions and `until` (when what
    it began is agreed to end) is not past. Of several at one instant, one that stands is enough.
    """

    table: str
    window_days: int | None = None
    offset_days: int = 0
    conditions: tuple[Condition, ...] = ()
    latest_of: str | None = None
    until: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that select, the event time left out."""
        named = (*(condition.column for condition in self.conditions), self.latest_of, self.until)
        return tuple(name for name in named if name is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a value is released: top-coded, rounded to a step, banded to the band's lower edge, filled where absent.

    Of levels, those that fewer than `rare_below` rows share are released as `other`, and as many of the next smallest
    as it takes for `other` to be shared by as many rows.
    """

    top_code: float | int | None = None
    round_to: float | int | None = None
    bands: tuple[float, ...] = ()
    fill: float | int | None = None
    released: bool = True
    rare_below: int | None = None

    @property
    def generalises(self) -> bool:
        """Say whether less than the exact value leaves."""
        return self.top_code is not None or self.round_to is not None or bool(self.bands)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a feature is to a reader of the model: unit and role."""

    unit: Unit
    role: FeatureRole | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """A feature counted from events.

    `minus` subtracts a second instant from `column`, in hours. `levels` names the values that a text may show;
    any other becomes `other`. `part` belongs to `share`, `every_days` to `distinct` of the event time and to streaks,
    `per_days` to `rate`, `of` and `earlier_days` (None: as long as the window) to trends. With `minus`,
    `at_most` leaves out whatever took more hours: what was answered in time is counted so.
    """

    name: str
    op: Op
    rows: Rows
    column: str | None = None
    minus: str | None = None
    levels: tuple[str, ...] = ()
    part: tuple[Condition, ...] = ()
    every_days: int | None = None
    meaning: Meaning = Meaning(unit=Unit.COUNT)
    shape: Shape = Shape()
    per_days: int | None = None
    of: Measure | None = None
    earlier_days: int | None = None
    at_most: float | int | None = None

    @property
    def folds(self) -> bool:
        """Say whether the value can be added up from partial values per record."""
        return self.op.folds

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that are read, the event time left out unless it is the value."""
        part = (condition.column for condition in self.part)
        return tuple(name for name in (self.column, self.minus, *self.rows.columns, *part) if name is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A feature made of two that stand before it."""

    name: str
    op: DerivedOp
    left: str
    right: str
    meaning: Meaning = Meaning(unit=Unit.RATIO)
    shape: Shape = Shape()
    at_most: float | int | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the features that it is made of."""
        return (self.left, self.right)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One level of a stage, and what makes it: all conditions, each on a number that stands before."""

    level: str
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A level that numbers before it decide: that of the first case that holds, else `otherwise`; never null."""

    name: str
    cases: tuple[Case, ...]
    otherwise: str
    meaning: Meaning = Meaning(unit=Unit.NUMBER)
    shape: Shape = Shape()

    @property
    def levels(self) -> tuple[str, ...]:
        """Return every level that it can have, each once, in the order of the text."""
        return tuple(dict.fromkeys((*(case.level for case in self.cases), self.otherwise)))

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the features that decide it, each once."""
        return tuple(dict.fromkeys(each.column for case in self.cases for each in case.conditions))


Feature = Aggregate | Derived | Staged
STAGE: Final = "stage"
"""The `op` under which a view's text writes a `Staged` feature."""

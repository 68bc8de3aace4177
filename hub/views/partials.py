"""One grouping of one table: masks, values and partial values, and how the partial values of parts fold into one.

Equal windows, filters and partial values are computed once, however many features use them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from hub.views.feature import STREAKS, Aggregate, Condition, Op
from hub.views.staff import EMPLOYEE
from hub.views.values import Span, latest_of, satisfied, value_of, within

Fold = Callable[[pl.Expr], pl.Expr]
Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a column of values was made for: a feature (None: the employee), where any of some masks is true.

    `until` is the instant that its periods end at.
    """

    aggregate: Aggregate | None
    masks: tuple[str, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class Partial:
    """One aggregation over events, and how its results per part become one; None: it does not fold.

    It is of a `kind` over the mask or value named `over`, by which another engine says the same in its own words.
    """

    name: str
    kind: str
    over: str
    over_events: pl.Expr
    over_records: pl.Expr | None

    @property
    def folds(self) -> bool:
        """Say whether results per part are enough."""
        return self.over_records is not None


def _united(lists: pl.Expr) -> pl.Expr:
    return lists.explode().drop_nulls().unique()


@dataclass(slots=True)
class Grouping:
    """Collects what the features of one table need of its events, to be computed by one group_by."""

    table: str
    as_of: datetime
    redactor: int = 1
    spans: list[Span] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)
    masks: dict[tuple[Span, tuple[Condition, ...]], pl.Expr] = field(default_factory=dict)
    values: dict[Key, pl.Expr] = field(default_factory=dict)
    asked: dict[str, Asked] = field(default_factory=dict)
    partials: dict[str, Partial] = field(default_factory=dict)

    def mask(self, conditions: tuple[Condition, ...], span: Span) -> pl.Expr:
        """Name the column that says whether an event counts."""
        key = (span, conditions)
        if key not in self.masks:
            self.spans.append(span)
            self.columns.update(condition.column for condition in conditions)
            chosen = satisfied(conditions, table=self.table, as_of=self.as_of)
            mask = within(span) if chosen is None else within(span) & chosen
            self.masks[key] = mask.alias(f"{self.table}.mask{len(self.masks)}")
        return pl.col(self.masks[key].meta.output_name())

    def value(self, aggregate: Aggregate, span: Span) -> pl.Expr:
        """Name the column that holds the value where an event counts, else null."""
        read: Key = (aggregate.column, aggregate.minus, aggregate.levels, aggregate.every_days, aggregate.at_most)
        days = aggregate.op if aggregate.op in STREAKS | {Op.GAP_MEAN} else None
        key: Key = (span, aggregate.rows.conditions, *read, days is Op.GAP_MEAN, days in STREAKS)
        if key not in self.values:
            self.columns.update(aggregate.columns)
            counts = self.mask(aggregate.rows.conditions, span)
            until = span.until if days in STREAKS else self.as_of
            value = pl.when(counts).then(value_of(aggregate, until))
            self._keep(key, value, Asked(aggregate, (counts.meta.output_name(),), until))
        return pl.col(self.values[key].meta.output_name())

    def standing(self, aggregate: Aggregate, span: Span) -> pl.Expr:
        """Name the column that says which thing an event is about and where it stands among the thing's events."""
        rows = aggregate.rows
        key: Key = (span, rows)
        if key not in self.values:
            self.columns.update(rows.columns)
            counts = self.mask((), span)
            value = pl.when(counts).then(latest_of(rows, span))
            self._keep(key, value, Asked(aggregate, (counts.meta.output_name(),), span.until))
        return pl.col(self.values[key].meta.output_name())

    def text(self, aggregate: Aggregate, span: Span) -> pl.Expr:
        """Name the column that holds redacted text, where the redactor is new enough and nothing was withheld."""
        self.columns.update((*aggregate.columns, "redactor_version", "withheld"))
        let_in = (pl.col("redactor_version") >= self.redactor) & ~pl.col("withheld").fill_null(value=False)
        counts = self.mask(aggregate.rows.conditions, span)
        value = pl.when(counts & let_in).then(pl.col(aggregate.column or ""))
        key: Key = (span, aggregate.rows.conditions, aggregate.column, aggregate.op)
        if key not in self.values:
            self._keep(key, value, Asked(aggregate, (counts.meta.output_name(),), span.until))
        return pl.col(self.values[key].meta.output_name())

    def staff(self, selections: Sequence[tuple[tuple[Condition, ...], Span]]) -> pl.Expr:
        """Name the partial value that lists the different employees behind the events of some selections."""
        self.columns.add(EMPLOYEE)
        masks = [self.mask(conditions, span) for conditions, span in selections]
        key: Key = (EMPLOYEE, *dict.fromkeys(selections))
        if key not in self.values:
            staff = pl.when(pl.any_horizontal(masks)).then(pl.col(EMPLOYEE))
            self.values[key] = staff.alias(f"{self.table}.value{len(self.values)}")
        value = pl.col(self.values[key].meta.output_name())
        names = tuple(mask.meta.output_name() for mask in masks)
        self.asked.setdefault(value.meta.output_name(), Asked(None, names, self.as_of))
        return self.partial("staff", value, value.drop_nulls().unique(), _united)

    def partial(self, kind: str, over: pl.Expr, over_events: pl.Expr, fold: Fold | None = pl.Expr.sum) -> pl.Expr:
        """Name a partial value, made once for each kind and column; without a fold it does not fold."""
        column = over.meta.output_name()
        name = f"{column}.{kind}"
        folded = None if fold is None else fold(pl.col(name)).alias(name)
        self.partials.setdefault(name, Partial(name, kind, column, over_events.alias(name), folded))
        return pl.col(name)

    def _keep(self, key: Key, value: pl.Expr, asked: Asked) -> None:
        """Name a value, and remember what it was asked for."""
        name = f"{self.table}.value{len(self.values)}"
        self.values[key], self.asked[name] = value.alias(name), asked

    @property
    def all(self) -> list[Partial]:
        """Return every partial value."""
        return list(self.partials.values())

    @property
    def folds(self) -> list[pl.Expr]:
        """Return how the partial values that fold are folded."""
        return [partial.over_records for partial in self.partials.values() if partial.over_records is not None]

    @property
    def leftover(self) -> list[Partial]:
        """Return those that need the events of all records of an entity at once."""
        return [partial for partial in self.partials.values() if not partial.folds]

    def prepared(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Add masks, then the values that read them."""
        return events.with_columns(self.masks.values()).with_columns(self.values.values())

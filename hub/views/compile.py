"""A view as one lazy Polars plan: one group_by per table, however many features, windows and filters it has.

Nothing at or after as_of is read for a feature, whatever the order of rows, and two records of one entity count as one:
how partial values per record become those of a subject is told in `hub.views.folding`.

At person grain only events of permitted persons count. At organisation grain the event's organisation is the customer,
and an event whose person is not permitted is left out.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Final

import polars as pl

from hub.views.errors import CutRefused
from hub.views.feature import EVENT_TIME, Aggregate, Feature, Op, Rows
from hub.views.folding import SUBJECT, Elsewhere, Parts, Permitted, Wanted, Whose, grouped, grouped_each, owners_of
from hub.views.keyed import KEY, key_of, named
from hub.views.operations import ask
from hub.views.partials import Grouping
from hub.views.release import derived, grouped_levels, released
from hub.views.row_key import RowKind
from hub.views.spec import Grid, Label, Outcome, Population, ViewSpec, needed_features
from hub.views.staff import is_staffed
from hub.views.summary import CELL, STAFF, Summary, staff_of
from hub.views.values import Span, span_before, within
from ingest.canonical.catalogue import table_of

AS_OF = "as_of"
EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9990, 1, 1, tzinfo=UTC)
"""Between them an instant and all windows before and after it have years that Python and Polars know."""

Tables = Mapping[str, Parts | Elsewhere]
"""The events of each table in parts that share no record's events, or where another engine has them."""


def compile_view(
    spec: ViewSpec, tables: Tables, permitted: Permitted, *, as_of: datetime, cell: pl.Expr | None = None
) -> pl.LazyFrame:
    """Return `subject` and the released features at one instant, one row per customer of the population, unordered.

    Where the view has a key, each row has it beside the subject, under its name; where events are told apart by a
    `cell`, that. Where staff are counted, a row has the different employees behind its events, too.

    Raises:
        CutRefused: the instant is not on the view's grid.

    """
    check_grid(spec, as_of)
    plan = _Plan(spec, as_of, permitted.redactor, cell)
    return _released(plan, plan.frame(tables, permitted))


def compile_each(
    spec: ViewSpec, tables: Tables, asked: Sequence[tuple[datetime, Permitted]], *, before_part: Callable[[], None]
) -> list[pl.LazyFrame]:
    """Return what `compile_view` does at each of some instants (at most 64) for people of its own.

    Parts of a table are read once for all, another engine's events once for each; before that, `before_part` is called.

    Raises:
        CutRefused: an instant is not on the view's grid.

    """
    for as_of, _ in asked:
        check_grid(spec, as_of)
    plans = [_Plan(spec, as_of, permitted.redactor) for as_of, permitted in asked]
    whose = [Whose(permitted, spec.grain) for _, permitted in asked]
    owners, found = owners_of(whose), [dict[str, pl.DataFrame]() for _ in plans]
    for table, grouping in plans[0].groupings.items():  # those of the others are of the same tables
        wanted = [(plan.wanted(table, each), each) for plan, each in zip(plans, whose, strict=True)]
        events = _events(grouping, tables)
        if isinstance(events, Sequence):
            frames = grouped_each(wanted, events, owners, before_part)
        else:
            frames = []
            for each in wanted:
                before_part()
                frames.append(events.grouped(*each))
        for place, frame in enumerate(frames):
            found[place][table] = frame
    return [_released(plan, plan.rows(one, theirs)) for plan, one, (_, theirs) in zip(plans, found, asked, strict=True)]


def compile_training(
    spec: ViewSpec, tables: Tables, permitted: Permitted, *, cuts: Sequence[datetime], known_until: datetime
) -> pl.LazyFrame:
    """Return the view at several instants with `as_of` and the label; every label lies in the known past.

    Raises:
        CutRefused: an instant is off the grid, or its horizon passes `known_until` (events before it are all known).

    """
    if not cuts:
        raise CutRefused(spec.name, known_until, "no_cut", "give at least one as_of")
    return pl.concat(
        [_training(_Plan(spec, cut, permitted.redactor), tables, permitted, known_until=known_until) for cut in cuts]
    )


def check_grid(spec: ViewSpec, as_of: datetime) -> None:
    """Hold an instant against the grid of a view.

    Raises:
        CutRefused: the instant has no zone, is in no year that is known, or is off the grid.

    """
    if as_of.tzinfo is None:
        raise CutRefused(spec.name, as_of, "no_zone", "give as_of in UTC")
    if not EARLIEST <= as_of <= LATEST:
        raise CutRefused(spec.name, as_of, "out_of_range", f"give a year from {EARLIEST.year} to {LATEST.year}")
    at = as_of.astimezone(UTC)
    midnight = at == at.replace(hour=0, minute=0, second=0, microsecond=0)
    fits = {Grid.DAY: True, Grid.WEEK: at.weekday() == 0, Grid.MONTH: at.day == 1}
    if spec.grid is not Grid.ARRIVAL and not (midnight and fits[spec.grid]):
        raise CutRefused(spec.name, as_of, "off_grid", f"read at the start of a {spec.grid}, UTC")


def check_past(spec: ViewSpec, as_of: datetime, *, at: datetime) -> None:
    """Hold an instant against the grid of a view, and against the clock: the present instant is `at`.

    Rows at an instant to come change with every event that comes in until then, whatever grid was approved.

    Raises:
        CutRefused: as `check_grid`, or the instant is still to come.

    """
    check_grid(spec, as_of)
    if as_of > at:
        raise CutRefused(spec.name, as_of, "still_to_come", "give an instant that is past")


class _Plan:
    """The groupings of one view at one instant and the expressions that read their results."""

    def __init__(self, spec: ViewSpec, as_of: datetime, redactor: int, cell: pl.Expr | None = None) -> None:
        """Collect what the population and the features need."""
        self.spec = spec
        self.key = key_of(spec.key, as_of) if spec.key is not None else cell
        self.as_of = as_of
        self.redactor = redactor
        self.groupings: dict[str, Grouping] = {}
        self.population = self._population(spec.population)
        self.raw = {feature.name: self._ask(feature, span_before(feature.rows, as_of)) for feature in spec.aggregates}
        self.staff = self._staff(spec.summary) if spec.summary is not None and spec.summary.min_staff else []
        self.crews = [self._employees([each]).alias(staff_of(each.name)) for each in spec.teams]
        self.there = [] if self.key is None else self._there()

    def outcome(self, label: Label) -> pl.Expr:
        """Ask for the label: its window begins at as_of or later."""
        since = self.as_of + timedelta(days=label.starts_days)
        span = Span(since, since + timedelta(days=label.horizon_days))
        came = (pl.all_horizontal(self._came(part, span) for part in outcome.parts) for outcome in label.outcomes)
        return pl.any_horizontal(came).alias(label.name)

    def _came(self, outcome: Outcome, span: Span) -> pl.Expr:
        """Say whether one part of an outcome came about; what stands is asked at the end, of all that was before."""
        spans = (span if rows.latest_of is None else Span(None, span.until) for rows in outcome.rows)
        asked = zip(outcome.rows, spans, strict=True)
        happened = pl.any_horizontal(self._ask(_counting(rows), each) > 0 for rows, each in asked)
        return happened if outcome.wanted else ~happened

    @property
    def names(self) -> list[pl.Expr]:
        """Return what names a row: the subject, and the key beside it."""
        if self.key is None:
            return [pl.col(SUBJECT)]
        key = pl.col(KEY).alias(CELL) if self.spec.key is None else named(self.spec.key, self.as_of)
        return [pl.col(SUBJECT), key]

    def frame(self, tables: Tables, permitted: Permitted) -> pl.LazyFrame:
        """Run the groupings; every subject has a row, features are raw."""
        whose, found = Whose(permitted, self.spec.grain), {}
        for table, grouping in self.groupings.items():
            wanted, events = self.wanted(table, whose), _events(grouping, tables)
            if isinstance(events, Sequence):
                found[table] = grouped(wanted, events, whose)
            else:
                found[table] = events.grouped(wanted, whose)
        return self.rows(found, permitted)

    def rows(self, found: Mapping[str, pl.DataFrame], permitted: Permitted) -> pl.LazyFrame:
        """Join what the groupings found; every subject has a row, features are raw."""
        frames = [frame.lazy() for frame in found.values()]
        if self.key is not None:
            return self._keyed(frames)
        frame = permitted.subjects.select(SUBJECT).unique()
        for each in frames:
            frame = frame.join(each, on=SUBJECT, how="left")
        return self._derived(frame.filter(self.population))

    def wanted(self, table: str, whose: Whose) -> Wanted:
        """Say what is wanted of one table's events, for one row per subject, or per subject and key."""
        grouping = self.groupings[table]
        rows = pl.col(whose.owner.value).is_not_null() & _union(grouping.spans)
        columns = [pl.col(name) for name in sorted({EVENT_TIME, *whose.sides, *grouping.columns})]
        if self.key is not None:
            rows, columns = rows & self.key.is_not_null(), [*columns, self.key.alias(KEY)]
        return Wanted(grouping, rows, columns)

    def _there(self) -> list[pl.Expr]:
        """Say where a row with a key is: where an event of the features or the population is."""
        selections = dict.fromkeys((*(each.rows for each in self.spec.aggregates), *self.spec.population.any_of))
        return [self._ask(_counting(rows), span_before(rows, self.as_of)) > 0 for rows in selections]

    def _keyed(self, frames: Sequence[pl.LazyFrame]) -> pl.LazyFrame:
        """Join groupings by subject and key."""
        joined = reduce(lambda left, right: left.join(right, on=[SUBJECT, KEY], how="full", coalesce=True), frames)
        rows = joined.filter(pl.any_horizontal(self.there) & self.population)
        of_product = self.spec.key is not None and self.spec.key.kind is RowKind.CUSTOMER_PRODUCT
        shared = rows.filter(pl.len().over(KEY) >= self.spec.k) if of_product else rows
        return self._derived(shared)

    def _derived(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Finish aggregates, then derive in the order of the spec."""
        frame = frame.with_columns(value.alias(name) for name, value in self.raw.items())
        for feature in self.spec.features:
            if not isinstance(feature, Aggregate):
                frame = frame.with_columns(derived(feature).alias(feature.name))
        return frame

    def _ask(self, aggregate: Aggregate, span: Span) -> pl.Expr:
        """Put a feature into the grouping of its table."""
        table = aggregate.rows.table
        return ask(self.groupings.setdefault(table, Grouping(table, self.as_of, self.redactor)), aggregate, span)

    def _staff(self, summary: Summary) -> list[pl.Expr]:
        """Ask for the different employees behind the events of all features, and of each that needs enough alone."""
        names = {each.name for each in self.spec.features}
        asked = {STAFF: names} | {staff_of(name): {name} for name in sorted(summary.of_staff & names)}
        return [self._employees(needed_features(self.spec, of)).alias(column) for column, of in asked.items()]

    def _employees(self, features: Sequence[Feature]) -> pl.Expr:
        """List the different employees behind the events of some features, of all their tables."""
        rows = [each.rows for each in features if isinstance(each, Aggregate) and is_staffed(each.rows.table)]
        asked = []
        for table in sorted({each.table for each in rows}):
            mine = [(each.conditions, span_before(each, self.as_of)) for each in rows if each.table == table]
            asked.append(self.groupings[table].staff(mine))
        nobody = pl.lit([], dtype=pl.List(pl.Binary))
        return pl.concat_list([each.fill_null(nobody) for each in asked] or [nobody])

    def _population(self, population: Population) -> pl.Expr:
        """Say who is a row."""
        some = [self._ask(_counting(rows), span_before(rows, self.as_of)) > 0 for rows in population.any_of]
        none = [self._ask(_counting(rows), span_before(rows, self.as_of)) == 0 for rows in population.none_of]
        return pl.all_horizontal(pl.any_horizontal(some) if some else pl.lit(value=True), *none)


def _released(plan: _Plan, frame: pl.LazyFrame) -> pl.LazyFrame:
    """Take what leaves of raw features."""
    features = (released(feature) for feature in plan.spec.released)
    return grouped_levels(plan.spec, frame.select(*plan.names, *plan.staff, *plan.crews, *features))


def _training(plan: _Plan, tables: Tables, permitted: Permitted, *, known_until: datetime) -> pl.LazyFrame:
    """Return one cut of a training frame; its label is asked of the same groupings."""
    label = plan.outcome(_known_label(plan.spec, plan.as_of, known_until))
    at = pl.lit(plan.as_of, dtype=pl.Datetime("us", "UTC")).alias(AS_OF)
    features = [released(feature) for feature in plan.spec.released]
    return grouped_levels(
        plan.spec, plan.frame(tables, permitted).select(*plan.names, at, *plan.crews, *features, label)
    )


def _known_label(spec: ViewSpec, cut: datetime, known_until: datetime) -> Label:
    """Refuse a cut whose label nobody can know yet: silence would be read as churn."""
    check_grid(spec, cut)
    if spec.label is None:
        raise CutRefused(spec.name, cut, "no_label", "add a label to the view, or read it without training")
    needed = cut + timedelta(days=spec.label.starts_days + spec.label.horizon_days)
    if needed > known_until:
        raise CutRefused(spec.name, cut, "label_unknown", f"the label needs all events before {needed.isoformat()}")
    return spec.label


def _counting(rows: Rows) -> Aggregate:
    """Count the events of a selection that is no feature."""
    return Aggregate(name="", op=Op.COUNT, rows=rows)


def _events(grouping: Grouping, tables: Tables) -> Parts | Elsewhere:
    """Return a table's events; a table that no source delivers has none."""
    return tables.get(grouping.table) or [table_of(grouping.table).schema.to_frame(eager=False)]


def _union(spans: list[Span]) -> pl.Expr:
    """Bound the event time by the widest of all windows, for the scan to skip what lies outside."""
    starts = [span.since for span in spans]
    known = [start for start in starts if start is not None]
    since = min(known) if len(known) == len(starts) else None
    return within(Span(since, max(span.until for span in spans)))

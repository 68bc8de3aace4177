"""A feature view as data: who is a row, what is counted about the row, and what may be known.

Times are relative to `as_of`, and nothing at or after `as_of` is a feature: a window is
[as_of - offset - window, as_of - offset) with offset >= 0. A label looks the other way:
[as_of + starts, as_of + starts + horizon), so that no event is on both sides.

A value is aggregated, derived values are made of raw ones, then each is generalised (top-coded, rounded, banded) and at
last an absent one is filled. Names of columns are those of the canonical schema.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Final

from hub.views.feature import EVENT_TIME, Aggregate, Feature, FeatureRole, Op, Rows
from hub.views.row_key import RowKey, RowKind
from hub.views.staff import EMPLOYEE, UNITS, is_staffed
from hub.views.summary import Summary
from privacy.terms import EntityKind, PurposeId

LANGUAGES: Final = ("nb", "nn", "sv", "en", "de")
_LATER: Final = frozenset(
    {"reads", "per_days", "of", "earlier_days", "rare_below", "key", "summary", "at_most", "latest_of", "until", "also"}
)


class Grid(StrEnum):
    """At which instants a view may be read; a free choice of as_of would rebuild single events."""

    DAY = "day"  # midnight UTC
    WEEK = "week"  # Monday midnight UTC
    MONTH = "month"  # first of the month, midnight UTC
    ARRIVAL = "arrival"  # no free choice at all: each row leaves once, when it has come in (`hub.views.arrival`)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """How many reads a period (day, week, month; UTC) allows: `hub.views.quota` counts them."""

    per: Grid
    at_most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Who is a row: an event in one of `any_of` (empty: everybody) and no event in any of `none_of`."""

    any_of: tuple[Rows, ...] = ()
    none_of: tuple[Rows, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One way to be positive: no event of any of `rows` within the horizon, or at least one; and `also` another.

    Rows with `latest_of` are asked at the horizon's end, of all history before it: what stands then.
    """

    rows: tuple[Rows, ...]
    wanted: bool
    also: "Outcome | None" = None

    @property
    def parts(self) -> "tuple[Outcome, ...]":
        """Return what has to hold, one after another."""
        return (self, *(self.also.parts if self.also else ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a training view teaches: true where any outcome came about in the horizon."""

    name: str
    horizon_days: int
    starts_days: int
    outcomes: tuple[Outcome, ...]

    @property
    def rows(self) -> tuple[Rows, ...]:
        """Return every selection of events that it makes."""
        return tuple(rows for outcome in self.outcomes for part in outcome.parts for rows in part.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewSpec:
    """A view as its approver reads it; `hash` is what the approval binds, texts are versioned apart (`texts_hash`).

    `grain` is the customer that a row belongs to, whose permission counts; a `key` tells several rows of it apart. Of
    a view with a `summary` no row leaves, only figures of cells of at least k customers. `rationales` say of released
    columns why this purpose needs them and why not less (Articles 5(1)(c) and 35(7)(b)); like texts they change nothing
    that leaves.
    """

    name: str
    version: int
    grain: EntityKind
    purpose: PurposeId
    consumer: str
    description: str
    grid: Grid
    population: Population
    features: tuple[Feature, ...]
    label: Label | None
    quasi_identifiers: tuple[str, ...]
    k: int
    expires_days: int
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    key: RowKey | None = None
    reads: Reads | None = None
    rationales: Mapping[str, str] = field(default_factory=dict)
    summary: Summary | None = None

    @property
    def aggregates(self) -> tuple[Aggregate, ...]:
        """Return the features that are counted from events."""
        return tuple(feature for feature in self.features if isinstance(feature, Aggregate))

    @property
    def released(self) -> tuple[Feature, ...]:
        """Return the features that leave, or that a summary is made of; the others only serve derived ones."""
        if self.summary is not None:
            inside = self.summary.measured | self.summary.grouping
            return tuple(feature for feature in self.features if feature.name in inside)
        return tuple(feature for feature in self.features if feature.shape.released)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of what leaves beside keys: features, or the levels and figures of a summary."""
        return tuple(feature.name for feature in self.released) if self.summary is None else self.summary.columns

    @property
    def rows(self) -> tuple[Rows, ...]:
        """Return every selection of events that the view makes, its label's included."""
        features = (feature.rows for feature in self.aggregates)
        label = self.label.rows if self.label else ()
        return (*self.population.any_of, *self.population.none_of, *features, *label)

    @property
    def tables(self) -> tuple[str, ...]:
        """Return the canonical tables that the view reads, sorted."""
        return tuple(sorted({rows.table for rows in self.rows}))

    @property
    def sources(self) -> tuple[tuple[str, str], ...]:
        """Return every (table, column) that the view reads, sorted: its lineage and the data it must be allowed."""
        read = {(feature.rows.table, name) for feature in self.aggregates for name in feature.columns}
        read |= {(rows.table, name) for rows in self.rows for name in rows.columns}
        read |= {(table, self.key.reads) for table in self.tables} if self.key else set()
        read |= self._read_of_cells()
        return tuple(sorted(read | {(table, EVENT_TIME) for table in self.tables}))

    def _read_of_cells(self) -> set[tuple[str, str]]:
        """Return what is read beside features: the codes of a summary's events, and the staff that is counted."""
        if self.summary is None:
            return {(each.rows.table, EMPLOYEE) for each in self.teams}
        tables = {each.rows.table for each in self.aggregates if each.name not in self.summary.grouping}
        codes = {(table, each.column) for table in tables for each in self.summary.of_events if each.column}
        staffed = {table for table in tables if self.summary.min_staff and is_staffed(table)}
        return codes | {(table, EMPLOYEE) for table in staffed}

    @property
    def teams(self) -> tuple[Aggregate, ...]:
        """Return the features that name a team in rows; none of a summary, which counts staff by cell."""
        if self.summary is not None:
            return ()
        named = (each for each in self.released if isinstance(each, Aggregate) and each.op in (Op.LAST, Op.FIRST))
        return tuple(each for each in named if each.column in UNITS and is_staffed(each.rows.table))

    @property
    def threads(self) -> tuple[str, ...]:
        """Return the features that name threads, which leave under pseudonyms of the purpose."""
        return tuple(each.name for each in self.aggregates if each.op is Op.THREAD)

    @property
    def groups_levels(self) -> bool:
        """Say whether a value is released only where enough rows share it."""
        return bool(self.quasi_identifiers) or any(feature.shape.rare_below for feature in self.features)

    @property
    def groups_rows(self) -> bool:
        """Say whether what one row may show, or whether it is there, depends on how many others share it."""
        of_product = self.key is not None and self.key.kind is RowKind.CUSTOMER_PRODUCT
        return self.summary is not None or self.groups_levels or of_product or bool(self.teams)

    @property
    def recency(self) -> str | None:
        """Return the feature that the recency-only baseline reads."""
        roles = {feature.name: feature.meaning.role for feature in self.released}
        return next((name for name, role in roles.items() if role is FeatureRole.RECENCY), None)

    def canonical_json(self) -> str:
        """Write the rules in one form only: sorted keys, no blanks, texts left out."""
        rules = asdict(self)
        del rules["texts"], rules["rationales"]
        return _canonical(_without_later(rules))

    @property
    def hash(self) -> bytes:
        """Return the SHA-256 of the canonical rules."""
        return hashlib.sha256(self.canonical_json().encode()).digest()

    @property
    def texts_hash(self) -> bytes:
        """Return the SHA-256 of the texts: changing a word asks for no new approval, but is seen."""
        return hashlib.sha256(_canonical({name: dict(words) for name, words in self.texts.items()}).encode()).digest()


def needed_features(spec: ViewSpec, names: Collection[str]) -> tuple[Feature, ...]:
    """Return some features and those that they are derived from, in the order of the spec."""
    needed = set(names)
    for feature in reversed(spec.features):
        if feature.name in needed and not isinstance(feature, Aggregate):
            needed |= set(feature.reads)
    return tuple(feature for feature in spec.features if feature.name in needed)


def header_of(spec: ViewSpec) -> list[dict[str, object]]:
    """Return what a model may be told of each released feature: its part, its unit, its name in five languages."""
    return [
        {
            "name": feature.name,
            "role": feature.meaning.role.value if feature.meaning.role else None,
            "unit": feature.meaning.unit.value,
            "labels": dict(spec.texts[feature.name]),
        }
        for feature in spec.released
    ]


def _without_later(rules: object) -> object:
    """Leave out, where they say nothing, the keys that an earlier release did not know: its approvals stay good."""
    if isinstance(rules, dict):
        return {name: _without_later(rule) for name, rule in rules.items() if name not in _LATER or rule is not None}
    return [_without_later(rule) for rule in rules] if isinstance(rules, list | tuple) else rules


def _canonical(content: object) -> str:
    """Write JSON as RFC 8785 orders and spaces it (keys here are ASCII)."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

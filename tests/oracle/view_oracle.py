"""A feature view evaluated the slow, obvious way: one customer, one feature, one list of events at a time.

Reads the same spec as the compiler and shares none of its code below the spec.
"""

import math
import operator
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from hub.views.feature import (
    EVENT_TIME,
    Aggregate,
    Comparison,
    Condition,
    Derived,
    DerivedOp,
    Feature,
    Measure,
    Op,
    Rows,
    Shape,
    Staged,
)
from hub.views.row_key import RowKey, RowKind
from hub.views.spec import ViewSpec
from privacy.terms import EntityKind
from tests.oracle.view_rate import unusual
from tests.oracle.view_teams import People, group_few, note_people

Event = Mapping[str, Any]
DAY = timedelta(days=1)
MINIMUM_REDACTOR = 2
KNOWN_IN_ADVANCE = {"ends_at", "due_at", "go_live_at", "warranty_ends_at", EVENT_TIME}


@dataclass
class World:
    """All events by table, and who may be read."""

    tables: Mapping[str, Sequence[Event]]
    subjects: Mapping[bytes, int]
    persons: frozenset[bytes] = field(default_factory=frozenset)


def evaluate(spec: ViewSpec, world: World, as_of: datetime) -> dict[int, dict[str, Any]]:
    """Return the released features of every subject of the population."""
    frame = {}
    for subject in set(world.subjects.values()):
        if _in_population(spec, world, subject, as_of):
            frame[subject] = _features(spec, world, subject, as_of)
    for feature in spec.released:
        if feature.shape.rare_below:
            _group_rare(frame, feature.name, feature.shape.rare_below)
    return frame


def evaluate_keyed(spec: ViewSpec, world: World, as_of: datetime) -> dict[tuple[int, Any], dict[str, Any]]:
    """Return the released features of every row of a view with a key: of the events of one key at a time."""
    assert spec.key is not None
    keys = {_key_of(spec.key, event, as_of) for events in world.tables.values() for event in events} - {None}
    frame, people = {}, People()
    for key in keys:
        chosen = {
            table: [event for event in events if _key_of(spec.key, event, as_of) == key]
            for table, events in world.tables.items()
        }
        alone = World(chosen, world.subjects, world.persons)
        there = evaluate(spec, alone, as_of).items()
        for subject, row in (each for each in there if _is_there(spec, alone, each[0], as_of)):
            frame[subject, key] = row
            note_people(people, spec, row, (event for events in chosen.values() for event in events))
    group_few(people, spec, frame.values())
    if spec.key.kind is RowKind.CUSTOMER_PRODUCT:
        shared = Counter(key for _, key in frame)
        return {(subject, key): row for (subject, key), row in frame.items() if shared[key] >= spec.k}
    return frame


def _key_of(key: RowKey, event: Event, as_of: datetime) -> Any:
    if key.kind is not RowKind.TIME_BUCKET:
        return event[key.reads]
    days = timedelta(days=key.bucket_days or 0)
    return as_of - ((as_of - timedelta(microseconds=1) - event["event_time"]) // days + 1) * days


def _is_there(spec: ViewSpec, world: World, subject: int, as_of: datetime) -> bool:
    selections = [*(feature.rows for feature in spec.aggregates), *spec.population.any_of]
    return any(_chosen(rows, _events_of(spec, world, rows.table, subject), as_of) for rows in selections)


def _group_rare(frame: dict[int, dict[str, Any]], name: str, least: int) -> None:
    """Turn levels into `other`, one after another from the smallest, until whatever is left is shared by enough."""
    sizes = Counter(row[name] for row in frame.values() if row[name] is not None)
    others = sizes.pop("other", 0)
    for level in sorted(sizes, key=lambda level: (sizes[level], level)):
        if sizes[level] < least or 0 < others < least:
            others += sizes[level]
            for row in frame.values():
                row[name] = "other" if row[name] == level else row[name]


def evaluate_label(spec: ViewSpec, world: World, subject: int, as_of: datetime) -> bool:
    """Say whether any outcome of the label came about."""
    assert spec.label is not None
    since = as_of + timedelta(days=spec.label.starts_days)
    until = since + timedelta(days=spec.label.horizon_days)

    def happened(rows: Rows) -> bool:
        events = _events_of(spec, world, rows.table, subject)
        if rows.latest_of is not None:
            return bool(_standing(rows, [event for event in events if event["event_time"] < until], until))
        return any(since <= event["event_time"] < until and _holds(rows.conditions, event, as_of) for event in events)

    return any(
        all(any(map(happened, part.rows)) == part.wanted for part in outcome.parts) for outcome in spec.label.outcomes
    )


def _standing(rows: Rows, events: Sequence[Event], until: datetime) -> list[Any]:
    """Name the things that stand at an instant: ask the latest events of one thing after another."""
    found = []
    for thing in {event[rows.latest_of or ""] for event in events}:
        own = [event for event in events if event[rows.latest_of or ""] == thing]
        latest = max(event["event_time"] for event in own)
        for event in (each for each in own if each["event_time"] == latest):
            ends = event[rows.until] if rows.until else None
            if _holds(rows.conditions, event, until) and (ends is None or ends > until):
                found.append(thing)
                break
    return found


def _in_population(spec: ViewSpec, world: World, subject: int, as_of: datetime) -> bool:
    def any_event(rows: Rows) -> bool:
        return bool(_chosen(rows, _events_of(spec, world, rows.table, subject), as_of))

    population = spec.population
    some = any(any_event(rows) for rows in population.any_of) if population.any_of else True
    return some and not any(any_event(rows) for rows in population.none_of)


def _events_of(spec: ViewSpec, world: World, table: str, subject: int) -> list[Event]:
    events = []
    for event in world.tables.get(table, ()):
        if spec.grain is EntityKind.PERSON:
            belongs = world.subjects.get(event["person"]) == subject
        else:
            permitted = event["person"] is None or event["person"] in world.persons
            belongs = permitted and world.subjects.get(event["organisation"]) == subject
        if belongs:
            events.append(event)
    return events


def _features(spec: ViewSpec, world: World, subject: int, as_of: datetime) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for feature in spec.features:
        if isinstance(feature, Derived):
            raw[feature.name] = _derive(feature, raw)
        elif isinstance(feature, Staged):
            raw[feature.name] = _stage(feature, raw)
        else:
            events = _events_of(spec, world, feature.rows.table, subject)
            raw[feature.name] = _feature(feature, events, as_of)
    return {feature.name: _release(feature, raw[feature.name]) for feature in spec.features if feature.shape.released}


def _feature(feature: Aggregate, events: Sequence[Event], as_of: datetime) -> Any:
    chosen = _chosen(feature.rows, events, as_of)
    if feature.op is Op.RATE:
        assert feature.per_days
        assert feature.rows.window_days
        return len(_counted(feature, chosen, as_of)) * feature.per_days / feature.rows.window_days
    if feature.op is Op.TEXT:
        return max((event[feature.column or ""] for event in chosen if _is_let_in(event)), default=None)
    if feature.op in (Op.STREAK_LONGEST, Op.STREAK_CURRENT):
        return _streak(feature, chosen, as_of)
    if feature.op is Op.UNUSUAL:
        return unusual(feature, lambda rows: [each["event_time"] for each in _chosen(rows, events, as_of)], as_of)
    return _aggregate(feature, chosen, as_of) if feature.of is None else _trend(feature, events, as_of)


def _is_let_in(event: Event) -> bool:
    new = event["redactor_version"] is not None and event["redactor_version"] >= MINIMUM_REDACTOR
    return new and not event["withheld"] and event["text_redacted"] is not None


def _counted(feature: Aggregate, chosen: Sequence[Event], as_of: datetime) -> Sequence[Any]:
    return chosen if feature.column is None else _values(feature, chosen, as_of)


def _streak(feature: Aggregate, chosen: Sequence[Event], as_of: datetime) -> int:
    """Walk back from the window's end, period by period."""
    assert feature.every_days
    until = as_of - feature.rows.offset_days * DAY
    met = {(until - timedelta(microseconds=1) - event["event_time"]) // (feature.every_days * DAY) for event in chosen}
    longest = running = current = 0
    for period in range(max(met, default=-1) + 1):
        running = running + 1 if period in met else 0
        current = running if running == period + 1 else current
        longest = max(longest, running)
    return longest if feature.op is Op.STREAK_LONGEST else current


def _trend(feature: Aggregate, events: Sequence[Event], as_of: datetime) -> float | None:
    days = feature.rows.window_days
    assert days
    before = feature.earlier_days or days

    def measured(window: int, offset: int) -> float | None:
        rows = replace(feature.rows, window_days=window, offset_days=feature.rows.offset_days + offset)
        chosen = _chosen(rows, events, as_of)
        if feature.of is Measure.COUNT:
            return len(_counted(feature, chosen, as_of)) * days / window
        values = [value for _, value in _values(feature, chosen, as_of)]
        if feature.of is Measure.SUM:
            return sum(values) * days / window
        return sum(values) / len(values) if values else None

    now, then = ((measured(days, back), measured(before, back + days)) for back in (0, 364))
    return (
        _compared(feature.op, *now) if feature.op in (Op.TREND, Op.TREND_DIFFERENCE) else _season(feature.op, now, then)
    )


def _compared(op: Op, recent: float | None, earlier: float | None) -> float | None:
    if recent is None or earlier is None:
        return None
    if op is Op.TREND_DIFFERENCE:
        return recent - earlier
    return (recent - earlier) / earlier if earlier > 0 else None


Two = tuple[float | None, float | None]


def _season(op: Op, now: Two, then: Two) -> float | None:
    (recent, earlier), (recent_then, earlier_then) = now, then
    if recent is None or earlier is None or recent_then is None or earlier_then is None:
        return None
    if op is Op.SEASONAL_DIFFERENCE:
        return (recent - earlier) - (recent_then - earlier_then)
    if min(earlier, recent_then, earlier_then) <= 0:
        return None
    return (recent / earlier) / (recent_then / earlier_then) - 1


def _chosen(rows: Rows, events: Sequence[Event], as_of: datetime) -> list[Event]:
    until = as_of - rows.offset_days * DAY
    since = None if rows.window_days is None else until - rows.window_days * DAY
    if rows.latest_of is not None:
        seen = [
            each for each in events if each["event_time"] < until and (since is None or each["event_time"] >= since)
        ]
        things: list[Event] = [{"event_time": until, "thing": thing} for thing in _standing(rows, seen, until)]
        return things
    return [
        event
        for event in events
        if event["event_time"] < until
        and (since is None or event["event_time"] >= since)
        and _holds(rows.conditions, event, as_of)
    ]


def _holds(conditions: Sequence[Condition], event: Event, as_of: datetime) -> bool:
    return all(_satisfies(condition, _read(event, condition.column, as_of)) for condition in conditions)


def _satisfies(condition: Condition, value: Any) -> bool:
    if condition.comparison is Comparison.NULL:
        return value is None
    if value is None:
        return False
    if condition.comparison in (Comparison.IN, Comparison.NOT_IN):
        return (value in condition.values) == (condition.comparison is Comparison.IN)
    if condition.comparison is Comparison.NOT_NULL:
        return True
    compare = {Comparison.GE: operator.ge, Comparison.GT: operator.gt, Comparison.LE: operator.le}
    return bool(compare.get(condition.comparison, operator.lt)(value, condition.values[0]))


def _read(event: Event, column: str, as_of: datetime) -> Any:
    """Read a value as it was known: an instant that lies ahead was not, unless it is agreed in advance."""
    value = event[column]
    if isinstance(value, datetime) and column not in KNOWN_IN_ADVANCE and value >= as_of:
        return None
    return value


def _values(feature: Aggregate, events: Sequence[Event], as_of: datetime) -> list[tuple[datetime, Any]]:
    """Return (event time, value) of every event that has a value."""
    pairs = []
    for event in events:
        value = _read(event, feature.column or EVENT_TIME, as_of)
        if feature.minus is not None:
            earlier = _read(event, feature.minus, as_of)
            value = None if value is None or earlier is None else (value - earlier) / timedelta(hours=1)
        if value is not None and feature.levels:
            value = feature.levels.index(value) if value in feature.levels else len(feature.levels)
        if value is not None and feature.every_days:
            value = (as_of - timedelta(microseconds=1) - value) // (feature.every_days * DAY)
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time(), UTC)
        if value is not None:
            pairs.append((event["event_time"], value))
    return pairs


def _aggregate(feature: Aggregate, events: Sequence[Event], as_of: datetime) -> Any:
    if feature.op is Op.SHARE:
        part = [event for event in events if _holds(feature.part, event, as_of)]
        return len(part) / len(events) if events else None
    pairs = _values(feature, events, as_of)
    values = [value for _, value in pairs]
    if feature.op is Op.COUNT:
        return len(values)
    if feature.op is Op.SUM:
        return sum(values)
    if feature.op is Op.DISTINCT:
        return len(set(values))
    if not values:
        return None
    return _of_some(feature, pairs, values, as_of)


def _of_some(feature: Aggregate, pairs: list[tuple[datetime, Any]], values: list[Any], as_of: datetime) -> Any:
    days = sorted({at.date() for at, _ in pairs})
    match feature.op:
        case Op.MEAN:
            return sum(values) / len(values)
        case Op.MIN | Op.MAX:
            return min(values) if feature.op is Op.MIN else max(values)
        case Op.STD:
            return _std(values)
        case Op.LAST | Op.FIRST | Op.THREAD:
            return min(pairs)[1] if feature.op is Op.FIRST else max(pairs)[1]
        case Op.DAYS_SINCE | Op.DAYS_SINCE_FIRST:
            return (as_of - (max(values) if feature.op is Op.DAYS_SINCE else min(values))) // DAY
        case Op.HOURS_SINCE:
            return (as_of - max(values)) / timedelta(hours=1)
        case Op.DAYS_UNTIL:
            return (max(values) - as_of) // DAY
        case _:
            return (days[-1] - days[0]).days / (len(days) - 1) if len(days) > 1 else None


def _std(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _stage(feature: Staged, raw: Mapping[str, Any]) -> str:
    """Ask one case after another."""
    for case in feature.cases:
        if all(_satisfies(condition, raw[condition.column]) for condition in case.conditions):
            return case.level
    return feature.otherwise


def _derive(feature: Derived, raw: Mapping[str, Any]) -> float | None:
    left, right = raw[feature.left], raw[feature.right]
    there = [float(value) for value in (left, right) if value is not None]
    if feature.op is DerivedOp.TOTAL:
        return sum(there) if there else None
    if feature.op in (DerivedOp.LEAST, DerivedOp.GREATEST):
        return min(there, default=None) if feature.op is DerivedOp.LEAST else max(there, default=None)
    if left is None or right is None:
        return None
    if feature.op is DerivedOp.DIFFERENCE:
        return float(left - right)
    if feature.op is DerivedOp.WHILE:
        assert feature.at_most is not None
        return float(left) if right <= feature.at_most else None
    return float(left / right) if right != 0 else None


def _release(feature: Feature, value: Any) -> Any:
    if isinstance(feature, Aggregate) and feature.levels:
        return None if value is None else (*feature.levels, "other")[value]
    if isinstance(feature, Staged):
        return value
    shaped = None if value is None else _shape(feature.shape, value)
    return feature.shape.fill if shaped is None else shaped


def _shape(shape: Shape, value: Any) -> Any:
    if shape.top_code is not None:
        value = min(value, shape.top_code)
    if shape.round_to is not None:
        value = math.floor(value / shape.round_to + 0.5) * shape.round_to
    if shape.bands:
        value = max((edge for edge in shape.bands if edge <= value), default=shape.bands[0])
    return value

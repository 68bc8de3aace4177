"""Random views and random worlds for them: few customers, few instants, many collisions."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import polars as pl
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from hub.views.feature import (
    Aggregate,
    Case,
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
from hub.views.folding import Permitted
from hub.views.spec import LANGUAGES, Grid, Label, Outcome, Population, ViewSpec
from ingest.canonical.catalogue import TABLES
from privacy.terms import EntityKind, PurposeId
from tests.oracle.view_oracle import MINIMUM_REDACTOR, Event, World

AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
PERSONS = [bytes([number]) * 16 for number in range(1, 5)]
ORGANISATIONS = [bytes([number]) * 16 for number in range(101, 104)]

_WINDOWS = st.sampled_from([None, 90, 30, 30, 7, 2])
_EDGES = [-90, -30, -30, -14, -7, -2, -1, 0, 0, 7, 30]
_MICROS = [0, 0, 0, -1, 1, 3_600_000_000, 43_200_000_000]

Draw = Callable[[Random], Any]


def instant(rng: Random, first: int = -120, last: int = 60) -> datetime:
    """Draw an instant around as_of, often exactly on a window's edge."""
    day = rng.choice(_EDGES) if rng.random() < 0.5 else rng.randint(first, last)
    at = AS_OF + timedelta(days=day, microseconds=rng.choice(_MICROS))
    at = min(max(at, AS_OF + timedelta(days=first)), AS_OF + timedelta(days=last))
    return at - timedelta(days=364) if first < 0 and rng.random() < 0.3 else at


def _of(*values: Any) -> Draw:
    return lambda rng: rng.choice(values)


def _nullable(draw: Draw) -> Draw:
    return lambda rng: draw(rng) if rng.random() < 0.85 else None


_COLUMNS: dict[str, dict[str, Draw]] = {
    "orders": {
        "status": _of("placed", "placed", "cancelled", "returned"),
        "amount_minor": _nullable(lambda rng: rng.randint(-10_000, 100_000)),
        "item_count": _nullable(lambda rng: rng.randint(0, 5)),
        "channel": _nullable(_of("web", "shop", "phone")),
        "order_ref": lambda rng: rng.randint(1, 6),
    },
    "tickets": {
        "channel": _nullable(_of("mail", "chat")),
        "first_response_at": _nullable(instant),
        "resolved_at": _nullable(instant),
        "escalated": _nullable(_of(True, False)),
    },
    "feedback": {
        "kind": _of("nps", "csat"),
        "score": _nullable(lambda rng: rng.choice([0.0, -0.0, 1.5, -1.5, rng.uniform(-1e6, 1e6)])),
    },
    "subscriptions": {
        "kind": _of("started", "renewed", "cancelled", "ended"),
        "ends_at": _nullable(instant),
        "seats": _nullable(lambda rng: rng.randint(0, 9)),
        "subscription_ref": _nullable(lambda rng: rng.randint(1, 3)),
    },
}

_COLUMNS |= {
    "asset_readings": {
        "asset_ref": _nullable(lambda rng: rng.randint(1, 4)),
        "metric": _of("heat", "load"),
        "value": _nullable(lambda rng: rng.uniform(-50, 50)),
    },
    "service_events": {
        "asset_ref": lambda rng: rng.randint(1, 5),
        "kind": _of("planned", "repair"),
        "duration_minutes": _nullable(lambda rng: rng.randint(0, 300)),
    },
    "order_lines": {
        "product_code": _nullable(_of("kettle", "lamp", "rope")),
        "quantity": _nullable(lambda rng: rng.randint(-2, 5)),
        "amount_minor": _nullable(lambda rng: rng.randint(0, 9_000)),
    },
    "messages": {
        "event_id": lambda rng: rng.randint(-(2**62), 2**62),
        "direction": _of("in", "out"),
        "thread_ref": _nullable(lambda rng: rng.randint(1, 3)),
        "channel": _nullable(_of("e-mail", "chat")),
        "text_redacted": _nullable(_of("the lamp is dark", "where is [NAME]?")),
        "redactor_version": _nullable(lambda rng: rng.randint(1, 3)),
        "withheld": _nullable(_of(True, False, False)),
    },
}

_CONDITIONS: dict[str, list[Condition]] = {
    "asset_readings": [Condition("metric", Comparison.IN, ("heat",)), Condition("value", Comparison.GT, (0,))],
    "service_events": [
        Condition("kind", Comparison.IN, ("repair",)),
        Condition("duration_minutes", Comparison.GE, (60,)),
    ],
    "order_lines": [Condition("quantity", Comparison.GT, (0,)), Condition("product_code", Comparison.NOT_NULL)],
    "messages": [Condition("direction", Comparison.IN, ("in",)), Condition("channel", Comparison.NOT_NULL)],
    "orders": [
        Condition("status", Comparison.IN, ("placed",)),
        Condition("channel", Comparison.NOT_IN, ("shop", "web")),
        Condition("amount_minor", Comparison.GE, (1000,)),
        Condition("item_count", Comparison.LT, (3,)),
        Condition("channel", Comparison.NULL),
    ],
    "tickets": [
        Condition("escalated", Comparison.IN, (True,)),
        Condition("resolved_at", Comparison.NULL),
        Condition("resolved_at", Comparison.NOT_NULL),
    ],
    "feedback": [Condition("kind", Comparison.IN, ("nps",)), Condition("score", Comparison.GT, (0.5,))],
    "subscriptions": [
        Condition("kind", Comparison.IN, ("cancelled", "ended")),
        Condition("seats", Comparison.LE, (4,)),
    ],
}

_TRENDS = [Op.TREND, Op.TREND_DIFFERENCE, Op.SEASONAL_TREND, Op.SEASONAL_DIFFERENCE]
_READS: list[tuple[str, dict[str, Any], list[Op]]] = [
    ("orders", {}, [Op.COUNT, Op.GAP_MEAN, Op.DAYS_SINCE, Op.HOURS_SINCE, Op.DAYS_SINCE_FIRST]),
    (
        "orders",
        {"column": "amount_minor"},
        [Op.SUM, Op.MEAN, Op.MIN, Op.MAX, Op.STD, Op.LAST, Op.FIRST, Op.COUNT, Op.DISTINCT],
    ),
    ("orders", {"column": "order_ref"}, [Op.DISTINCT]),
    ("orders", {"column": "channel"}, [Op.DISTINCT, Op.COUNT]),
    ("orders", {"column": "channel", "levels": ("shop", "web")}, [Op.LAST, Op.FIRST]),
    ("orders", {"column": "event_time", "every_days": 7}, [Op.DISTINCT]),
    ("orders", {"part": (Condition("status", Comparison.IN, ("returned",)),)}, [Op.SHARE]),
    ("tickets", {"column": "escalated"}, [Op.SUM, Op.MEAN, Op.LAST, Op.FIRST]),
    ("tickets", {"column": "resolved_at", "minus": "first_response_at"}, [Op.MEAN, Op.MAX, Op.STD, Op.LAST]),
    ("tickets", {"column": "resolved_at"}, [Op.DAYS_SINCE, Op.COUNT]),
    ("feedback", {"column": "score"}, [Op.SUM, Op.MEAN, Op.MIN, Op.STD, Op.LAST, Op.FIRST, Op.DISTINCT]),
    ("subscriptions", {"column": "ends_at"}, [Op.DAYS_UNTIL]),
    ("subscriptions", {"column": "seats"}, [Op.LAST, Op.MAX, Op.SUM]),
    ("orders", {"per_days": 7}, [Op.RATE]),
    ("orders", {"column": "amount_minor", "per_days": 30}, [Op.RATE]),
    ("orders", {"every_days": 1}, [Op.STREAK_LONGEST, Op.STREAK_CURRENT]),
    ("tickets", {"every_days": 7}, [Op.STREAK_LONGEST, Op.STREAK_CURRENT]),
    ("orders", {"of": Measure.COUNT}, [*_TRENDS, Op.UNUSUAL]),
    ("tickets", {"of": Measure.COUNT, "earlier_days": 60}, [Op.UNUSUAL]),
    ("orders", {"of": Measure.COUNT, "earlier_days": 60, "column": "item_count"}, _TRENDS),
    ("orders", {"of": Measure.SUM, "earlier_days": 90, "column": "amount_minor"}, _TRENDS),
    ("feedback", {"of": Measure.MEAN, "column": "score"}, _TRENDS),
    ("tickets", {"of": Measure.MEAN, "column": "resolved_at", "minus": "first_response_at"}, _TRENDS),
]


def everything(days: int = 30) -> list[Aggregate]:
    """Return a feature of every operation over every kind of column that random views have."""
    return [
        Aggregate(name=f"f{place}_{op}", op=op, rows=Rows(table=table, window_days=days), **keys)
        for place, (table, keys, ops) in enumerate(_READS)
        for op in ops
    ]


@st.composite
def rows(draw: DrawFn, table: str) -> Rows:
    """Draw a window and a filter."""
    some, other, *_ = _CONDITIONS[table]
    filters: list[tuple[Condition, ...]] = [(), (), (some, other), *((each,) for each in _CONDITIONS[table])]
    return Rows(
        table=table,
        window_days=draw(_WINDOWS),
        offset_days=draw(st.sampled_from([0, 0, 0, 1, 7])),
        conditions=draw(st.sampled_from(filters)),
    )


@st.composite
def standing(draw: DrawFn, *offsets: int) -> Rows:
    """Draw what stands at an instant: contracts by their latest event, some until their term ends."""
    begun = Condition("kind", Comparison.IN, ("renewed", "started"))
    seats = Condition("seats", Comparison.LE, (4,))
    return Rows(
        table="subscriptions",
        conditions=draw(st.sampled_from([(), (begun,), (begun,), (begun, seats)])),
        latest_of="subscription_ref",
        until=draw(st.sampled_from([None, "ends_at", "ends_at"])),
        offset_days=draw(st.sampled_from([*offsets, 7])) if offsets else 0,
    )


@st.composite
def shapes(draw: DrawFn) -> Shape:
    """Draw a generalisation."""
    step, bands = draw(st.sampled_from([(None, ()), (None, ()), (5, ()), (0.5, ()), (None, (0.0, 10.0, 50.0))]))
    fill = draw(st.sampled_from([None, 0, -1]))
    return Shape(round_to=step, bands=bands, fill=fill, top_code=draw(st.sampled_from([None, 3, 1000])))


@st.composite
def aggregates(draw: DrawFn, name: str) -> Aggregate:
    """Draw a feature counted from events; truths and levels keep their exact value."""
    table, keys, ops = draw(st.sampled_from(_READS))
    plain = keys.get("column") == "escalated"
    shape = Shape() if plain else draw(st.one_of(st.just(Shape()), shapes()))
    if "levels" in keys:
        shape = Shape(rare_below=draw(st.sampled_from([None, 2, 3])))
    op, chosen = draw(st.sampled_from(ops)), draw(rows(table))
    if op is Op.RATE or op.compares:
        chosen = replace(chosen, window_days=draw(st.sampled_from([30, 7])))
    return Aggregate(name=name, op=op, rows=chosen, shape=shape, **keys)


_BOUNDED = [Comparison.GE, Comparison.GT, Comparison.LE, Comparison.LT]


@st.composite
def stages(draw: DrawFn, name: str, numbers: Sequence[str]) -> Staged:
    """Draw a level that numbers decide, often on the very bound and often of what is not there."""
    asked = st.one_of(
        st.builds(
            lambda column, how, bound: Condition(column, how, (bound,)),
            st.sampled_from(numbers),
            st.sampled_from(_BOUNDED),
            st.sampled_from([-1, 0, 1, 2, 14, 30.0]),
        ),
        st.builds(Condition, st.sampled_from(numbers), st.sampled_from([Comparison.NULL, Comparison.NOT_NULL])),
    )
    conditions = st.lists(asked, min_size=1, max_size=2).map(tuple)
    cases = st.builds(lambda level, when: Case(level=level, conditions=when), st.sampled_from("abc"), conditions)
    shape = Shape(rare_below=draw(st.sampled_from([None, 2])))
    return Staged(name=name, cases=tuple(draw(st.lists(cases, min_size=1, max_size=3))), otherwise="c", shape=shape)


@st.composite
def specs(draw: DrawFn, grain: EntityKind | None = None) -> ViewSpec:
    """Draw a view with up to eight counted and two derived features."""
    counted = [draw(aggregates(f"f{number}")) for number in range(draw(st.integers(4, 10)))]
    if draw(st.booleans()):
        counted.append(Aggregate(name="running", op=Op.COUNT, rows=draw(standing(0)), shape=draw(shapes())))
    features: list[Feature] = list(counted)
    numbers = [f.name for f in counted if not f.levels and f.column != "escalated" and not f.shape.generalises]
    for number in range(draw(st.integers(0, 2)) if numbers else 0):
        left, right = draw(st.sampled_from(numbers)), draw(st.sampled_from(numbers))
        op = draw(st.sampled_from(DerivedOp))
        bound = draw(st.sampled_from([0, 2.5, 30])) if op is DerivedOp.WHILE else None
        features.append(Derived(name=f"d{number}", op=op, left=left, right=right, at_most=bound))
        numbers.append(f"d{number}")
    if numbers and draw(st.booleans()):
        features.append(draw(stages("s", numbers)))
    return view(
        features,
        grain=grain or draw(st.sampled_from(EntityKind)),
        label=draw(labels()),
        population=draw(populations()),
    )


@st.composite
def labels(draw: DrawFn) -> Label:
    """Draw what is taught: silence, an end, contracts that stand or not when the days are over."""
    within = [Rows(table="orders", conditions=(_CONDITIONS["orders"][0],)), Rows(table="tickets")]
    over = Outcome(rows=(draw(standing()),), wanted=draw(st.booleans()))
    ended = Outcome(
        rows=(Rows(table="subscriptions", conditions=(_CONDITIONS["subscriptions"][0],)),),
        wanted=True,
        also=draw(st.sampled_from([None, over])),
    )
    return Label(
        name="churned",
        horizon_days=draw(st.sampled_from([1, 30])),
        starts_days=draw(st.sampled_from([0, 7])),
        outcomes=(
            Outcome(
                rows=tuple(draw(st.lists(st.sampled_from(within), min_size=1, unique=True))),
                wanted=False,
                also=draw(st.sampled_from([None, over])),
            ),
            *draw(st.sampled_from([[], [ended], [over], [ended, over]])),
        ),
    )


@st.composite
def populations(draw: DrawFn) -> Population:
    """Draw who is a row."""
    contracts = [draw(standing(0))] if draw(st.booleans()) else []
    some = draw(st.sampled_from([[], [], ["orders"], ["orders", "subscriptions"]]))
    none = draw(st.sampled_from([[], [], [], ["subscriptions"]]))
    return Population(
        any_of=(*(draw(rows(table)) for table in some), *(contracts if some else [])),
        none_of=(*(draw(rows(table)) for table in none), *([] if some else contracts)),
    )


def view(
    features: Sequence[Feature],
    *,
    grain: EntityKind = EntityKind.PERSON,
    label: Label | None = None,
    population: Population | None = None,
) -> ViewSpec:
    """Build a view around features."""
    words = {language: f"in {language}" for language in LANGUAGES}
    return ViewSpec(
        name="random",
        version=1,
        grain=grain,
        purpose=PurposeId("churn"),
        consumer="test",
        description="a view for tests",
        grid=Grid.DAY,
        population=population or Population(),
        features=tuple(features),
        label=label,
        quasi_identifiers=(),
        k=1,
        expires_days=30,
        texts={feature.name: words for feature in features if feature.shape.released},
    )


def events(rng: Random, table: str, *, first: int = -120, last: int = 60) -> list[Event]:
    """Draw events of one table, several at one instant."""
    drawn: list[Event] = []
    for _ in range(rng.choice([0, 8, 90, 90])):
        event: dict[str, Any] = {name: draw(rng) for name, draw in _COLUMNS[table].items()}
        event["person"] = rng.choice([None, *PERSONS])
        event["organisation"] = rng.choice([None, *ORGANISATIONS])
        repeated = drawn and rng.random() < 0.2
        event["event_time"] = drawn[-1]["event_time"] if repeated else instant(rng, first, last)
        drawn.append(event)
    return drawn


def world_of(rng: Random, spec: ViewSpec) -> World:
    """Draw events of the tables that a view reads, and permit some records, some of them of one entity."""
    records = PERSONS if spec.grain is EntityKind.PERSON else ORGANISATIONS
    permitted = rng.sample(records, rng.randint(1, len(records)))
    return World(
        tables={table: events(rng, table) for table in spec.tables if rng.random() < 0.9},
        subjects={record: rng.randint(0, 1) for record in permitted},
        persons=frozenset(rng.sample(PERSONS, rng.randint(0, len(PERSONS)))),
    )


def frames(world: World) -> dict[str, list[pl.LazyFrame]]:
    """Write a world's events as canonical frames, in parts as the lake has them; what no strategy draws is null."""
    return {name: parts_of(name, rows_) for name, rows_ in world.tables.items()}


def parts_of(table: str, rows_: Sequence[Event]) -> list[pl.LazyFrame]:
    """Part events by the record that they lie with: the person, else the organisation."""
    parts: list[list[Event]] = [[], []]
    for event in rows_:
        parts[(event["person"] or event["organisation"] or b"\0")[0] % 2].append(event)
    return [frame_of(table, part) for part in parts]


def frame_of(table: str, rows_: Sequence[Event]) -> pl.LazyFrame:
    """Write events of one table as a canonical frame."""
    schema = TABLES[table].schema
    columns = {name: [event.get(name) for event in rows_] for name in schema}
    return pl.LazyFrame(columns, schema=schema)


def permitted_of(world: World) -> Permitted:
    """Write who may be read as frames."""
    return Permitted(
        subjects=pl.LazyFrame(
            {"record": list(world.subjects), "subject": list(world.subjects.values())},
            schema={"record": pl.Binary, "subject": pl.UInt32},
        ),
        persons=pl.LazyFrame({"record": sorted(world.persons)}, schema={"record": pl.Binary}),
        redactor=MINIMUM_REDACTOR,
    )

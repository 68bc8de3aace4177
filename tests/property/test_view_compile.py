"""The compiled view agrees with the slow, obvious one, and cannot see what it must not see."""

from datetime import timedelta
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.views.compile import compile_training, compile_view
from hub.views.feature import COMPARING, Aggregate, Measure, Op, Rows
from hub.views.folding import Permitted
from hub.views.rules import check
from hub.views.spec import ViewSpec
from privacy.terms import EntityKind
from tests.oracle.view_cases import AS_OF, PERSONS, events, frames, permitted_of, specs, view, world_of
from tests.oracle.view_keyed_cases import keyed_specs
from tests.oracle.view_oracle import World, evaluate, evaluate_keyed, evaluate_label

SLOW = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
FEWER = settings(SLOW, max_examples=15)
RANDOMS = st.randoms(use_true_random=True)


def read(spec: ViewSpec, world: World) -> dict[int, dict[str, Any]]:
    frame = compile_view(spec, frames(world), permitted_of(world), as_of=AS_OF).collect()
    assert frame.columns == ["subject", *(feature.name for feature in spec.released)]
    assert frame["subject"].is_unique().all()
    return {row.pop("subject"): row for row in frame.to_dicts()}


def approximately(rows: dict[int, dict[str, Any]]) -> dict[int, Any]:
    """Whole numbers, truths and levels are compared exactly, floats to 1e-9."""
    return {
        subject: {
            name: pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value
            for name, value in row.items()
        }
        for subject, row in rows.items()
    }


@SLOW
@given(RANDOMS, specs())
def test_compiled_view_agrees_with_the_oracle(rng: Random, spec: ViewSpec) -> None:
    check(spec)
    world = world_of(rng, spec)
    assert read(spec, world) == approximately(evaluate(spec, world, AS_OF))


@FEWER
@given(RANDOMS, specs())
def test_label_agrees_with_the_oracle_and_features_stay_those_of_the_view(rng: Random, spec: ViewSpec) -> None:
    world = world_of(rng, spec)
    cuts = [AS_OF - timedelta(days=40), AS_OF]
    tables, permitted = frames(world), permitted_of(world)
    known_until = AS_OF + timedelta(days=60)
    frame = compile_training(spec, tables, permitted, cuts=cuts, known_until=known_until).collect()
    for cut in cuts:
        rows = frame.filter(pl.col("as_of") == cut).drop("as_of")
        labels = dict(rows.select("subject", "churned").iter_rows())
        assert labels == {subject: evaluate_label(spec, world, subject, cut) for subject in evaluate(spec, world, cut)}
        features = compile_view(spec, tables, permitted, as_of=cut).collect()
        assert rows.drop("churned").sort("subject").equals(features.sort("subject"))


@FEWER
@given(RANDOMS, specs())
def test_rows_at_or_after_as_of_change_nothing(rng: Random, spec: ViewSpec) -> None:
    world = world_of(rng, spec)
    later = {table: events(rng, table, first=0) for table in spec.tables}
    both = {table: [*world.tables.get(table, ()), *later[table]] for table in spec.tables}
    assert all(event["event_time"] >= AS_OF for rows in later.values() for event in rows)
    assert read(spec, World(both, world.subjects, world.persons)) == approximately(read(spec, world))


@FEWER
@given(RANDOMS, specs())
def test_an_instant_that_was_still_to_come_is_not_known(rng: Random, spec: ViewSpec) -> None:
    """A ticket of May that is resolved in July is an open ticket in June."""
    world = world_of(rng, spec)
    opened = [
        {
            **event,
            **{name: None for name in ("resolved_at", "first_response_at") if event[name] and event[name] >= AS_OF},
        }
        for event in world.tables.get("tickets", ())
    ]
    blanked = World({**world.tables, "tickets": opened}, world.subjects, world.persons)
    assert read(spec, blanked) == approximately(read(spec, world))


@FEWER
@given(RANDOMS, specs())
def test_events_outside_the_horizon_do_not_move_the_label(rng: Random, spec: ViewSpec) -> None:
    assert spec.label is not None
    world = world_of(rng, spec)
    end = spec.label.starts_days + spec.label.horizon_days
    extra = {table: events(rng, table, first=end, last=end + 9) for table in spec.tables}
    both = World(
        {table: [*world.tables.get(table, ()), *extra[table]] for table in spec.tables}, world.subjects, world.persons
    )
    known_until = AS_OF + timedelta(days=end)
    plain, more = (
        compile_training(spec, frames(each), permitted_of(each), cuts=[AS_OF], known_until=known_until)
        .select("subject", "churned")
        .collect()
        .sort("subject")
        for each in (world, both)
    )
    assert plain.equals(more)


@FEWER
@given(RANDOMS, specs())
def test_order_of_rows_and_engine_do_not_matter(rng: Random, spec: ViewSpec) -> None:
    world = world_of(rng, spec)
    shuffled = World(
        {name: rng.sample(rows, len(rows)) for name, rows in world.tables.items()},
        world.subjects,
        world.persons,
    )
    assert read(spec, shuffled) == approximately(read(spec, world))
    plan = compile_view(spec, frames(world), permitted_of(world), as_of=AS_OF)
    streamed = plan.collect(engine="streaming")
    assert {row.pop("subject"): row for row in streamed.to_dicts()} == approximately(read(spec, world))


@FEWER
@given(RANDOMS, specs(EntityKind.PERSON))
def test_two_records_of_one_entity_count_as_one_record(rng: Random, spec: ViewSpec) -> None:
    world = world_of(rng, spec)
    first = {subject: record for record, subject in world.subjects.items()}
    merged = {
        table: [
            {**event, "person": first[world.subjects[event["person"]]]} if event["person"] in world.subjects else event
            for event in rows
        ]
        for table, rows in world.tables.items()
    }
    alone = World(merged, {record: subject for subject, record in first.items()}, world.persons)
    assert read(spec, alone) == approximately(read(spec, world))


@FEWER
@given(RANDOMS, specs(EntityKind.ORGANISATION))
def test_without_permitted_persons_no_act_of_a_person_counts(rng: Random, spec: ViewSpec) -> None:
    world = world_of(rng, spec)
    permitted = Permitted(permitted_of(world).subjects)
    frame = compile_view(spec, frames(world), permitted, as_of=AS_OF).collect()
    nobody = {name: [event for event in rows if event["person"] is None] for name, rows in world.tables.items()}
    without = World(nobody, world.subjects, world.persons)
    assert {row.pop("subject"): row for row in frame.to_dicts()} == approximately(read(spec, without))


def read_keyed(spec: ViewSpec, world: World) -> dict[Any, dict[str, Any]]:
    assert spec.key is not None
    frame = compile_view(spec, frames(world), permitted_of(world), as_of=AS_OF).collect()
    assert frame.columns == ["subject", spec.key.name, *(feature.name for feature in spec.released)]
    rows = {(row.pop("subject"), row.pop(spec.key.name)): row for row in frame.to_dicts()}
    assert len(rows) == frame.height
    return rows


@SLOW
@given(RANDOMS, keyed_specs())
def test_rows_of_machines_products_messages_and_weeks_agree_with_the_oracle(rng: Random, spec: ViewSpec) -> None:
    check(spec)
    world = world_of(rng, spec)
    assert read_keyed(spec, world) == approximately(evaluate_keyed(spec, world, AS_OF))


@FEWER
@given(RANDOMS, keyed_specs())
def test_no_row_is_there_because_of_what_came_after_as_of(rng: Random, spec: ViewSpec) -> None:
    world = world_of(rng, spec)
    both = {table: [*world.tables.get(table, ()), *events(rng, table, first=0)] for table in spec.tables}
    assert read_keyed(spec, World(both, world.subjects, world.persons)) == approximately(read_keyed(spec, world))


@FEWER
@given(RANDOMS, specs(EntityKind.PERSON), st.lists(st.integers(0, 2), min_size=4, max_size=4))
def test_a_merge_and_its_undoing_show_at_the_next_read_of_the_same_files(
    rng: Random, spec: ViewSpec, merged: list[int]
) -> None:
    """The parts are what they were: only the map of records to subjects is another."""
    before = world_of(rng, spec)
    after = World(before.tables, dict(zip(before.subjects, merged, strict=False)), before.persons)
    parts = frames(before)
    for world in (before, after, before):
        frame = compile_view(spec, parts, permitted_of(world), as_of=AS_OF).collect()
        found = {row.pop("subject"): row for row in frame.to_dicts()}
        assert found == approximately(evaluate(spec, world, AS_OF))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("of", "column"), [(Measure.COUNT, None), (Measure.SUM, "item_count"), (Measure.MEAN, "item_count")]
)
def test_trends_of_busy_customers_agree_with_the_oracle(seed: int, of: Measure, column: str | None) -> None:
    """Random worlds are thin: here each of the four windows has events, so that no season is null."""
    rng = Random(seed)  # noqa: S311 - a seeded sample, no secret
    month = Rows(table="orders", window_days=30)
    spec = view(
        [
            Aggregate(name=f"{op}_{days}", op=op, rows=month, of=of, column=column, earlier_days=days)
            for op in sorted(COMPARING - {Op.UNUSUAL})
            for days in (None, 60)
        ]
    )
    orders = [event for _ in range(12) for event in events(rng, "orders", last=-1)]
    world = World({"orders": orders}, {record: record[0] % 2 for record in PERSONS})
    found = read(spec, world)
    assert found == approximately(evaluate(spec, world, AS_OF))
    assert len(found) == 2
    assert all(value is not None for row in found.values() for value in row.values())

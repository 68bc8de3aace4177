"""Views say the same on Spark: random views over random events, on Sail, here and by the oracle.

`VARDE_SPARK_EXAMPLES` says how many of each kind (12 if it is not set).
"""

import os
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.views.compile import Tables, compile_each, compile_training, compile_view
from hub.views.feature import Aggregate, Comparison, Condition, Op, Rows
from hub.views.folding import Wanted, Whose
from hub.views.partials import Grouping
from hub.views.spark.engine import SparkEvents
from hub.views.spark.session import session_of
from hub.views.spec import ViewSpec
from hub.views.values import Span
from privacy.terms import EntityKind
from tests.oracle.view_cases import AS_OF, PERSONS, events, everything, frames, permitted_of, specs, view, world_of
from tests.oracle.view_keyed_cases import keyed_specs
from tests.oracle.view_oracle import World, evaluate, evaluate_keyed
from tests.spark_sessions import sail

__all__ = ["sail"]
FEW = settings(
    deadline=None,
    derandomize=True,
    max_examples=int(os.environ.get("VARDE_SPARK_EXAMPLES", "12")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
RANDOMS = st.randoms(use_true_random=True)


def there(address: str, world: World) -> Tables:
    session, functions = session_of(address)
    parted = frames(world).items()
    return {table: SparkEvents(session, functions, parts, session_of.cache_clear) for table, parts in parted}


def agree(spark: pl.DataFrame, here: pl.DataFrame, names: list[str]) -> None:
    """Whole numbers, truths and levels to the last bit, floats to 1e-9."""
    assert spark.schema == here.schema
    for mine, yours in zip(spark.sort(names).to_dicts(), here.sort(names).to_dicts(), strict=True):
        assert mine == {name: nearly(value) for name, value in yours.items()}


def nearly(value: Any) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value


def test_every_operation_says_the_same_on_spark(sail: str) -> None:
    rng, features = Random(11), everything(90)  # noqa: S311 - a seeded sample, no secret
    assert {feature.op for feature in features} == set(Op) - {Op.TEXT, Op.THREAD}
    spec = view(features)
    drawn = {table: [one for _ in range(9) for one in events(rng, table, first=-240)] for table in spec.tables}
    world = World(drawn, dict(zip(PERSONS, (0, 1, 1), strict=False)))
    found = compile_view(spec, there(sail, world), permitted_of(world), as_of=AS_OF).collect()
    agree(found, compile_view(spec, frames(world), permitted_of(world), as_of=AS_OF).collect(), ["subject"])
    assert {feature.op for feature in features if found[feature.name].null_count() < 2} == set(Op) - {
        Op.TEXT,
        Op.THREAD,
    }


@FEW
@given(rng=RANDOMS, spec=specs())
def test_a_view_on_spark_is_that_of_this_process_and_of_the_oracle(sail: str, rng: Random, spec: ViewSpec) -> None:
    world = world_of(rng, spec)
    permitted = permitted_of(world)
    found = compile_view(spec, there(sail, world), permitted, as_of=AS_OF).collect()
    agree(found, compile_view(spec, frames(world), permitted, as_of=AS_OF).collect(), ["subject"])
    told = {row.pop("subject"): row for row in found.to_dicts()}
    expected = evaluate(spec, world, AS_OF)
    assert told == {who: {name: nearly(value) for name, value in row.items()} for who, row in expected.items()}


@FEW
@given(rng=RANDOMS, spec=keyed_specs())
def test_rows_of_machines_products_messages_and_weeks_on_spark(sail: str, rng: Random, spec: ViewSpec) -> None:
    assert spec.key is not None
    world, key = world_of(rng, spec), spec.key.name
    permitted = permitted_of(world)
    found = compile_view(spec, there(sail, world), permitted, as_of=AS_OF).collect()
    agree(found, compile_view(spec, frames(world), permitted, as_of=AS_OF).collect(), ["subject", key])
    told = {(row.pop("subject"), row.pop(key)): row for row in found.to_dicts()}
    expected = evaluate_keyed(spec, world, AS_OF)
    assert told == {who: {name: nearly(value) for name, value in row.items()} for who, row in expected.items()}


@settings(FEW, max_examples=4)
@given(rng=RANDOMS, spec=specs(EntityKind.PERSON), merged=st.lists(st.integers(0, 2), min_size=4, max_size=4))
def test_a_merge_and_its_undoing_show_at_the_next_read_on_spark(
    sail: str, rng: Random, spec: ViewSpec, merged: list[int]
) -> None:
    before = world_of(rng, spec)
    after = World(before.tables, dict(zip(before.subjects, merged, strict=False)), before.persons)
    parts = there(sail, before)
    for world in (before, after, before):
        found = compile_view(spec, parts, permitted_of(world), as_of=AS_OF).collect()
        agree(found, compile_view(spec, frames(world), permitted_of(world), as_of=AS_OF).collect(), ["subject"])


@settings(FEW, max_examples=4)
@given(rng=RANDOMS, spec=specs())
def test_labels_on_spark_are_those_of_this_process(sail: str, rng: Random, spec: ViewSpec) -> None:
    world = world_of(rng, spec)
    asked: dict[str, Any] = {"cuts": [AS_OF - timedelta(days=40), AS_OF], "known_until": AS_OF + timedelta(days=60)}
    found = compile_training(spec, there(sail, world), permitted_of(world), **asked).collect()
    agree(found, compile_training(spec, frames(world), permitted_of(world), **asked).collect(), ["subject", "as_of"])


def test_a_join_on_spark_is_that_of_this_process_and_keeps_its_lease(sail: str) -> None:
    """Each instant is a job of its own there, and may take its time."""
    rng, spec, renewed = Random(5), view(everything()[:6]), list[int]()  # noqa: S311 - a seeded sample, no secret
    drawn = {table: [one for _ in range(9) for one in events(rng, table, first=-240)] for table in spec.tables}
    world = World(drawn, dict(zip(PERSONS, (0, 1, 1), strict=False)))
    asked = [(cut, permitted_of(world)) for cut in (AS_OF - timedelta(days=40), AS_OF)]
    found = compile_each(spec, there(sail, world), asked, before_part=lambda: renewed.append(1))
    here = compile_each(spec, frames(world), asked, before_part=lambda: None)
    for mine, yours in zip(found, here, strict=True):
        agree(mine.collect(), yours.collect(), ["subject"])
    assert len(renewed) == len(asked) * len(spec.tables)


def test_what_began_before_1970_stands_on_spark(sail: str) -> None:
    """Instants before 1970 are negative, and Spark's remainders of them are, too."""
    at = datetime(1969, 5, 1, tzinfo=UTC)
    began = {"person": PERSONS[0], "organisation": None, "event_time": at, "subscription_ref": 7, "kind": "started"}
    rows = Rows(table="subscriptions", latest_of="subscription_ref")
    spec = view([Aggregate(name="running", op=Op.COUNT, rows=rows)])
    world = World({"subscriptions": [began]}, {PERSONS[0]: 0})
    found = compile_view(spec, there(sail, world), permitted_of(world), as_of=AS_OF).collect()
    assert found["running"].to_list() == [1]
    agree(found, compile_view(spec, frames(world), permitted_of(world), as_of=AS_OF).collect(), ["subject"])


def test_the_staff_behind_a_cell_are_counted_on_spark(sail: str) -> None:
    at = AS_OF - timedelta(days=3)
    rows = [
        {"person": PERSONS[0], "organisation": None, "event_time": at, "employee": who, "escalated": who != b"b" * 16}
        for who in (b"a" * 16, b"a" * 16, b"b" * 16, None)
    ]
    world = World({"tickets": rows}, {PERSONS[0]: 0})
    grouping = Grouping("tickets", AS_OF)
    escalated = (Condition("escalated", Comparison.IN, (True,)),)
    staff = grouping.staff([((), Span(AS_OF - timedelta(days=1), AS_OF)), (escalated, Span(None, AS_OF))])
    columns = [pl.col(name) for name in sorted({"event_time", "person", *grouping.columns})]
    wanted = Wanted(grouping, pl.col("person").is_not_null(), columns)
    whose = Whose(permitted_of(world), EntityKind.PERSON)
    found = there(sail, world)["tickets"].grouped(wanted, whose)  # type: ignore[union-attr]  # it is Spark's
    assert found.select(staff.alias("staff"))["staff"].to_list() == [[b"a" * 16]]


def test_nobody_and_nothing_are_answered_too(sail: str) -> None:
    spec = view(everything()[:6])
    for world in (World({"orders": []}, {PERSONS[0]: 0}), World({"orders": []}, {})):
        found = compile_view(spec, there(sail, world), permitted_of(world), as_of=AS_OF).collect()
        agree(found, compile_view(spec, frames(world), permitted_of(world), as_of=AS_OF).collect(), ["subject"])

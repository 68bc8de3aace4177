"""Every view of the catalogue on made-up events of every source family, as the slow, obvious evaluator has it."""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from hub.views.compile import compile_training, compile_view
from hub.views.load import catalogue_names, catalogue_spec
from hub.views.spec import ViewSpec
from tests.oracle.catalogue_cases import as_of, events, world_of
from tests.oracle.view_cases import frames, permitted_of
from tests.oracle.view_oracle import World, evaluate, evaluate_keyed, evaluate_label

TRAINING = tuple(name for name in catalogue_names() if name.endswith("_training"))
NAMES = tuple(name for name in catalogue_names() if name not in TRAINING and not name.startswith("kpi_"))


def read(spec: ViewSpec, world: World) -> dict[Any, dict[str, Any]]:
    frame = compile_view(spec, frames(world), permitted_of(world), as_of=as_of(spec)).collect()
    assert [*frame.columns[-len(spec.released) :]] == [feature.name for feature in spec.released]
    names = frame.columns[: -len(spec.released)]
    rows = {tuple(row.pop(name) for name in names): row for row in frame.to_dicts()}
    assert len(rows) == frame.height
    return {key if len(key) > 1 else key[0]: row for key, row in rows.items()}


def expected(spec: ViewSpec, world: World) -> dict[Any, dict[str, Any]]:
    rows = (evaluate if spec.key is None else evaluate_keyed)(spec, world, as_of(spec))
    return {
        key: {
            name: pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value
            for name, value in row.items()
        }
        for key, row in rows.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_view_of_the_catalogue_agrees_with_the_oracle_whatever_happens_later(name: str) -> None:
    spec, rng = small(name), seeded(1)
    worlds = (world_of(seeded(number), spec, spec.tables) for number in range(1, 100))
    world, rows = next((world, rows) for world in worlds if (rows := expected(spec, world)))  # few customers left
    assert read(spec, world) == rows
    at, both = as_of(spec), dict(world.tables)
    for table in spec.tables:
        both[table] = [*both[table], *(each for each in events(rng, table, at, first=0) if each["event_time"] >= at)]
    assert read(spec, World(both, world.subjects, world.persons)) == rows


@pytest.mark.parametrize("name", NAMES)
def test_it_works_when_source_families_are_absent(name: str) -> None:
    spec, rng = small(name), seeded(2)
    there = rng.sample(spec.tables, len(spec.tables) // 2)
    world = world_of(rng, spec, there)
    assert read(spec, world) == expected(spec, world)
    assert read(spec, World({}, world.subjects, world.persons)) == {}


@pytest.mark.parametrize("name", TRAINING)
def test_a_label_of_the_catalogue_agrees_with_the_oracle(name: str) -> None:
    spec = small(name)
    assert spec.label is not None
    at, met = as_of(spec), set[bool]()
    for seed in range(20):
        world = world_of(seeded(seed), spec, spec.tables)
        until = at + timedelta(days=spec.label.horizon_days)
        frame = compile_training(spec, frames(world), permitted_of(world), cuts=[at], known_until=until).collect()
        if spec.key is None:
            labels = dict(frame.select("subject", spec.label.name).iter_rows())
            assert labels == {subject: evaluate_label(spec, world, subject, at) for subject in labels}
        met |= set(frame[spec.label.name])
        if len(met) == 2:  # a label that is always the same would agree by chance
            break
    assert met == {True, False}


def small(name: str) -> ViewSpec:
    """Let the few customers of a test be a group."""
    spec = catalogue_spec(name)
    return replace(spec, k=2) if spec.key is not None and spec.k > 2 else spec


def seeded(seed: int) -> Random:
    """Draw the same world in every run."""
    return Random(seed)  # noqa: S311 - cases of a test, no secret

"""A model for deliveries, learned from records: with curve, threshold and the trust in its rules.

What the records cannot teach keeps the shares of the spec, so that a column which a later source brings for the first
time has its say.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from ingest.match.alone import most_alone
from ingest.match.engine import HERE, Engine
from ingest.match.model import Model
from ingest.match.resolution import Resolution, resolve
from ingest.match.saved import TRUST
from ingest.match.spec import Spec
from ingest.match.training import train
from ingest.match.trust import trusts_of


@dataclass(frozen=True)
class Learned:
    """What was learned: the records resolved with it, and the report that is kept with the model."""

    resolution: Resolution
    report: dict[str, Any]


def learn(records: pl.DataFrame, spec: Spec, *, neutral: Collection[str] = (), engine: Engine = HERE) -> Learned:
    """Learn a model from records in comparable form.

    Args:
        records: as `form.comparable_people` returns them.
        spec: what they are compared by.
        neutral: comparisons that keep the spec's shares whatever the records say.
        engine: where the whole is compared; the samples that teach are small enough for this process.

    """
    trained, report = train(records, spec)
    resolution = resolve(records, spec, _completed(trained, spec, neutral), engine=engine)
    alone = most_alone(records, resolution.edges, spec)
    curve = None if resolution.model.curve is None else resolution.model.curve.completed()
    resolution = replace(resolution, model=replace(resolution.model, alone=alone, curve=curve))
    return Learned(resolution, report | {TRUST: _trust(resolution, spec)})


def _completed(trained: Model, spec: Spec, neutral: Collection[str]) -> Model:
    kept = {each.name: each for each in spec.comparisons if each.name in neutral or each.name not in trained.m}
    names = [each.name for each in spec.comparisons]
    return replace(
        trained,
        m={name: kept[name].m if name in kept else trained.m[name] for name in names},
        u={name: kept[name].u if name in kept else trained.u[name] for name in names},
    )


def _trust(resolution: Resolution, spec: Spec) -> dict[str, float]:
    """Measure the rules on probabilities as they were before any rule."""
    curve = resolution.model.curve
    edges = resolution.edges
    believed = edges if curve is None else edges.with_columns(curve.probability(edges["weight"]))
    return {name: round(worth, 4) for name, worth in trusts_of(resolution.records, believed, spec.rules).items()}

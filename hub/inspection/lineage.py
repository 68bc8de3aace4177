"""From source column through feature and model to what leaves: who reads a column, said before anybody may.

Models are those that learned from the view, the newest of each module. A feature that moved a model's log-odds by less
than a hundredth of all movement (its report's `importance`) was not used by it; Article 5(1)(c) asks why it is read.
Entangled features (`rhythm` of a churn model) are reported as one and count as one.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from hub.views.feature import EVENT_TIME, Aggregate, Feature
from hub.views.spec import ViewSpec
from hub.views.told import told_columns

USED_FROM: Final = 0.01
_ENTANGLED: Final = "rhythm"


class Model(Protocol):
    """A trained model as its store tells of it."""

    @property
    def model_id(self) -> bytes:
        """Its random id."""

    @property
    def module(self) -> str:
        """The prediction module."""

    @property
    def view(self) -> str:
        """The view that it learned from."""

    @property
    def report(self) -> str:
        """What its training reported, JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """One released column: which source columns it is made of, which modules use it, who receives what comes of it."""

    column: str
    sources: tuple[str, ...]
    used_by: tuple[str, ...]
    unused_by: tuple[str, ...]
    recipients: tuple[str, ...]


def lineage_of(spec: ViewSpec, models: Iterable[Model], recipients: Iterable[str]) -> tuple[Thread, ...]:
    """Follow every released column; `models` newest first."""
    newest: dict[str, Model] = {}
    for model in models:
        if model.view == spec.name:
            newest.setdefault(model.module, model)
    shares = {module: importance_of(model) for module, model in newest.items()}
    told = tuple(sorted(recipients))
    threads = []
    named = {feature.name: feature for feature in spec.features}
    for column in told_columns(spec):
        made_of = [named[name] for name in column.features]
        known = {module: share for module, each in shares.items() if (share := _share(each, made_of)) is not None}
        threads.append(
            Thread(
                column=column.name,
                sources=tuple(sorted(set(column.sources).union(*(sources_of(spec, each) for each in made_of)))),
                used_by=tuple(sorted(module for module, share in known.items() if share >= USED_FROM)),
                unused_by=tuple(sorted(module for module, share in known.items() if share < USED_FROM)),
                recipients=told,
            )
        )
    return tuple(threads)


def sources_of(spec: ViewSpec, feature: Feature) -> tuple[str, ...]:
    """Return `table.column` of all that a feature is made of, its filters included; sorted."""
    if isinstance(feature, Aggregate):
        return tuple(sorted({f"{feature.rows.table}.{name}" for name in (EVENT_TIME, *feature.columns)}))
    sides = [each for each in spec.features if each.name in feature.reads]
    return tuple(sorted({source for side in sides for source in sources_of(spec, side)}))


def importance_of(model: Model) -> dict[str, float]:
    """Return how far each group of features moved a model, by its report; what it left out moved nothing."""
    try:
        figures = json.loads(model.report)["figures"]
        left_out = dict.fromkeys(map(str, figures.get("left_out", ())), 0.0)
        return left_out | {str(name): float(share) for name, share in figures["importance"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):  # another module may report otherwise: nothing is known
        return {}


def unused(threads: Sequence[Thread]) -> tuple[str, ...]:
    """Return the columns that models learned without: each that knew one did not use it."""
    return tuple(each.column for each in threads if each.unused_by and not each.used_by)


def unheard(threads: Sequence[Thread], empty: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return for each of the tables without events the columns that say nothing for want of it."""
    return {
        table: columns
        for table in empty
        if (columns := tuple(each.column for each in threads if f"{table}.{EVENT_TIME}" in each.sources))
    }


def _share(importance: dict[str, float], made_of: Sequence[Feature]) -> float | None:
    if len(made_of) != 1:  # no model learns from a figure of several
        return None
    (feature,) = made_of
    name = _ENTANGLED if feature.meaning.role is not None else feature.name
    return importance.get(name)

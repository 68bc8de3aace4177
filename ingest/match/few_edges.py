"""Edges of a few pairs, as `ingest.match.edges` and `trust` make those of millions: for somebody who waits for them.

Numbers come from the same functions; what is done without a frame is putting them together. A test holds both equal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ingest.match.condition import Row
from ingest.match.edges import Told, told_by
from ingest.match.few_pairs import FewPairs, Pair
from ingest.match.saved import SavedModel
from ingest.match.scorer import Levels, Weights
from ingest.match.spec import Rule

_SINGLE: Final = ">f4"


@dataclass(frozen=True, slots=True)
class FewEdge:
    """One pair of rows as it was compared; `levels` and `weights` are as they are kept, by comparison of the model."""

    left: int
    right: int
    levels: Mapping[str, int]
    weights: bytes
    weight: float
    probability: float
    rule: str


class FewEdges:
    """Compares a few pairs by a saved model; keeps no value. Safe to be asked from any thread."""

    def __init__(self, model: SavedModel) -> None:
        """Read the model once for all who ask."""
        self._model = model
        self._pairs = FewPairs([each for each in model.spec.comparisons if each.name in model.model.m])
        trusted = [rule for rule in model.spec.rules if model.trusts.get(rule.name, 0.0) > 0]
        self._rules = sorted(trusted, key=lambda rule: model.trusts[rule.name], reverse=True)

    def edges_of(self, rows: Sequence[Row], pairs: Sequence[Pair], rare: Mapping[str, Weights]) -> list[FewEdge]:
        """Compare pairs of rows.

        Args:
            rows: records in comparable form.
            pairs: two rows each.
            rare: how rare each row's value of a column is, NaN where that does not count.

        """
        if not pairs:
            return []
        model = self._model.model
        found = self._pairs.levels_among(rows, pairs)
        ends = np.array(pairs, dtype=np.int64)
        numbers = {name: np.array(levels, dtype=np.int8) for name, levels in found.items()}
        told = told_by(Levels(ends[:, 0], ends[:, 1], numbers), self._model.spec, model, rare)
        likely = self._likely(told)
        weights = np.column_stack([*(told.by[name] for name in model.names), told.look_alikes]).astype(_SINGLE)
        return [
            self._edge(rows, pair, {name: found[name][at] for name in model.names}, (weights[at], told.weight[at], p))
            for at, (pair, p) in enumerate(zip(pairs, likely, strict=True))
        ]

    def _likely(self, told: Told) -> list[float]:
        """Return the probabilities that clusters taught."""
        curve = self._model.model.curve
        if curve is None:
            raise TypeError("a saved model has a curve")
        return [float(each) for each in np.interp(told.weight, curve.weights, curve.probabilities)]

    def _edge(
        self, rows: Sequence[Row], pair: Pair, levels: Mapping[str, int], told: tuple[Weights, float, float]
    ) -> FewEdge:
        """Put an edge together; the most trusted rule that holds lifts it."""
        weights, weight, probability = told
        one, other = rows[pair[0]], rows[pair[1]]
        rule = next((rule for rule in self._rules if _holds(rule, one, other, levels)), None)
        lifted = probability if rule is None else max(probability, self._model.trusts[rule.name])
        return FewEdge(*pair, levels, weights.tobytes(), float(weight), lifted, "" if rule is None else rule.name)


def _holds(rule: Rule, one: Row, other: Row, levels: Mapping[str, int]) -> bool:
    equal = all(one[name] is not None and one[name] == other[name] for name in rule.equal)
    return equal and all(levels.get(name) != 0 for name in rule.unless)

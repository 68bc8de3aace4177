"""What each feature adds to the sum of small trees: exact TreeSHAP, looked up instead of walked.

TreeSHAP (Lundberg et al., Nature Machine Intelligence 2, 2020, algorithm 1: expectations along the paths, weighted by
the rows that taught) depends on a row only through the answers at a tree's splits. A tree of four leaves has three, so
eight answers in all: their Shapley values are worked out once a tree, by every subset of its features, and each row
looks its answers up. LightGBM walks each path for each row, which costs ten times as much; it is the oracle of the
tests. Splits are answered as LightGBM does (`tree.h`, NumericalDecision and CategoricalDecision).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import factorial
from typing import Any, Final

import numpy as np

from predict.frames import Matrix, Vector

Answers = np.ndarray[tuple[int], np.dtype[np.bool_]]
MOST_SPLITS: Final = 8
"""Splits of a tree whose answers fit into a byte."""


@dataclass(frozen=True, slots=True)
class Split:
    """A question to a row: is this column at or below the threshold, or one of these levels; yes leads to the left."""

    feature: int
    threshold: float
    levels: tuple[int, ...]
    missing_left: bool
    missing_is_zero: bool

    def answers(self, column: Vector) -> Answers:
        """Say for each value whether it leads to the left."""
        if self.levels:
            return np.isin(np.trunc(column), self.levels)  # not a number and codes below zero lead to the right
        if self.missing_is_zero:
            return np.asarray(np.nan_to_num(column) <= self.threshold)
        yes = column <= self.threshold  # of what is missing: no
        return yes | np.isnan(column) if self.missing_left else yes


@dataclass(frozen=True, slots=True)
class Tree:
    """The numbers of a tree's splits, and what each feature adds (columns) for each answer to all of them (rows)."""

    splits: tuple[int, ...]
    features: tuple[int, ...]
    parts: Matrix


@dataclass(frozen=True, slots=True)
class Trees:
    """Trees whose splits are asked once, though several trees ask the same."""

    asked: tuple[Split, ...]
    trees: tuple[Tree, ...]

    def parts(self, raw: Matrix) -> Matrix:
        """Give the Shapley value of each feature for each row, as deviation from what the trees expect."""
        told = np.zeros(raw.shape, dtype=np.float64, order="F")
        columns = {feature: np.ascontiguousarray(raw[:, feature]) for feature in {one.feature for one in self.asked}}
        answers = [split.answers(columns[split.feature]).view(np.uint8) for split in self.asked]
        for tree in self.trees:  # per tree, not per row
            code = np.zeros(raw.shape[0], dtype=np.uint8)
            for split in tree.splits:
                np.left_shift(code, 1, out=code)
                np.bitwise_or(code, answers[split], out=code)
            places = code.astype(np.intp)
            for at, feature in enumerate(tree.features):
                told[:, feature] += tree.parts[:, at].take(places)
        return told


@lru_cache(maxsize=4)
def trees_of(booster: Any) -> Trees:  # noqa: ANN401 - LightGBM has no types
    """Lay a booster's trees out as tables."""
    numbers: dict[Split, int] = {}
    trees = []
    for one in booster.dump_model()["tree_info"]:
        nodes = list(_nodes(one["tree_structure"]))
        if nodes:
            splits = tuple(numbers.setdefault(_split(node), len(numbers)) for node in nodes)
            trees.append(_tree(one["tree_structure"], nodes, splits))
    return Trees(tuple(numbers), tuple(trees))


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if "split_feature" in node:
        yield node
        for side in ("left_child", "right_child"):
            yield from _nodes(node[side])


def _split(node: Mapping[str, Any]) -> Split:
    kinds = node["decision_type"] == "=="
    return Split(
        feature=int(node["split_feature"]),
        threshold=float("nan") if kinds else float(node["threshold"]),
        levels=tuple(map(int, node["threshold"].split("||"))) if kinds else (),
        missing_left=bool(node["default_left"]),
        missing_is_zero=node["missing_type"] != "NaN",
    )


def _tree(root: Mapping[str, Any], nodes: list[Mapping[str, Any]], splits: tuple[int, ...]) -> Tree:
    """Work out the Shapley values of every way to answer a tree's splits."""
    if len(nodes) > MOST_SPLITS:
        raise ValueError("a tree has more splits than fit into a byte")
    features = tuple(sorted({int(node["split_feature"]) for node in nodes}))
    place = {node["split_index"]: number for number, node in enumerate(nodes)}
    parts = np.zeros((2 ** len(nodes), len(features)))
    for code in range(parts.shape[0]):
        left = {index: bool(code >> (len(nodes) - 1 - number) & 1) for index, number in place.items()}
        parts[code] = _shapley(root, features, left)
    return Tree(splits, features, parts)


def _shapley(root: Mapping[str, Any], features: tuple[int, ...], left: Mapping[int, bool]) -> list[float]:
    """Average what a feature adds over all orders in which features may become known (Shapley 1953)."""
    many = len(features)
    expected = {
        frozenset(known): _expected(root, frozenset(known), left)
        for size in range(many + 1)
        for known in combinations(features, size)
    }
    weight = [factorial(size) * factorial(many - size - 1) / factorial(many) for size in range(many)]
    return [
        sum(
            weight[len(known)] * (expected[known | {one}] - value)
            for known, value in expected.items()
            if one not in known
        )
        for one in features
    ]


def _expected(node: Mapping[str, Any], known: frozenset[int], left: Mapping[int, bool]) -> float:
    """Give a tree's mean where only some features are known: the others go as the rows went that taught."""
    if "split_feature" not in node:
        return float(node["leaf_value"])
    sides = (node["left_child"], node["right_child"])
    if node["split_feature"] in known:
        return _expected(sides[0] if left[node["split_index"]] else sides[1], known, left)
    counts = [each.get("internal_count", each.get("leaf_count", 0)) for each in sides]
    weighed = (count * _expected(each, known, left) for count, each in zip(counts, sides, strict=True))
    return float(sum(weighed) / sum(counts))

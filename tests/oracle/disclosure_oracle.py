"""The attacker of a table of figures: knows every cell that leaves and every sum, and solves for the others."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import linprog

Place = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What one customer has in one cell: an amount, if any, and the employees who worked on it."""

    customer: int
    place: Place
    amount: float | None
    staff: frozenset[int]


def is_of_many(parts: list[Part], *, k: int, min_staff: int, dominance: int) -> bool:
    """Say whether the sum of these parts may be known, by loops: of enough customers and staff, and of nobody alone."""
    if not parts:
        return True
    there = {each.customer for each in parts if each.amount is not None}
    staff = {who for each in parts for who in each.staff}
    added: dict[int, float] = defaultdict(float)
    for each in parts:
        added[each.customer] += each.amount or 0.0
    first, second, *_ = sorted([*added.values(), 0.0, 0.0], reverse=True)
    rest = sum(added.values()) - first - second
    return (
        len(added) >= k
        and (not there or len(there) >= k)
        and len(staff) >= min_staff
        and (first == 0 or rest >= first * dominance / 100 - 1e-9)
    )


def known_sums(shape: tuple[int, ...], withheld: set[Place]) -> Iterator[list[Place]]:
    """Return every set of withheld cells (but totals) whose sum is the same in all tables that agree with what leaves.

    `shape` is that with totals. A set is known if no change of the cells that leaves all that is told as it is changes
    its sum: if it is orthogonal to the null space of what is told.
    """
    leaves = list(np.ndindex(*(size - 1 for size in shape)))
    unknown = [place for place in leaves if place in withheld]
    told = [
        [
            float(all(at in (own, size - 1) for own, at, size in zip(leaf, place, shape, strict=True)))
            for leaf in unknown
        ]
        for place in np.ndindex(*shape)
        if place not in withheld
    ]
    _, found, directions = np.linalg.svd(np.array([*told, [0.0] * len(unknown)]))
    free = directions[int((found > 1e-9).sum()) :]
    sets = (np.arange(1, 2 ** len(unknown))[:, None] >> np.arange(len(unknown))) & 1
    for each in sets[(np.abs(sets @ free.T) < 1e-9).all(axis=1)]:
        yield [place for place, chosen in zip(unknown, each, strict=True) if chosen]


def intervals(values: np.ndarray, withheld: set[Place], least: float = 0.0) -> dict[Place, tuple[float, float]]:
    """Return between what and what each withheld cell of a table with totals lies, by linear programming.

    Every line of the table adds up to its total, nothing is below zero, nor is a cell that is not empty below `least`;
    what is not withheld is known.
    """
    unknown = sorted(withheld)
    floors = [min(least, values[place]) for place in unknown]
    number = {place: column for column, place in enumerate(unknown)}
    rows, right = [], []
    for axis, size in enumerate(values.shape):
        for rest in product(*(range(each) for place, each in enumerate(values.shape) if place != axis)):
            line = [(*rest[:axis], level, *rest[axis:]) for level in range(size)]
            row, known = np.zeros(len(unknown)), 0.0
            for place in line:
                sign = -1.0 if place[axis] == size - 1 else 1.0
                if place in number:
                    row[number[place]] += sign
                else:
                    known += sign * values[place]
            if row.any():
                rows.append(row)
                right.append(-known)
    found = {}
    for place in unknown:
        goal = np.zeros(len(unknown))
        goal[number[place]] = 1.0
        found[place] = (_least(goal, rows, right, floors), -_least(-goal, rows, right, floors))
    return found


def _least(goal: np.ndarray, rows: list[np.ndarray], right: list[float], floors: list[float]) -> float:
    if not rows:
        return float(goal @ np.array(floors)) if goal.sum() > 0 else -np.inf
    bounds = [(floor, None) for floor in floors]
    solved = linprog(goal, A_eq=np.array(rows), b_eq=np.array(right), bounds=bounds, method="highs")
    if solved.status == 3:  # unbounded: the cell may be as large as it likes
        return -np.inf
    assert solved.status == 0, solved.message
    return float(solved.fun)

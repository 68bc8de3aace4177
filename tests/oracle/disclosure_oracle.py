"""The attacker of a table of figures: knows every cell that leaves and every sum, and solves for the others."""

from itertools import product

import numpy as np
from scipy.optimize import linprog


def intervals(
    values: np.ndarray, withheld: set[tuple[int, ...]], least: float = 0.0
) -> dict[tuple[int, ...], tuple[float, float]]:
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

"""Which cells of a table of figures are withheld, so that no figure of few leaves and none can be worked out.

A table has one axis for each dimension; where totals leave, too, the last place of every axis is the total. Rules:
- too few: a cell of some customers, but fewer than k, or a figure of it of fewer than k of them;
- too few staff: a cell, or a figure of it, behind which fewer employees stand than asked for;
- dominance: a cell in whose sum the second largest contributor could tell the largest to within p per cent (p% rule:
  total - largest - second < p% of the largest);
- complementary: cells that the others could be computed from, because totals leave.

Complementary cells are found by hypercubes: of a withheld cell and one other place on every axis, all 2^n corners are
withheld. Adding an amount to the cell and to every corner that is an even number of steps away, and taking it from the
others, leaves every total as it is (a step to or from the place of the total turns no sign: the total moves with the
cell). So whoever knows all that leaves cannot tell the table from the one so changed, and the cell may lie anywhere
between its own value less the least of the corners that rise with it, and more the least of those that fall. A
hypercube serves only where that interval is wide enough: k customers, and p per cent of each sum, upwards p per cent of
what the largest contributor adds.

What is withheld of a line is known together: total less what leaves. Such a sum of cells is the same in every table
that agrees with what leaves, so with a cell it has a corner that falls as that cell rises. Each of those has to shield
it: by k customers where the cell has fewer, likewise for bases and staff; where the cell is dominated, what others than
two add to the corner is p per cent of its own largest and those of all cells that it shields. Then whatever can be
subtracted is of enough customers and staff and dominated by nobody, even where one customer is in several cells: what
others add to all of them is p per cent of the largest of all of them.

Hundepool et al., Statistical Disclosure Control, Wiley 2012, chapter 4; Giessing and Repsilber, Tools and strategies to
protect multiple tables with the GHQUAR cell suppression engine, 2002. Cells of nobody are shown: nobody is in them.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Truths = NDArray[np.bool_]
Place = tuple[int, ...]
_PER_CENT: Final = 100


class Because(StrEnum):
    """Why a cell is withheld; the first that applies."""

    TOO_FEW = "too_few"
    TOO_FEW_STAFF = "too_few_staff"
    DOMINANCE = "dominance"
    COMPLEMENTARY = "complementary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """The sum of one feature in each cell, without signs; `largest` and `second` are customers' parts of it.

    They are 0 where nobody's amount is in question: each customer adds one at most.
    """

    total: Numbers
    largest: Numbers
    second: Numbers

    @property
    def rest(self) -> Numbers:
        """Return what all add but the two who add most."""
        return self.total - self.largest - self.second


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """How many employees stand behind something of each cell, where there is any of it."""

    people: Numbers
    working: Truths


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """What of a table decides which cells are withheld; arrays of one shape.

    - `customers`: how many are in each cell;
    - `bases`: of how many of them single figures are; `crews`: how many employees stand behind each, where it counts.
    """

    customers: Numbers
    bases: tuple[Numbers, ...] = ()
    crews: tuple[Crew, ...] = ()
    amounts: tuple[Amounts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How few are too few, and whether totals leave."""

    k: int
    min_staff: int = 0
    dominance: int = 10
    totals: bool = True

    @property
    def part(self) -> float:
        """Return p as a part of one."""
        return self.dominance / _PER_CENT


def withheld_cells(cells: Cells, rules: Rules) -> dict[Place, Because]:
    """Return the places of the cells that must not leave, each with its reason."""
    found = _primary(cells, rules)
    withheld = np.zeros(cells.customers.shape, dtype=np.bool_)
    for place in found:
        withheld[place] = True
    if rules.totals:
        carried = tuple(np.zeros(withheld.shape) for _ in cells.amounts)
        for place in found:
            _protect(cells, rules, place, _Withheld(withheld, carried))
    places = (tuple(int(each) for each in place) for place in np.argwhere(withheld))
    return {place: found.get(place, Because.COMPLEMENTARY) for place in places}


def _primary(cells: Cells, rules: Rules) -> dict[Place, Because]:
    """Find the cells that may not leave for their own sake, in the order of how hard they are to protect."""
    some = cells.customers > 0
    few = some & (cells.customers < rules.k)
    for base in cells.bases:
        few |= (base > 0) & (base < rules.k)
    tests = [(few, Because.TOO_FEW)]
    short = (each.working & (each.people < rules.min_staff) for each in cells.crews)
    tests.extend((each, Because.TOO_FEW_STAFF) for each in short)
    tests.extend((_is_dominated(each, rules), Because.DOMINANCE) for each in cells.amounts)
    found: dict[Place, Because] = {}
    for test, because in tests:
        for place in np.argwhere(test):
            found.setdefault(tuple(int(each) for each in place), because)
    return dict(sorted(found.items(), key=lambda item: (cells.customers[item[0]], item[0])))


def _is_dominated(amounts: Amounts, rules: Rules) -> Truths:
    return (amounts.largest > 0) & (amounts.rest < amounts.largest * rules.part)


@dataclass(frozen=True, slots=True)
class _Withheld:
    """Which cells are withheld so far, and of each amount how much of the largest of others each cell shields."""

    cells: Truths
    carried: tuple[Numbers, ...]


def _protect(cells: Cells, rules: Rules, place: Place, withheld: _Withheld) -> None:
    """Withhold the corners of the hypercube that protects a cell and takes fewest customers' figures away.

    There always is one: a level with its totals on every axis, which all rise together, without end.
    """
    others = [
        [each for each in range(size) if each != own] for own, size in zip(place, withheld.cells.shape, strict=True)
    ]
    beyond_one = np.maximum(cells.customers - 1, 0)  # a cell that is withheld is not empty, and everybody knows it
    serves = (_width(beyond_one, place, others) >= rules.k) & _is_peopled(cells.customers, place, others)
    for each in cells.amounts:
        serves &= _width(each.total, place, others) >= each.total[place] * rules.part
    shields = _shields(cells, rules, place, withheld)
    price = np.where(withheld.cells, 0.0, cells.customers + 1.0)
    cost: Numbers = np.zeros(serves.shape)
    for corner in product((False, True), repeat=len(place)):
        serves &= (_sign(price.shape, place, others, corner) > 0) | (_at(shields, place, others, corner) > 0)
        cost = cost + _at(price, place, others, corner)
    best = np.unravel_index(int(np.argmin(np.where(serves, cost, np.inf))), serves.shape)
    steps = [[options[int(step)]] for options, step in zip(others, best, strict=True)]
    for corner in product((False, True), repeat=len(place)):
        at = tuple(step if moved else own for own, (step,), moved in zip(place, steps, corner, strict=True))
        withheld.cells[at] = True
        if _sign(price.shape, place, steps, corner).item() < 0:
            _carry(cells, rules, place, withheld, at)


def _carry(cells: Cells, rules: Rules, place: Place, withheld: _Withheld, at: Place) -> None:
    """Note at a corner what it shields."""
    for amounts, carried in zip(cells.amounts, withheld.carried, strict=True):
        if _is_dominated(amounts, rules)[place]:
            carried[at] += amounts.largest[place]


def _shields(cells: Cells, rules: Rules, place: Place, withheld: _Withheld) -> Numbers:
    """Say by 1 or 0 which cells make up for what a cell lacks, so that both may be known together; totals need not."""
    shields: Truths = np.ones(cells.customers.shape, dtype=np.bool_)
    for count in (cells.customers, *cells.bases):
        if 0 < count[place] < rules.k:
            shields &= count >= rules.k
    for crew in cells.crews:
        if crew.working[place] and crew.people[place] < rules.min_staff:
            shields &= crew.people >= rules.min_staff
    for each, carried in zip(cells.amounts, withheld.carried, strict=True):
        shields &= each.total >= each.largest[place] * rules.part
        if _is_dominated(each, rules)[place]:
            shields &= each.rest >= (each.largest + carried + each.largest[place]) * rules.part
    for axis in range(shields.ndim):
        np.moveaxis(shields, axis, 0)[-1] = True
    return shields.astype(np.float64)


def _is_peopled(customers: Numbers, place: Place, others: list[list[int]]) -> Truths:
    """Say of each hypercube whether somebody is in every corner: an empty cell is told, and hides nobody."""
    peopled: Truths = np.ones([len(each) for each in others], dtype=np.bool_)
    for corner in product((False, True), repeat=len(place)):
        peopled &= _at(customers, place, others, corner) > 0
    return peopled


def _width(values: Numbers, place: Place, others: list[list[int]]) -> Numbers:
    """Return, for each choice of one other place on every axis, how wide the interval of the cell is at least."""
    rising: Numbers = np.full([len(each) for each in others], np.inf)
    falling: Numbers = rising.copy()
    for corner in product((False, True), repeat=len(place)):
        value, sign = _at(values, place, others, corner), _sign(values.shape, place, others, corner)
        rising = np.where(sign > 0, np.minimum(rising, value), rising)
        falling = np.where(sign < 0, np.minimum(falling, value), falling)
    width: Numbers = rising + falling
    return width


def _at(values: Numbers, place: Place, others: list[list[int]], corner: tuple[bool, ...]) -> Numbers:
    """Return the values at one corner of every hypercube, to be broadcast."""
    index = [options if step else [own] for own, options, step in zip(place, others, corner, strict=True)]
    corners: Numbers = values[np.ix_(*index)]
    return corners


def _sign(shape: tuple[int, ...], place: Place, others: list[list[int]], corner: tuple[bool, ...]) -> Numbers:
    """Say which way a corner moves as the cell rises: a step between levels turns it, one to a total does not."""
    sign = np.ones([1] * len(shape))
    for axis, (own, options, step) in enumerate(zip(place, others, corner, strict=True)):
        if not step:
            continue
        total = shape[axis] - 1
        turns = np.array([1.0 if total in (own, other) else -1.0 for other in options])
        sign = sign * turns.reshape([-1 if each == axis else 1 for each in range(len(shape))])
    return sign

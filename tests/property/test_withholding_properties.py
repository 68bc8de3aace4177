"""Nobody who knows all that leaves of a table can narrow a withheld cell down: every attack is solved, not argued."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.withholding import Amounts, Because, Cells, Crew, Rules, withheld_cells
from tests.oracle.disclosure_oracle import intervals

K = 5
_NEAR = 1e-6


def with_totals(leaves: np.ndarray) -> np.ndarray:
    for axis in range(leaves.ndim):
        leaves = np.concatenate([leaves, leaves.sum(axis=axis, keepdims=True)], axis=axis)
    return leaves


def crew(*people: float) -> Crew:
    return Crew(people=np.array(people, dtype=float), working=np.array(people) > 0)


def of_parts(parts: dict[tuple[int, ...], list[float]], shape: tuple[int, ...]) -> tuple[Cells, np.ndarray]:
    """Build a table with totals from the amounts of the customers of each leaf."""
    grid: dict[tuple[int, ...], list[float]] = {}
    for place, amounts in parts.items():
        for corner in np.ndindex(*([2] * len(shape))):
            at = tuple(size if up else own for own, size, up in zip(place, shape, corner, strict=True))
            grid.setdefault(at, []).extend(amounts)
    full = tuple(size + 1 for size in shape)
    customers, total, largest, second = (np.zeros(full) for _ in range(4))
    for at, amounts in grid.items():
        ordered = sorted([*amounts, 0.0, 0.0], reverse=True)
        customers[at], total[at], largest[at], second[at] = len(amounts), sum(amounts), ordered[0], ordered[1]
    cells = Cells(customers=customers, amounts=(Amounts(total=total, largest=largest, second=second),))
    return cells, total


@st.composite
def tables(draw: st.DrawFn) -> tuple[Cells, np.ndarray]:
    shape = tuple(draw(st.lists(st.integers(2, 4), min_size=1, max_size=2)))
    amounts = st.lists(st.integers(0, 40).map(float), max_size=14)
    return of_parts({place: draw(amounts) for place in np.ndindex(*shape)}, shape)


@settings(max_examples=60, deadline=None)
@given(tables())
def test_no_withheld_cell_can_be_narrowed_down(table: tuple[Cells, np.ndarray]) -> None:
    cells, total = table
    rules = Rules(k=K)
    withheld = withheld_cells(cells, rules)
    for place, (low, high) in intervals(cells.customers, set(withheld), 1.0).items():
        assert low - _NEAR <= cells.customers[place] <= high + _NEAR
        if withheld[place] is not Because.COMPLEMENTARY:
            assert high - low >= K - _NEAR
    for place, (low, high) in intervals(total, set(withheld)).items():
        if withheld[place] is not Because.COMPLEMENTARY:
            assert high - low >= total[place] * rules.dominance / 100 - _NEAR


@settings(max_examples=60, deadline=None)
@given(tables())
def test_what_leaves_is_of_enough_and_of_nobody_alone(table: tuple[Cells, np.ndarray]) -> None:
    cells, _ = table
    (amounts,) = cells.amounts
    withheld = withheld_cells(cells, Rules(k=K))
    for place in np.ndindex(*cells.customers.shape):
        if place in withheld or cells.customers[place] == 0:
            continue
        assert cells.customers[place] >= K
        rest = amounts.total[place] - amounts.largest[place] - amounts.second[place]
        assert amounts.largest[place] == 0 or rest >= amounts.largest[place] / 10


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=8, max_size=8))
def test_three_dimensions_hold_as_well(counts: list[int]) -> None:
    customers = with_totals(np.array(counts, dtype=float).reshape(2, 2, 2))
    withheld = withheld_cells(Cells(customers=customers), Rules(k=K))
    for place, (low, high) in intervals(customers, set(withheld), 1.0).items():
        if withheld[place] is not Because.COMPLEMENTARY:
            assert high - low >= K - _NEAR


def test_one_small_cell_takes_the_next_smallest_with_it() -> None:
    customers = with_totals(np.array([3.0, 20.0, 50.0]))
    assert withheld_cells(Cells(customers=customers), Rules(k=K)) == {
        (0,): Because.TOO_FEW,
        (1,): Because.COMPLEMENTARY,
    }


def test_an_empty_cell_hides_nobody() -> None:
    """Whoever knows that nobody is in a level computes its neighbour from the total."""
    customers = with_totals(np.array([12.0, 0.0, 20.0]))
    cells = Cells(customers=customers, crews=(crew(4, 0, 9, 13),))
    assert set(withheld_cells(cells, Rules(k=K, min_staff=5))) == {(0,), (2,)}


def test_one_level_alone_goes_with_its_total() -> None:
    """Nothing else is there to hide it: the total leaves as little as the level."""
    cells = Cells(customers=with_totals(np.array([[3.0, 0.0]])))
    assert set(withheld_cells(cells, Rules(k=K))) == {(0, 0), (0, 2), (1, 0), (1, 2)}


def test_without_totals_nothing_has_to_be_withheld_for_others() -> None:
    customers = np.array([3.0, 20.0, 0.0])
    assert withheld_cells(Cells(customers=customers), Rules(k=K, totals=False)) == {(0,): Because.TOO_FEW}


def test_a_bridge_between_two_cycles_is_no_protection() -> None:
    """Two withheld cells on every line are not enough: one that is in no cycle can be computed (Cox 1980)."""
    leaves = np.full((5, 5), 40.0)
    for place in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (2, 3), (3, 2), (3, 3), (0, 2)):
        leaves[place] = 3.0
    customers = with_totals(leaves)
    naive = {tuple(map(int, place)) for place in np.argwhere(leaves == 3.0)} | {(4, 2), (4, 0)}
    assert any(high - low < _NEAR for low, high in intervals(customers, naive - {(4, 0), (4, 2)}).values())
    withheld = withheld_cells(Cells(customers=customers), Rules(k=K))
    found = intervals(customers, set(withheld), 1.0)
    assert all(high - low >= K - _NEAR for place, (low, high) in found.items() if customers[place] < K)


def test_figures_of_few_of_many_are_withheld() -> None:
    customers, base = np.array([50.0, 60.0]), np.array([50.0, 2.0])
    cells = Cells(customers=customers, bases=(base,))
    assert withheld_cells(cells, Rules(k=K, totals=False)) == {(1,): Because.TOO_FEW}


def test_a_team_of_four_is_withheld() -> None:
    cells = Cells(customers=np.array([50.0, 60.0]), crews=(crew(4, 5),))
    rules = Rules(k=K, min_staff=5, totals=False)
    assert withheld_cells(cells, rules) == {(0,): Because.TOO_FEW_STAFF}


@pytest.mark.parametrize(("told", "found"), [("amount", {(0,): Because.DOMINANCE}), ("frequency", {})])
def test_whoever_adds_nearly_all_is_hidden_where_amounts_are_told(told: str, found: object) -> None:
    one = Amounts(
        total=np.array([1000.0]), largest=np.array([950.0]), second=np.array([20.0]), is_frequency=told == "frequency"
    )
    assert withheld_cells(Cells(customers=np.array([50.0]), amounts=(one,)), Rules(k=K, totals=False)) == found

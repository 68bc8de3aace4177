"""Nobody who knows all that leaves of a table can narrow a withheld cell down: every attack is solved, not argued."""

from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.withholding import Amounts, Because, Cells, Crew, Rules, withheld_cells
from tests.oracle.disclosure_oracle import Part, Place, intervals, is_of_many, known_sums

K = 5
_NEAR = 1e-6


def with_totals(leaves: np.ndarray) -> np.ndarray:
    for axis in range(leaves.ndim):
        leaves = np.concatenate([leaves, leaves.sum(axis=axis, keepdims=True)], axis=axis)
    return leaves


def crew(*people: float) -> Crew:
    return Crew(people=np.array(people, dtype=float), working=np.array(people) > 0)


def figures_of(parts: list[Part], shape: tuple[int, ...]) -> Cells:
    """Add the parts of customers up to a table with totals, by loops."""
    grid: dict[Place, list[Part]] = defaultdict(list)
    for part in parts:
        for corner in np.ndindex(*([2] * len(shape))):
            at = tuple(size if up else own for own, size, up in zip(part.place, shape, corner, strict=True))
            grid[at].append(part)
    full = tuple(size + 1 for size in shape)
    customers, base, people, total, largest, second = (np.zeros(full) for _ in range(6))
    for at, found in grid.items():
        added: dict[int, float] = defaultdict(float)
        for part in found:
            added[part.customer] += part.amount or 0.0
        customers[at], total[at] = len(added), sum(added.values())
        base[at] = len({part.customer for part in found if part.amount is not None})
        people[at] = len({who for part in found for who in part.staff})
        largest[at], second[at], *_ = sorted([*added.values(), 0.0, 0.0], reverse=True)
    return Cells(
        customers=customers,
        bases=(base,),
        crews=(Crew(people=people, working=customers > 0),),
        amounts=(Amounts(total=total, largest=largest, second=second),),
    )


KINDS: dict[str, tuple[list[float | None], int]] = {
    "sound": ([5.0] * 12, 9),
    "large": ([300.0] * 14, 12),
    "other": ([1.0] * 6 + [None] * 3, 6),
    "empty": ([], 1),
    "few": ([7.0] * 3, 9),
    "two of nine": ([40.0] * 2 + [None] * 7, 9),
    "none has any": ([None] * 8, 9),
    "all have nothing": ([0.0] * 8, 9),
    "one works": ([5.0] * 9, 1),
    "four work": ([5.0] * 9, 4),
    "one adds all": ([900.0] + [0.0] * 9, 9),
    "one adds most": ([900.0] + [2.0] * 9, 9),
}
"""The amounts of the customers of a cell, and how many work on them."""
SHAPES = st.sampled_from([(3,), (4,), (5,), (3, 2), (3, 3), (2, 2, 2), (2, 3, 2)])
Drawn = tuple[list[Part], tuple[int, ...]]


@st.composite
def tables(draw: st.DrawFn, in_several: st.SearchStrategy[bool]) -> Drawn:
    """Draw cells kind by kind; in tables of customers in several cells whoever leads one leads others, too."""
    shape, shared = draw(SHAPES), draw(in_several)
    kinds = st.sampled_from(list(KINDS)) | st.sampled_from(["sound", "large", "other"])
    parts: list[Part] = []
    for place in np.ndindex(*shape):
        amounts, crew = KINDS[draw(kinds)]
        first, team = (0 if shared else len(parts)), draw(st.integers(0, 3))
        for n, amount in enumerate(amounts):
            parts.append(Part(first + n, place, amount, frozenset({10 * team + n % crew})))
    return parts, shape


PARTITIONS, TABLES = tables(st.just(False)), tables(st.booleans())


RULES = Rules(k=K, min_staff=5)


@settings(max_examples=60, deadline=None)
@given(PARTITIONS)
def test_no_withheld_cell_can_be_narrowed_down(table: Drawn) -> None:
    cells = figures_of(*table)
    withheld = withheld_cells(cells, RULES)
    (amounts,) = cells.amounts
    for place, (low, high) in intervals(cells.customers, set(withheld), 1.0).items():
        assert low - _NEAR <= cells.customers[place] <= high + _NEAR
        if withheld[place] is not Because.COMPLEMENTARY:
            assert high - low >= K - _NEAR
    for place, (low, high) in intervals(amounts.total, set(withheld)).items():
        if withheld[place] is not Because.COMPLEMENTARY:
            assert high - low >= amounts.total[place] * RULES.part - _NEAR
            assert high - amounts.total[place] >= amounts.largest[place] * RULES.part - _NEAR


@settings(max_examples=120, deadline=None)
@given(TABLES)
def test_what_can_be_subtracted_is_of_enough_and_of_nobody_alone(table: Drawn) -> None:
    """Sums of withheld cells that totals give away are figures, too; every set of cells is tried."""
    parts, shape = table
    withheld = withheld_cells(figures_of(parts, shape), RULES)
    full = tuple(size + 1 for size in shape)
    for union in known_sums(full, set(withheld)):
        found = [part for part in parts if part.place in union]
        assert is_of_many(found, k=RULES.k, min_staff=RULES.min_staff, dominance=RULES.dominance)


@settings(max_examples=60, deadline=None)
@given(TABLES)
def test_what_leaves_is_of_enough_and_of_nobody_alone(table: Drawn) -> None:
    cells = figures_of(*table)
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


def test_whoever_adds_nearly_all_is_hidden_where_amounts_are_told() -> None:
    one = Amounts(total=np.array([1000.0]), largest=np.array([950.0]), second=np.array([20.0]))
    cells = Cells(customers=np.array([50.0]), amounts=(one,))
    assert withheld_cells(cells, Rules(k=K, totals=False)) == {(0,): Because.DOMINANCE}


def of_groups(*groups: list[float | None], staff: tuple[int, ...] | None = None) -> dict[Place, Because]:
    """Withhold cells of one dimension, of ten customers each or more; `staff`: how many work in each."""
    parts = [
        Part(100 * at + n, (at,), amount, frozenset({100 * at + n % (staff[at] if staff else 9)}))
        for at, amounts in enumerate(groups)
        for n, amount in enumerate(amounts)
    ]
    return withheld_cells(figures_of(parts, (len(groups),)), Rules(k=10, min_staff=5))


def test_what_one_customer_adds_is_not_hidden_by_customers_who_add_nothing() -> None:
    """All less the third level would be the one amount."""
    withheld = of_groups([1_000_000.0] + [0.0] * 10, [0.0] * 12, [10_000.0] * 30)
    assert withheld == {(0,): Because.DOMINANCE, (2,): Because.COMPLEMENTARY}


def test_the_one_who_has_a_value_is_not_hidden_by_those_who_have_none() -> None:
    withheld = of_groups([777.0] + [None] * 11, [None] * 12, [100.0] * 30)
    assert withheld == {(0,): Because.TOO_FEW, (2,): Because.COMPLEMENTARY}


def test_two_teams_of_one_do_not_hide_each_other() -> None:
    """What is left of all would be the work of two employees, and everybody knows their teams."""
    withheld = of_groups([30.0] * 60, [30.0] * 40, [30.0] * 30, staff=(20, 1, 1))
    assert withheld == {(0,): Because.COMPLEMENTARY, (1,): Because.TOO_FEW_STAFF, (2,): Because.TOO_FEW_STAFF}


def test_one_who_leads_in_two_cells_is_weighed_against_what_both_have_else() -> None:
    """The third would shield either of the first two; but of all three one customer adds nearly all."""
    staff = frozenset(range(6))
    leading = [Part(n, (at,), 0.0 if n else 900.0, staff) for at in (0, 1) for n in range(11)]
    others = [Part(n, (at,), each, staff) for at, each, many in ((2, 10.0, 13), (3, 300.0, 30)) for n in range(1, many)]
    withheld = withheld_cells(figures_of(leading + others, (4,)), Rules(k=10, min_staff=5))
    assert set(withheld) == {(0,), (1,), (2,), (3,)}
    assert withheld_cells(figures_of(leading[11:] + others, (4,)), Rules(k=10, min_staff=5)).keys() == {(1,), (2,)}

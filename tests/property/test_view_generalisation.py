"""A proposed generalisation reaches k, as the gate itself would hide, and no combination on the ladders loses less."""

from itertools import product

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.inspection.ladder import Rung, ladder_of
from hub.inspection.search import MOST_HIDDEN, least_loss
from hub.views.feature import Aggregate, Op, Rows, Shape
from privacy.minimisation import hide_groups_below

AGE = Aggregate(name="age", op=Op.LAST, rows=Rows(table="profiles"), column="contract_length_months")
TIE = Aggregate(
    name="tie", op=Op.LAST, rows=Rows(table="profiles"), column="segment", levels=("gold", "iron", "rare", "tin")
)
SCHEMA = {"age": pl.Int64, "tie": pl.String}
_rows = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(0, 30)), st.one_of(st.none(), st.sampled_from([*TIE.levels, "other"]))),
    min_size=1,
    max_size=60,
)
_shapes = st.sampled_from([Shape(), Shape(round_to=3), Shape(top_code=20, fill=0), Shape(bands=(0, 5, 9, 20))])


def approx(value: float) -> object:
    return pytest.approx(value, abs=1e-9)


def ladders(frame: pl.DataFrame, shape: Shape) -> dict[str, tuple[Rung, ...]]:
    age = Aggregate(name="age", op=AGE.op, rows=AGE.rows, column=AGE.column, shape=shape)
    return {"age": ladder_of(age, frame["age"]), "tie": ladder_of(TIE, frame["tie"])}


def released(frame: pl.DataFrame, rungs: tuple[Rung, ...]) -> tuple[pl.DataFrame, list[str]]:
    """Release the quasi-identifiers by some rungs, groups below k not hidden yet; tell which columns leave."""
    return frame.with_columns(rung.value(SCHEMA[rung.name]()) for rung in rungs), [
        rung.name for rung in rungs if rung.feature is not None
    ]


def naive_penalty(exact: list, told: list, rung: Rung) -> list[float]:
    """Xu et al. (2006), equations 1 to 3, a row at a time."""
    if rung.feature is None:
        return [1.0] * len(exact)
    known = {value for value in exact if value is not None}
    lost = []
    for value, shown in zip(exact, told, strict=True):
        same = {other for other, also in zip(exact, told, strict=True) if other is not None and also == shown}
        if value is None or len(same) == 1:
            lost.append(0.0)
        elif isinstance(value, str):
            lost.append(len(same) / len(known))
        else:
            lost.append((max(same) - min(same)) / (max(known) - min(known)))
    return lost


def naive(frame: pl.DataFrame, rungs: tuple[Rung, ...], k: int) -> tuple[float, float]:
    """Return loss and hidden share of one combination, by hiding as a release does."""
    told, shown = released(frame, rungs)
    each = [naive_penalty(frame[rung.name].to_list(), told[rung.name].to_list(), rung) for rung in rungs]
    numbered = told.with_row_index("row")
    kept = hide_groups_below(numbered.lazy(), shown, k=k).collect() if shown else numbered
    untouched = numbered.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in shown)) if shown else numbered
    visible = set(kept.join(untouched, on=["row", *shown], how="semi", nulls_equal=True)["row"])
    if k == 1:
        visible = set(numbered["row"])
    losses = [sum(lost[row] for lost in each) / len(rungs) if row in visible else 1.0 for row in range(frame.height)]
    return sum(losses) / frame.height, 1 - len(visible) / frame.height


@settings(max_examples=20)
@given(_rows, _shapes, st.integers(2, 6))
def test_nothing_on_the_ladders_reaches_k_with_less_loss(rows: list, shape: Shape, k: int) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    steps = ladders(frame, shape)
    found = least_loss(frame, steps, k=k)
    own = naive(frame, tuple(rungs[0] for rungs in steps.values()), k)
    assert (found.own.loss, found.own.hidden) == (approx(own[0]), approx(own[1]))
    every = [naive(frame, rungs, k) for rungs in product(*steps.values())]
    least = min(loss for loss, hidden in every if hidden <= MOST_HIDDEN + 1e-12)
    assert found.best.loss == approx(least)


@settings(max_examples=20)
@given(_rows, _shapes, st.integers(2, 6))
def test_a_proposal_reaches_k_when_it_is_applied(rows: list, shape: Shape, k: int) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    best = least_loss(frame, ladders(frame, shape), k=k).best
    told, shown = released(frame, best.rungs)
    if shown:
        sizes = hide_groups_below(told.lazy(), shown, k=k).group_by(shown).len().collect()["len"]
        assert all(size >= k for size in sizes)
        assert told.group_by(shown).len().filter(pl.col("len") < k)["len"].sum() <= MOST_HIDDEN * frame.height


def test_exact_ages_are_banded_and_a_rare_level_is_grouped_rather_than_a_column_lost() -> None:
    rows = [(age, "gold" if age % 2 else "iron") for age in range(100) for _ in range(2)] + [(50, "tin")]
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    found = least_loss(frame, ladders(frame, Shape()), k=10)
    assert (found.own.hidden, found.own.loss) == (1.0, 1.0)
    assert [rung.words for rung in found.best.rungs] == [
        "band at 0, 12, 24, 36, 50, 62, 74, 86",
        "show only gold; the others become `other`",
    ]
    assert found.best.hidden == 0
    assert 1 <= found.tried < found.combinations

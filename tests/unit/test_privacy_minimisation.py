import polars as pl
import pytest

from privacy.minimisation import banded, hide_groups_below, hide_groups_in_each, rounded, top_coded


def values(shape: pl.Expr, *raw: float | None) -> list[float | None]:
    return pl.DataFrame({"x": list(raw)}, schema={"x": pl.Float64}).select(shape)["x"].to_list()


def test_top_coding_leaves_what_many_share() -> None:
    assert values(top_coded(pl.col("x"), most=10), -1, 10, 10.5, 1e9, None) == [-1, 10, 10, 10, None]


def test_rounding_goes_half_up_to_the_step() -> None:
    assert values(rounded(pl.col("x"), step=5), 0, 2.4, 2.5, 7.4, 7.5, -2.5, None) == [0, 0, 5, 5, 10, 0, None]


def test_bands_give_their_lower_edge_and_take_the_low_tail() -> None:
    assert values(banded(pl.col("x"), edges=[0, 10, 50]), -3, 0, 9.9, 10, 50, 1e6, None) == [
        0, 0, 0, 10, 50, 50, None,
    ]  # fmt: skip


@pytest.mark.parametrize("edges", [[], [1, 1], [2, 1]])
def test_edges_rise(edges: list[float]) -> None:
    with pytest.raises(ValueError, match="edges"):
        banded(pl.col("x"), edges=edges)


def test_step_is_above_zero() -> None:
    with pytest.raises(ValueError, match="step"):
        rounded(pl.col("x"), step=0)


def hidden(k: int, *areas: str | None) -> list[str | None]:
    """Return the areas left, each row also checked to keep its place."""
    frame = pl.LazyFrame({"area": areas, "row": range(len(areas))}, schema={"area": pl.String, "row": pl.Int64})
    out = hide_groups_below(frame, ["area"], k=k).collect()
    assert out.columns == ["area", "row"]
    assert out["row"].is_sorted()
    return out["area"].to_list()


def test_groups_below_k_lose_their_quasi_identifiers() -> None:
    assert hidden(2, "a", "b", "a", "c", "a") == ["a", None, "a", None, "a"]


def test_a_lone_hidden_row_takes_the_next_smallest_group_with_it() -> None:
    assert hidden(2, "a", "a", "a", "b", "c", "c") == ["a", "a", "a", None, None, None]


def test_rows_empty_by_nature_count_among_the_hidden() -> None:
    assert hidden(2, None, "b", "a", "a") == [None, None, "a", "a"]
    assert hidden(2, None, "a", "a", "c", "c", "c") == [None, None, None, "c", "c", "c"]
    assert hidden(2, None, None, "a", "a") == [None, None, "a", "a"]


def test_fewer_than_k_rows_are_withheld() -> None:
    assert hidden(3, "a", "a") == []
    assert hidden(3) == []


def test_group_of_one_asks_nothing_and_no_group_is_refused() -> None:
    assert hidden(1, "a", "b") == ["a", "b"]
    frame = pl.LazyFrame({"area": ["a"]})
    assert hide_groups_below(frame, [], k=5).collect()["area"].to_list() == ["a"]
    with pytest.raises(ValueError, match="at least 1"):
        hide_groups_below(frame, ["area"], k=0)


def test_one_person_at_several_instants_is_no_group() -> None:
    rows = pl.DataFrame({"as_of": [1, 1, 1, 2, 2, 2, 3, 3, 3], "spent": [5, 6, 7] * 3})
    assert hide_groups_below(rows.lazy(), ["spent"], k=3).collect()["spent"].to_list() == [5, 6, 7] * 3
    hidden = hide_groups_in_each(rows, "as_of", ["spent"], k=3)
    assert hidden["spent"].to_list() == [None] * 9
    assert hidden["as_of"].to_list() == rows["as_of"].to_list()
    assert hide_groups_in_each(rows.drop("as_of"), "as_of", ["spent"], k=3)["spent"].null_count() == 0
    assert hide_groups_in_each(rows.clear(), "as_of", ["spent"], k=3).height == 0

"""Qualities of clusters: by hand, and against counting every pair."""

from itertools import combinations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import ColumnsUnfit
from ingest.match.evaluation import Quality, evaluate

Row = tuple[str, int, int]
rows = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=14)


def frames(told: list[Row]) -> tuple[pl.DataFrame, pl.DataFrame]:
    frame = pl.DataFrame(told, schema=["source", "cluster", "entity"], orient="row").with_row_index("record")
    return frame.select("record", "source", "cluster"), frame.select("record", "entity")


def counted(told: list[Row], sources: tuple[str, str] | None = None) -> Quality:
    pairs = [
        (one, other)
        for one, other in combinations(told, 2)
        if sources is None or tuple(sorted((one[0], other[0]))) == sources
    ]
    claimed = [pair for pair in pairs if pair[0][1] == pair[1][1]]
    there = [pair for pair in pairs if pair[0][2] == pair[1][2]]
    right = [pair for pair in claimed if pair in there]
    return Quality(len(right) / len(claimed) if claimed else 1.0, len(right) / len(there) if there else 1.0)


@given(rows)
def test_pairs_are_counted_as_if_one_by_one(told: list[Row]) -> None:
    evaluation = evaluate(*frames(told))
    assert evaluation.pairwise == counted(told)
    for sources, quality in evaluation.by_sources.items():
        assert quality == counted(told, sources)


@given(rows)
def test_b_cubed_is_the_mean_over_records(told: list[Row]) -> None:
    def share(place: int) -> float:
        return sum(
            sum(other[1:] == row[1:] for other in told) / sum(other[place] == row[place] for other in told)
            for row in told
        ) / len(told)

    b_cubed = evaluate(*frames(told)).b_cubed
    assert (b_cubed.precision, b_cubed.recall) == pytest.approx((share(1), share(2)))


def test_qualities_of_a_small_case() -> None:
    evaluation = evaluate(*frames([("a", 1, 1), ("a", 1, 1), ("b", 1, 2), ("b", 2, 2)]))
    assert evaluation.pairwise == Quality(1 / 3, 1 / 2)
    assert evaluation.pairwise.f1 == pytest.approx(0.4)
    assert evaluation.by_sources[("a", "a")] == Quality(1.0, 1.0)


def test_a_truth_of_other_records_is_refused() -> None:
    clusters, truth = frames([("a", 1, 1)])
    with pytest.raises(ColumnsUnfit, match="no record"):
        evaluate(clusters, truth.with_columns(pl.col("record") + 7))
    with pytest.raises(ColumnsUnfit, match="twice"):
        evaluate(clusters, pl.concat([truth, truth]))

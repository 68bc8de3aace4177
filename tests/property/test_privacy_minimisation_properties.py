from collections import Counter

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from privacy.minimisation import hide_groups_below

quasi = st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from([1, 2, None]))
SCHEMA = {"area": pl.String, "size": pl.Int64, "row": pl.Int64}


def naive(rows: list[tuple[str | None, int | None]], k: int) -> list[tuple[str | None, int | None, int]]:
    """Hide groups one at a time, smallest first, until everything left has k rows."""
    sizes = Counter(rows)
    gone = {(None, None)} | {group for group, size in sizes.items() if size < k}
    order = sorted(sizes, key=lambda group: (sizes[group], *[(v is not None, v) for v in group]))
    while 0 < (pool := sum(sizes[group] for group in gone)) < k:
        left = [group for group in order if group not in gone]
        if not left:
            return [(*row, at) for at, row in enumerate(rows) if row not in gone]
        gone.add(left[0])
    return [
        ((None, None, at) if row in gone else (*row, at)) for at, row in enumerate(rows) if row not in gone or pool >= k
    ]


@given(st.lists(quasi, max_size=25), st.integers(2, 6))
def test_hiding_agrees_with_the_naive_rule(rows: list[tuple[str | None, int | None]], k: int) -> None:
    frame = pl.LazyFrame([(*row, at) for at, row in enumerate(rows)], schema=SCHEMA, orient="row")
    assert hide_groups_below(frame, ["area", "size"], k=k).collect().rows() == naive(rows, k)


@given(st.lists(quasi, max_size=40), st.integers(2, 6))
def test_every_group_that_leaves_has_k_rows(rows: list[tuple[str | None, int | None]], k: int) -> None:
    frame = pl.LazyFrame([(*row, at) for at, row in enumerate(rows)], schema=SCHEMA, orient="row")
    out = hide_groups_below(frame, ["area", "size"], k=k).collect()
    assert all(size >= k for size in Counter(out.select("area", "size").rows()).values())
    assert set(out["row"]) <= set(range(len(rows)))
    assert len(out) == (len(rows) if len(rows) >= k else 0)

"""Chunks joined to about one size: the same rows in the same order, and nothing lost before a fault."""

from collections.abc import Iterator

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import FileRefused
from ingest.readers.chunk import REJECTED, Chunk
from ingest.readers.gathered import gathered

ROWS = 16


def a_chunk(first: int, size: int, refused: int = 0) -> Chunk:
    lines = pl.Series("_line", range(first, first + size), dtype=pl.Int64)
    bad = pl.DataFrame({name: [None] * refused for name in REJECTED.names()}, schema=REJECTED)
    acts = pl.DataFrame({"_line": [first], "_key": ["k"]}) if refused else pl.DataFrame()
    return Chunk(lines.to_frame(), bad, size + refused, restrictive=acts, unheard=refused, source=lines.to_frame())


def chunks_of(sizes: list[int]) -> Iterator[Chunk]:
    first = 0
    for size in sizes:
        yield a_chunk(first, size, refused=size % 3)
        first += size


@given(st.lists(st.integers(0, ROWS), max_size=40))
def test_the_same_rows_come_in_the_same_order(sizes: list[int]) -> None:
    apart, together = list(chunks_of(sizes)), list(gathered(chunks_of(sizes), ROWS))
    for part in ("frame", "source"):
        expected = [line for each in apart for line in getattr(each, part)["_line"]]
        assert [line for each in together for line in getattr(each, part)["_line"]] == expected
    assert sum(each.restrictive.height for each in together) == sum(each.restrictive.height for each in apart)
    assert all(each.frame.height + each.rejected.height == each.read for each in together)
    assert sum(each.unheard for each in together) == sum(each.unheard for each in apart)
    given = 0
    for each in together:
        assert each.frame.height < max(ROWS, min(given // 4, 3 * ROWS)) * 9 / 8
        given += each.frame.height


def test_what_a_block_leaves_over_goes_with_its_neighbour() -> None:
    assert [each.frame.height for each in gathered(chunks_of([1, 16, 6, 9, 15]), ROWS)] == [17, 15, 15]


def test_chunks_grow_with_what_came_before_up_to_three_times_their_size() -> None:
    sizes = [each.frame.height for each in gathered(chunks_of([ROWS] * 40), ROWS)]
    assert sizes[:7] == [ROWS] * 7
    assert sizes[-2] == 3 * ROWS
    assert sizes[:-1] == sorted(sizes[:-1])


def test_chunks_of_other_columns_stay_apart() -> None:
    other = Chunk(pl.DataFrame({"_line": [9], "name": ["x"]}), a_chunk(0, 1).rejected, 1, source=a_chunk(9, 1).source)
    assert len(list(gathered(iter([a_chunk(0, 1), other]), ROWS))) == 2


def test_what_came_before_a_fault_is_given_before_it() -> None:
    def broken() -> Iterator[Chunk]:
        yield from chunks_of([1, 1])
        raise FileRefused("crm", "is cut off", "deliver it again", line=3)

    reading = gathered(broken(), ROWS)
    assert next(reading).frame.height == 2
    with pytest.raises(FileRefused, match="cut off"):
        next(reading)

"""Short transactions: every row once and in order, and no part longer than the last one allows."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from ingest.pipeline.pace import FIRST_ROWS, LEAST_ROWS, MOST_ROWS, Pace

AIM = 0.01


def taking(seconds_a_row: float) -> tuple[Pace, Callable[[int], list[int]]]:
    """Return a pace whose rows take that long, and how many rows each of its parts has."""
    spent = [0.0]
    pace = Pace(lambda: spent[0])

    def sizes(count: int) -> list[int]:
        found = []
        for part in pace.parts(count):
            found.append(part.stop - part.start)
            spent[0] += found[-1] * seconds_a_row
        return found

    return pace, sizes


@given(st.integers(0, 50_000), st.floats(0, 0.01))
def test_every_row_is_in_one_part_in_order(count: int, seconds_a_row: float) -> None:
    pace, _ = taking(seconds_a_row)
    assert [row for part in pace.parts(count) for row in range(count)[part]] == list(range(count))


@given(st.floats(1e-6, 1e-3))
def test_parts_come_to_take_as_long_as_they_may(seconds_a_row: float) -> None:
    _, sizes = taking(seconds_a_row)
    settled = sizes(200_000)[10:-1]
    wanted = min(max(AIM / seconds_a_row, LEAST_ROWS), MOST_ROWS)
    assert all(abs(size - wanted) <= 1 for size in settled)


def test_a_slow_part_is_followed_by_a_short_one_and_growth_is_gradual() -> None:
    spent = [0.0]
    pace = Pace(lambda: spent[0])
    sizes = []
    for part, seconds in zip(pace.parts(10**6), (0.001, 0.001, 0.2, 0.001, 0.001), strict=False):
        sizes.append(part.stop - part.start)
        spent[0] += seconds
    short = round(4 * FIRST_ROWS * AIM / 0.2)
    assert sizes == [FIRST_ROWS, 2 * FIRST_ROWS, 4 * FIRST_ROWS, short, 2 * short]


def test_what_one_delivery_taught_counts_for_the_next_chunk() -> None:
    _, sizes = taking(1e-3)
    sizes(5_000)
    assert sizes(100) == [LEAST_ROWS] * 5

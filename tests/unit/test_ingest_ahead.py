"""Reading ahead changes neither order nor faults."""

from collections.abc import Iterator

import pytest

from ingest.readers.ahead import ahead


def numbers(until: int, fault_at: int | None = None) -> Iterator[int]:
    for number in range(until):
        if number == fault_at:
            raise ValueError(number)
        yield number


@pytest.mark.parametrize("count", [0, 1, 7])
def test_items_come_in_order_and_all(count: int) -> None:
    assert list(ahead(numbers(count))) == list(range(count))


def test_a_fault_comes_where_its_item_would_have() -> None:
    reading = ahead(numbers(5, fault_at=2))
    assert [next(reading), next(reading)] == [0, 1]
    with pytest.raises(ValueError, match="2"):
        next(reading)


def test_the_next_items_are_under_way_while_one_is_in_use() -> None:
    taken: list[int] = []

    def noted() -> Iterator[int]:
        for number in range(10):
            taken.append(number)
            yield number

    reading = ahead(noted())
    assert next(reading) == 0
    reading.close()  # waits for those under way
    assert taken == [0, 1, 2]

"""Read ahead: the next chunks are decoded and typed while this one is being named and sealed."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

Item = TypeVar("Item")
_END: Final = object()
_DEPTH: Final = 2
"""The first chunk's customers are looked up while nothing can be written yet: time enough to type two more."""


def ahead(items: Iterator[Item]) -> Generator[Item, None, None]:
    """Give the items in order, each taken in a thread of its own while its forerunners are in use.

    A fault is raised where its item would have come. Whoever stops early waits for the items under way, no longer.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="varde-reading") as reader:
        coming = deque(reader.submit(next, items, _END) for _ in range(_DEPTH))
        while (item := coming.popleft().result()) is not _END:
            coming.append(reader.submit(next, items, _END))
            yield item  # type: ignore[misc]  # it is not the end, hence an item

"""Read one chunk ahead: the next is decoded and typed while this one is being named and sealed."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

Item = TypeVar("Item")
_END: Final = object()


def ahead(items: Iterator[Item]) -> Generator[Item, None, None]:
    """Give the items in order, each taken in a thread of its own while its forerunner is in use.

    A fault is raised where its item would have come. Whoever stops early waits for the item under way, no longer.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="varde-reading") as reader:
        coming = reader.submit(next, items, _END)
        while (item := coming.result()) is not _END:
            coming = reader.submit(next, items, _END)
            yield item  # type: ignore[misc]  # it is not the end, hence an item

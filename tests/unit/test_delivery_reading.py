"""A delivery that fails leaves no thread that goes on reading its file."""

import threading
from collections.abc import Generator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from ingest.pipeline import delivery
from ingest.readers.ahead import ahead


def _reading() -> bool:
    return any(thread.name.startswith("varde-reading") for thread in threading.enumerate())


class _Failing:
    """An arrival that takes nothing, and notes whether the file was still being read when it was closed."""

    chunk_rows = 1
    read_when_closed: bool | None = None

    def gathered(self, chunks: Iterator[Any]) -> Iterator[Any]:
        return chunks

    def take(self, _chunk: object) -> None:
        assert _reading(), "the next chunk is being read ahead"
        raise MemoryError

    def close(self) -> None:
        self.read_when_closed = _reading()


def test_a_fault_ends_the_reading_whoever_else_still_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[Generator[Any, None, None]] = []

    def held_ahead(items: Iterator[Any]) -> Generator[Any, None, None]:
        held.append(ahead(items))
        return held[0]

    def chunks(*, rows: int) -> Iterator[int]:
        yield from range(10 * rows)

    monkeypatch.setattr(delivery, "ahead", held_ahead)
    arrival: Any = _Failing()
    source: Any = SimpleNamespace(chunks=chunks)
    ports: Any = SimpleNamespace()
    with pytest.raises(MemoryError):
        delivery._land(source, arrival, ports)
    assert arrival.read_when_closed is False

"""How many rows one short transaction takes: opt-outs wait behind it, so it is cut by time and not by count.

A row costs ten times more in a big database than in a small one, and on one machine than on another. The processor
time of a part tells how big the next may be; wall time would measure the neighbours and the queue.
"""

from collections.abc import Callable, Iterator
from typing import Final

FIRST_ROWS: Final = 250
MOST_ROWS: Final = 8_000
LEAST_ROWS: Final = 20
_SECONDS: Final = 0.01
"""What a part aims at; a lock may be held for 0.05. At a million people the disk takes as long again, and then some."""

_GROWTH: Final = 2


class Pace:
    """Cuts rows into parts, each as long as the one before says that a short transaction may be."""

    def __init__(
        self, spent: Callable[[], float], *, first: int = FIRST_ROWS, least: int = LEAST_ROWS, seconds: float = _SECONDS
    ) -> None:
        """Take the clock, processor seconds of this thread; how many rows to begin with, at least, and the aim."""
        self._spent = spent
        self._seconds = seconds
        self._rows = first
        self._least = least

    def parts(self, count: int) -> Iterator[slice]:
        """Cut `count` rows; whoever asks for the next part has ended the transaction of the last."""
        start = 0
        while start < count:
            part = slice(start, min(start + self._rows, count))
            begun = self._spent()
            yield part
            self._learn(part.stop - start, self._spent() - begun)
            start = part.stop

    def _learn(self, rows: int, seconds: float) -> None:
        """Shrink at once, grow step by step: a part that was quick by chance must not make a long one."""
        wanted = int(rows * self._seconds / seconds) if seconds > 0 else self._rows
        self._rows = max(self._least, min(wanted, self._rows * _GROWTH, MOST_ROWS))

"""Work that follows behind: some chunks are written while the next is reckoned.

Rules kept here: a bounded number of tasks at a time, so that memory holds a bounded number of chunks; one worker keeps
the order in which tasks were put; a fault is told at a later `put` or `wait`, before anything could be flipped;
`close` leaves nothing running, whatever happened.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class Behind:
    """Runs tasks in threads of its own, at most so many at once."""

    def __init__(self, name: str, *, at_once: int) -> None:
        self._at_once = at_once
        self._workers = ThreadPoolExecutor(at_once, thread_name_prefix=name)
        self._running: deque[Future[None]] = deque()

    def put(self, task: Callable[[], None]) -> None:
        """Begin a task; wait for an earlier one first if there are enough."""
        if len(self._running) == self._at_once:
            self._running.popleft().result()
        self._running.append(self._workers.submit(task))

    def wait(self) -> None:
        """Wait until all that was put is done; raise what went wrong."""
        while self._running:
            self._running.popleft().result()

    def close(self) -> None:
        """Wait for what still runs, without caring how it ends: after a fault the batch is given up anyway."""
        self._workers.shutdown(wait=True)

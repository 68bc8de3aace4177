"""Work on rows by the hundred thousand, during which nobody looks for garbage in cycles.

Rows are tuples of numbers and bytes: they are freed when the last name of them goes. Python's collector does not know
that, looks again whenever some hundred more came than went, and each look at everything touches all of them.
https://docs.python.org/3/library/gc.html
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_TURN = Lock()
_AT_WORK = 0


@contextmanager
def uncollected() -> Iterator[None]:
    """Put the collector of this process off until whoever works like this, in any thread, is done."""
    global _AT_WORK  # noqa: PLW0603 - the collector is the process's
    with _TURN:
        if _AT_WORK == 0:
            gc.disable()
        _AT_WORK += 1
    try:
        yield
    finally:
        with _TURN:
            _AT_WORK -= 1
            if _AT_WORK == 0:
                gc.enable()

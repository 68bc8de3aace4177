"""How many threads a fit may use: one for small tables, because waiting for each other costs more than the work.

Measured on a busy machine of two cores: 20 times. One thread also adds up in one order, whatever the machine.
"""

from contextlib import AbstractContextManager
from typing import Any

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn, without stubs

from predict.frames import Matrix

MANY_CELLS = 5_000_000


def few_threads(raw: Matrix) -> AbstractContextManager[Any]:
    """Use one thread for a table below `MANY_CELLS`, as many as there are above."""
    limit: AbstractContextManager[Any] = threadpool_limits(limits=None if raw.size > MANY_CELLS else 1)
    return limit


def thread_count(raw: Matrix) -> int:
    """Give the same limit as a number; 0: as many as there are."""
    return 0 if raw.size > MANY_CELLS else 1

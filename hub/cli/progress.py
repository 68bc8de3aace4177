"""A progress bar on standard error, for people only: where nobody watches, nothing is drawn."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from hub.cli.message import console


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None]]:
    """Show how many rows were read so far; yields the function that is told the number.

    How many there will be is not known before a file was read, so the bar shows movement, not a share.
    """
    terminal = console()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:,.0f} rows"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as progress:
        task = progress.add_task(what, total=None)
        yield lambda rows: progress.update(task, completed=rows)


@contextmanager
def counting_to(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how many of a known number are done; yields the function that is told the number."""
    terminal = console()
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=terminal, transient=True, disable=not terminal.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)

"""What is said to people: always on standard error, so that standard output stays data."""

from typing import Final

from rich.console import Console

_PLAIN: Final = {"markup": False, "highlight": False, "soft_wrap": True}


def console() -> Console:
    """Return the console of standard error as it is now (tests and pipes exchange it)."""
    return Console(stderr=True)


def say(text: str) -> None:
    """Tell how it went or what comes next."""
    console().print(text, **_PLAIN)  # type: ignore[arg-type]  # one set of switches, all of them bool


def warn(text: str) -> None:
    """Tell what needs attention though the command goes on."""
    console().print(f"Note: {text}", style="yellow", **_PLAIN)  # type: ignore[arg-type]  # as in say


def complain(text: str) -> None:
    """Tell why the command could not do what was asked."""
    console().print(f"varde: {text}", style="red", **_PLAIN)  # type: ignore[arg-type]  # as in say


def counted(number: int, one: str, many: str) -> str:
    """Put a number before the words that agree with it: `1 row was`, `2 rows were`."""
    return f"{number} {one if number == 1 else many}"


def would(text: str) -> None:
    """Tell what a dry run left undone."""
    say(f"Dry run: would {text}. Nothing was changed.")

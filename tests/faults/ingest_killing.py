"""Fixtures for killing processes: one forking child for a module, homes prepared once and copied."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.faults.ingest_company import copy_home

KILLED = 9
Ask = Callable[..., int]


@contextmanager
def asking() -> Iterator[Ask]:
    """Start a forking child; ask it to carry out acts on a home and get the wait status of whoever did."""
    command = [sys.executable, "-W", "error::UserWarning", "-m", "tests.faults.ingest_child"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def ask(home: Path, acts: Sequence[str], *, step: str = "", minutes: int = 0, **more: Any) -> int:
            asked = {"home": str(home), "folder": str(home.parent / "in"), "acts": list(acts)}
            process.stdin.write(json.dumps(asked | {"step": step, "minutes": minutes} | more) + "\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield ask
        process.stdin.close()


def kill(ask: Ask, home: Path, acts: Sequence[str], step: str, **more: Any) -> None:
    """Have a child carry out acts and die at a step; fail if it lived."""
    status = ask(home, acts, step=step, **more)
    assert os.WIFSIGNALED(status), f"{step} was never reached: {told(home)}"
    assert os.WTERMSIG(status) == KILLED


def succeed(ask: Ask, home: Path, acts: Sequence[str], **more: Any) -> None:
    """Have a child carry out acts; fail if it did not."""
    assert ask(home, acts, **more) == 0, told(home)


def told(home: Path) -> str:
    """Read what the last failed child said."""
    path = home.parent / "in" / "told"
    return path.read_text() if path.exists() else "nothing"


def prepared(ask: Ask, template: Path, folder: Path, acts: Sequence[str]) -> Path:
    """Make a home in which some acts have been carried out."""
    folder.mkdir()
    home = copy_home(template, folder / "home")
    for act in acts:
        succeed(ask, home, [act])
    return home


def copied(home: Path, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return copy_home(home, folder / "home")

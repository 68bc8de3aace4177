"""Training and scoring run in a process of their own: no key, no database URL, no token, and no network.

The child gets frames on standard input and gives frames back; its environment holds nothing but the path it needs to
start. It cannot import the hub's settings into anything useful: there are none.
"""

import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Final, TypedDict

from hub.errors import ChildFailed
from predict.wire import Message, read_message, write_message


class Surroundings(TypedDict):
    """Where a child runs."""

    cwd: str
    env: dict[str, str]


_SECONDS: Final = 3600
_ROOT: Final = Path(__file__).parent.parent.parent


def ask(action: str, module: str, message: Message) -> Message:
    """Run one action of a prediction module in a child process and return its answer.

    Raises:
        ChildFailed: it refused (its reason is told) or ended unexpectedly (only the error's class is told).

    """
    request = BytesIO()
    write_message(request, message)
    answered = subprocess.run(  # noqa: S603 - our own module, by the running interpreter
        command(action, module),
        input=request.getvalue(),
        capture_output=True,
        timeout=_SECONDS,
        check=False,
        **surroundings(),
    )
    if not answered.stdout:
        raise ChildFailed(module, "ChildEnded", f"{action} ended without an answer (exit {answered.returncode})")
    return answer_of(module, read_message(BytesIO(answered.stdout)))


def command(action: str, module: str) -> list[str]:
    """Say how a child is started."""
    return [sys.executable, "-P", "-m", "predict", action, module]


def surroundings() -> Surroundings:
    """Say where a child runs and what it knows of its environment: the path to its code, nothing else."""
    return {"cwd": os.sep, "env": {"PYTHONPATH": str(_ROOT), "OMP_WAIT_POLICY": "passive"}}


def answer_of(module: str, answer: Message) -> Message:
    """Return an answer, or raise ChildFailed with the reason that it tells."""
    if not answer.fields.get("ok"):
        error = answer.fields.get("error") or {}
        raise ChildFailed(module, str(error.get("kind", "unknown")), str(error.get("text", "no reason given")))
    return answer

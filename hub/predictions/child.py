"""Training and scoring run in a process of their own: no key, no database URL, no token, and no network.

The child gets frames on standard input and gives frames back; its environment holds nothing but the path it needs to
start. It cannot import the hub's settings into anything useful: there are none.
"""

import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Final

from hub.errors import ChildFailed
from predict.wire import Message, read_message, write_message

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
        [sys.executable, "-P", "-m", "predict", action, module],
        input=request.getvalue(),
        capture_output=True,
        timeout=_SECONDS,
        check=False,
        cwd=os.sep,
        env={"PYTHONPATH": str(_ROOT), "OMP_WAIT_POLICY": "passive"},
    )
    if not answered.stdout:
        raise ChildFailed(module, "ChildEnded", f"{action} ended without an answer (exit {answered.returncode})")
    answer = read_message(BytesIO(answered.stdout))
    if not answer.fields.get("ok"):
        error = answer.fields.get("error") or {}
        raise ChildFailed(module, str(error.get("kind", "unknown")), str(error.get("text", "no reason given")))
    return answer

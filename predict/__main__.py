"""The child process: `python -m predict ACTION MODULE`, a message on stdin, a message on stdout.

It opens no file and no connection (on Linux the kernel refuses it any: `predict.confinement`) and needs no environment.
`predict.actions` lists what can be asked. The answer's header has `ok`; when false `error` has `kind` (the class),
`text` (no value of a row) and its fields. Exit code: 0 done, 1 unexpected, 2 refused.
"""

import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from predict.actions import ACTIONS
from predict.confinement import confine
from predict.errors import MessageRefused, PredictError
from predict.module import Module
from predict.registry import DECLARED, load
from predict.wire import Message, read_message, write_message

DONE, UNEXPECTED, REFUSED = 0, 1, 2


def main(arguments: list[str], source: BinaryIO, sink: BinaryIO) -> int:
    """Answer one message and give the exit code."""
    try:
        action, module = _asked(arguments)
        answer = action(module, read_message(source))
    except PredictError as exc:
        write_message(sink, Message({"ok": False, "error": _told(exc)}))
        return REFUSED
    except Exception as exc:  # noqa: BLE001 - the text of a foreign error may hold a value: only its class is told
        write_message(sink, Message({"ok": False, "error": {"kind": type(exc).__name__, "text": "unexpected"}}))
        return UNEXPECTED
    write_message(sink, answer)
    return DONE


def _asked(arguments: list[str]) -> tuple[Callable[[Module, Message], Message], Module]:
    if len(arguments) != 2 or arguments[0] not in ACTIONS or arguments[1] not in DECLARED:  # noqa: PLR2004 - action and module
        raise MessageRefused(f"usage: python -m predict {'|'.join(ACTIONS)} {'|'.join(DECLARED)}")
    return ACTIONS[arguments[0]], load(arguments[1])


def _told(error: PredictError) -> dict[str, Any]:
    plain = {name: value for name, value in vars(error).items() if isinstance(value, str | int)}
    return {"kind": type(error).__name__, "text": str(error), "fields": plain}


if __name__ == "__main__":
    confine()
    sys.exit(main(sys.argv[1:], sys.stdin.buffer, sys.stdout.buffer))

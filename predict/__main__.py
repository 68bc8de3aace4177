"""The child process: `python -m predict ACTION MODULE` or `study NAME`, a message on stdin, a message on stdout.

With `one MODULE` it stays and answers message after message (`predict.single`).

It opens no file and no connection (on Linux the kernel refuses it any: `predict.confinement`) and needs no
environment. `predict.actions` lists what can be asked of a module, `predict.studies` the studies. The answer's header
has `ok`; when false `error` has `kind` (the class), `text` (no value of a row) and its fields. Exit code: 0 done, 1
unexpected, 2 refused.
"""

import sys
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO

from predict.actions import ACTIONS
from predict.confinement import confine
from predict.errors import MessageRefused, PredictError
from predict.registry import DECLARED, load
from predict.single import ONE, answer_each
from predict.studies import STUDIES, STUDY, load_study
from predict.wire import Message, read_message, write_message

DONE, UNEXPECTED, REFUSED = 0, 1, 2


def main(arguments: list[str], source: BinaryIO, sink: BinaryIO) -> int:
    """Answer one message and give the exit code."""
    try:
        if arguments[:1] == [ONE] and arguments[1:] and arguments[1] in DECLARED:
            answer_each(load(arguments[1]), source, sink)
            return DONE
        answer = _asked(arguments)(read_message(source))
    except PredictError as exc:
        write_message(sink, Message({"ok": False, "error": _told(exc)}))
        return REFUSED
    except Exception as exc:  # noqa: BLE001 - the text of a foreign error may hold a value: only its class is told
        write_message(sink, Message({"ok": False, "error": {"kind": type(exc).__name__, "text": "unexpected"}}))
        return UNEXPECTED
    write_message(sink, answer)
    return DONE


def _asked(arguments: list[str]) -> Callable[[Message], Message]:
    match arguments:
        case [asked, name] if asked == STUDY and name in STUDIES:
            return load_study(name)
        case [action, name] if action in ACTIONS and name in DECLARED:
            return partial(ACTIONS[action], load(name))
    usage = f"{'|'.join(ACTIONS)} {'|'.join(DECLARED)}, or {STUDY} {'|'.join(STUDIES)}"
    raise MessageRefused(f"usage: python -m predict {usage}")


def _told(error: PredictError) -> dict[str, Any]:
    plain = {name: value for name, value in vars(error).items() if isinstance(value, str | int)}
    return {"kind": type(error).__name__, "text": str(error), "fields": plain}


if __name__ == "__main__":
    confine()
    sys.exit(main(sys.argv[1:], sys.stdin.buffer, sys.stdout.buffer))

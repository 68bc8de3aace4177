"""The child process: `python -m predict ACTION MODULE`, a message on stdin, a message on stdout.

It opens no file and no connection (on Linux the kernel refuses it any: `predict.confinement`) and needs no environment.
Header fields and parts by action:

| action | fields in | parts in | parts out |
|---|---|---|---|
| train | horizon_days, seed, capacity, history_months, features | frame (arrow) | artefact (json), report (json) |
| readiness | as train | frame (arrow) | readiness (json) |
| score | capacity, language or null | artefact (json), frame (arrow) | scores (arrow), reasons (arrow) |
| report | | artefact (json) | report (json), markdown (text), html (text) |

`features` is a list of {name, role, unit, labels, activity} (`predict.feature`). The answer's header has `ok`; when
false `error` has `kind` (the class), `text` (no value of a row) and its fields. Exit code: 0 done, 1 unexpected,
2 refused.
"""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from predict.confinement import confine
from predict.errors import MessageRefused, PredictError
from predict.feature import features_of
from predict.module import Brief, Module
from predict.registry import DECLARED, load
from predict.wire import Message, arrow, read_message, write_message

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
    actions: dict[str, Callable[[Module, Message], Message]] = {
        "train": _train,
        "readiness": _readiness,
        "score": _score,
        "report": _report,
    }
    if len(arguments) != 2 or arguments[0] not in actions or arguments[1] not in DECLARED:  # noqa: PLR2004 - action and module
        raise MessageRefused(f"usage: python -m predict {'|'.join(actions)} {'|'.join(DECLARED)}")
    return actions[arguments[0]], load(arguments[1])


def _train(module: Module, asked: Message) -> Message:
    packed = module.train(asked.frame("frame"), _brief(asked.fields))
    told = json.dumps(module.report(packed).values, sort_keys=True).encode()
    return Message({"ok": True}, {"artefact": packed, "report": told})


def _readiness(module: Module, asked: Message) -> Message:
    verdict = module.readiness(asked.frame("frame"), _brief(asked.fields))
    return Message({"ok": True}, {"readiness": json.dumps(verdict.as_mapping(), sort_keys=True).encode()})


def _score(module: Module, asked: Message) -> Message:
    packed = asked.part("artefact")
    scores = module.score(packed, asked.frame("frame"), capacity=_capacity(asked.fields))
    parts = {"scores": arrow(scores)}
    language = asked.fields.get("language")
    if language is not None:
        parts["reasons"] = arrow(module.reasons(scores, packed, language=str(language)))
    return Message({"ok": True}, parts, dict.fromkeys(parts, "arrow"))


def _report(module: Module, asked: Message) -> Message:
    told = module.report(asked.part("artefact"))
    parts = {
        "report": json.dumps(told.values, sort_keys=True).encode(),
        "markdown": told.markdown.encode(),
        "html": told.html.encode(),
    }
    return Message({"ok": True}, parts, {"report": "json", "markdown": "text", "html": "text"})


def _brief(fields: Mapping[str, Any]) -> Brief:
    return Brief(
        horizon_days=_whole(fields, "horizon_days"),
        features=_features(fields),
        seed=_whole(fields, "seed", 0),
        capacity=_capacity(fields),
        history_months=_months(fields),
    )


def _months(fields: Mapping[str, Any]) -> float | None:
    value = fields.get("history_months")
    if value is not None and (not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 10_000):  # noqa: PLR2004 - longer than records exist
        raise MessageRefused("field 'history_months' must be a number of months, or nothing")
    return None if value is None else float(value)


def _features(fields: Mapping[str, Any]) -> tuple[Any, ...]:
    described = fields.get("features", [])
    try:
        return features_of([one["name"] for one in described], described)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise MessageRefused("features must be a list of {name, role, unit, labels, activity}") from exc


def _capacity(fields: Mapping[str, Any]) -> int | None:
    return None if fields.get("capacity") is None else _whole(fields, "capacity")


def _whole(fields: Mapping[str, Any], name: str, default: int | None = None) -> int:
    value = fields.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0 or (name != "seed" and value == 0):
        raise MessageRefused(f"field {name!r} must be a whole number above zero")
    return value


def _told(error: PredictError) -> dict[str, Any]:
    plain = {name: value for name, value in vars(error).items() if isinstance(value, str | int)}
    return {"kind": type(error).__name__, "text": str(error), "fields": plain}


if __name__ == "__main__":
    confine()
    sys.exit(main(sys.argv[1:], sys.stdin.buffer, sys.stdout.buffer))

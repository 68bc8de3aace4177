"""The study as the child process answers it: a message in, a message out (`predict.studies` lists fields and parts)."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from predict.causes.verdict import Verdict
from predict.errors import MessageRefused
from predict.voice.casework import PROMISED, promises_of
from predict.voice.page import html
from predict.voice.study import PARTS, Question, studied
from predict.voice.words import LANGUAGES
from predict.wire import Message

_SEED: Final = 7


def answer(asked: Message) -> Message:
    """Answer with `study` (JSON) and `html`.

    Raises:
        MessageRefused: no instant, or a language that the page has no words in.
        PredictError: a frame or a promise does not keep its contract.
    """
    told = studied({name: asked.frame(name) for name in PARTS if name in asked.parts}, _question(asked.fields))
    parts = {"study": json.dumps(told, ensure_ascii=False, sort_keys=True).encode(), "html": html(told).encode()}
    return Message({"ok": True}, parts, {"study": "json", "html": "text"})


def _question(fields: Mapping[str, Any]) -> Question:
    language = str(fields.get("language"))
    if language not in LANGUAGES or "as_of" not in fields:
        raise MessageRefused(f"a study needs as_of, and a language of {', '.join(LANGUAGES)}")
    said = fields.get("said") or {}
    return Question(
        as_of=datetime.fromisoformat(str(fields["as_of"])),
        language=language,
        promises=promises_of(fields.get("promises") or PROMISED),
        said={key: (Verdict(one["verdict"]), tuple(one["levels"].items())) for key, one in said.items()},
        seed=int(fields.get("seed") or _SEED),
    )

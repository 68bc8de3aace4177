"""The study as the child process answers it: a message in, a message out (`predict.studies` lists fields and parts)."""

import json
from collections.abc import Mapping
from typing import Any, Final

from predict.causes.verdict import Said, Verdict
from predict.errors import ArtefactRefused, MessageRefused
from predict.field import instant_of, seed_of
from predict.satisfaction.hearing import Ear
from predict.satisfaction.kept_ear import ear_in_bytes, shipped_ear
from predict.voice.casework import PROMISED, promises_of
from predict.voice.page import headlines, html
from predict.voice.proposals import proposals
from predict.voice.rules import rules_of, tasks_of
from predict.voice.study import PARTS, Question, studied
from predict.voice.words import LANGUAGES
from predict.wire import Message

MODEL: Final = "model"
"""The part that holds the current model of satisfaction, where there is one: its ear knows the company's own words."""
_SEED: Final = 7


def answer(asked: Message) -> Message:
    """Answer with `study`, `proposals`, `headlines`, `tasks` (JSON) and `html`; an earlier `study` is only told anew.

    Raises:
        MessageRefused: no instant, or a language that the page has no words in.
        PredictError: a frame or a promise does not keep its contract.
    """
    language = str(asked.fields.get("language"))
    if language not in LANGUAGES:
        raise MessageRefused(f"a study is told in {', '.join(LANGUAGES)}")
    if "study" in asked.parts:
        told = json.loads(asked.part("study"))
    else:
        frames = {name: asked.frame(name) for name in PARTS if name in asked.parts}
        told = studied(frames, _question(asked.fields, _ear(asked)))
    proposed = proposals(told, _said(asked.fields), language)
    tasks = tasks_of(told, proposed, rules_of(asked.fields.get("rules") or []))
    written = {
        "study": told,
        "proposals": proposed,
        "headlines": headlines(told, proposed, language),
        "tasks": [one.told() for one in tasks],
    }
    parts = {name: json.dumps(each, ensure_ascii=False, sort_keys=True).encode() for name, each in written.items()}
    parts["html"] = html(told, proposed, language).encode()
    return Message({"ok": True}, parts, {name: "text" if name == "html" else "json" for name in parts})


def _ear(asked: Message) -> Ear:
    """Hear with the model's ear; one of another version is as good as none, until satisfaction is trained anew."""
    try:
        return ear_in_bytes(asked.part(MODEL)) if MODEL in asked.parts else shipped_ear()
    except ArtefactRefused:
        return shipped_ear()


def _question(fields: Mapping[str, Any], ear: Ear) -> Question:
    return Question(
        ear=ear,
        as_of=instant_of(fields, "as_of"),
        promises=promises_of(fields.get("promises") or PROMISED),
        seed=seed_of(fields, _SEED),
    )


def _said(fields: Mapping[str, Any]) -> Said:
    said = fields.get("said") or {}
    return {key: (Verdict(one["verdict"]), tuple(one["levels"].items())) for key, one in said.items()}

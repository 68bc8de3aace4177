"""Suggested answers as the child process gives them: a message in, a message out (`predict.studies` lists both)."""

import json
from collections.abc import Mapping
from typing import Any, Final

from predict.answers.choose import chosen
from predict.answers.library import library_of
from predict.answers.page import html
from predict.answers.questions import candidates
from predict.answers.words import WORDS
from predict.errors import MessageRefused
from predict.field import seed_of
from predict.satisfaction.own_themes import beside, own_themes
from predict.satisfaction.themes import OTHER, Themes
from predict.wire import Message, arrow
from predict.writing.exchange import THREAD, verify_exchange

_SEED: Final = 7
_SHOWN: Final = 20


def topics_with(themes: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Name the topics that answers may be of: ours, and a company's own."""
    return (*_themes(themes).categories, OTHER)


def answer(asked: Message) -> Message:
    """Answer with `suggestions` (arrow), `told` (JSON: counts and candidates for questions) and `html`.

    Raises:
        MessageRefused: a language that the page has no words in.
        PredictError: the frame or the library does not keep its contract.
    """
    fields, language = asked.fields, str(asked.fields.get("language"))
    if language not in WORDS:
        raise MessageRefused(f"suggestions are told in {', '.join(WORDS)}")
    frame, themes = verify_exchange(asked.frame("replies")), _themes(fields.get("themes"))
    library = library_of(fields.get("library") or {}, topics_with(fields.get("themes")))
    found = chosen(frame, library, themes)
    told: dict[str, Any] = {
        "waiting": found.height,
        "suggested": found["answer"].count(),
        "version": library.version,
        "faq": candidates(frame, library, themes, seed=seed_of(fields, _SEED)),
        "judged": fields.get("judged") or {},
    }
    shown = found.head(int(fields.get("shown") or _SHOWN))
    threads = frame.filter(frame[THREAD].is_in(shown[THREAD].implode()))
    page = html(told | {"suggestions": shown.to_dicts()}, threads, language)
    parts = {"suggestions": arrow(found), "told": json.dumps(told, sort_keys=True).encode(), "html": page.encode()}
    return Message({"ok": True}, parts, {"suggestions": "arrow", "told": "json", "html": "text"})


def _themes(written: Mapping[str, Any] | None) -> Themes:
    return beside(Themes.shipped(), own_themes(written or {}))

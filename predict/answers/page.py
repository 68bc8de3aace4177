"""Suggested answers as a page: each waiting thread, redacted, beside where a colleague may start; nothing is sent."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

import polars as pl

from predict.answers.words import WORDS
from predict.page import document, table
from predict.text.words import TEXT
from predict.writing.exchange import AGE, DIRECTION, THREAD

MOST_MESSAGES: Final = 6
OUTCOMES: Final = ("accepted", "edited", "rejected", "taken_over")
_STYLE: Final = (
    "<style>.case{display:grid;grid-template-columns:1fr 1fr;gap:1.5rem;border-top:1px solid #ccd3dc;padding:1rem 0}"
    ".case p{margin:.3rem 0;white-space:pre-line}.case .us{color:#556;padding-left:1rem}"
    ".take{border-left:4px solid #b45309;padding-left:.8rem}"
    ".start{border-left:4px solid #1c4f82;padding-left:.8rem}</style>"
)


def html(told: Mapping[str, Any], threads: pl.DataFrame, language: str) -> str:
    """Write the page.

    Args:
        told: suggestions (rows of `predict.answers.choose.chosen`, those to show), waiting, suggested, version, faq
            (`predict.answers.questions`), judged (answer to outcome to count).
        threads: the messages of the threads to show (thread, direction, text, age_hours).
        language: of the page.
    """
    words = WORDS[language]
    people = told["waiting"] - told["suggested"]
    counts = {name: told[name] for name in ("waiting", "suggested", "version")}
    body = [_STYLE, f"<h1>{escape(words['title'])}</h1>"]
    body.append(f'<p class="note">{escape(words["note"].format(people=people, **counts))}</p>')
    by_thread = threads.sort(AGE, descending=True).partition_by(THREAD, as_dict=True)
    for one in told["suggestions"]:
        body += _case(one, by_thread.get((one[THREAD],), threads.clear()), words)
    return document(words["title"], [*body, *_faq(told["faq"], words), *_judged(told["judged"], words)], language)


def _case(one: Mapping[str, Any], messages: pl.DataFrame, words: Mapping[str, str]) -> Iterator[str]:
    yield '<section class="case"><div>'
    for text, direction in messages.tail(MOST_MESSAGES).select(TEXT, DIRECTION).iter_rows():  # some dozen to show
        who, style = ("ours", ' class="us"') if direction == "out" else ("theirs", "")
        said = words["withheld"] if text is None else text
        yield f"<p{style}><strong>{escape(words[who])}:</strong> {escape(said)}</p>"
    yield "</div><div>"
    if one["topic"] is not None:
        facts = {"topic": one["topic"].replace("_", " "), "tone": words[one["tone"]], "time": one["time"]}
        yield f'<p class="note">{escape(words["facts"].format(hours=one[AGE], **facts))}</p>'
    if one["take_over"] is not None:
        yield f'<p class="take">{escape(words["person"].format(why=words[one["take_over"]]))}</p>'
    else:
        yield f'<div class="start"><p class="note">{escape(words["suggestion"].format(name=one["answer"]))}</p>'
        yield f"<p>{escape(one['answer_text'])}</p></div>"
    yield "</div></section>"


def _faq(told: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> Iterator[str]:
    yield f'<h2>{escape(words["faq"])}</h2><p class="note">{escape(words["faq_note"])}</p>'
    if not told:
        yield f"<p>{escape(words['none'])}</p>"
        return
    names = ("key", "language", "phrases", "topic", "questions", "customers")
    lines = [
        [*(escape(str(one[name]).replace("_", " ")) for name in names), f"{one['recent']:.0%}", str(one["answers"])]
        for one in told
    ]
    yield table(words["faq_head"].split("|"), lines)


def _judged(told: Mapping[str, Mapping[str, int]], words: Mapping[str, str]) -> Iterator[str]:
    if told:
        lines = [[escape(name), *(str(of.get(one, 0)) for one in OUTCOMES)] for name, of in sorted(told.items())]
        yield f"<h2>{escape(words['judged'])}</h2>" + table(words["judged_head"].split("|"), lines)

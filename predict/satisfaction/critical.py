"""Critical messages: a threat to leave, danger, or law, told by rules over our lists of words.

Rules kept:
- the lists are the `critical` lines of the themes, ours with those of the company's own file;
- the words of a phrase of two may stand apart (`predict.satisfaction.apart`);
- a phrase that a negation reaches ("nobody was injured", "I am not going to cancel") does not count, unless the phrase
  holds the negation itself;
- a phrase that an `unless` line of the same kind reaches (a fire wall, the court of a tennis club) does not count;
- told is which of *our* phrases fired, never a word of the text.
"""

from functools import cache
from typing import Final

import numpy as np
import polars as pl

from predict.errors import FrameRefused
from predict.frames import PSEUDONYM
from predict.satisfaction.apart import apart
from predict.satisfaction.hearing import MESSAGE, readable
from predict.satisfaction.own_themes import beside, own_themes
from predict.satisfaction.standing import standing
from predict.satisfaction.themes import CRITICAL, Themes
from predict.text.lexicon import Phrases, phrases_of
from predict.text.words import words_of
from predict.wire import Message, arrow

TEXTS: Final = "texts"


def answer(asked: Message) -> Message:
    """Answer texts with `alerts` (arrow): pseudonym, message, kinds and words (lists), a row a critical message.

    The field `themes` is the company's own file (`predict.satisfaction.own_themes`), if it has one.

    Raises:
        FrameRefused: it is no frame of texts.
        RuleRefused: an entry of the company's file does not make sense.
    """
    themes = beside(_shipped(), own_themes(asked.fields.get("themes") or {}))
    alerts = critical_of(readable(asked.frame(TEXTS)), themes)
    return Message({"ok": True}, {"alerts": arrow(alerts)}, {"alerts": "arrow"})


def critical_of(texts: pl.DataFrame, themes: Themes) -> pl.DataFrame:
    """Say which texts (`predict.satisfaction.hearing.readable`) are critical, of which kinds, by which phrases."""
    if "text" not in texts.columns:
        raise FrameRefused("text", "is missing", "make the frame by `readable`")
    words, found = words_of(texts), []
    for kind in CRITICAL:
        phrases, named = _lines(themes, "critical", kind)
        unless = _lines(themes, "unless", kind)[0]
        entry = standing(words, phrases, unless)
        at = np.flatnonzero(entry >= 0)
        whole = pl.DataFrame({"row": words["row"].gather(at), "entry": entry[at]})
        hits = pl.concat([whole, apart(words, phrases, unless)]).unique(maintain_order=True)
        word = pl.col("entry").replace_strict(dict(enumerate(named)), return_dtype=pl.String)
        found.append(hits.select("row", pl.lit(kind).alias("kind"), word.alias("word")))
    by_text = pl.concat(found).group_by("row", maintain_order=True)
    told = by_text.agg(kinds=pl.col("kind").unique(maintain_order=True), words=pl.col("word").unique().sort())
    return texts.select(PSEUDONYM, MESSAGE).with_row_index("row").join(told, on="row", how="inner").drop("row")


def _lines(themes: Themes, kind: str, name: str) -> tuple[Phrases, tuple[str, ...]]:
    """Give every phrase of the lines of a kind and name a number of its own, from 0 on."""
    numbered: list[tuple[int, list[str]]] = []
    named: list[str] = []
    for line in themes.lines:
        if (line.kind, line.name) == (kind, name):
            for column, phrases in enumerate(line.words):
                for phrase in filter(None, (each.strip() for each in phrases.split(","))):
                    columns = [""] * len(line.words)
                    columns[column] = phrase
                    numbered.append((len(named), columns))
                    named.append(phrase)
    return phrases_of(numbered), tuple(named)


@cache
def _shipped() -> Themes:
    return Themes.shipped()

"""Critical messages: a threat to leave, danger, or law, told by our words (`predict.satisfaction.threats`)."""

from functools import cache
from typing import Final

import polars as pl

from predict.errors import FrameRefused
from predict.frames import PSEUDONYM
from predict.satisfaction.hearing import MESSAGE, readable
from predict.satisfaction.own_themes import beside, own_themes
from predict.satisfaction.themes import Themes
from predict.satisfaction.threats import threats
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
    found = threats(words_of(texts), themes.lines, themes.competitors)
    by_text = found.group_by("row", maintain_order=True)
    told = by_text.agg(kinds=pl.col("kind").unique(maintain_order=True), words=pl.col("word").unique().sort())
    return texts.select(PSEUDONYM, MESSAGE).with_row_index("row").join(told, on="row", how="inner").drop("row")


@cache
def _shipped() -> Themes:
    return Themes.shipped()

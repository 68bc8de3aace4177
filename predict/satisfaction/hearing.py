"""What is heard in texts, a row each: feeling, emotions, what it is about, what comes first, topic and mentions.

A *frame of texts* comes from the view of messages: pseudonym, message (Binary), message_text, and where the view has
them message_language, message_channel, message_age_days. A text that was withheld (Article 9) is null in it: it is left
out here and counted, and no model sees it. What is heard holds no text.
"""

from dataclasses import dataclass
from typing import Final

import polars as pl

from predict.errors import FrameRefused
from predict.frames import PSEUDONYM
from predict.satisfaction.sentiment import Sentiment, judged
from predict.satisfaction.themes import Themes, told_themes
from predict.satisfaction.topics import NO_TOPIC, Topic, topic_of
from predict.satisfaction.urgency import with_urgency
from predict.text.language import with_language
from predict.text.words import LANGUAGE, TEXT

MESSAGE: Final = "message"
AGE: Final = "message_age_days"
CHANNEL: Final = "message_channel"
WEEK: Final = "week"
_DAYS: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Ear:
    """All that texts are heard with."""

    sentiment: Sentiment
    themes: Themes
    topics: tuple[Topic, ...]


def readable(frame: pl.DataFrame) -> pl.DataFrame:
    """Give the texts of a frame that may be read: pseudonym, message, text, language, week (0: the first), channel.

    Sorted by message, so that the order of arrival changes nothing downstream.

    Raises:
        FrameRefused: it is no frame of texts.
    """
    for name in (PSEUDONYM, MESSAGE, "message_text"):
        if name not in frame.columns:
            raise FrameRefused(name, "is missing", "read a view of message grain, such as satisfaction_messages")
    age = pl.col(AGE) if AGE in frame.columns else pl.lit(0)
    last = age.max() // _DAYS
    said = {name: pl.col(name) if name in frame.columns else pl.lit(None) for name in ("message_language", CHANNEL)}
    texts = frame.filter(pl.col("message_text").str.strip_chars().str.len_chars() > 0).select(
        PSEUDONYM,
        MESSAGE,
        pl.col("message_text").alias(TEXT),
        said["message_language"].cast(pl.String).alias(LANGUAGE),
        said[CHANNEL].cast(pl.String).alias("channel"),
        (last - age // _DAYS).cast(pl.Int64).alias(WEEK),
    )
    return with_language(texts.sort(MESSAGE))


def heard(texts: pl.DataFrame, ear: Ear) -> pl.DataFrame:
    """Hear texts (`readable`): their columns without the text, and what is told of each.

    Further columns: those of `judged`, `told_themes` and `with_urgency`, topic (a number, null: none) and topic_name.
    """
    names = {topic.number: topic.name for topic in ear.topics}
    topic = topic_of(texts, ear.topics)
    beside = pl.concat([judged(ear.sentiment, texts), told_themes(texts, ear.themes)], how="horizontal")
    told = texts.drop(TEXT).hstack(beside).with_columns(topic.replace(NO_TOPIC, None))
    named = pl.col("topic").replace_strict(names, default=None, return_dtype=pl.String)
    return with_urgency(told).with_columns(topic_name=named)

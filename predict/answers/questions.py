"""Questions that customers ask again and again, as candidates for a page of questions and answers.

Sentences that end with a question mark are put together by topic in each language (`predict.satisfaction.topics`). A
candidate is of at least ten customers and is called by key phrases that five or more of them use: no sentence of any
customer is told. Somebody decides whether it is worth an answer.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from predict.answers.library import Library
from predict.disclosure import LEAST_CUSTOMERS
from predict.satisfaction.themes import Themes, told_themes
from predict.satisfaction.topics import NO_TOPIC, Topic, discovered, topic_of
from predict.text.language import with_language
from predict.text.words import LANGUAGE, TEXT
from predict.writing.exchange import AGE, CUSTOMER, DIRECTION

RECENT_HOURS: Final = 28 * 24.0
_IN_LETTERS: Final = str.maketrans("0123456789", "ghijklmnop")  # a key is a word that the log takes
_QUESTION: Final = r"[^.!?\n]{8,300}\?"


def candidates(frame: pl.DataFrame, library: Library, themes: Themes, *, seed: int) -> list[dict[str, Any]]:
    """Tell candidates, those of most customers first.

    Each: key, language, phrases (what it is about), topic (of most of them), questions, customers, recent (share of the
    last four weeks) and answers (how many approved answers the library has for topic and language).
    """
    asked = _questions(frame)
    if asked.is_empty():
        return []
    topics = {one.number: one for one in discovered(asked, seed=seed)}
    heard = asked.hstack(told_themes(asked, themes).select(pl.col("category").alias("about")))
    heard = heard.with_columns(topic_of(asked, list(topics.values())))
    told = (
        heard.filter(pl.col("topic") != NO_TOPIC)
        .group_by("topic")
        .agg(
            questions=pl.len().cast(pl.Int64),
            customers=pl.col(CUSTOMER).n_unique().cast(pl.Int64),
            recent=(pl.col(AGE) <= RECENT_HOURS).mean(),
            about=pl.col("about").mode().sort().first(),
        )
        .filter(pl.col("customers") >= LEAST_CUSTOMERS)
        .sort("customers", "topic", descending=[True, False])
    )
    held = [(one.topic, one.language) for one in library.answers]
    return [_candidate(one, topics[one["topic"]], held) for one in told.to_dicts()]


def _candidate(one: Mapping[str, Any], topic: Topic, held: Sequence[tuple[str, str]]) -> dict[str, Any]:
    digest = hashlib.sha256(f"{topic.language}|{topic.name}".encode()).hexdigest()[:12]
    return {
        "key": digest.translate(_IN_LETTERS),
        "language": topic.language,
        "phrases": topic.name,
        "topic": one["about"],
        **{name: one[name] for name in ("questions", "customers", "recent")},
        "answers": held.count((one["about"], topic.language)),
    }


def _questions(frame: pl.DataFrame) -> pl.DataFrame:
    """List the questions of customers: pseudonym, text, language, age_hours."""
    theirs = frame.filter((pl.col(DIRECTION) == "in") & pl.col(TEXT).is_not_null())
    split = theirs.select(CUSTOMER, AGE, LANGUAGE, pl.col(TEXT).str.extract_all(_QUESTION)).explode(TEXT)
    return with_language(split.drop_nulls(TEXT).sort(CUSTOMER, AGE, TEXT))

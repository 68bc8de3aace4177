"""Which approved answer to start from in each thread that waits for us, or why a person must write.

Rules kept:
- a thread waits if its last message is the customer's and a month old at most; what it is about is told by all that
  the customer wrote in it, whether it is critical by all that any customer did: a threat is not over because a
  question follows, be it another's;
- a person must take over what is critical (a threat to leave, safety, law), a matter that the same customer complains
  of for the third time or more, a thread of which the redactor withheld a message, however early, and whatever no
  approved answer fits: nothing is bent to fit;
- an answer fits by topic, language, channel and words, and neither contradicts tone nor history; of several the one
  that says more about the case wins, then the first of the library;
- a suggestion is where a colleague starts; nothing is sent here.
"""

from typing import Final

import polars as pl

from predict.answers.library import AGAIN, ANNOYED, ANY, CALM, FIRST, Approved, Library
from predict.satisfaction.packing import shipped
from predict.satisfaction.sentiment import judged
from predict.satisfaction.themes import OTHER, Themes, told_themes
from predict.satisfaction.threats import CRITICAL
from predict.text.language import with_language
from predict.text.lexicon import matches, phrases_of
from predict.text.words import LANGUAGE, TEXT, words_of
from predict.writing.exchange import AGE, CUSTOMER, DIRECTION, SOON, THREAD

CHANNEL: Final = "channel"
WITHHELD, REPEATED, UNMATCHED = "withheld", "third_time", "no_answer_fits"
TAKE_OVER: Final = (WITHHELD, *CRITICAL, REPEATED, UNMATCHED)
"""Why a person must write, the weightiest first."""
THIRD: Final = 3
BLAMES: Final = -0.15  # lean from which a message complains
_FITS: Final = 10  # points of an answer that fits; every condition that it names and keeps adds to them


def waiting(frame: pl.DataFrame) -> pl.DataFrame:
    """Give the last message of each thread that waits for us, the longest first; text is null where it was withheld.

    Of messages of one quarter of an hour, which is all that the view tells, the customer's is taken for the last, and
    one that was withheld before others: rather shown once too often than not at all.

    Columns: those of the frame of exchanges, asked (how many messages of the thread are the customer's), unread
    (whether one of the thread was withheld, whoever wrote it).
    """
    order, descending = (THREAD, AGE, DIRECTION, TEXT), [False, True, True, False]
    known = frame.filter(pl.col(THREAD).is_not_null()).sort(order, descending=descending, nulls_last=True)
    last = (
        known.with_columns(
            asked=(pl.col(DIRECTION) == "in").sum().over(THREAD), unread=pl.col(TEXT).is_null().any().over(THREAD)
        )
        .group_by(THREAD, maintain_order=True)
        .last()
    )
    return last.filter((pl.col(DIRECTION) == "in") & (pl.col(AGE) <= SOON)).sort(AGE, THREAD, descending=[True, False])


def chosen(frame: pl.DataFrame, library: Library, themes: Themes) -> pl.DataFrame:
    """Suggest an answer for each waiting thread, or say why a person must write.

    Columns: pseudonym, thread, age_hours, language, text (redacted), topic, tone, time (1: the first complaint of this
    customer about it), take_over (null, or one of `TAKE_OVER`), answer and answer_text (null where a person takes
    over).
    """
    heard = _heard(frame, themes)
    waits = waiting(frame).select(CUSTOMER, THREAD, AGE, "asked", "unread")
    here = waits.join(heard, on=[CUSTOMER, THREAD, AGE], how="left", maintain_order="left")
    here = here.unique([CUSTOMER, THREAD], keep="first", maintain_order=True)
    if CHANNEL not in here.columns:
        here = here.with_columns(pl.lit(None, dtype=pl.String).alias(CHANNEL))
    placed = here.with_columns(answer=_place(here, library))
    names = {place: one.name for place, one in enumerate(library.answers)}
    texts = {place: one.text for place, one in enumerate(library.answers)}
    place = pl.when(pl.col("take_over").is_null()).then(pl.col("answer"))
    told = placed.with_columns(take_over=_take_over()).with_columns(
        answer=place.replace_strict(names, default=None, return_dtype=pl.String),
        answer_text=place.replace_strict(texts, default=None, return_dtype=pl.String),
    )
    kept = (CUSTOMER, THREAD, AGE, LANGUAGE, TEXT, "topic", "tone", "time", "take_over", "answer", "answer_text")
    return told.select(*kept)


def _heard(frame: pl.DataFrame, themes: Themes) -> pl.DataFrame:
    """Hear what customers wrote: topic, tone, what is critical, and for which time they complain of the topic."""
    theirs = frame.filter((pl.col(DIRECTION) == "in") & (pl.col(TEXT).str.strip_chars().str.len_chars() > 0))
    texts = with_language(theirs)
    told = told_themes(texts, themes).rename({"category": "topic"})
    told = _of_threads(texts.select(CUSTOMER, THREAD, AGE).hstack(told)).drop(CUSTOMER, THREAD, AGE)
    felt = judged(shipped(), texts).select("lean", "polite_frustration", "anger")
    annoyed = (pl.col("lean") <= BLAMES) | pl.col("polite_frustration") | (pl.col("anger") > 0)
    heard = texts.hstack(told).hstack(felt).with_columns(annoyed=annoyed)
    first = heard.filter("annoyed").group_by(CUSTOMER, "topic", THREAD).agg(begun=pl.col(AGE).max())
    times = first.with_columns(
        time=pl.col("begun").rank("ordinal", descending=True).over(CUSTOMER, "topic").cast(pl.Int64)
    )
    heard = heard.join(times.drop("begun"), on=[CUSTOMER, "topic", THREAD], how="left", maintain_order="left")
    tone = pl.when(pl.col("annoyed")).then(pl.lit(ANNOYED)).otherwise(pl.lit(CALM))
    return heard.with_columns(tone=tone, time=pl.col("time").fill_null(1))


def _of_threads(told: pl.DataFrame) -> pl.DataFrame:
    """Give a message that says no topic the one before it, and let a thread be critical where a message is."""
    thread = [CUSTOMER, THREAD]
    known = pl.when(pl.col("topic") != OTHER).then(pl.col("topic"))
    earlier = known.forward_fill().over(thread, order_by=AGE, descending=True)
    critical = (pl.col(f"critical_{name}").any().over(THREAD) for name in CRITICAL)  # whoever of them wrote it
    return told.with_columns(earlier.fill_null(OTHER).alias("topic"), *critical)


def _take_over() -> pl.Expr:
    """Say why a person must write; null: an answer may be suggested."""
    critical = [pl.when(pl.col(f"critical_{name}")).then(pl.lit(name)) for name in CRITICAL]
    return pl.coalesce(
        pl.when(pl.col("topic").is_null() | pl.col("unread")).then(pl.lit(WITHHELD)),
        *critical,
        pl.when(pl.col("time") >= THIRD).then(pl.lit(REPEATED)),
        pl.when(pl.col("answer").is_null()).then(pl.lit(UNMATCHED)),
    )


def _place(here: pl.DataFrame, library: Library) -> pl.Series:
    """Give the place of the best answer in the library; null: none fits."""
    scores = here.select(
        _score(one, _holds(here, one.words)).alias(str(place)) for place, one in enumerate(library.answers)
    )
    best = pl.max_horizontal(scores.columns)
    first = pl.coalesce(
        pl.when((pl.col(name) == best) & (best > 0)).then(pl.lit(place)) for place, name in enumerate(scores.columns)
    )
    return scores.select(answer=first.cast(pl.Int64))["answer"]


def _score(one: Approved, holds: pl.Series) -> pl.Expr:
    history = pl.when(pl.col("time") <= 1).then(pl.lit(FIRST)).otherwise(pl.lit(AGAIN))
    fits = (pl.col("topic") == one.topic) & (pl.col(LANGUAGE) == one.language) & pl.lit(holds)
    fits &= pl.lit(one.tone == ANY) | (pl.col("tone") == one.tone)
    fits &= pl.lit(one.history == ANY) | (history == one.history)
    fits &= pl.col(CHANNEL).is_in(one.channels).fill_null(value=False) if one.channels else pl.lit(value=True)
    named = 4 * bool(one.words) + 2 * (one.history != ANY) + (one.tone != ANY)
    return pl.when(fits.fill_null(value=False)).then(pl.lit(_FITS + named)).otherwise(0)


def _holds(here: pl.DataFrame, words: str) -> pl.Series:
    """Say which messages hold one of an answer's words; all, where it names none."""
    if not words:
        return pl.repeat(value=True, n=here.height, eager=True)
    split = words_of(here.select(pl.col(TEXT).fill_null(""), LANGUAGE))
    entry, _ = matches(split, phrases_of([(0, [words] * 4)]))
    rows = split.filter(pl.Series(entry >= 0))["row"].unique()
    return pl.int_range(here.height, dtype=pl.UInt32, eager=True).is_in(rows.implode())

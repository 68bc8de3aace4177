"""Who asks for help within the horizon, and about what: a yes/no outcome with the likely topic beside it.

The scores frame has two columns more, which are shown and not kept: `topic`, a code of the source, and `topic_share`,
its chance given that the customer asks. Null: the view tells no topics, or there were too few to learn from.
"""

from dataclasses import replace
from typing import Any, Final

import numpy as np
import polars as pl

from predict.artefact import Artefact, pack_artefact
from predict.feature import Role
from predict.frames import AS_OF, PSEUDONYM, Matrix, matrix_of, ordered
from predict.levels import OTHER, levels_of
from predict.likelihood import train as training
from predict.likelihood.module import Likelihood
from predict.likelihood.report import Section
from predict.module import Brief
from predict.service.topic import CAME, LEAST, TOPIC, TopicModel, asked_next, gained, learned, topics_of
from predict.telling.said import Sentence, said
from predict.telling.teller import Teller

SHOWN: Final = ("topic", "topic_share")


class Contact(Likelihood):
    """How likely a customer is to ask for help within the horizon, and about what."""

    def train(self, frame: pl.DataFrame, brief: Brief) -> bytes:
        """Learn who asks, then what is asked about, and give the artefact."""
        artefact = training.train(frame, self.declared, brief)
        told = _topics(ordered(frame), artefact, brief)
        if told is None:
            return pack_artefact(artefact)
        model, judged = told
        remarks = [*artefact.figures["remarks"], _remark(judged)]
        figures = artefact.figures | {"topics": judged, "remarks": remarks}
        return pack_artefact(replace(artefact, figures=figures, added={"topics": model.as_mapping()}))

    def score(self, artefact: bytes, frame: pl.DataFrame, *, capacity: int | None) -> pl.DataFrame:
        """Score a scoring frame and name the likely topic of each customer."""
        scores, stored = super().score(artefact, frame, capacity=capacity), self.open(artefact).added.get("topics")
        if stored is None:
            nothing = (
                pl.lit(None, dtype=pl.String).alias("topic"),
                pl.lit(None, dtype=pl.Float64).alias("topic_share"),
            )
            return scores.with_columns(*nothing)
        model, rows = topics_of(stored), ordered(frame)
        chances = model.probability(_seen(rows, model.columns))
        likely = chances.argmax(axis=1) if rows.height else np.empty(0, dtype=np.int64)
        named = pl.Series("topic", model.topics, dtype=pl.String).gather(pl.Series(likely, dtype=pl.UInt32))
        return scores.with_columns(named, pl.Series("topic_share", chances.max(axis=1, initial=0.0)))

    def reasons(self, scores: pl.DataFrame, artefact: bytes, *, language: str) -> pl.DataFrame:
        """Put the reasons of a scores frame into words; the likely topic stands beside them."""
        worded = super().reasons(scores, artefact, language=language)
        return worded.join(scores.select(PSEUDONYM, AS_OF, *SHOWN), on=[PSEUDONYM, AS_OF], how="left")

    def sections(self, artefact: Artefact, teller: Teller) -> tuple[Section, ...]:
        """Show what customers ask about."""
        shares = artefact.figures.get("topics", {}).get("shares", {})
        ordered_shares = sorted(shares.items(), key=lambda one: -one[1])
        lines = [(topic, teller.format_field(share, "share")) for topic, share in ordered_shares]
        return (Section(teller.say("topics.title"), teller.head("topics.head"), lines),) if lines else ()


def _topics(rows: pl.DataFrame, artefact: Artefact, brief: Brief) -> tuple[TopicModel, dict[str, Any]] | None:
    """Learn topics from all instants but the last, judge by the last, then learn from all; None without enough."""
    if not {TOPIC, CAME} <= set(rows.columns):
        return None
    asked = rows.join(asked_next(rows, horizon_days=brief.horizon_days), on=[PSEUDONYM, AS_OF], maintain_order="left")
    if asked.height < LEAST or asked[AS_OF].n_unique() < 2:  # noqa: PLR2004 - one to learn from, one to judge by
        return None
    columns = _columns(rows, artefact)
    last = asked[AS_OF] == asked[AS_OF].max()
    raw = _seen(asked, columns)
    judged = gained(
        learned(raw[~last.to_numpy()], columns, asked["asked"].filter(~last)),
        raw[last.to_numpy()],
        asked["asked"].filter(last),
        seed=brief.seed,
    )
    model = learned(raw, columns, asked["asked"])
    judged["by_customer"] = judged["log_loss_gained"]["low"] > 0
    shares = dict(zip(model.topics, model.shares.tolist(), strict=True))
    kept = model if judged["by_customer"] else TopicModel(model.topics, model.shares)
    return kept, {**judged, "shares": shares}


def _columns(rows: pl.DataFrame, artefact: Artefact) -> tuple[str, ...]:
    """Name what topics are learned from: numbers that the model knows, and a flag for each topic of the last case."""
    levels = {one.name for one in artefact.features if one.role is Role.LEVEL}
    numbers = tuple(one.name for one in artefact.features if one.name not in levels)
    topics = levels_of(rows, (TOPIC,))[TOPIC]  # none that only a few rows share
    return (*numbers, *(f"{TOPIC}={topic}" for topic in topics if topic != OTHER))


def _seen(rows: pl.DataFrame, columns: tuple[str, ...]) -> Matrix:
    """Lay the columns of a topic model side by side; a flag is 1 where the last case was about its topic."""
    last = pl.col(TOPIC).cast(pl.String)
    flags = [name for name in columns if name.startswith(f"{TOPIC}=")]
    told = rows.with_columns(
        (last == name.partition("=")[2]).fill_null(value=False).cast(pl.Float64).alias(name) for name in flags
    )
    return matrix_of(told, columns)


def _remark(judged: dict[str, Any]) -> Sentence:
    gain = judged["log_loss_gained"]
    figure = said("topics.figure", gain=gain["figure"], low=gain["low"], high=gain["high"], asked=judged["asked"])
    if judged["by_customer"]:
        right, usual = judged["right"], judged["right_by_the_most_frequent"]
        return said("topics.by_customer", figure=figure, right=right, usual=usual)
    return said("topics.nothing", figure=figure)

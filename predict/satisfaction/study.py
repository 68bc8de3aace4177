"""Learning from texts: the company's own scores teach sentiment where they can, topics are found, figures are kept.

Rules kept:
- nobody labels by hand: a text's class is what its customer's CSAT or stars said at the first instant after it;
- the own model is kept only where it judges a fifth of the customers, whom it was not taught, better than the
  shipped one;
- what is told counts customers: a line of fewer than `FEWEST` is left out.
"""

from typing import Any, Final

import numpy as np
import polars as pl
from sklearn.metrics import f1_score

from predict.frames import AS_OF, PSEUDONYM
from predict.satisfaction.changes import Change, changes, weekly
from predict.satisfaction.hearing import AGE, MESSAGE, WEEK, Ear, heard, readable
from predict.satisfaction.packing import shipped
from predict.satisfaction.sentiment import CLASSES, SHARE, Sentiment, balance_of, judged, learn
from predict.satisfaction.themes import MENTIONS, Themes
from predict.satisfaction.threats import CRITICAL
from predict.satisfaction.topics import Topic, discovered
from predict.satisfaction.urgency import FEWEST, by_category
from predict.shares import told_share
from predict.text.feeling import Values
from predict.text.words import LANGUAGE

SCORES: Final = ("csat_mean_180d", "stars_mean_365d")
LOW, HIGH = 2.5, 4.0  # of 5: at most low is blame, at least high is praise
LABELLED: Final = 1000  # texts with a score
OF_EACH: Final = 50  # texts of each class
_FIFTHS: Final = 5
_SHARES: Final = [SHARE + name for name in CLASSES]


def studied(
    frame: pl.DataFrame, labelled: pl.DataFrame, themes: Themes, *, earlier: tuple[Topic, ...], seed: int
) -> tuple[Ear, dict[str, Any]]:
    """Learn from a frame of texts and from customers' scores: what to hear with, and the figures of what was heard.

    Args:
        frame: a frame of texts (`predict.satisfaction.hearing`), with as_of where scores are to teach.
        labelled: the training frame of customers; `SCORES` of it teach where it has them.
        themes: what to look for.
        earlier: topics of the earlier model, whose numbers are kept.
        seed: draws who judges, and the factors of topics.
    """
    texts = readable(frame)
    sentiment, learned = _sentiment(texts, _classes(frame, labelled), seed)
    ear = Ear(sentiment=sentiment, themes=themes, topics=tuple(discovered(texts, earlier, seed=seed)))
    found = heard(texts, ear)
    return ear, {
        "texts": texts.height,
        "customers": texts[PSEUDONYM].n_unique(),
        "withheld": frame.height - texts.height,
        "learned": learned,
        "languages": _by(found, LANGUAGE),
        "categories": by_category(found).to_dicts(),
        "topics": _by(found.drop_nulls("topic"), "topic_name"),
        "critical": {name: _count(found.filter(pl.col(f"critical_{name}"))) for name in CRITICAL},
        "mentions": {name: _count(found.filter(pl.col(f"mentions_{name}"))) for name in MENTIONS},
        "requests": _by(
            found.filter("mentions_request").with_columns(pl.col("topic_name").fill_null("other")), "topic_name"
        ),
        "competitors": _by(found.drop_nulls("competitor"), "competitor"),
        "price_seen": _by(found.drop_nulls("price_seen"), "price_seen"),
        "changes": _changed(found, seed),
    }


def _classes(frame: pl.DataFrame, labelled: pl.DataFrame) -> pl.DataFrame:
    """Say of messages what their customer's next score was: message, class; those without one are left out."""
    known = [name for name in SCORES if name in labelled.columns]
    if not known or AS_OF not in frame.columns or AGE not in frame.columns:
        return pl.DataFrame(schema={MESSAGE: pl.Binary, "class": pl.Float64})
    score = pl.coalesce(known)
    scores = labelled.select(PSEUDONYM, at=pl.col(AS_OF), score=score).drop_nulls().sort("at")
    written = frame.select(PSEUDONYM, MESSAGE, at=pl.col(AS_OF) - pl.duration(days=pl.col(AGE))).sort("at")
    scores = scores.with_columns(pl.col("at").cast(written.schema["at"]))
    met = written.join_asof(
        scores, on="at", by=PSEUDONYM, strategy="forward", tolerance="31d", check_sortedness=False
    ).drop_nulls("score")
    said = pl.when(pl.col("score") <= LOW).then(0.0).when(pl.col("score") >= HIGH).then(2.0).otherwise(1.0)
    return met.select(MESSAGE, said.alias("class"))


def _sentiment(texts: pl.DataFrame, classes: pl.DataFrame, seed: int) -> tuple[Sentiment, dict[str, Any]]:
    """Learn the company's own sentiment where there is enough and it is better; else keep the shipped one."""
    known = texts.join(classes, on=MESSAGE, how="inner", maintain_order="left")
    few = min((known["class"] == each).sum() for each in (0.0, 1.0, 2.0)) < OF_EACH
    told: dict[str, Any] = {"labelled": known.height, "own": False}
    if known.height < LABELLED or few:
        return shipped(), told
    judges = _a_fifth(known[PSEUDONYM], seed)
    taught, asked = known.filter(~judges), known.filter(judges)
    balance = balance_of(taught, taught["class"].to_numpy(), base=shipped(), seed=seed)
    own = learn(taught, taught["class"].to_numpy(), base=shipped(), balance=balance)
    truth = asked["class"].to_numpy()
    told |= {
        "macro_f1": _macro(own, asked, truth),
        "macro_f1_shipped": _macro(shipped(), asked, truth),
        "judged": asked.height,
    }
    if told["macro_f1"] <= told["macro_f1_shipped"]:
        return shipped(), told
    return learn(known, known["class"].to_numpy(), base=shipped(), balance=balance), told | {"own": True}


def _a_fifth(customers: pl.Series, seed: int) -> pl.Series:
    """Draw a fifth of the customers; all texts of one are on one side."""
    names = customers.unique().sort()
    drawn = names.filter(pl.Series(np.random.default_rng(seed).permutation(names.len()) % _FIFTHS == 0))
    return customers.is_in(drawn.implode())


def _macro(model: Sentiment, texts: pl.DataFrame, truth: Values) -> float:
    said = judged(model, texts).select(_SHARES).to_numpy().argmax(axis=1)
    return float(f1_score(truth, said, average="macro", zero_division=0))


def _by(found: pl.DataFrame, column: str) -> list[dict[str, Any]]:
    """Tell texts, customers, mean lean and share of blame by a column; lines of few customers are left out."""
    told = (
        found.group_by(pl.col(column).cast(pl.String).alias("name"))
        .agg(
            texts=pl.len().cast(pl.Int64),
            customers=pl.col(PSEUDONYM).n_unique().cast(pl.Int64),
            lean=pl.col("lean").mean(),
            blaming=(pl.col("level") < 0).sum().cast(pl.Int64),
        )
        .filter((pl.col("customers") >= FEWEST) & pl.col("name").is_not_null())
        .sort("texts", "name", descending=[True, False])
    )
    return [{**line, "blaming": told_share(line["blaming"], line["texts"])} for line in told.to_dicts()]


def _count(found: pl.DataFrame) -> dict[str, int | None]:
    """Count texts and customers; None: fewer than `FEWEST` customers, but some."""
    customers = found[PSEUDONYM].n_unique()
    few = 0 < customers < FEWEST
    return {"texts": None if few else found.height, "customers": None if few else customers}


def _changed(found: pl.DataFrame, seed: int) -> list[dict[str, Any]]:
    """Tell which categories' shares and tones broke, all asked together."""
    many = found.filter(pl.col(PSEUDONYM).n_unique().over("category") >= FEWEST)
    if many.is_empty():
        return []
    weeks = weekly(many, "category")
    broke = [(value, each) for value in ("share", "lean") for each in changes(weeks, value, seed=seed)]
    return [_told(value, each, int(many[WEEK].to_numpy().max())) for value, each in broke]


def _told(value: str, change: Change, last: int) -> dict[str, Any]:
    return {
        "category": change.name,
        "of": value,
        "weeks_ago": last - change.week,
        "size": change.size,
        "low": change.low,
        "high": change.high,
        "p": change.p,
    }

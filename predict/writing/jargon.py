"""Words of ours that customers do not use: by our list of officialese, and by what stands in their own texts.

A word is told apart by log-odds with an informative Dirichlet prior (Monroe, Colaresi & Quinn, Political Analysis 16,
2008, equations 15, 16, 20 and 22): what both sides write together is the prior, worth `PRIOR` customers. Counted are
customers, not words, so that one long correspondence is one witness; the two sides are told apart at 1 % of false
discoveries over all words of a language (Benjamini & Hochberg, JRSS B 57, 1995).
"""

from typing import Any, Final

import numpy as np
import polars as pl
from scipy.special import ndtr

from predict.disclosure import LEAST_CUSTOMERS, LEAST_TEAMS, named_teams
from predict.frames import Vector
from predict.satisfaction.topics import spelt, stopwords
from predict.text.words import LANGUAGE, words_of
from predict.writing.exchange import CUSTOMER, TEAM
from predict.writing.officialese import known_in

PRIOR: Final = 500.0
FALSE: Final = 0.01
RARER: Final = 5.0  # times: our customers use it so much less than we do
SHORTEST: Final = 7  # letters: what LIX calls long
MOST: Final = 12  # words of a language that are told
_MANY_WRITE: Final = pl.col("teams") >= LEAST_TEAMS  # what one of us alone writes would tell who it is
_FRAME: Final = 0.4  # a word in more of our mails is their frame: greeting, name of the desk


def jargon(mails: pl.DataFrame, theirs: pl.DataFrame) -> list[dict[str, Any]]:
    """Tell words to look at: language, word, plainer (null: not listed), mails, customers, log_odds; listed ones first.

    Args:
        mails: our own (`predict.writing.exchange.mails`).
        theirs: what customers wrote (columns pseudonym, text, language).
    """
    listed = _listed(mails)
    own = [line for line in _own(mails, theirs) if line["word"] not in {each["word"] for each in listed}]
    return listed + own


def _listed(mails: pl.DataFrame) -> list[dict[str, Any]]:
    found = known_in(mails).join(_who(mails), on="row")
    told = (
        found.group_by(LANGUAGE, "word", "plainer")
        .agg(mails=pl.col("row").n_unique().cast(pl.Int64), **_told_of())
        .filter((pl.col("customers") >= LEAST_CUSTOMERS) & _MANY_WRITE)
        .sort(LANGUAGE, "mails", "word", descending=[False, True, False])
        .drop("teams")
    )
    return told.group_by(LANGUAGE, maintain_order=True).head(MOST).with_columns(log_odds=None).to_dicts()


def _own(mails: pl.DataFrame, theirs: pl.DataFrame) -> list[dict[str, Any]]:
    """Compare languages one by one: by customers who got a word from us, and by customers who wrote it."""
    ours, others = _counted(mails), _counted(theirs)
    wrote = others.select(LANGUAGE, "word", customers_wrote="customers")
    every = ours.join(wrote, on=[LANGUAGE, "word"], how="full", coalesce=True).sort(LANGUAGE, "word")
    every = every.with_columns(pl.col("mails", "customers", "customers_wrote", "teams").fill_null(0))
    lines = []
    for (language,), here in sorted(every.group_by(LANGUAGE), key=lambda each: str(each[0])):
        sizes = [_customers(each, str(language)) for each in (mails, theirs)]
        if min(sizes) < LEAST_CUSTOMERS:
            continue
        odds, z = log_odds(*(here[name].to_numpy().astype(float) for name in ("customers", "customers_wrote")))
        rarer = here["customers"] / sizes[0] >= RARER * here["customers_wrote"] / sizes[1]
        apart = here.with_columns(log_odds=pl.Series(odds), z=pl.Series(z)).filter(rarer & pl.Series(_discovered(z)))
        apart = apart.filter(
            (pl.col("customers") >= LEAST_CUSTOMERS) & (pl.col("customers") <= _FRAME * sizes[0]) & _MANY_WRITE
        )
        apart = apart.sort("z", "word", descending=[True, False]).head(MOST)
        lines += [
            {
                "language": language,
                "word": spelt(one["word"], str(language)),
                "plainer": None,
                **{name: one[name] for name in ("mails", "customers", "log_odds")},
            }
            for one in apart.to_dicts()
        ]
    return lines


def log_odds(ours: Vector, theirs: Vector) -> tuple[Vector, Vector]:
    """Give of each word the log-odds ratio and its z, of counts on either side of the same words."""
    both = ours + theirs
    prior = PRIOR * both / both.sum()

    def odds(count: Vector) -> Vector:
        return np.asarray(np.log((count + prior) / (count.sum() + PRIOR - count - prior)))

    gap = odds(ours) - odds(theirs)
    return gap, gap / np.sqrt(1 / (ours + prior) + 1 / (theirs + prior))


def _discovered(z: Vector) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Say which are ours by Benjamini and Hochberg, one-sided."""
    chance = ndtr(-z)
    order = np.argsort(chance, kind="stable")
    passes = chance[order] <= FALSE * np.arange(1, z.size + 1) / z.size
    found = np.zeros(z.size, dtype=np.bool_)
    found[order[: int(np.flatnonzero(passes).max(initial=-1)) + 1]] = True
    return found


def _counted(texts: pl.DataFrame) -> pl.DataFrame:
    """Count mails, customers and teams of each long word: language (of the lists), word."""
    long = words_of(texts).filter(
        pl.col("word").str.contains(r"^\p{L}+$") & (pl.col("word").str.len_chars() >= SHORTEST)
    )
    telling = long.join(stopwords(), on=["language", "word"], how="anti")
    return (
        telling.join(_who(texts), on="row")
        .group_by(LANGUAGE, "word")
        .agg(mails=pl.col("row").n_unique().cast(pl.Int64), **_told_of())
        .sort(LANGUAGE, "word")
    )


def _who(texts: pl.DataFrame) -> pl.DataFrame:
    team = pl.col(TEAM) if TEAM in texts.columns else pl.lit(None, dtype=pl.String)
    return texts.select(row=pl.int_range(pl.len(), dtype=pl.UInt32), **{CUSTOMER: pl.col(CUSTOMER), TEAM: team})


def _told_of() -> dict[str, pl.Expr]:
    return {"customers": pl.col(CUSTOMER).n_unique().cast(pl.Int64), "teams": named_teams(TEAM)}


def _customers(texts: pl.DataFrame, language: str) -> int:
    return int(texts.filter(pl.col(LANGUAGE).replace({"nn": "nb"}) == language)[CUSTOMER].n_unique())

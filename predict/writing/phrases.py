"""Phrases of ours that better or worse answers follow than were to be expected, more than chance explains.

For each mail that the customer answered, the *gap* is how the answer feels (-1 to 1) less what was to be expected
from the message before it: how that felt, and what it was about, by least squares within each language. So apologies,
which angry customers get, are not blamed for the anger.

For a phrase, U is the sum of the gaps of its mails, its own share of what the expectation explains taken out; its
variance counts customers (cluster-robust: Liang & Zeger, Biometrika 73, 1986). All phrases of all languages are
judged against the largest |t| that chance gives when the gaps of each customer get a common random sign (wild cluster
bootstrap: Cameron, Gelbach & Miller, Rev. Econ. Stat. 90, 2008; the largest of many: Westfall & Young, 1993), as
places are in `predict.causes.scan`. What is found joins the expectation, and the rest is looked at again, so that a
second finding is no echo of the first. A phrase goes with better answers; whether it makes them so, a trial would
tell.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from scipy import sparse

from predict.disclosure import LEAST_CUSTOMERS, LEAST_TEAMS, named_teams
from predict.frames import Matrix, Vector
from predict.satisfaction.topics import spelt
from predict.text.words import LANGUAGE, words_of, written_in
from predict.writing.exchange import ABOUT, AFTER, BEFORE, CUSTOMER, TEAM

SHORTEST, LONGEST = 2, 5  # words
LEAST_MAILS: Final = 20
MOST_SHARE: Final = 0.8  # of a language's mails: what is in nearly all of them cannot be compared
MATTERS: Final = 0.1  # of the scale from -1 to 1
LEVEL: Final = 0.05
DRAWS: Final = 499
MOST: Final = 10  # findings
_CHUNK: Final = 512  # phrases: bounds the memory


@dataclass(frozen=True, slots=True)
class _Language:
    """The answered mails of one language: gaps to explain, what is expected, phrases (a column each) and customers."""

    after: Vector
    expected: Matrix
    held: sparse.csc_matrix
    whose: sparse.csr_matrix  # customers x mails
    names: pl.DataFrame  # phrase, mails, customers

    def knowing(self, column: int) -> "_Language":
        """Let the expectation know a phrase."""
        beside = np.column_stack([self.expected, self.held[:, column].toarray()])
        return _Language(self.after, beside, self.held, self.whose, self.names)

    def scores(self) -> tuple[Matrix, Vector]:
        """Give the sum of gaps of each customer and phrase, and how much of each phrase is left to explain."""
        basis, _ = np.linalg.qr(self.expected)
        gap = self.after - basis @ (basis.T @ self.after)
        of_basis = self.whose @ (basis * gap[:, None])
        columns = []
        left = np.zeros(self.held.shape[1])
        for start in range(0, self.held.shape[1], _CHUNK):
            held = self.held[:, start : start + _CHUNK]
            known = (held.T @ basis).T
            columns.append((self.whose @ held.multiply(gap[:, None]).tocsr()).toarray() - of_basis @ known)
            left[start : start + held.shape[1]] = np.asarray(held.sum(axis=0)).ravel() - (known**2).sum(axis=0)
        return np.hstack(columns), np.maximum(left, 0.0)


def phrases(mails: pl.DataFrame, *, seed: int) -> dict[str, Any]:
    """Find phrases that go with better or worse answers.

    Returns: answered (mails), asked (phrases looked at), found: language, phrase, mails, customers, gap (figure, low,
    high: a 95 % interval for all phrases together), chance; the clearest first.
    """
    answered = mails.drop_nulls(AFTER)
    named, there = pl.col(LANGUAGE).is_not_null(), {}
    for (language,), here in sorted(answered.filter(named).group_by(written_in(pl.col(LANGUAGE)), maintain_order=True)):
        laid = _laid_out(here)
        if laid is not None:
            there[str(language)] = laid
    told: dict[str, Any] = {"answered": answered.height, "asked": sum(each.names.height for each in there.values())}
    rng = np.random.default_rng(seed)
    found: list[dict[str, Any]] = []
    while there and len(found) < MOST:
        peak = _peak(there, rng)
        if peak is None:
            break
        language, column, line = peak
        there[language] = there[language].knowing(column)
        found.append(line)
    return told | {"found": [one for one in found if abs(one["gap"]["figure"]) >= MATTERS]}


def _peak(there: dict[str, _Language], rng: np.random.Generator) -> tuple[str, int, dict[str, Any]] | None:
    """Give the phrase with the largest |t| if chance does not reach it."""
    found: list[tuple[float, str, int, float, float, float]] = []
    reached = np.zeros(DRAWS)
    for language, each in there.items():
        scores, left = each.scores()
        error = np.sqrt((scores**2).sum(axis=0))
        fit = (left > 1.0) & (error > 0)  # what the expectation knows by now is left out
        t = np.where(fit, scores.sum(axis=0) / np.where(fit, error, 1.0), 0.0)
        signs = rng.choice((-1.0, 1.0), (DRAWS, scores.shape[0]))
        by_chance = np.abs(signs @ scores)[:, fit] / error[fit]
        reached = np.maximum(reached, by_chance.max(axis=1, initial=0.0))
        column = int(np.abs(t).argmax())
        total = float(scores[:, column].sum())
        found.append((abs(float(t[column])), language, column, total, float(error[column]), float(left[column])))
    size, language, column, total, spread, room = max(found)
    chance = float((1 + (reached >= size).sum()) / (DRAWS + 1))
    if chance > LEVEL:
        return None
    half = float(np.quantile(reached, 1 - LEVEL)) * spread / room
    name = there[language].names.row(column, named=True)
    line = {
        "language": language,
        **name,
        "phrase": spelt(name["phrase"], language),
        "gap": {"figure": total / room, "low": total / room - half, "high": total / room + half},
        "chance": chance,
    }
    return language, column, line


def _laid_out(here: pl.DataFrame) -> _Language | None:
    """Lay the answered mails of a language out; None where no phrase of it can be judged."""
    here = here.with_row_index("mail")
    held = _phrases_in(here)
    if held.is_empty():
        return None
    names = held.group_by("phrase").agg(
        mails=pl.len().cast(pl.Int64), customers=pl.col(CUSTOMER).n_unique().cast(pl.Int64)
    )
    names = names.sort("phrase").with_row_index("column")
    cells = held.join(names.select("phrase", "column"), on="phrase")
    shape = (here.height, names.height)
    marks = (np.ones(cells.height), (cells["mail"].to_numpy(), cells["column"].to_numpy()))
    customer = here[CUSTOMER].rank("dense").to_numpy().astype(np.int64) - 1
    whose = sparse.csr_matrix(
        (np.ones(here.height), (customer, np.arange(here.height))), (int(customer.max()) + 1, here.height)
    )
    about = here.select(pl.col(ABOUT).fill_null("none")).to_dummies(drop_first=True).to_numpy()
    before = here.select(
        pl.col(BEFORE).fill_null(0.0), pl.col(BEFORE).fill_null(0.0).abs().alias("strength")
    ).to_numpy()
    expected = np.column_stack([np.ones(here.height), before, about]).astype(np.float64)
    return _Language(
        here[AFTER].to_numpy().astype(np.float64),
        expected,
        sparse.csc_matrix(marks, shape),
        whose,
        names.drop("column"),
    )


def _phrases_in(here: pl.DataFrame) -> pl.DataFrame:
    """List the phrases of each mail that can be judged, once a mail: mail, pseudonym, phrase.

    Of phrases that stand in the very same mails the longest speaks for all.
    """
    words = words_of(here)
    letters = pl.col("word").str.contains(r"^\p{L}")
    runs = []
    for size in range(SHORTEST, LONGEST + 1):
        parts = [pl.col("word").shift(-place).over("row") for place in range(size)]
        inside = pl.all_horizontal(letters.shift(-place).over("row") for place in range(size))
        runs.append(words.select("row", phrase=pl.when(inside).then(pl.concat_str(parts, separator=" "))).drop_nulls())
    who = here.select(row="mail", mail="mail", **{name: pl.col(name) for name in (CUSTOMER, TEAM)})
    held = pl.concat(runs).unique().join(who, on="row").drop("row")
    judged = (
        held.group_by("phrase")
        .agg(
            mails=pl.len(),
            customers=pl.col(CUSTOMER).n_unique(),
            teams=named_teams(TEAM),  # what one of us alone writes would tell who it is
            same=pl.col("mail").hash(seed=0).sum(),
            length=pl.col("phrase").first().str.len_chars(),
        )
        .filter(
            pl.col("mails").is_between(LEAST_MAILS, MOST_SHARE * here.height)
            & (pl.col("customers") >= LEAST_CUSTOMERS)
            & (pl.col("teams") >= LEAST_TEAMS)
        )
        .sort("length", "phrase", descending=[True, False])
        .unique("same", keep="first", maintain_order=True)
    )
    return held.join(judged.select("phrase"), on="phrase").sort("mail", "phrase").drop(TEAM)

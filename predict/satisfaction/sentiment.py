"""Blame, neither or praise: hashed runs of a text beside what our lists of words say of it, weighed by one regression.

Rules kept:
- two heads: one for the languages that taught it, which weighs runs and words of feeling; one for every other language,
  which weighs words of feeling alone, because they are told in each language by itself;
- classes weigh alike in learning however rare they are, or by the root of it: folds of the texts say which is better
  (`balance_of`), and nothing else is drawn;
- who learns from the own company's scores starts from a base model: its log-odds are two more columns;
- the model is numbers: no word, no text, no run that fewer than three texts held.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn, without stubs

from predict.text.feeling import EMOTIONS, FEATURES, Table, Values, told_by_words
from predict.text.grams import WIDTH, Grams, Places, counts_of
from predict.text.words import LANGUAGE

CLASSES: Final = ("negative", "neutral", "positive")
SHARE: Final = "p_"
LEVELS: Final = (-2, -1, 0, 1, 2)
"""Very negative to very positive."""
VERY: Final = 0.6  # lean from which a level is "very"
ALIKE: Final = 1.0
BALANCES: Final = (ALIKE, 0.5)
FOLDS: Final = 3
ENOUGH: Final = 200  # labelled texts of a language that let it use the runs
RUNS: Final = 2 * WIDTH
_WORDS: Final = len(FEATURES) + len(EMOTIONS)
_PENALTY: Final = 1.0
BELIEVED: Final = 2.0  # praise as strong as this is no mere politeness
_DENSE_SCALE: Final = 0.3  # words of feeling are punished as runs are, whose columns are far smaller
_BATCH: Final = 10_000  # texts: bounds the memory


@dataclass(frozen=True, slots=True)
class Head:
    """One linear model: weights (a row a class, columns) and a bias for each class."""

    weights: Table
    bias: Values

    def log_odds(self, columns: sparse.csr_matrix) -> Table:
        """Weigh columns: a row a text, a column a class."""
        return np.asarray(columns @ self.weights.T) + self.bias


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentiment:
    """A model of three classes; `taught` are the languages whose runs it knows; `base` is what it started from.

    `trust` weighs the head with runs against the one with words of feeling alone, where both speak: 1 for texts of the
    kind that taught it, less where others are to be read (the shipped model knows reviews, and reads letters).
    """

    grams: Grams
    centre: Values
    scale: Values
    full: Head
    words: Head
    taught: tuple[str, ...]
    base: "Sentiment | None" = None
    trust: float = 1.0

    def shares(self, texts: pl.DataFrame, told: Table) -> Table:
        """Give each text (columns text, language) a probability of each class; `told` is what its words say."""
        beside = self._beside(texts, told)
        knows = texts[LANGUAGE].fill_null("").is_in(self.taught).to_numpy()
        log_odds = self.words.log_odds(sparse.csr_matrix(beside))
        if knows.any():
            which = np.flatnonzero(knows)
            runs = self.grams.weigh(counts_of(texts[which]))
            both = self.full.log_odds(sparse.hstack([runs, beside[which]], format="csr"))
            log_odds[which] = self.trust * both + (1 - self.trust) * log_odds[which]
        shares = np.exp(log_odds - log_odds.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    def _beside(self, texts: pl.DataFrame, told: Table) -> Table:
        return (_with_base(self.base, texts, told) - self.centre) / self.scale * _DENSE_SCALE


def balance_of(texts: pl.DataFrame, classes: Values, *, base: Sentiment | None = None, seed: int) -> float:
    """Choose how classes are balanced in learning: `FOLDS` parts drawn by the seed, each judged by the others."""
    part = np.random.default_rng(seed).integers(0, FOLDS, classes.size)

    def figure(balance: float) -> float:
        said = np.empty(classes.size)
        for fold in range(FOLDS):
            asked = texts.filter(pl.Series(part == fold))
            others = part != fold
            model = learn(texts.filter(pl.Series(others)), classes[others], base=base, balance=balance)
            said[part == fold] = model.shares(asked, told_by_words(asked).to_numpy()).argmax(axis=1)
        return float(f1_score(classes, said, average="macro", zero_division=0))

    return max(BALANCES, key=figure)


def learn(texts: pl.DataFrame, classes: Values, *, base: Sentiment | None = None, balance: float = ALIKE) -> Sentiment:
    """Learn from texts (columns text, language) and their classes (0 negative, 1 neutral, 2 positive).

    Every class must occur; it weighs by its rarity to the power of `balance` (1: all alike, 0: as it comes). Languages
    with fewer than `ENOUGH` texts teach the words of feeling only.
    """
    told = told_by_words(texts).to_numpy()
    counts = counts_of(texts)
    grams = Grams.fit(counts)
    columns = _with_base(base, texts, told)
    centre, scale = columns.mean(axis=0), columns.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    beside = sparse.csr_matrix((columns - centre) / scale * _DENSE_SCALE)
    runs, held = grams.weigh(counts), np.flatnonzero(grams.rarity)
    many = texts[LANGUAGE].value_counts().filter(pl.col("count") >= ENOUGH)[LANGUAGE]
    return Sentiment(
        grams=grams,
        centre=centre,
        scale=scale,
        full=_spread(_fitted(sparse.hstack([runs[:, held], beside], format="csr"), classes, balance), held),
        words=_fitted(beside, classes, balance),
        taught=tuple(sorted(many.drop_nulls().to_list())),
        base=base,
    )


def judged(model: Sentiment, texts: pl.DataFrame) -> pl.DataFrame:
    """Judge texts: columns p_negative, p_neutral, p_positive, lean (-1..1), level (-2..2), strength and emotions.

    `lean` is p_positive less p_negative; `level` is 0 where neither is likeliest, else the likelier side, and very so
    from a lean of `VERY`; `strength` is how far the lean is from none. Each emotion is the share that it has of what
    the words of a text feel (0: none); `polite_frustration` says whether somebody blames in polite words.
    """
    pieces = [_judged(model, texts[start : start + _BATCH]) for start in range(0, max(1, texts.height), _BATCH)]
    return pl.concat(pieces)


def _judged(model: Sentiment, texts: pl.DataFrame) -> pl.DataFrame:
    told = told_by_words(texts)
    shares = model.shares(texts, told.to_numpy())
    lean = shares[:, 2] - shares[:, 0]
    level = np.where(shares.argmax(axis=1) == 1, 0, np.where(np.abs(lean) >= VERY, 2, 1) * np.sign(lean))
    felt = told.select(EMOTIONS)
    most = felt.sum_horizontal().clip(3.0)  # one strong word fills it
    return pl.DataFrame(
        {SHARE + name: shares[:, place] for place, name in enumerate(CLASSES)}
        | {"lean": lean, "level": level.astype(np.int64), "strength": np.abs(lean)}
    ).with_columns(*(felt[name] / most for name in EMOTIONS), polite_frustration=_frustrated(told, lean))


def _frustrated(told: pl.DataFrame, lean: Values) -> pl.Series:
    """Find who blames in polite words: by blame itself, or by telling that it is not the first time, without praise."""
    polite, again = told["polite"] > 0, told["again"] > 0
    return polite & ((pl.Series(lean) < 0) | (again & (told["strongest_praise"] < BELIEVED)))


def classes_of(scores: pl.Series, *, low: Collection[float], high: Collection[float]) -> Values:
    """Turn scores that customers gave into classes: `low` blames, `high` praises, the rest is neither."""
    return np.where(scores.is_in(list(low)), 0, np.where(scores.is_in(list(high)), 2, 1)).astype(np.float64)


def _with_base(base: Sentiment | None, texts: pl.DataFrame, told: Table) -> Table:
    if base is None:
        return told
    logs = np.log(np.clip(base.shares(texts, told[:, :_WORDS]), 1e-6, None))
    return np.column_stack([told, logs[:, 2] - logs[:, 1], logs[:, 0] - logs[:, 1]])


def _spread(head: Head, held: Places) -> Head:
    """Put the weights of the runs that weigh anything in their places among all."""
    weights = np.zeros((head.weights.shape[0], RUNS + head.weights.shape[1] - held.size))
    weights[:, held] = head.weights[:, : held.size]
    weights[:, RUNS:] = head.weights[:, held.size :]
    return Head(weights, head.bias)


def _fitted(columns: sparse.csr_matrix, classes: Values, balance: float) -> Head:
    rarity = classes.size / len(CLASSES) / np.bincount(classes.astype(np.int64), minlength=len(CLASSES))
    weights = dict(enumerate(rarity**balance))
    model = LogisticRegression(C=_PENALTY, class_weight=weights, max_iter=200, tol=1e-3)
    with threadpool_limits(1):  # the order of sums is part of the result
        model.fit(columns, classes)
    return Head(np.asarray(model.coef_), np.asarray(model.intercept_))

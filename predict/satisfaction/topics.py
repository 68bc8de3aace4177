"""What people write about, found in their words: non-negative factors of TF-IDF, named by what tells them apart.

Rules kept:
- each language by itself, because factors of a mixture are its languages (Lee & Seung, 1999, for the factors);
- a word counts only where at least `FEWEST` customers use it: no name and no story of one person is in a topic;
- a topic is named by the words whose class-based TF-IDF (Grootendorst, 2022) is highest, or pairs of them;
- the same texts and seed give the same topics; a later run keeps the numbers of the earlier one where topics are alike
  (cosine of their words at least `ALIKE`, matched one to one), so that a trend is of one topic and not of its number;
- a topic of fewer than `FEWEST` customers is not told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np
import polars as pl
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import NMF
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn, without stubs

from predict.text.feeling import Table, Values
from predict.text.lexicon import read_list
from predict.text.words import LANGUAGE, fold, words_of, written_in

FEWEST: Final = 5  # customers
LEAST_TEXTS: Final = 60  # of a language: fewer have no topics
MOST_TOPICS: Final = 12
TEXTS_A_TOPIC: Final = 40
ALIKE: Final = 0.35
NAMED_BY: Final = 3  # words or pairs
KEPT: Final = 40  # words of a topic
NO_TOPIC: Final = -1
_COMMON: Final = 0.4  # a word in more of the texts tells none apart
_SHORTEST: Final = 3  # letters
_BELONGS: Final = 0.05  # least weight of a text in its topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic: its number, its language, its name, and the words it is found by, heaviest first."""

    number: int
    language: str
    name: str
    words: dict[str, float] = field(default_factory=dict)


def discovered(texts: pl.DataFrame, earlier: Sequence[Topic] = (), *, seed: int) -> list[Topic]:
    """Find topics in texts (columns pseudonym, text, language), numbered as the `earlier` ones where alike."""
    terms = _terms(texts)
    found = [each for language in _languages(texts) for each in _of_language(terms, language, seed)]
    return _numbered(found, list(earlier))


def topic_of(texts: pl.DataFrame, topics: Sequence[Topic]) -> pl.Series:
    """Say which topic each text is of by its number; `NO_TOPIC` where no word of any is in it."""
    words = [(each.language, word, each.number, weight) for each in topics for word, weight in each.words.items()]
    schema = {"language": pl.String, "word": pl.String, "topic": pl.Int64, "weight": pl.Float64}
    known = pl.DataFrame(words, schema=schema, orient="row")
    held = _terms(texts).join(known, on=["language", "word"], how="inner")
    weights = (
        held.group_by("row", "topic")
        .agg(pl.col("weight").sum())
        .sort("row", "weight", "topic", descending=[False, True, False])
    )
    best = weights.unique("row", keep="first", maintain_order=True).filter(pl.col("weight") >= _BELONGS)
    every = pl.DataFrame({"row": pl.int_range(texts.height, dtype=pl.UInt32, eager=True)})
    return every.join(best, on="row", how="left", maintain_order="left")["topic"].fill_null(NO_TOPIC).alias("topic")


def as_mappings(topics: Sequence[Topic]) -> list[dict[str, Any]]:
    """Give plain JSON values; `topics_of` reads them back."""
    return [{"number": one.number, "language": one.language, "name": one.name, "words": one.words} for one in topics]


def topics_of(stored: Sequence[dict[str, Any]]) -> list[Topic]:
    """Read topics back from their JSON values."""
    return [Topic(**one) for one in stored]


@cache
def stopwords() -> pl.DataFrame:
    """List words that tell no topic: language, word."""
    rows = [
        (line[0], fold(word)) for line in read_list("stopwords.txt", "predict.satisfaction") for word in line[1].split()
    ]
    return pl.DataFrame(rows, schema={"language": pl.String, "word": pl.String}, orient="row").unique()


def _terms(texts: pl.DataFrame) -> pl.DataFrame:
    """List the telling words of each text, and two of them side by side: row, language, word."""
    word = pl.col("word")
    words = words_of(texts).filter(word.str.contains(r"^\p{L}") & (word.str.len_chars() >= _SHORTEST))
    words = words.join(stopwords(), on=["language", "word"], how="anti", maintain_order="left")
    pairs = words.with_columns(word=pl.concat_str(word, word.shift(-1).over("row"), separator=" ")).drop_nulls()
    who = texts.select(row=pl.int_range(pl.len(), dtype=pl.UInt32), pseudonym="pseudonym")
    return pl.concat([words, pairs]).join(who, on="row", how="left", maintain_order="left")


def _languages(texts: pl.DataFrame) -> list[str]:
    counted = texts.select(language=written_in(pl.col(LANGUAGE)))["language"].value_counts()
    return sorted(counted.filter(pl.col("count") >= LEAST_TEXTS)["language"].to_list())


def _of_language(terms: pl.DataFrame, language: str, seed: int) -> list[Topic]:
    here = terms.filter(pl.col("language") == language)
    texts = here["row"].n_unique()
    counted = here.group_by("word").agg(texts=pl.col("row").n_unique(), customers=pl.col("pseudonym").n_unique())
    kept = counted.filter((pl.col("customers") >= FEWEST) & (pl.col("texts") <= _COMMON * texts)).sort("word")
    how_many = min(MOST_TOPICS, texts // TEXTS_A_TOPIC, kept.height)
    if how_many < 2:  # noqa: PLR2004 - one topic is no division
        return []
    counts, vocabulary = _laid_out(here, kept)
    loads, factors = _factors(counts, how_many, seed)
    return [
        Topic(
            number=NO_TOPIC,
            language=language,
            name=spelt(_name(counts, loads, place, vocabulary), language),
            words=words,
        )
        for place in range(how_many)
        if (words := _heaviest(factors[place], vocabulary))
    ]


def _laid_out(here: pl.DataFrame, kept: pl.DataFrame) -> tuple[sparse.csr_matrix, list[str]]:
    numbered = kept.select("word").with_row_index("column")
    cells = (
        here.join(numbered, on="word", how="inner").group_by("row", "column").agg(count=pl.len()).sort("row", "column")
    )
    row = cells["row"].rank("dense").to_numpy().astype(np.int64) - 1
    shape = (int(row.max(initial=-1)) + 1, numbered.height)
    return sparse.csr_matrix(
        (cells["count"].to_numpy().astype(np.float64), (row, cells["column"].to_numpy())), shape
    ), kept["word"].to_list()


def _factors(counts: sparse.csr_matrix, how_many: int, seed: int) -> tuple[Table, Table]:
    held = np.bincount(counts.indices, minlength=counts.shape[1])
    weights = counts.copy()
    weights.data = (1 + np.log(weights.data)) * (np.log((1 + counts.shape[0]) / (1 + held)) + 1)[weights.indices]
    length = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
    weights = sparse.diags(1 / np.where(length > 0, length, 1.0)) @ weights
    model = NMF(n_components=how_many, init="nndsvda", random_state=seed, max_iter=300, tol=1e-3)
    with threadpool_limits(1), np.errstate(invalid="ignore"):  # the error of an exact fit may round below zero
        loads = model.fit_transform(weights)
    return np.asarray(loads), np.asarray(model.components_)


def _name(counts: sparse.csr_matrix, loads: Table, place: int, vocabulary: list[str]) -> str:
    """Name a topic by class-based TF-IDF: how often its own texts use a word, and how rarely all do."""
    of = loads.argmax(axis=1) == place
    own = np.asarray(counts[of].sum(axis=0)).ravel()
    every = np.asarray(counts.sum(axis=0)).ravel()
    telling = own / max(1.0, own.sum()) * np.log(1 + every.sum() / counts.shape[1] / np.maximum(every, 1))
    return ", ".join(_apart([vocabulary[each] for each in np.argsort(-telling, kind="stable")]))


def spelt(words: str, language: str) -> str:
    """Write folded words as their language does."""
    return words.replace("æ", "ä").replace("ø", "ö") if language in {"sv", "de"} else words


def _apart(phrases: list[str]) -> list[str]:
    """Keep the first phrases of which none repeats another's words."""
    chosen: list[str] = []
    for phrase in phrases[: 10 * NAMED_BY]:
        if not any(set(phrase.split()) & set(each.split()) for each in chosen):
            chosen.append(phrase)
    return chosen[:NAMED_BY]


def _heaviest(factor: Values, vocabulary: list[str]) -> dict[str, float]:
    total = float(np.linalg.norm(factor))
    places = [each for each in np.argsort(-factor, kind="stable")[:KEPT] if factor[each] > 0]
    return {vocabulary[each]: round(float(factor[each]) / total, 4) for each in places}


def _numbered(found: list[Topic], earlier: list[Topic]) -> list[Topic]:
    """Give topics the numbers of the earlier ones that they are alike to, one to one; the rest follow on."""
    likeness = np.array([[_cosine(one, other) for other in earlier] for one in found]).reshape(len(found), len(earlier))
    pairs = zip(*linear_sum_assignment(-likeness), strict=True)
    kept = {int(one): earlier[other].number for one, other in pairs if likeness[one, other] >= ALIKE}
    following = iter(range(max((each.number for each in earlier), default=-1) + 1, 1 << 30))
    numbers = [kept[place] if place in kept else next(following) for place in range(len(found))]
    return [
        Topic(number=number, language=each.language, name=each.name, words=each.words)
        for number, each in zip(numbers, found, strict=True)
    ]


def _cosine(one: Topic, other: Topic) -> float:
    if one.language != other.language:
        return 0.0
    return sum(weight * other.words.get(word, 0.0) for word, weight in one.words.items())

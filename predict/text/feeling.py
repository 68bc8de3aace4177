"""What our lists of words say of a text: how strongly each word feels, turned by negation, weighed by its neighbours.

Rules (of our own; the ideas are Hutto & Gilbert's, VADER, ICWSM 2014, sections 3.2 and 3.3):
- a negation up to three words before, or one word after (three in German, where it follows the verb), turns a word that
  praises into half its blame, and one that blames into a third of praise; a pause between them ends its reach;
- a strengthening word right before counts 1.3 times, a weakening one 0.6 times;
- after "but" a text weighs 1.25 times, before it 0.75 times: what follows is meant;
- nobody is measured by how much they write: sums are told per square root of the words that feel.
"""

from typing import Final

import numpy as np
import polars as pl

from predict.text.lexicon import LONGEST, Flags, Numbers, lexicon, markers, matches
from predict.text.words import PAUSES, words_of

Values = np.ndarray[tuple[int], np.dtype[np.float64]]
Table = np.ndarray[tuple[int, int], np.dtype[np.float64]]

EMOTIONS: Final = ("anger", "disappointment", "confusion", "boredom", "joy", "enthusiasm")
_LETTERS: Final = dict(zip("adcbje", EMOTIONS, strict=True))
REACH, REACH_AFTER, REACH_AFTER_GERMAN = 3, 1, 3  # words
PRAISE_TURNED, BLAME_TURNED = -0.5, -0.33
STRONGER, WEAKER = 1.3, 0.6
AFTER_BUT, BEFORE_BUT = 1.25, 0.75
FEATURES: Final = (
    "praise", "blame", "balance", "strongest_praise", "strongest_blame", "last", "negated", "but", "polite", "again",
    "exclaims", "asks", "shouts", "length", "silent",
)  # fmt: skip


def weighed(texts: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Weigh every word of texts (columns text, language): the words of `words_of` with what each says.

    Further columns: felt (signed strength; 0: nothing), entry (of the lexicon, -1: none), negated, and a flag for each
    other kind of small word. The list names those columns.
    """
    words = words_of(texts)
    known = lexicon()
    entry, length = matches(words, known.phrases)
    small = {kind: matches(words, phrases)[0] >= 0 for kind, phrases in markers().items()}
    small["negation"] &= ~covered(
        entry, length
    )  # "does not work" is blamed as it stands, and not turned by its own "not"
    row = words["row"].to_numpy()
    negated = reached(words, small["negation"]) & (entry >= 0)
    base = np.where(entry >= 0, known.strength[entry], 0.0)
    turned = np.where(base > 0, PRAISE_TURNED, BLAME_TURNED) * base
    felt = np.where(negated, turned, base)
    felt = felt * np.where(_right_before(small["stronger"], row), STRONGER, 1.0)
    felt = felt * np.where(_right_before(small["weaker"], row), WEAKER, 1.0)
    felt = felt * _around_but(row, small["but"])
    columns = {"felt": felt, "entry": entry, "negated": negated, **small}
    return words.with_columns(**{name: pl.Series(values) for name, values in columns.items()}), list(columns)


def covered(entry: Numbers, length: Numbers) -> Flags:
    """Say which words an entry took."""
    taken = entry >= 0
    for offset in range(1, LONGEST):
        taken[offset:] |= (entry[:-offset] >= 0) & (length[:-offset] > offset)
    return taken


def reached(words: pl.DataFrame, negation: Flags) -> Flags:
    """Say at each word of `words_of` whether a negation reaches it: flags at the words that negate."""
    row, pause = words["row"].to_numpy(), words["word"].is_in(list(PAUSES)).to_numpy()
    german = (words["language"] == "de").to_numpy()
    met = np.zeros(negation.size, dtype=np.bool_)
    open_before = np.ones(negation.size, dtype=np.bool_)
    open_after = np.ones(negation.size, dtype=np.bool_)
    for offset in range(1, min(REACH, negation.size - 1) + 1):
        same = row[offset:] == row[:-offset]
        open_before[offset:] &= same & ~pause[:-offset]
        open_before[:offset] = False
        met[offset:] |= negation[:-offset] & open_before[offset:]
        open_after[:-offset] &= same & ~pause[offset:]
        open_after[negation.size - offset :] = False
        far = german[:-offset] if offset > REACH_AFTER else True
        met[:-offset] |= negation[offset:] & open_after[:-offset] & far
    return met


def _right_before(flags: Flags, row: np.ndarray) -> Flags:
    before = np.zeros(flags.size, dtype=np.bool_)
    before[1:] = flags[:-1] & (row[1:] == row[:-1])
    return before


def _around_but(row: np.ndarray, but: Flags) -> Values:
    """Weigh words by the last "but" of their text: less before it, more after it."""
    places = np.arange(row.size)
    last = np.full(int(row.max(initial=0)) + 1, -1)
    np.maximum.at(last, row[but], places[but])
    has = last[row] >= 0
    return np.where(~has, 1.0, np.where(places > last[row], AFTER_BUT, BEFORE_BUT))


def told_by_words(texts: pl.DataFrame) -> pl.DataFrame:
    """Sum up what the words say: one row a text, columns `FEATURES` (Float64) and `EMOTIONS` (strength from 0)."""
    words, _ = weighed(texts)
    felt, some = pl.col("felt"), pl.col("felt") != 0
    root = some.sum().sqrt().clip(1.0)
    praise, blame = felt.clip(0.0).sum(), (-felt).clip(0.0).sum()
    by_text = words.group_by("row", maintain_order=True).agg(
        praise=praise / root,
        blame=blame / root,
        balance=(praise - blame) / (praise + blame + 1.0),
        strongest_praise=felt.max().clip(0.0),
        strongest_blame=(-felt).max().clip(0.0),
        last=felt.filter(some).last().fill_null(0.0),
        negated=pl.col("negated").sum().sqrt(),
        but=pl.col("but").any().cast(pl.Float64),
        polite=pl.col("polite").any().cast(pl.Float64),
        again=pl.col("again").any().cast(pl.Float64),
        exclaims=(pl.col("word") == "!").any().cast(pl.Float64),
        asks=(pl.col("word") == "?").any().cast(pl.Float64),
        length=pl.len().log1p(),
        silent=(~some.any()).cast(pl.Float64),
        **{name: _emotion(letter) for letter, name in _LETTERS.items()},
    )
    shouts = texts.select(row=pl.int_range(pl.len(), dtype=pl.UInt32), shouts=_shouts(pl.col("text")))
    told = shouts.join(by_text, on="row", how="left", maintain_order="left")
    return told.select(pl.col(*FEATURES, *EMOTIONS).cast(pl.Float64).fill_null(0.0))


def _emotion(letter: str) -> pl.Expr:
    """Add up the strength of the words of one emotion; a word that is turned no longer tells of it."""
    of = [number for number, emotions in enumerate(lexicon().emotions) if letter in emotions]
    return (pl.col("felt").abs() * (pl.col("entry").is_in(of) & ~pl.col("negated"))).sum()


def _shouts(text: pl.Expr) -> pl.Expr:
    """Say which share of the words of four letters or more is written in capitals."""
    long = text.fill_null("").str.count_matches(r"\p{L}{4,}")
    return text.fill_null("").str.count_matches(r"\b\p{Lu}{4,}\b") / long.clip(1)

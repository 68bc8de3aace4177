"""How hard a text is to read: counts of its sentences and words, and the formula that each language has its own of.

| language | formula | easy | hard |
|---|---|---|---|
| nb, nn, sv | LIX (Björnsson, 1968): W/S + 100 L/W, L words of more than six letters | below 40 | 50 or more |
| de | Amstad (Wie verständlich sind unsere Zeitungen?, 1978): 180 - W/S - 58.5 Y/W | 60 or more | below 50 |
| de besides | first Vienna formula (Bamberger & Vanecek, Lesen, 1984), a school year: see `vienna` | | |
| en | Flesch (J. Applied Psychology 32, 1948): 206.835 - 1.015 W/S - 84.6 Y/W | 60 or more | below 50 |

W words, S sentences, Y syllables. Figures are of all texts together (sums, then the formula): of a mail of two
sentences alone they say nothing. Syllables are runs of vowels, a final silent e of English left out: good to a few per
cent over many words. A line ends a sentence, as in a list; a placeholder is one word of one syllable.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from predict.frames import Vector
from predict.text.words import TEXT

LONG_SENTENCE: Final = 25
"""Words from which on a sentence is long (GOV.UK style guide; Klarspråk advises 20 to 25)."""
LONG_WORD: Final = 6  # letters: longer ones are long (LIX)
MANY_SYLLABLES: Final = 3
COUNTS: Final = ("sentences", "words", "long_words", "syllables", "many_syllables", "one_syllable", "long_sentences")
LIX, FLESCH, AMSTAD = "LIX", "Flesch", "Amstad"
FORMULA: Final[Mapping[str, str]] = {"nb": LIX, "nn": LIX, "sv": LIX, "en": FLESCH, "de": AMSTAD}
EASY: Final[Mapping[str, float]] = {LIX: 40, FLESCH: 60, AMSTAD: 60}
HARD: Final[Mapping[str, float]] = {LIX: 50, FLESCH: 50, AMSTAD: 50}

_SHORTENED: Final = (
    r"(?i)\b(?:f\.\s?eks|bl\.\s?a|t\.\s?ex|d\.\s?v\.\s?s|m\.\s?m|z\.\s?b|d\.\s?h|u\.\s?a|e\.\s?g|i\.\s?e|ca|kl|nr|osv|dvs"
    r"|mv|evt|mr|mrs|dr|bzw|usw|etc|str|tlf|tel|jf|resp|inkl|incl|approx|no)\."
)
_ENDS: Final = r"[.!?]+(?:\s+|$)|\n+"
_STANDS_FOR: Final = r"\[[^\[\]\n]{1,40}\]"
_WORD: Final = r"\p{L}+(?:[-'’]\p{L}+)*"
_VOWELS: Final = r"(?:ie|ei|eu|äu|au|ai|ee|aa|oo|[aeiouyæøåäöüéèê])"
_RUNS: Final = r"[aeiouyé]+"
_SILENT: Final = r"([^aeiouyl])e$"


def sentences_of(texts: pl.DataFrame) -> pl.DataFrame:
    """Split texts (columns text and language) into sentences with a word in them: row, language, sentence."""
    plain = pl.col(TEXT).fill_null("").str.replace_all(_STANDS_FOR, "Na").str.replace_all(_SHORTENED, "xx")
    marked = plain.str.replace_all(_ENDS, "\x1f")
    split = texts.select(
        row=pl.int_range(pl.len(), dtype=pl.UInt32), language="language", sentence=marked.str.split("\x1f")
    )
    return split.explode("sentence", empty_as_null=False).filter(pl.col("sentence").str.contains(r"\p{L}"))


def counted(texts: pl.DataFrame) -> pl.DataFrame:
    """Count, a row a text: `COUNTS` (Float64); a text without a word has none of anything."""
    sentences = sentences_of(texts).with_columns(word=pl.col("sentence").str.extract_all(_WORD))
    length = pl.col("word").list.len()
    by_text = sentences.group_by("row").agg(sentences=pl.len(), long_sentences=(length > LONG_SENTENCE).sum())
    words = sentences.select("row", "language", "word").explode("word").with_columns(pl.col("word").str.to_lowercase())
    known = words.select("language", "word").unique().with_columns(syllables=_syllables())
    beside = words.join(known, on=["language", "word"], how="left", nulls_equal=True)
    syllables, letters = pl.col("syllables"), pl.col("word").str.len_chars()
    by_word = beside.group_by("row").agg(
        words=pl.len(),
        long_words=(letters > LONG_WORD).sum(),
        syllables=syllables.sum(),
        many_syllables=(syllables >= MANY_SYLLABLES).sum(),
        one_syllable=(syllables == 1).sum(),
    )
    every = texts.select(row=pl.int_range(pl.len(), dtype=pl.UInt32))
    for found in (by_text, by_word):
        every = every.join(found, on="row", how="left", maintain_order="left")
    return every.select(pl.col(*COUNTS).cast(pl.Float64).fill_null(0.0))


def ease(counts: Mapping[str, Vector], language: str) -> Vector:
    """Give the formula of a language over summed counts; NaN of no words."""
    sentences, words = (_some(counts[name]) for name in ("sentences", "words"))
    length, syllables = words / sentences, counts["syllables"] / words
    found = {
        LIX: lambda: length + 100 * counts["long_words"] / words,
        FLESCH: lambda: 206.835 - 1.015 * length - 84.6 * syllables,
        AMSTAD: lambda: 180 - length - 58.5 * syllables,
    }
    return found[FORMULA[language]]()


def vienna(counts: Mapping[str, Vector]) -> Vector:
    """Give the school year for which German is written: .1935 MS + .1672 SL + .1297 IW - .0327 ES - .875.

    MS, IW, ES are per cent of words of three syllables or more, of more than six letters, of one syllable; SL is
    words a sentence (Bamberger & Vanecek, 1984, first formula).
    """
    sentences, words = (_some(counts[name]) for name in ("sentences", "words"))
    many, long, one = (100 * counts[name] / words for name in ("many_syllables", "long_words", "one_syllable"))
    return 0.1935 * many + 0.1672 * words / sentences + 0.1297 * long - 0.0327 * one - 0.875


def verdict(figure: float, language: str) -> str:
    """Say easy, middling or hard: a high LIX is hard, a high Flesch easy."""
    formula = FORMULA[language]
    if formula == LIX:
        return "easy" if figure < EASY[LIX] else "hard" if figure >= HARD[LIX] else "middling"
    return "easy" if figure >= EASY[formula] else "hard" if figure < HARD[formula] else "middling"


def _some(count: Vector) -> Vector:
    """Give NaN for nothing, so that a division by it is no figure."""
    return np.where(count > 0, count, np.nan)


def _syllables() -> pl.Expr:
    """Count runs of vowels, at least one a word; outside English only those that are one sound run together."""
    word = pl.col("word")
    english = word.str.replace(_SILENT, "$1").str.count_matches(_RUNS)
    others = word.str.count_matches(_VOWELS)
    return pl.when(pl.col("language") == "en").then(english).otherwise(others).clip(1)

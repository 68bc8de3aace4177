"""Phrases that stand as they are said: not negated."""

import numpy as np
import polars as pl

from predict.text.feeling import covered, reached
from predict.text.lexicon import Flags, Numbers, Phrases, markers, matches


def negating(words: pl.DataFrame) -> Flags:
    """Say which words (`predict.text.words.words_of`) negate."""
    return np.asarray(matches(words, markers()["negation"])[0] >= 0)


def standing(words: pl.DataFrame, phrases: Phrases, negation: Flags) -> Numbers:
    """Find phrases in words (`predict.text.words.words_of`): the entry at its first word, else -1.

    A negation (flags of `negating`) that is no part of the phrase takes it away within its reach
    (`predict.text.feeling`).
    """
    entry, length = matches(words, phrases)
    entry[reached(words, negation & ~covered(entry, length))] = -1
    return entry

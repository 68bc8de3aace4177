"""Phrases that stand as they are said: not negated, and not part of another thing that is called alike."""

import polars as pl

from predict.text.feeling import covered, reached
from predict.text.lexicon import Numbers, Phrases, markers, matches


def standing(words: pl.DataFrame, phrases: Phrases, unless: Phrases | None = None) -> Numbers:
    """Find phrases in words (`predict.text.words.words_of`): the entry at its first word, else -1.

    A negation that is no part of the phrase takes it away within its reach (`predict.text.feeling`); so does a phrase
    of `unless` that shares a word with it.
    """
    entry, length = matches(words, phrases)
    negation = (matches(words, markers()["negation"])[0] >= 0) & ~covered(entry, length)
    entry[reached(words, negation)] = -1
    if unless is not None:
        excused = covered(*matches(words, unless))
        entry[excused] = -1
    return entry

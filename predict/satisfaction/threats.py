"""Which texts are critical and why: phrases of the lists as they stand or apart, and frames of what is meant.

Rules kept:
- the lists are the `critical` lines of the themes, ours with those of the company's own file;
- the words of a phrase of two may stand apart (`predict.satisfaction.apart`);
- what is said by other words than the lists is told by frames (`predict.satisfaction.frames`);
- a phrase that a negation reaches ("nobody was injured", "I am not going to cancel") does not count, unless the phrase
  holds the negation itself;
- a phrase that an `unless` line of the same kind reaches (a fire wall, the court of a tennis club) does not count;
- told is which of *our* phrases fired, never a word of the text.
"""

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
import polars as pl

from predict.satisfaction.apart import apart
from predict.satisfaction.frames import denied, framed, hear
from predict.satisfaction.standing import negating, standing
from predict.text.feeling import covered, reached
from predict.text.lexicon import Phrases, matches, phrases_of

CRITICAL: Final = ("leaving", "safety", "legal")


class Line(Protocol):
    """A line of the themes."""

    @property
    def kind(self) -> str:
        """Say what the words are for."""

    @property
    def name(self) -> str:
        """Name the theme."""

    @property
    def words(self) -> tuple[str, ...]:
        """Give the words by language."""


def threats(words: pl.DataFrame, lines: Sequence[Line], rivals: Sequence[str] = ()) -> pl.DataFrame:
    """Find what is critical in words (`predict.text.words.words_of`): row, kind and word, of our own phrases."""
    negation = negating(words)
    heard, negated = hear(words, negation, rivals), reached(words, negation)
    met, found = framed(heard), []
    for kind in CRITICAL:
        phrases, named = _lines(lines, "critical", kind)
        unless = _lines(lines, "unless", kind)[0]
        away = covered(*matches(words, unless)) | denied(heard, kind)
        entry = np.where(away, -1, standing(words, phrases, negation))
        at = np.flatnonzero(entry >= 0)
        whole = pl.DataFrame({"row": words["row"].gather(at), "entry": entry[at]})
        hits = pl.concat([whole, apart(words, phrases, away | negated)]).unique(maintain_order=True)
        said = pl.Series("word", named, dtype=pl.String).gather(hits["entry"])
        found.append(hits.select("row", pl.lit(kind).alias("kind"), said))
        mine = met.filter(pl.col("kind") == kind)
        found.append(mine.filter(~pl.Series(away[mine["place"].to_numpy()])).select("row", "kind", "word"))
    return pl.concat(found)


def _lines(lines: Sequence[Line], kind: str, name: str) -> tuple[Phrases, tuple[str, ...]]:
    """Give every phrase of the lines of a kind and name a number of its own, from 0 on."""
    numbered: list[tuple[int, list[str]]] = []
    named: list[str] = []
    for line in lines:
        if (line.kind, line.name) == (kind, name):
            for column, phrases in enumerate(line.words):
                for phrase in filter(None, (each.strip() for each in phrases.split(","))):
                    columns = [""] * len(line.words)
                    columns[column] = phrase
                    numbered.append((len(named), columns))
                    named.append(phrase)
    return phrases_of(numbered), tuple(named)

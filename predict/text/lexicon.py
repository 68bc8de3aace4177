"""Our own lists of words: which tell of feeling and how strongly, and which turn or strengthen their neighbours.

Rules kept:
- each language has its own, because the same letters mean something else next door (`rolig` is fun in Swedish and
  calm in Norwegian);
- the longest phrase wins, and no word counts twice;
- a word is looked up once for all texts that hold it, not once for each place where it stands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
import polars as pl

from predict.text.words import fold

LONGEST: Final = 4  # words of a phrase
_COLUMNS: Final = ("nb", "sv", "en", "de")
_SHORTEST_STEM: Final = 2
Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Phrases:
    """Entries of one list by language: phrases as they are, and stems that stand for every word that begins so."""

    whole: Mapping[tuple[str, str], int]
    stems: Mapping[tuple[str, str], int]
    starts: frozenset[tuple[str, str]]

    def find(self, language: str, phrase: str) -> int:
        """Return the entry of a phrase; -1: it is in no entry."""
        entry = self.whole.get((language, phrase))
        if entry is not None:
            return entry
        for length in range(len(phrase), _SHORTEST_STEM - 1, -1):
            entry = self.stems.get((language, phrase[:length]))
            if entry is not None and " " not in phrase[length:]:
                return entry
        return -1


def phrases_of(lines: Iterable[tuple[int, list[str]]]) -> Phrases:
    """Lay entries out for looking up: (number of the entry, its words by language in the order of `_COLUMNS`)."""
    whole: dict[tuple[str, str], int] = {}
    stems: dict[tuple[str, str], int] = {}
    starts: set[tuple[str, str]] = set()
    for entry, columns in lines:
        for language, column in zip(_COLUMNS, columns, strict=True):
            for phrase in filter(None, (fold(each.strip()) for each in column.split(","))):
                target, key = (stems, phrase[:-1]) if phrase.endswith("*") else (whole, phrase)
                target.setdefault((language, key.strip()), entry)
                first, *more = phrase.split(" ")
                if more:
                    starts.add((language, first.rstrip("*")))
    return Phrases(whole, stems, frozenset(starts))


def matches(words: pl.DataFrame, phrases: Phrases) -> tuple[Numbers, Numbers]:
    """Find entries in words (`predict.text.words.words_of`): entry at each place or -1, and how many words it took.

    The longest phrase at a place wins; words that it took are in no other.
    """
    count = words.height
    entry, length = np.full(count, -1, np.int64), np.zeros(count, np.int64)
    taken: Flags = np.zeros(count, dtype=np.bool_)
    for size in range(min(LONGEST, count), 0, -1):
        found = _found(words, phrases, size)
        free = (found >= 0) & ~taken
        for offset in range(1, size):
            free[: count - offset] &= ~taken[offset:]
        for offset in range(1, size):
            free[offset:] &= ~free[: count - offset]
        for place in range(size):
            taken[place:] |= free[: count - place]
        entry[free], length[free] = found[free], size
    return entry, length


def _found(words: pl.DataFrame, phrases: Phrases, size: int) -> Numbers:
    """Look up every run of so many words within one text."""
    found = np.full(words.height, -1, np.int64)
    row, word = pl.col("row"), pl.col("word")
    runs = words.with_row_index("place")
    if size > 1:
        starts = pl.DataFrame(sorted(phrases.starts), schema={"language": pl.String, "word": pl.String}, orient="row")
        here = [word.shift(-offset) for offset in range(size)]
        runs = runs.with_columns(
            phrase=pl.concat_str(here, separator=" "), same=row.shift(-(size - 1)).eq(row).fill_null(value=False)
        )
        runs = runs.filter(pl.col("same")).join(starts, on=["language", "word"], how="semi")
    else:
        runs = runs.with_columns(phrase=word)
    distinct = runs.select("language", "phrase").unique().drop_nulls()
    known = [phrases.find(language, phrase) for language, phrase in distinct.iter_rows()]  # once a word, not a place
    distinct = distinct.with_columns(entry=pl.Series(known, dtype=pl.Int64)).filter(pl.col("entry") >= 0)
    hits = runs.join(distinct, on=["language", "phrase"], how="inner")
    found[hits["place"].to_numpy()] = hits["entry"].to_numpy()
    return found


def read_list(name: str, room: str = "predict.text") -> list[list[str]]:
    """Read one of our lists: its columns, comments left out."""
    text = files(room).joinpath(name).read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return [[part.strip() for part in line.split("|")] for line in lines]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words of feeling: strength (-3 to 3; 0: greeting) and emotions (letters of `EMOTIONS`) of each entry."""

    phrases: Phrases
    strength: np.ndarray[tuple[int], np.dtype[np.float64]]
    emotions: tuple[str, ...]


@cache
def lexicon() -> Lexicon:
    """Read the words of feeling."""
    lines = read_list("lexicon.txt")
    heads = [line[0].split() for line in lines]
    return Lexicon(
        phrases_of((number, line[1:]) for number, line in enumerate(lines)),
        np.array([float(strength) for strength, _ in heads]),
        tuple("" if emotions == "-" else emotions for _, emotions in heads),
    )


MARKERS: Final = ("negation", "stronger", "weaker", "but", "polite", "again")


@cache
def markers() -> Mapping[str, Phrases]:
    """Read the small words by kind."""
    lines = read_list("markers.txt")
    return {line[0]: phrases_of([(0, line[1:])]) for line in lines}

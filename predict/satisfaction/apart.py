"""Phrases of two words whose words stand apart: "den Vertrag werden wir kündigen", "abonnementet sier vi herved opp".

Rules kept:
- both words stand in one clause (no pause between) with at most `BETWEEN` words in between;
- in English the first stays first; the other languages put verb and object, verb and particle, in either order;
- phrases with a small word ("cancel my", "i fare") or a negation count as they are written alone: torn apart such
  words say nothing; so do stems;
- a negation that reaches either word takes the pair away.
"""

from functools import cache
from typing import Final

import polars as pl

from predict.text.lexicon import Flags, Phrases, markers, read_list
from predict.text.words import PAUSES, fold

BETWEEN: Final = 4  # words
_PARTICLES: Final = frozenset({"opp", "upp"})
"""Small words that are half of a verb: to say up is to cancel."""
_PAIRS: Final = {"entry": pl.Int64, "language": pl.String, "one": pl.String, "other": pl.String}


def pairs_of(phrases: Phrases) -> pl.DataFrame:
    """Give the phrases of two telling words: entry, language, one and other."""
    split = ((entry, language, phrase.split(" ")) for (language, phrase), entry in phrases.whole.items())
    rows = [(entry, language, *both) for entry, language, both in split if len(both) == 2 and _telling(language, *both)]  # noqa: PLR2004 - one and other
    return pl.DataFrame(rows, schema=_PAIRS, orient="row")


def apart(words: pl.DataFrame, phrases: Phrases, barred: Flags) -> pl.DataFrame:
    """Find pairs in words (`predict.text.words.words_of`): columns row and entry, each pair of a text once.

    Args:
        words: the words of all texts.
        phrases: whose pairs are looked for.
        barred: says of each word whether nothing is told by it, as where a negation reaches it.
    """
    placed = words.with_columns(
        place=pl.int_range(pl.len()), clause=pl.col("word").is_in(list(PAUSES)).cum_sum(), barred=pl.Series(barred)
    ).filter(~pl.col("barred"))
    pairs = pairs_of(phrases)
    one = placed.join(pairs, left_on=["language", "word"], right_on=["language", "one"])
    other = placed.join(pairs, left_on=["language", "word"], right_on=["language", "other"])
    met = one.join(other, on=["row", "clause", "entry", "language"], suffix="_other")
    gap = pl.col("place_other") - pl.col("place")
    near = gap.abs().is_between(1, BETWEEN + 1) & ((gap > 0) | (pl.col("language") != "en"))
    return met.filter(near).select("row", "entry").unique(maintain_order=True)


def _telling(language: str, one: str, other: str) -> bool:
    if other in _PARTICLES:
        return one.endswith("r")  # the present: an infinitive keeps its particle beside it
    return not {(language, one), (language, other)} & _small()


@cache
def _small() -> frozenset[tuple[str, str]]:
    """Give the words by language that tell of nothing by themselves, and those that negate."""
    lines = read_list("stopwords.txt", "predict.satisfaction")
    telling_of_none = {(line[0], fold(word)) for line in lines for word in line[1].split()}
    return frozenset(telling_of_none | set(markers()["negation"].whole))

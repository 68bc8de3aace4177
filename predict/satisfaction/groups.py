"""Groups of words that mean alike, looked for in all texts at once: `frames.txt` holds ours, a column a language.

Rules kept:
- a pattern is a word or a phrase of up to `LONGEST` words; `*` at an end stands for any letters, so that inflections
  and compounds ("strømabonnementet", "Stromvertrags") are heard by their stem;
- one word may be of several groups; groups with `!` hold words that people keep when they write in another language
  ("GDPR", "solicitor"), and are heard in all of them;
- a word is looked up once for all texts that hold it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from predict.text.lexicon import LONGEST
from predict.text.words import fold

LANGUAGES: Final = ("nb", "sv", "en", "de")
_SCHEMA: Final = {"language": pl.String, "group": pl.String, "shown": pl.String, "form": pl.String, "how": pl.String}
_HIT: Final = ("place", "row", "group", "shown")


@dataclass(frozen=True, slots=True)
class Group:
    """A name, the patterns that belong to it by language, and whether they are heard in every language."""

    name: str
    patterns: tuple[str, ...]
    everywhere: bool = False

    def rows(self) -> Iterable[tuple[str, str, str, str, str]]:
        """Lay the patterns out: language, group, as it is shown, the form to compare, and how."""
        for language, column in zip(LANGUAGES, self.patterns, strict=True):
            for pattern in filter(None, (each.strip() for each in column.split(","))):
                how = ("end" if pattern.startswith("*") else "") + ("start" if pattern.endswith("*") else "")
                for heard in LANGUAGES if self.everywhere else (language,):
                    yield heard, self.name, pattern, fold(pattern.strip("*")), how or "whole"


def patterns_of(groups: Sequence[Group]) -> pl.DataFrame:
    """Give the patterns of groups: columns language, group, shown, form, how, and size in words.

    `how` says where the form stands in a word: whole, start, end, or endstart (anywhere).
    """
    rows = pl.DataFrame([row for each in groups for row in each.rows()], schema=_SCHEMA, orient="row")
    return rows.with_columns(size=pl.col("form").str.count_matches(" ") + 1).unique(maintain_order=True)


def grouped(words: pl.DataFrame, patterns: pl.DataFrame) -> pl.DataFrame:
    """Find patterns in words (`predict.text.words.words_of`): place of the first word, row, group and shown."""
    placed = words.with_columns(place=pl.int_range(pl.len(), dtype=pl.UInt32))
    found = [
        _of_size(placed, patterns.filter(pl.col("size") == size), size)
        for size in range(1, LONGEST + 1)
        if patterns["size"].is_in([size]).any()
    ]
    return pl.concat(found).unique(["place", "group"], keep="first", maintain_order=True).sort("place")


def _of_size(placed: pl.DataFrame, patterns: pl.DataFrame, size: int) -> pl.DataFrame:
    """Look up every run of so many words within one text."""
    row, word = pl.col("row"), pl.col("word")
    runs = placed.select("place", "row", "language", phrase=word)
    if size > 1:
        starts = patterns.select("language", word=pl.col("form").str.split(" ").list.first()).unique()
        here = pl.concat_str([word.shift(-offset) for offset in range(size)], separator=" ")
        same = row.shift(-(size - 1)).eq(row).fill_null(value=False)
        runs = (
            placed.with_columns(phrase=here, same=same).filter("same").join(starts, on=["language", "word"], how="semi")
        )
    distinct = runs.select("language", "phrase").unique(maintain_order=True)
    known = _looked_up(distinct, patterns)
    return runs.join(known, on=["language", "phrase"], how="inner").select(_HIT)


def _looked_up(distinct: pl.DataFrame, patterns: pl.DataFrame) -> pl.DataFrame:
    """Say which patterns each phrase meets: language, phrase, group, shown."""
    found = []
    for (how,), each in patterns.group_by("how", maintain_order=True):
        if how == "endstart":
            found.append(_within(distinct, each))
            continue
        lengths = each["form"].str.len_chars().unique().to_list() if how != "whole" else [None]
        phrase = pl.col("phrase")
        for length in lengths:
            cut = phrase if length is None else phrase.str.head(length) if how == "start" else phrase.str.tail(length)
            found.append(distinct.with_columns(form=cut).join(each, on=["language", "form"], how="inner"))
    return pl.concat([one.select("language", "phrase", "group", "shown") for one in found])


def _within(distinct: pl.DataFrame, patterns: pl.DataFrame) -> pl.DataFrame:
    """Look for forms anywhere in a phrase."""
    forms = patterns["form"].unique(maintain_order=True).to_list()
    held = distinct.with_columns(form=pl.col("phrase").str.extract_many(forms, overlapping=True)).explode("form")
    return held.drop_nulls("form").unique(maintain_order=True).join(patterns, on=["language", "form"], how="inner")

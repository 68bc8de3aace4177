"""Words of offices in our own mails, by our list of them, with what people say instead."""

from functools import cache
from typing import Final

import polars as pl

from predict.text.lexicon import Phrases, matches, phrases_of, read_list
from predict.text.words import LANGUAGE, words_of, written_in

_COLUMNS: Final = ("nb", "sv", "en", "de")


def known_in(mails: pl.DataFrame) -> pl.DataFrame:
    """Find listed words in mails (columns text, language): row, word, plainer; a row a place."""
    phrases, listed = _list()
    words = words_of(mails)
    entry, _ = matches(words, phrases)
    found = words.select("row").with_columns(entry=pl.Series(entry)).filter(pl.col("entry") >= 0)
    return found.join(listed, on="entry", how="left", maintain_order="left").drop("entry")


@cache
def _list() -> tuple[Phrases, pl.DataFrame]:
    lines = read_list("officialese.txt", "predict.writing")
    entries = [
        (number, [word if language == column else "" for column in _COLUMNS])
        for number, (language, word, _) in enumerate(lines)
    ]
    listed = pl.DataFrame(lines, schema=["language", "word", "plainer"], orient="row").with_row_index("entry")
    return phrases_of(entries), listed.with_columns(pl.col("entry").cast(pl.Int64), written_in(pl.col(LANGUAGE)))

"""The words of many texts side by side: lower case, one spelling for letters that neighbours write differently.

Rules kept:
- one row a word, in the order of the text; signs that tell of feeling (`!`, `?`, smileys) and of a pause are words;
- `æ` and `ä`, `ø` and `ö` are one letter each, so that what was learned in Norwegian serves Swedish and German as well;
- a placeholder of the redactor (`[name 1]`) is one word, `[]`, whoever it stands for;
- no loop over texts: Polars splits them all at once.
"""

from typing import Final

import polars as pl

TEXT: Final = "text"
LANGUAGE: Final = "language"
LANGUAGES: Final = ("nb", "nn", "sv", "en", "de")
"""What texts are read in; anything else is read as English."""

PLACEHOLDER: Final = "[]"
PAUSES: Final = (".", ",", ";", ":", "(", ")", "...", "!", "?")
_WORD: Final = r"\[\]|\p{L}+(?:['’]\p{L}+)?|\d+|[:;]-?[()D]|\.{3}|[!?]+|[.,;:()]"
_STANDS_FOR: Final = r"\[[^\[\]\n]{1,40}\]"
_NEIGHBOURS: Final = (("ä", "æ"), ("ö", "ø"), ("’", "'"), ("…", "..."))


def folded(text: pl.Expr) -> pl.Expr:
    """Bring a text to the form that is compared."""
    lower = text.fill_null("").str.to_lowercase().str.replace_all(_STANDS_FOR, PLACEHOLDER)
    for other, ours in _NEIGHBOURS:
        lower = lower.str.replace_all(other, ours, literal=True)
    return lower


def fold(word: str) -> str:
    """Bring one word or phrase to the same form."""
    lower = word.lower()
    for other, ours in _NEIGHBOURS:
        lower = lower.replace(other, ours)
    return lower


def words_of(texts: pl.DataFrame) -> pl.DataFrame:
    """Split texts into words: columns row (UInt32, the text's place), language, word; in the order of the texts.

    Args:
        texts: columns text and language (a code of `LANGUAGES`; anything else, or null, counts as `en`).
    """
    return (
        texts.select(
            row=pl.int_range(pl.len(), dtype=pl.UInt32),
            language=written_in(pl.col(LANGUAGE)),
            word=folded(pl.col(TEXT)).str.extract_all(_WORD),
        )
        .explode("word", empty_as_null=False)
        .with_columns(pl.when(pl.col("word").str.contains(r"^[!?]")).then(pl.col("word").str.head(1)).otherwise("word"))
    )


def written_in(language: pl.Expr) -> pl.Expr:
    """Name the list of words by which a language is read: both kinds of Norwegian share one."""
    known = language.replace({"nn": "nb", "no": "nb"})
    return pl.when(known.is_in(LANGUAGES)).then(known).otherwise(pl.lit("en"))

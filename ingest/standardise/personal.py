"""Parts of a person's name in comparable form: without titles, split where a source gives only the whole.

Beside form v1 of `column`, which these leave as it is: what is computed here is compared in memory and never indexed.
"""

from typing import Final

import polars as pl

from ingest.standardise.name import standardised_name

_TITLES: Final = (
    "mr|mrs|ms|miss|mx|sir|rev|revd|reverend|dr|prof|professor|hr|herr|frau|fru|froken|fraulein|frk|dipl ing"
    "|baronet|bt|esq|jr|sr|jnr|snr|ph d|phd|\\d+(?:st|nd|rd|th)"
)
"""Forms of address before and after a name in nb, sv, da, fi, en and de, as folded text has them.

None that is a name too, as Lord is.
"""
TITLE_WORDS: Final = rf"\b(?:{_TITLES})\b"
SEXES: Final = {"m": "m", "k": "f", "f": "f", "w": "f"}
"""First letters of mann/man/male/männlich and kvinne/kvinna/female/weiblich."""


def plain_name(values: pl.Expr) -> pl.Expr:
    """Bring a name to comparable form without titles; null where nothing but titles is left."""
    words = standardised_name(values).str.replace_all(TITLE_WORDS, " ").str.replace_all(r"\s+", " ").str.strip_chars()
    return words.replace("", None)


def given_of(full: pl.Expr) -> pl.Expr:
    """Return the first word of a plain whole name; `Family, Given` is the caller's to turn around."""
    return full.str.split(" ").list.first()


def family_of(full: pl.Expr) -> pl.Expr:
    """Return the last word of a plain whole name that has more than one."""
    words = full.str.split(" ")
    return pl.when(words.list.len() > 1).then(words.list.last())


def in_reading_order(full: pl.Expr) -> pl.Expr:
    """Turn `Family, Given` into `Given Family`; other texts stay."""
    return full.str.replace(r"^([^,]+),\s*([^,]+)$", "${2} ${1}")


def standardised_sex(values: pl.Expr) -> pl.Expr:
    """Bring a sex to m or f by its first letter in five languages; null where it says neither."""
    first = values.str.strip_chars().str.to_lowercase().str.slice(0, 1)
    return first.replace_strict(SEXES, default=None, return_dtype=pl.String)

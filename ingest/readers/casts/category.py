"""Closed lists: categories, yes and no, consent acts."""

from typing import Final

import polars as pl

from ingest.contract.model import ColumnMapping, ConsentColumn
from ingest.readers.casts.check import Cast, Check, source_of, unreadable
from ingest.readers.casts.text import text_cast, text_of
from privacy.terms import ConsentAct

_YES: Final = ("true", "1", "yes", "y", "ja", "j", "sant", "sann", "t")
_NO: Final = ("false", "0", "no", "n", "nei", "nej", "nein", "usann", "f")
RESTRICTIVE: Final = frozenset(
    {
        ConsentAct.REFUSED,
        ConsentAct.WITHDRAWN,
        ConsentAct.REVOKED,
        ConsentAct.EXPIRED,
        ConsentAct.INVALIDATED,
        ConsentAct.OBJECTED,
        ConsentAct.RESTRICTED,
    }
)
"""Acts that take permission away: they count even where the rest of the row, or their own date, is broken."""
PERMISSIVE: Final = frozenset(ConsentAct) - RESTRICTIVE - {ConsentAct.REQUESTED}
"""Acts that may give permission: they count from their own date on, never before it."""
_UNLISTED: Final = ("is a value that the contract does not list", "add it to `values` or correct it at the source")


def category_cast(mapping: ColumnMapping, dtype: pl.DataType, allowed: tuple[str, ...]) -> Cast:
    """Map through `values`, or hold against the canonical list; without either any code is passed on."""
    if mapping.values is not None:
        return _mapped(mapping, dtype, mapping.values)
    if not allowed:
        return text_cast(mapping.column, dtype, mapping.to)
    text = text_of(mapping.column, dtype).str.to_lowercase()
    value = text.replace_strict(list(allowed), list(allowed), default=None, return_dtype=pl.String)
    remedy = "map it by `values` to one of " + ", ".join(allowed)
    return Cast(value.alias(mapping.to), (unreadable(mapping.column, mapping.to, "is not a canonical value", remedy),))


def _mapped(mapping: ColumnMapping, dtype: pl.DataType, values: dict[str, str]) -> Cast:
    """Map through `values`; the empty text stands for a missing value."""
    text = text_of(mapping.column, dtype)
    value = text.replace_strict(list(values), list(values.values()), default=None, return_dtype=pl.String)
    if "" in values:
        value = pl.when(source_of(mapping.column).is_null()).then(pl.lit(values[""])).otherwise(value)
    return Cast(value.alias(mapping.to), (unreadable(mapping.column, mapping.to, *_UNLISTED),))


def boolean_cast(mapping: ColumnMapping, dtype: pl.DataType) -> Cast:
    """Cast yes and no in the languages of the house, or by `values` to `true` and `false`."""
    if dtype == pl.Boolean:
        return Cast(source_of(mapping.column).alias(mapping.to))
    text = text_of(mapping.column, dtype)
    if mapping.values is None:
        words = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)
        text = text.str.to_lowercase()
    else:
        words = {word: value == "true" for word, value in mapping.values.items()}
    value = text.replace_strict(list(words), list(words.values()), default=None, return_dtype=pl.Boolean)
    remedy = "map it by `values` to true or false"
    return Cast(value.alias(mapping.to), (unreadable(mapping.column, mapping.to, "is neither yes nor no", remedy),))


def consent_act(consent: ConsentColumn, dtype: pl.DataType) -> pl.Expr:
    """Return the act of a row; null for unknown, and for a missing value that `values` does not list."""
    acts = {value: act.value for value, act in consent.values.items() if act is not None}
    text = text_of(consent.column, dtype).fill_null("")
    return text.replace_strict(list(acts), list(acts.values()), default=None, return_dtype=pl.String)


def consent_cast(consent: ConsentColumn, dtype: pl.DataType, output: str) -> Cast:
    """Cast to a consent act; a value that is not listed is refused, for unknown must not be guessed into yes or no."""
    listed = [*consent.values, ""]
    bad = ~text_of(consent.column, dtype).fill_null("").is_in(listed)
    return Cast(consent_act(consent, dtype).alias(output), (Check(consent.column, *_UNLISTED, bad),))

"""The shapes of values, and columns that hold more than they are said to: patterns only, never a value."""

from typing import Final

import polars as pl

from ingest.contract.model import ColumnType, Contract
from ingest.quality.report import Lookalike, Shape

SAMPLE_ROWS: Final = 20_000
_SHAPES_KEPT: Final = 5
_SHARE_SHOWN: Final = 0.01
_LONGEST: Final = 24
_SUSPICIOUS_SHARE: Final = 0.2
_PATTERNS: Final = {
    "e-mail address": r"^[^\s@]+@[^\s@]+\.[^\s@]+$",
    "telephone number": r"^(?:\+|00)\d[\d ()-]{6,16}\d$|^\d{2} \d{2} \d{2} \d{2}$|^[49]\d{2} \d{2} \d{3}$",
    "national identity number": r"^(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}[ -]?\d{5}$"
    r"|^(?:19|20)?\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[-+]\d{4}$"
    r"|^(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}-\d{4}$"
    r"|^(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}[-+A]\d{3}[0-9A-Y]$",
    "bank account (IBAN)": r"^[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?$",
    "internet address": r"^(?:\d{1,3}\.){3}\d{1,3}$",
    "personal name": r"^\p{Lu}\p{Ll}+(?:[ -]\p{Lu}\p{Ll}+){1,3}$",
    "free text": r"^(?:\S+\s+){7,}\S+$",
}
_HARMLESS: Final = frozenset({ColumnType.TEXT, ColumnType.ATTRIBUTE, ColumnType.REFERENCE, ColumnType.EMPLOYEE})


def shapes_of(sample: pl.DataFrame) -> tuple[Shape, ...]:
    """Return the commonest shapes of each text column: letters as A or a, digits as 9, repeats shortened.

    A shape shared by fewer than 1 % of the rows, or longer than 24 signs, is left out: it could be one person's.
    """
    found = []
    for column in _text_columns(sample):
        values = sample[column].drop_nulls()
        if values.is_empty():
            continue
        shapes = values.to_frame("value").select(_shape(pl.col("value"))).to_series()
        counts = shapes.value_counts(sort=True).head(_SHAPES_KEPT)
        for pattern, count in counts.iter_rows():
            share = count / values.len()
            if share >= _SHARE_SHOWN and len(pattern) <= _LONGEST and count > 1:
                found.append(Shape(column=column, pattern=pattern, share=share))
    return tuple(found)


def _shape(value: pl.Expr) -> pl.Expr:
    """Replace every letter, digit and sign by its class; runs of one class longer than four become `+`."""
    digits = value.str.replace_all(r"\p{N}", "9")
    upper = digits.str.replace_all(r"\p{Lu}", "A")
    letters = upper.str.replace_all(r"[\p{Ll}\p{Lo}\p{Lm}\p{Lt}]", "a")
    signs = letters.str.replace_all(r"[^A9a @.,:;+/()_-]", "?")
    for sign in ("9", "A", "a"):
        signs = signs.str.replace_all(sign * 4 + "+", sign + "+")
    return signs


def lookalikes_of(sample: pl.DataFrame, contract: Contract) -> tuple[Lookalike, ...]:
    """Return columns that are ignored or mapped as harmless codes and look like identifiers or free text."""
    harmless = {mapping.column for mapping in contract.columns if mapping.type in _HARMLESS}
    named = {*contract.key, *harmless}
    named |= {ref.column for ref in (contract.person, contract.organisation) if ref is not None}
    found = []
    for column in _text_columns(sample):
        values = sample[column].drop_nulls()
        if column in named or values.is_empty():
            continue
        shares = values.to_frame("v").select(
            pl.col("v").str.contains(pattern).mean().alias(name) for name, pattern in _PATTERNS.items()
        )
        name, share = max(shares.row(0, named=True).items(), key=lambda item: item[1])
        if share >= _SUSPICIOUS_SHARE:
            mapping = contract.mapping_of(column)
            target = mapping.to if mapping is not None else "(not mapped)"
            found.append(Lookalike(column=column, looks_like=name, mapped_to=target, share=share))
    return tuple(found)


def _text_columns(sample: pl.DataFrame) -> list[str]:
    """Name the columns of text."""
    return [name for name, dtype in sample.schema.items() if dtype == pl.String]

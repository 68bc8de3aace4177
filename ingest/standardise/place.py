"""Parts of addresses for comparing: the mailbox of an e-mail address, the district of a postcode."""

from typing import Final

import polars as pl

LETTERED: Final = r"^[A-Z]{1,2}\d[A-Z0-9]?\d[A-Z]{2}$"
"""A British postcode without its space (BS 7666): all but the last three signs are the district."""
INWARD: Final = 3
ZONE: Final = 2
"""Digits that name a region in NO, SE, DK, FI and DE alike: the first two of four or five."""


def mailbox(email: pl.Expr) -> pl.Expr:
    """Return what stands before the @ of a standardised address, without a plus tag: `ola+shop` is Ola's."""
    return email.str.extract(r"^([^@+]+)")


def district(postcode: pl.Expr) -> pl.Expr:
    """Return the district of a standardised postcode."""
    is_lettered = postcode.str.contains(LETTERED)
    lettered = postcode.str.head(postcode.str.len_bytes().cast(pl.Int64) - INWARD)
    return pl.when(is_lettered).then(lettered).otherwise(postcode.str.head(ZONE))

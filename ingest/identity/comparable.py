"""Identity attributes in the form that exact rules compare: number, e-mail, phone, name key.

The name key is the first given and the last family word, folded and sorted, so that swapped names and a missing middle
name agree; `Bjørn Erik Sørensen` and `Sorensen, Bjorn` have one key.
"""

from typing import Final

import polars as pl

from ingest.standardise.column import standardised, standardised_one
from ingest.standardise.version import STANDARDISER_VERSION
from privacy.terms import EntityKind

__all__ = ["STANDARDISER_VERSION", "comparable", "comparable_email", "comparable_phone"]

_NUMBER: Final = {EntityKind.PERSON: "national_id", EntityKind.ORGANISATION: "organisation_number"}


def comparable(attributes: pl.DataFrame, *, kind: EntityKind, country: str | None) -> pl.DataFrame:
    """Return columns number, email, phone, name_key (String, null where absent or invalid), row by row."""
    where = country or ""
    columns = {
        "number": _column(attributes, _NUMBER[kind], where),
        "email": _column(attributes, "email", where),
        "phone": _column(attributes, "phone", where),
        "name_key": _person_key(attributes) if kind is EntityKind.PERSON else _organisation_key(attributes),
    }
    return pl.DataFrame(columns)


def comparable_email(value: str) -> str | None:
    """Standardise one e-mail address for a look-up; None if it is none."""
    return standardised_one(value, "email")


def comparable_phone(value: str, country: str = "NO") -> str | None:
    """Standardise one phone number for a look-up; None if it is none."""
    return standardised_one(value, "phone", country=country)


def _column(attributes: pl.DataFrame, name: str, country: str) -> pl.Series:
    if name not in attributes.columns:
        return pl.Series(name, [None] * attributes.height, dtype=pl.String)
    return standardised(attributes[name], name, country=country)


def _person_key(attributes: pl.DataFrame) -> pl.Series:
    """Sort the first given and the last family word; where only a full name is known, its first and last word."""
    given, family, full = (_column(attributes, name, "") for name in ("given_name", "family_name", "full_name"))
    words = pl.DataFrame({"given": given, "family": family, "full": full}).with_columns(pl.all().str.split(" "))
    first = pl.coalesce(pl.col("given").list.first(), pl.col("full").list.first())
    last = pl.coalesce(pl.col("family").list.last(), pl.col("full").list.last())
    key = pl.concat_list(first, last).list.sort().list.join(" ")
    both = first.is_not_null() & last.is_not_null() & (first != last)
    return words.select(pl.when(both).then(key).alias("name_key"))["name_key"]


def _organisation_key(attributes: pl.DataFrame) -> pl.Series:
    return _column(attributes, "organisation_name", "").alias("name_key")

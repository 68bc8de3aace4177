"""Standardise a column: the one door of this package.

The result is for comparing and for blind indexes; what is sealed and shown is the value as it arrived.
"""

from collections.abc import Callable
from typing import Final

import polars as pl

from ingest.canonical.identity import ATTRIBUTES
from ingest.standardise.address import (
    standardised_country,
    standardised_domain,
    standardised_email,
    standardised_postcode,
    standardised_street,
)
from ingest.standardise.name import standardised_name, standardised_organisation_name
from ingest.standardise.national_id import standardised_national_ids
from ingest.standardise.phone import standardised_phones
from ingest.standardise.register import standardised_register_numbers

_COLUMNAR: Final[dict[str, Callable[[pl.Expr], pl.Expr]]] = {
    "name": standardised_name,
    "organisation_name": standardised_organisation_name,
    "email": standardised_email,
    "domain": standardised_domain,
    "postcode": standardised_postcode,
    "street": standardised_street,
    "country": standardised_country,
}
_BY_COUNTRY: Final[dict[str, Callable[[pl.Series, str], pl.Series]]] = {
    "phone": standardised_phones,
    "national_id": standardised_national_ids,
    "organisation_number": standardised_register_numbers,
}
_FEW: Final = 2
_A_HANDFUL: Final = 200
"""Values that are formed as they stand: finding those that repeat, and planning, takes longer than forming them."""
_OF_ATTRIBUTE: Final = {attribute.name: attribute.standardiser for attribute in ATTRIBUTES}


def standardised(values: pl.Series, attribute: str, *, country: str = "") -> pl.Series:
    """Bring a column of an identity attribute to comparable form; null where a value has none.

    `country` (ISO 3166-1 alpha-2) is where numbers without a prefix come from: the contract's, or the person's own.

    Raises:
        KeyError: no such attribute.

    """
    standardiser = _OF_ATTRIBUTE[attribute]
    if standardiser in _BY_COUNTRY:
        return _BY_COUNTRY[standardiser](values, country)
    if standardiser == "date":
        return values.str.to_date("%Y-%m-%d", strict=False).dt.to_string("iso")
    return _over_few(values.cast(pl.String), _COLUMNAR[standardiser])


def _over_few(values: pl.Series, standardise: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    """Standardise each distinct value once, where values repeat: names and places do, addresses do not."""
    given = values.to_frame("value")
    if given.height <= _A_HANDFUL:
        return given.select(standardise(pl.col("value"))).to_series().rename(values.name)
    distinct = given.unique()
    if distinct.height * _FEW > given.height:
        return _formed(given, standardise)["form"].rename(values.name)
    forms = _formed(distinct, standardise)
    joined = given.join(forms, on="value", how="left", nulls_equal=True, maintain_order="left")
    return joined["form"].rename(values.name)


def _formed(values: pl.DataFrame, standardise: Callable[[pl.Expr], pl.Expr]) -> pl.DataFrame:
    """Add the forms; lazily, because only then is an expression that occurs six times evaluated once."""
    return values.lazy().with_columns(form=standardise(pl.col("value"))).collect()


def standardised_one(value: str, attribute: str, *, country: str = "") -> str | None:
    """Standardise a single value, for a look-up by hand."""
    answer = standardised(pl.Series([value], dtype=pl.String), attribute, country=country)[0]
    return None if answer is None else str(answer)

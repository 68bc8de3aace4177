"""Telephone and register numbers in comparable form, with their check digits.

The libraries judge one number at a time: the loops below run over distinct values of a chunk, never over rows, and an
identity chunk is at most some hundred thousand people.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Final

import phonenumbers
import polars as pl
from stdnum.de import idnr as de_id
from stdnum.de import vat as de_vat
from stdnum.dk import cpr as dk_cpr
from stdnum.dk import cvr as dk_cvr
from stdnum.exceptions import ValidationError
from stdnum.fi import hetu as fi_hetu
from stdnum.fi import ytunnus as fi_ytunnus
from stdnum.gb import vat as gb_vat
from stdnum.no import fodselsnummer as no_id
from stdnum.no import orgnr as no_orgnr
from stdnum.se import orgnr as se_orgnr
from stdnum.se import personnummer as se_id

_NATIONAL: Final[dict[str, ModuleType]] = {"NO": no_id, "SE": se_id, "DK": dk_cpr, "FI": fi_hetu, "DE": de_id}
"""Great Britain is missing on purpose: a National Insurance number has no check digit."""
_REGISTER: Final[dict[str, ModuleType]] = {
    "NO": no_orgnr,
    "SE": se_orgnr,
    "DK": dk_cvr,
    "FI": fi_ytunnus,
    "DE": de_vat,
    "GB": gb_vat,
}
_SWEDISH_DIGITS: Final = 10


def standardised_phone(value: str, country: str) -> str | None:
    """Return E.164, or None where the number is not valid; `country` is where a number without prefix is from."""
    try:
        parsed = phonenumbers.parse(value, country or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def standardised_national_id(value: str, country: str) -> str | None:
    """Return `CC:number`, or None where check digits are wrong or the country has none.

    A Danish number without a valid check sum (allowed since 2007) gives None: one typing error would be another person.
    """
    number = _validated(_NATIONAL.get(country), value)
    if number is None:
        return None
    if country == "SE":  # with or without the century, one form
        number = "".join(sign for sign in number if sign.isdigit())[-_SWEDISH_DIGITS:]
    if country == "DK" and dk_cpr.checksum(number) != 0:
        return None
    return f"{country}:{number}"


def standardised_organisation_number(value: str, country: str) -> str | None:
    """Return `CC:number` in form v1, or None where the check digits are wrong; `register` reads more (form v2)."""
    bare = value.upper().replace(" ", "").removesuffix("MVA")
    number = _validated(_REGISTER.get(country), bare.removeprefix(country))
    return None if number is None else f"{country}:{number}"


def standardised_organisation_numbers(values: pl.Series, country: str) -> pl.Series:
    """Return `standardised_organisation_number` of every value: rows of matching's first form are found by it."""
    return over_distinct(values, country, standardised_organisation_number)


def _validated(module: ModuleType | None, value: str) -> str | None:
    """Return the compact number if its check digits hold."""
    if module is None:
        return None
    try:
        return str(module.validate(value))
    except ValidationError:
        return None


def over_distinct(values: pl.Series, country: str, standardise: Callable[[str, str], str | None]) -> pl.Series:
    """Apply a judge of single values to the distinct values of a column and spread the answers."""
    distinct = values.drop_nulls().unique()
    answers = [standardise(value, country) for value in distinct.to_list()]
    spread = values.replace_strict(distinct, pl.Series(answers, dtype=pl.String), default=None, return_dtype=pl.String)
    return spread.rename(values.name)

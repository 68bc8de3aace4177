"""Numbers of organisations as registers, tax offices and people write them: one number, one form (form v2).

Form v1 (`number.standardised_organisation_number`) reads what the number's own library does. Form v2 reads that alike,
so whatever was found by v1 is found by v2, and besides:

- a word before the number in nb, sv, da, fi, de and en ("Org.nr.", "CVR-nr", "Y-tunnus", "USt-IdNr.", "VAT no");
- Swedish numbers for value added tax, ten digits and `01` (Mervärdesskattelagen 2023:200; python-stdnum `se.vat`), and
  those of twelve digits, in which `16` stands where a person's number has the century (Skatteverket);
- the older Finnish form without its leading nought (`112038-9`);
- the number for value added tax of one of these countries in full, whatever country the record is of;
- `.0` behind it, which a spreadsheet leaves of a column that it took for numbers.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

import polars as pl

from ingest.standardise.number import over_distinct, standardised_national_id, standardised_organisation_number

_LABEL: Final = re.compile(
    r"^(?:ORG(?:ANI[SZ]A(?:SJON|TION)S?)?|CVR|Y-?TUNNUS|FO-?NUMMER|ALV|MOMS(?:REG)?|MVA|UST-?ID(?:NR)?|UID"
    r"|VAT(?:\s*REG(?:ISTRATION)?)?)[\s.:-]*(?:(?:NUMMER|NUMBER|NR|NO)[\s.:-]*)?"
)
"""A word before a number; where it takes the `NO` of a Norwegian number in full, `MVA` still says whose it is."""
_SEPARATORS: Final = re.compile(r"[\s.,:/\u2010-\u2015-]+")
_OTHER: Final = re.compile(r"[^A-Z0-9]+")
_FLOAT: Final = re.compile(r"\.0$")
_WRITTEN: Final = re.compile(r"(NO|SE|DK|FI|DE|GB|XI)?([0-9]{6,12})(MVA)?")
_SWEDISH_LONG: Final = 12
_TAX_SUFFIX: Final = "01"
_CENTURY: Final = "16"
_FINNISH: Final = 8
_OF_GREAT_BRITAIN: Final = {"XI": "GB"}
"""Northern Ireland's prefix since 2021, before numbers of one and the same register."""


class _Written(NamedTuple):
    """What a value says: the country of its prefix, its digits, and whether it is one for value added tax in full."""

    country: str
    digits: str
    in_full: bool


def standardised_register_number(value: str, country: str) -> str | None:
    """Return `CC:number`, or None where the check digits are wrong; `country` is where a number without prefix is."""
    plain = _FLOAT.sub("", value.strip())
    known = standardised_organisation_number(value, country) or standardised_organisation_number(plain, country)
    if known is not None:
        return known
    written = _written(plain)
    if written is None:
        return None
    if written.country in ("", country):
        return _checked(written, country)
    return _checked(written, written.country) if written.in_full else None


def standardised_register_numbers(values: pl.Series, country: str) -> pl.Series:
    """Return `standardised_register_number` of every value."""
    return over_distinct(values, country, standardised_register_number)


def plain_register_numbers(values: pl.Series, country: str) -> pl.Series:
    """Return every number without its prefix, label and suffix, whether its check digits are right or not.

    So a slip in a number is one sign apart from it, however either is written. What is no number keeps its signs.
    """
    return over_distinct(values, country, _plain)


def _plain(value: str, country: str) -> str | None:
    written = _written(_FLOAT.sub("", value.strip()))
    if written is None:
        return _OTHER.sub("", value.upper()) or None
    return next(iter(_FORMS.get(written.country or country, _as_it_stands)(written)))


def _written(value: str) -> _Written | None:
    signs = _SEPARATORS.sub("", _LABEL.sub("", value.upper()))
    found = _WRITTEN.fullmatch(signs)
    if found is None:
        return None
    prefix, digits, suffix = found.groups()
    country = "NO" if suffix and not prefix else _OF_GREAT_BRITAIN.get(prefix, prefix) or ""
    return _Written(country, digits, _is_in_full(country, digits, suffix))


def _is_in_full(country: str, digits: str, suffix: str | None) -> bool:
    """Say whether prefix and number leave no doubt of the country: `NO` is a word for number elsewhere, too."""
    if country == "NO":
        return suffix is not None
    if country == "SE":
        return len(digits) == _SWEDISH_LONG and digits.endswith(_TAX_SUFFIX)
    return True


def _checked(written: _Written, country: str) -> str | None:
    for digits in _FORMS.get(country, _as_it_stands)(written):
        found = standardised_organisation_number(digits, country)
        if found is not None:
            return found
    return None


def _as_it_stands(written: _Written) -> list[str]:
    return [written.digits]


def _swedish(written: _Written) -> list[str]:
    """Return what may be the ten digits, the likeliest first.

    Of a sole trader the number is the person's, so a century may stand before it as before that. Twelve digits that
    read both ways are a number for value added tax if they bear the prefix of one.
    """
    digits = written.digits
    if len(digits) != _SWEDISH_LONG:
        return [digits]
    tax = [digits[:-2]] if digits.endswith(_TAX_SUFFIX) else []
    is_long = digits.startswith(_CENTURY) or standardised_national_id(digits, "SE") is not None
    long = [digits[2:]] if is_long else []
    return [*(tax + long if written.country else long + tax), digits]


def _finnish(written: _Written) -> list[str]:
    return [written.digits.zfill(_FINNISH)]


_FORMS: Final[dict[str, Callable[[_Written], list[str]]]] = {"SE": _swedish, "FI": _finnish}

"""Records of organisations in the form that is compared, as `ingest.match.form` does it for persons.

Columns (String; * a blocking key derived from others):

| column | what |
|---|---|
| `source` | where the record came from |
| `name`, `legal_form` | folded name without AS, AB, ApS, GmbH, Ltd and the like, and which of them it was |
| `joined`*, `first_word`*, `name_start`*, `name_sounds`* | without spaces; first word, letters, consonants |
| `number` | number in the register as digits and capitals, valid or not |
| `checked_id` | the same with its country, only if its check digits are right |
| `email`, `domain` | address, and the domain of the address or of the web site |
| `phone` | E.164, else its digits |
| `street`, `postcode`, `district`*, `city` | address; the street with its number |
| `door`* | street and postcode |
"""

from collections.abc import Callable
from typing import Final

import polars as pl

from ingest.match.form import DOOR, given_records, numbers_by_country, places, signs_of
from ingest.standardise.column import standardised
from ingest.standardise.name import legal_form
from ingest.standardise.number import standardised_organisation_numbers
from ingest.standardise.place import district
from ingest.standardise.register import plain_register_numbers, standardised_register_numbers

ORGANISATION_FORM_VERSION: Final = 2
"""Which form a model was trained on, as `form.FORM_VERSION` of persons: any change of a value below is a new one."""

ORGANISATION_ATTRIBUTES: Final = (
    "organisation_name",
    "organisation_number",
    "email",
    "domain",
    "phone",
    "street",
    "house_number",
    "postcode",
    "city",
    "country",
)  # fmt: skip - a table
"""What a source may give of an organisation."""

_NUMBER: Final = "organisation_number"
_START: Final = 5
_SOUNDS: Final = 6
_VOWELS: Final = "[aeiouy ]"


def comparable_organisations(records: pl.DataFrame) -> pl.DataFrame:
    """Return records in comparable form, in the order of `record`.

    Args:
        records: `record` (any type, unique) and `source`, and those of `ORGANISATION_ATTRIBUTES` that there are.

    Raises:
        ColumnsUnfit: `record` or `source` is missing, or a record stands there twice.

    """
    given = given_records(records, ORGANISATION_ATTRIBUTES)
    return _comparable(
        given,
        numbers_by_country(given, _NUMBER, checked=standardised_register_numbers, plain=plain_register_numbers),
    )


def first_comparable_organisations(records: pl.DataFrame) -> pl.DataFrame:
    """Return records in form 1, which knows fewer ways of writing a number: for homes that are not moved on yet."""
    given = given_records(records, ORGANISATION_ATTRIBUTES)
    return _comparable(
        given, numbers_by_country(given, _NUMBER, checked=standardised_organisation_numbers, plain=signs_of)
    )


ORGANISATION_FORMS: Final[dict[int, Callable[[pl.DataFrame], pl.DataFrame]]] = {
    1: first_comparable_organisations,
    ORGANISATION_FORM_VERSION: comparable_organisations,
}
"""Every form that rows at rest may still have, as `form.FORMS` of persons."""


def _comparable(given: pl.DataFrame, numbers: dict[str, pl.Series]) -> pl.DataFrame:
    columns = numbers | places(given)
    columns["number"] = columns.pop(_NUMBER)
    columns["name"] = standardised(given["organisation_name"], "organisation_name")
    columns["legal_form"] = given.select(legal_form(pl.col("organisation_name"))).to_series()
    columns["email"] = standardised(given["email"], "email")
    ids = given.select("record", pl.col("source").cast(pl.String), site=standardised(given["domain"], "domain"))
    return _with_keys(ids.with_columns(series.alias(name) for name, series in columns.items())).sort("record")


def _with_keys(frame: pl.DataFrame) -> pl.DataFrame:
    """Add what is derived from other columns; a web site tells the domain where there is no address."""
    joined = pl.col("name").str.replace_all(" ", "", literal=True)
    return frame.with_columns(
        domain=pl.coalesce("site", pl.col("email").str.extract(r"@(.+)$")),
        door=DOOR,
        district=district(pl.col("postcode")),
        joined=joined,
        first_word=pl.col("name").str.extract(r"^(\S+)"),
        name_start=joined.str.head(_START),
        name_sounds=pl.col("name").str.head(1)
        + pl.col("name").str.slice(1).str.replace_all(_VOWELS, "").str.head(_SOUNDS),
    ).drop("site")

"""Records in the form that is compared: one column an attribute, standardised, null where there is nothing to compare.

Columns (String unless said otherwise; * a blocking key derived from others):

| column | what |
|---|---|
| `source` | where the record came from |
| `given`, `family` | names without titles, folded |
| `birth` | date of birth, YYYYMMDD |
| `email`, `mailbox` | e-mail address, and what stands before the @ |
| `phone` | E.164, else its digits |
| `national_id` | number as digits and capitals, valid or not |
| `checked_id` | the same with its country, only if its check digits are right: two different ones are two persons |
| `street`, `postcode`, `district`*, `city` | address; the street with its number |
| `sex`, `occupation` | where a source has them |
| `door`* | street and postcode |
| `initial`*, `given_start`*, `family_start`*, `name_sounds`*, `birth_year`* | parts of names and birth date |
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import polars as pl

from ingest.errors import ColumnsUnfit
from ingest.match.few_people import comparable_few
from ingest.standardise.column import standardised
from ingest.standardise.day import standardised_days
from ingest.standardise.name import folded
from ingest.standardise.national_id import standardised_national_ids
from ingest.standardise.personal import family_of, given_of, in_reading_order, plain_name, standardised_sex
from ingest.standardise.place import district, mailbox

FORM_VERSION: Final = 1
"""Which form a model was trained on; any change of a value below is a new one."""

ATTRIBUTES: Final = (
    "given_name",
    "family_name",
    "full_name",
    "birth_date",
    "email",
    "phone",
    "national_id",
    "street",
    "house_number",
    "postcode",
    "city",
    "country",
    "sex",
    "occupation",
)  # fmt: skip - a table
"""What a source may give of a person."""

_A_HANDFUL: Final = 200
"""Records that are read one by one: expressions would take longer to be set up."""
_START: Final = 3
_FAMILY_START: Final = 4
_VOWELS: Final = "[aeiouy ]"
ByCountry = Callable[[pl.Series, str], pl.Series]
"""Brings numbers of a country to a form, a column at a time."""
DOOR: Final = pl.concat_str("street", "postcode", separator=" ")
"""One door: what the closest agreement of two addresses is about."""


def comparable_people(records: pl.DataFrame) -> pl.DataFrame:
    """Return records in comparable form.

    Args:
        records: `record` (any type, unique) and `source`, and those of `ATTRIBUTES` that there are, as delivered.

    Raises:
        ColumnsUnfit: `record` or `source` is missing, or a record stands there twice.

    """
    given = given_records(records, ATTRIBUTES)
    known = given.select("record", pl.col("source").cast(pl.String), *ATTRIBUTES)
    few = comparable_few(known) if given.height <= _A_HANDFUL else None
    return (_comparable_many(given) if few is None else few).sort("record")


def _comparable_many(given: pl.DataFrame) -> pl.DataFrame:
    numbers = numbers_by_country(given, "national_id", checked=standardised_national_ids, plain=signs_of)
    columns = _names(given) | numbers | places(given)
    columns["birth"] = standardised_days(given["birth_date"])
    columns["email"] = standardised(given["email"], "email")
    columns["sex"] = given.select(standardised_sex(pl.col("sex"))).to_series()
    columns["occupation"] = given.select(folded(pl.col("occupation"))).to_series()
    ids = given.select("record", pl.col("source").cast(pl.String))
    return _with_keys(ids.with_columns(series.alias(name) for name, series in columns.items()))


FORMS: Final[dict[int, Callable[[pl.DataFrame], pl.DataFrame]]] = {FORM_VERSION: comparable_people}
"""Every form that rows at rest may still have. A changed one is put beside those before it, which go when no home has
rows of them any more: `varde match rebuild` moves them on."""


def given_records(records: pl.DataFrame, attributes: Sequence[str]) -> pl.DataFrame:
    """Return records with all attributes as text, null where there are none.

    Raises:
        ColumnsUnfit: `record` or `source` is missing, or a record stands there twice.

    """
    absent = [name for name in ("record", "source") if name not in records.columns]
    if absent:
        raise ColumnsUnfit(f"no column says `{absent[0]}`", f"Map one: {absent[0]}=COLUMN")
    if records["record"].is_duplicated().any():
        raise ColumnsUnfit("an identifier stands there twice", "Give each record one of its own")
    absent = [name for name in attributes if name not in records.columns]
    given = records.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent)
    return given.with_columns(pl.col(attributes).cast(pl.String))


def _names(given: pl.DataFrame) -> dict[str, pl.Series]:
    """Split where only the whole name is known, and where the parts held titles alone."""
    names = {"given": pl.col("given_name"), "family": pl.col("family_name")}
    names["full"] = in_reading_order(pl.col("full_name"))
    each = pl.concat([given.select(value=name) for name in names.values()])
    plain = each.select(plain_name(pl.col("value"))).to_series()
    parts = pl.DataFrame({name: plain.slice(n * given.height, given.height) for n, name in enumerate(names)})
    full = pl.col("full")
    return parts.select(
        given=pl.coalesce("given", given_of(full)), family=pl.coalesce("family", family_of(full))
    ).to_dict()


def numbers_by_country(
    given: pl.DataFrame, number: str, *, checked: ByCountry, plain: ByCountry
) -> dict[str, pl.Series]:
    """Read `phone` and an official number by the record's own country; what is none of that country keeps its signs.

    Args:
        given: every record, with `phone`, `country` and the number.
        number: the column of the official number.
        checked: gives its form with its country where the check digits are right.
        plain: gives what is compared where they are not.

    Returns `phone`, `checked_id` and the number under its own name.

    """
    rows = given.select("phone", number, country=pl.col("country").str.strip_chars().str.to_uppercase())
    parts = []
    for (country,), part in rows.with_row_index("row").group_by("country"):
        where = str(country or "")
        phone = standardised(part["phone"], "phone", country=where)
        numbers = checked(part[number], where).rename("checked_id"), plain(part[number], where).rename("plain")
        parts.append(part.select("row").with_columns(phone, *numbers))
    read = pl.concat(parts).sort("row") if parts else rows.select("phone", checked_id=number, plain=number)
    digits = rows.select(pl.col("phone").str.replace_all(r"[^0-9]+", "")).to_series()
    return {
        "phone": read["phone"].fill_null(_kept(digits)),
        "checked_id": read["checked_id"],
        number: read["checked_id"].str.split(":").list.last().fill_null(read["plain"]),
    }


def signs_of(values: pl.Series, _country: str) -> pl.Series:
    """Return the digits and capitals of every value; null where it has none."""
    capitals = values.to_frame("value").select(pl.col("value").str.to_uppercase().str.replace_all(r"[^A-Z0-9]+", ""))
    return _kept(capitals.to_series())


def _kept(values: pl.Series) -> pl.Series:
    """Read empty text as missing."""
    return values.to_frame("value").select(pl.when(pl.col("value") != "").then("value")).to_series()


def places(given: pl.DataFrame) -> dict[str, pl.Series]:
    """Put street and number into one; a town has no title, so it is folded as v1 folds places."""
    whole = pl.concat_str(pl.col("street"), pl.col("house_number").fill_null(""), separator=" ")
    return {
        "street": standardised(given.select(whole).to_series(), "street"),
        "postcode": standardised(given["postcode"], "postcode"),
        "city": standardised(given["city"], "city"),
    }


def _with_keys(frame: pl.DataFrame) -> pl.DataFrame:
    """Add what is derived from other columns."""
    initial = pl.col("given").str.head(1)
    consonants = pl.col("family").str.replace_all(_VOWELS, "")
    return frame.with_columns(
        mailbox=mailbox(pl.col("email")),
        door=DOOR,
        district=district(pl.col("postcode")),
        initial=initial,
        given_start=pl.col("given").str.head(_START),
        family_start=pl.col("family").str.head(_FAMILY_START),
        name_sounds=initial + consonants,
        birth_year=pl.col("birth").str.head(4),
    )


def mapped(table: pl.DataFrame, columns: Mapping[str, str], attributes: Sequence[str] = ATTRIBUTES) -> pl.DataFrame:
    """Rename a table's columns to attributes: `columns` is attribute to column; several columns are joined by `+`.

    Raises:
        ColumnsUnfit: a column is not there, or no attribute of that name exists.

    """
    known = ("record", "source", *attributes)
    if not set(known) >= columns.keys():
        raise ColumnsUnfit("the mapping names something that is no attribute", f"Attributes are {', '.join(known)}")
    named = {attribute: told.split("+") for attribute, told in columns.items()}
    for attribute, parts in named.items():
        if not set(parts) <= set(table.columns):
            why = f"the column mapped to `{attribute}` is not in the file"
            raise ColumnsUnfit(why, "Write it as the file's first line does")
    return table.select(
        pl.col(parts[0]).alias(attribute)
        if len(parts) == 1
        else pl.concat_str(parts, separator=" ", ignore_nulls=True).alias(attribute)
        for attribute, parts in named.items()
    )

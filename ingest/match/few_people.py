"""A handful of people in comparable form at once, as `ingest.match.form` brings millions there: for who waits for them.

It says the same, or nothing where a value is written in a way that only columns read.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import polars as pl

from ingest.standardise import ordinary
from ingest.standardise.number import standardised_national_id, standardised_phone

_COLUMNS: Final = (
    "source",
    "given",
    "family",
    "phone",
    "checked_id",
    "national_id",
    "street",
    "postcode",
    "city",
    "birth",
    "email",
    "sex",
    "occupation",
    "mailbox",
    "door",
    "district",
    "initial",
    "given_start",
    "family_start",
    "name_sounds",
    "birth_year",
)  # fmt: skip - a table
_OTHER_THAN_DIGITS: Final = re.compile(r"[^0-9]+")
_SIGNS: Final = re.compile(r"[^A-Z0-9]+")
_MAILBOX: Final = re.compile(r"^[^@+]+")
_VOWELS: Final = re.compile("[aeiouy ]")
Row = Mapping[str, str | None]
_Read = Callable[[str], str | None]
_AS_THEY_ARE: Final[Mapping[str, tuple[str, _Read]]] = {
    "postcode": ("postcode", ordinary.postcode_of),
    "city": ("city", ordinary.name_of),
    "birth": ("birth_date", ordinary.day_of),
    "email": ("email", ordinary.email_of),
    "sex": ("sex", ordinary.sex_of),
    "occupation": ("occupation", ordinary.folded_text),
}
"""Columns that follow from one attribute alone."""


def comparable_few(given: pl.DataFrame) -> pl.DataFrame | None:
    """Return what `form.comparable_people` does of records with all attributes as text, in their order.

    None if a value is written unusually.
    """
    rows = few_people(given.drop("record").iter_rows(named=True))
    if rows is None:
        return None
    columns = {name: pl.Series(name, [row[name] for row in rows], dtype=pl.String) for name in _COLUMNS}
    return pl.DataFrame([given["record"], *columns.values()])


def few_people(given: Iterable[Row]) -> list[dict[str, str | None]] | None:
    """Bring rows of `source` and all attributes to comparable form; None if a value is written unusually."""
    try:
        return [_formed(row) for row in given]
    except ordinary.Unusual:
        return None


def _formed(row: Row) -> dict[str, str | None]:
    told = {name: None if value is None else ordinary.usual(value) for name, value in row.items() if name != "source"}
    found = _names(told) | _numbers(told) | {"street": _street(told)}
    for name, (attribute, read) in _AS_THEY_ARE.items():
        found[name] = _of(told[attribute], read)
    return found | _keys(found) | {"source": row["source"]}


def _of(value: str | None, read: _Read) -> str | None:
    return None if value is None else read(value)


def _names(told: Row) -> dict[str, str | None]:
    given, family = (_of(told[name], ordinary.plain_name_of) for name in ("given_name", "family_name"))
    full = _of(_of(told["full_name"], ordinary.turned), ordinary.plain_name_of)
    words = [] if full is None else full.split(" ")
    return {
        "given": given if given is not None or not words else words[0],
        "family": family if family is not None or len(words) < 2 else words[-1],  # noqa: PLR2004 - a whole name has two
    }


def _numbers(told: Row) -> dict[str, str | None]:
    where = (told["country"] or "").strip(" ").upper()
    phone, number = told["phone"], told["national_id"]
    checked = None if number is None else standardised_national_id(number, where)
    dialled = None if phone is None else standardised_phone(phone, where) or _OTHER_THAN_DIGITS.sub("", phone) or None
    kept = None if number is None else _SIGNS.sub("", number.upper()) or None
    return {"phone": dialled, "checked_id": checked, "national_id": kept if checked is None else checked.split(":")[-1]}


def _street(told: Row) -> str | None:
    street = told["street"]
    return None if street is None else ordinary.street_of(f"{street} {told['house_number'] or ''}")


def _keys(found: Row) -> dict[str, str | None]:
    given, family, birth = found["given"], found["family"], found["birth"]
    street, postcode, email = found["street"], found["postcode"], found["email"]
    return {
        "mailbox": None if email is None or (box := _MAILBOX.match(email)) is None else box[0],
        "door": None if street is None or postcode is None else f"{street} {postcode}",
        "district": _of(postcode, ordinary.district_of),
        "initial": _head(given, 1),
        "given_start": _head(given, 3),
        "family_start": _head(family, 4),
        "name_sounds": None if given is None or family is None else given[:1] + _VOWELS.sub("", family),
        "birth_year": _head(birth, 4),
    }


def _head(value: str | None, size: int) -> str | None:
    return None if value is None else value[:size]

"""What the records of some customers say, and the forms in which what they say is compared.

A value is compared as `ingest.standardise` has it, names without titles; one that has no such form is compared by its
letters alone, and marked, so that nothing unreadable agrees with what can be read. Where a source gives only the whole
name, its first and last word count as given and family name when names are compared.
"""

from dataclasses import dataclass, field
from typing import Final

import polars as pl

from ingest.canonical.identity import attributes_of
from ingest.standardise.column import standardised
from ingest.standardise.personal import family_of, given_of, in_reading_order, plain_name
from privacy.terms import EntityKind

INSTANT: Final = pl.Datetime("us", "UTC")
TOLD: Final[dict[str, pl.DataType]] = {
    "entity": pl.Binary(),
    "record": pl.Binary(),
    "source": pl.String(),
    "revision": pl.Int64(),
    "said_at": INSTANT,
}
"""The columns of `Facts.told` before the attributes."""
CORRECTIONS: Final[dict[str, pl.DataType]] = {
    "record": pl.Binary(),
    "attribute": pl.String(),
    "corrected_at": INSTANT,
}
FORM: Final = "form:"
"""Before the name of an attribute: its form, null where the record does not say it."""
DERIVED: Final = "derived:"
"""Before given_name and family_name: the same, or what the whole name says of it."""
UNREADABLE: Final = "?"
"""Before the letters of a value that has no standard form."""
_DAYS: Final = ("%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y")
"""How people write a date here. Each value is read for itself, day first: matching lets the whole column tell."""
_BY_COUNTRY: Final = frozenset({"phone", "national_id", "organisation_number"})
_NAMES: Final = frozenset({"given_name", "family_name", "full_name"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What records say, in clear; never printed.

    Attributes:
        told: one row a record: the columns of `TOLD`, and the attributes that there are (String, null where not said).
            `said_at` is when the record said something new last.
        corrections: what the customers put right themselves and what still stands so (Art. 16): the columns of
            `CORRECTIONS`, at most one row a record and attribute. A corrected attribute that `told` does not have is
            one of which the customer said that there is none.
        kind: persons or organisations.
        country: ISO 3166-1 alpha-2; reads numbers of records that do not say their own.

    """

    told: pl.DataFrame = field(repr=False)
    corrections: pl.DataFrame = field(repr=False)
    kind: EntityKind
    country: str


def compared(facts: Facts) -> pl.DataFrame:
    """Return what was told with every attribute of the kind (blank read as not said) and its forms beside it."""
    names = list(attributes_of(facts.kind))
    told = facts.told.with_columns(
        pl.lit(None, dtype=pl.String).alias(name) for name in names if name not in facts.told.columns
    )
    stripped = [pl.col(name).cast(pl.String).str.strip_chars() for name in names]
    values = told.with_columns(
        pl.when(text != "").then(pl.col(name)).alias(name) for name, text in zip(names, stripped, strict=True)
    )
    country = standardised(values["country"], "country").fill_null(facts.country)
    formed = values.with_columns(_form(values[name], country).alias(f"{FORM}{name}") for name in names)
    return _with_derived(formed) if facts.kind is EntityKind.PERSON else formed


def readable(form: pl.Expr) -> pl.Expr:
    """Say whether a form tells something: it is one, and more than an initial."""
    return (form.is_not_null() & ~form.str.starts_with(UNREADABLE) & (form.str.len_chars() > 1)).fill_null(value=False)


def _form(values: pl.Series, country: pl.Series) -> pl.Series:
    plain = values.to_frame("value").select(
        pl.concat_str(
            pl.lit(UNREADABLE), pl.col("value").str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
        )
    )  # fmt: skip - one expression
    return _standard(values, country).fill_null(plain.to_series())


def _standard(values: pl.Series, country: pl.Series) -> pl.Series:
    """Standardise a column, numbers by the country of their row."""
    if values.name in _NAMES:
        text = in_reading_order(pl.col(values.name)) if values.name == "full_name" else pl.col(values.name)
        return values.to_frame().select(plain_name(text)).to_series()
    if values.name == "birth_date":
        return values.to_frame().select(pl.coalesce(_day(values.name, form) for form in _DAYS)).to_series()
    if values.name not in _BY_COUNTRY:
        return standardised(values, values.name)
    rows = pl.DataFrame({"value": values, "country": country}).with_row_index("row")
    parts = [
        part.select("row", form=standardised(part["value"], values.name, country=str(where)))
        for (where,), part in rows.group_by("country", maintain_order=True)
    ]
    return pl.concat(parts).sort("row")["form"] if parts else values


def _day(name: str, form: str) -> pl.Expr:
    return pl.col(name).str.strip_chars().str.to_date(form, strict=False).dt.to_string("iso")


def _with_derived(formed: pl.DataFrame) -> pl.DataFrame:
    full = pl.col(f"{FORM}full_name")
    whole = pl.when(~full.str.starts_with(UNREADABLE)).then(full)
    return formed.with_columns(
        pl.coalesce(f"{FORM}given_name", given_of(whole)).alias(f"{DERIVED}given_name"),
        pl.coalesce(f"{FORM}family_name", family_of(whole)).alias(f"{DERIVED}family_name"),
    )

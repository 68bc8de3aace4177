"""Identifiers of a file, a column at a time: split, standardised, and named by rule where they are none."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

from hub.compose import Hub
from hub.suppression.identifier import Identifier
from ingest.standardise.column import standardised
from privacy.suppression import Attribute

_COUNTRY: Final = "NO"
NOT_ONE: Final = "identifier: must be email:ADDRESS, phone:NUMBER or SOURCE:KEY"
NOT_VALID: Final = "identifier: is no valid address or number"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that was not taken: where, and which rule it broke."""

    line: int
    column: str
    rule: str


def with_forms(lines: pl.DataFrame) -> pl.DataFrame:
    """Add `kind`, `value` and `form` (standardised, null where it is none) to lines that have `identifier`."""
    named = pl.col("identifier").cast(pl.String).str.strip_chars()
    parts = lines.with_columns(kind=named.str.extract(r"^([^:]*):"), value=named.str.extract(r"^[^:]*:(.+)$"))
    kind = pl.col("kind")
    return parts.with_columns(
        email=standardised(parts["value"], "email"), phone=standardised(parts["value"], "phone", country=_COUNTRY)
    ).with_columns(form=pl.when(kind == "email").then("email").when(kind == "phone").then("phone").otherwise("value"))


def identifiers_of(lines: pl.DataFrame, hub: Hub) -> Iterator[Identifier]:
    """Turn sound lines into identifiers; an HMAC each, for which there is no column operation."""
    indexes = hub.indexes()
    for kind, form in lines.select("kind", "form").iter_rows():
        if kind in {"email", "phone"}:
            yield Identifier(Attribute(kind), form, indexes.attribute(kind).token_of(form))
        else:
            index = indexes.source_key(kind).token_of(form)
            yield Identifier(Attribute.SOURCE_KEY, index.hex(), index)


def rejected_of(checked: pl.DataFrame) -> list[Rejected]:
    """Name the lines whose `fault` is not null."""
    bad = checked.filter(pl.col("fault").is_not_null()).select("_line", "fault")
    return [Rejected(line, *fault.split(": ", 1)) for line, fault in bad.iter_rows()]

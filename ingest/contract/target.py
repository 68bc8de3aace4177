"""What a source column may become: canonical columns and identity attributes, their types and standardisers."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from ingest.canonical.catalogue import TABLES
from ingest.canonical.identity import ATTRIBUTES, IDENTITY_TABLES, attributes_of
from ingest.canonical.profiles import PROFILES
from ingest.canonical.table import INSTANT, Column, ColumnKind
from ingest.contract.model import ColumnType
from privacy.terms import DataCategory

CONSENT_UNKNOWN: Final = "unknown"
TEXT_TARGET: Final = "text"
"""A contract may write `text` for `text_redacted`: what arrives is text, what is kept is redacted."""

STANDARDISERS: Final = tuple(dict.fromkeys(attribute.standardiser for attribute in ATTRIBUTES))
_TYPE_OF_DTYPE: Final = {
    pl.String(): ColumnType.STRING,
    pl.Int32(): ColumnType.INTEGER,
    pl.Float64(): ColumnType.NUMBER,
    pl.Boolean(): ColumnType.BOOLEAN,
    pl.Date(): ColumnType.DATE,
    INSTANT: ColumnType.INSTANT,
}
_TYPE_OF_KIND: Final = {
    ColumnKind.REFERENCE: ColumnType.REFERENCE,
    ColumnKind.EMPLOYEE: ColumnType.EMPLOYEE,
    ColumnKind.MONEY: ColumnType.MONEY,
    ColumnKind.TEXT: ColumnType.TEXT,
}
_INTERCHANGEABLE: Final = frozenset({ColumnType.STRING, ColumnType.CATEGORY})


@dataclass(frozen=True, slots=True)
class Target:
    """One thing a source column may be mapped to; `column` is None for an identity attribute."""

    name: str
    type: ColumnType
    category: DataCategory
    standardiser: str = ""
    column: Column | None = None

    def accepts(self, kind: ColumnType) -> bool:
        """Say whether a contract may name this type: a category is a string with a list of values."""
        if self.column is None:
            return kind in {ColumnType.ATTRIBUTE, ColumnType.STRING, ColumnType.DATE, ColumnType.CATEGORY}
        return kind is self.type or {kind, self.type} <= _INTERCHANGEABLE


def _of_column(column: Column) -> Target:
    """Describe a canonical column as a target."""
    kind = _TYPE_OF_KIND.get(column.kind) or _TYPE_OF_DTYPE[column.dtype]
    category = DataCategory.FREE_TEXT if column.kind is ColumnKind.TEXT else column.category
    return Target(column.name, kind, category, column=column)


def _is_mappable(column: Column) -> bool:
    """Say whether a contract may name the column: the pipeline and the redactor write the others."""
    if column.kind in {ColumnKind.REDACTION, ColumnKind.CURRENCY}:
        return False
    return column.kind is not ColumnKind.SYSTEM or column.name == "event_time"


def targets_of(table: str) -> dict[str, Target]:
    """Return everything a contract for this table may map to, by name.

    For people and organisations these are identity attributes and profile columns; where both have a name
    (`country`) the attribute stands for both.
    """
    columns = PROFILES if table in IDENTITY_TABLES else TABLES[table]
    found = {column.name: _of_column(column) for column in columns.all_columns if _is_mappable(column)}
    if table in IDENTITY_TABLES:
        for name, attribute in attributes_of(IDENTITY_TABLES[table]).items():
            found[name] = Target(name, ColumnType.ATTRIBUTE, attribute.category, attribute.standardiser)
    return found


def every_target() -> list[str]:
    """Return the names of all targets of all tables, for the schema."""
    names = {name for table in [*IDENTITY_TABLES, *TABLES] for name in targets_of(table)}
    return sorted(names | {TEXT_TARGET})

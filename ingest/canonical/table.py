"""What a canonical table is: columns with a category, a unit and a meaning; a retention rule; a way to erase.

The lake holds no identifier: a reference or key of a source enters as a keyed digest, a person as a random record id,
free text redacted. The names below are the lake's schema; renaming one is a migration.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import polars as pl

from privacy.terms import DataCategory

INSTANT: Final = pl.Datetime("us", "UTC")


class ColumnKind(StrEnum):
    """How a canonical column comes to its value."""

    SYSTEM = "system"  # written by the pipeline: who, when, which event
    VALUE = "value"  # cast from a source column
    REFERENCE = "reference"  # keyed digest of a source's own number
    EMPLOYEE = "employee"  # record id of an employee: never enters a view
    MONEY = "money"  # whole minor units of `currency`
    CURRENCY = "currency"  # ISO 4217, from the contract or a column
    TEXT = "text"  # free text, redacted on the way in
    REDACTION = "redaction"  # written by the redactor, never mapped


class Erasure(StrEnum):
    """What erasing a person does to the person's rows in a table."""

    DELETE_ROW = "delete_row"
    CLEAR_PERSON = "clear_person"  # the fact is the organisation's, or must be kept by law


class Buckets(StrEnum):
    """How widely a table is spread over files, by record id."""

    MANY = "many"  # events by the million
    FEW = "few"  # a few rows a customer
    ONE = "one"  # about no customer at all


BUCKET_COUNT: Final = {Buckets.MANY: 64, Buckets.FEW: 16, Buckets.ONE: 1}


@dataclass(frozen=True, slots=True)
class KeepDays:
    """Keep a row for whole days after its event time (Art. 5(1)(e): storage limitation)."""

    days: int


@dataclass(frozen=True, slots=True)
class KeepStatutory:
    """Keep a row for years after the end of its calendar year because a law says so (Art. 17(3)(b))."""

    years: int
    law: str


Retention = KeepDays | KeepStatutory


@dataclass(frozen=True, slots=True)
class Column:
    """One canonical column; `allowed` lists every permitted value, `minimum` the smallest permitted number."""

    name: str
    dtype: pl.DataType
    category: DataCategory
    unit: str
    meaning: str
    kind: ColumnKind = ColumnKind.VALUE
    allowed: tuple[str, ...] = ()
    minimum: int | None = None
    required: bool = False


SYSTEM_COLUMNS: Final = (
    Column(
        "person",
        pl.Binary(),
        DataCategory.IDENTIFIER,
        "record id, 16 bytes",
        "the record of the acting person",
        ColumnKind.SYSTEM,
    ),
    Column(
        "organisation",
        pl.Binary(),
        DataCategory.IDENTIFIER,
        "record id, 16 bytes",
        "the record of the organisation",
        ColumnKind.SYSTEM,
    ),
    Column(
        "event_time",
        INSTANT,
        DataCategory.BEHAVIOUR,
        "instant, UTC",
        "when it happened",
        ColumnKind.SYSTEM,
        required=True,
    ),
    Column(
        "event_id",
        pl.Int64(),
        DataCategory.NONE,
        "keyed digest",
        "keyed digest of the contract's event key: the same event is stored once",
        ColumnKind.SYSTEM,
    ),
)


@dataclass(frozen=True, slots=True)
class Table:
    """One canonical event table of the lake; `columns` are its own, `all_columns` adds the system columns."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    retention: Retention
    erasure: Erasure
    buckets: Buckets
    needs_customer: bool = True

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """Every column in lake order: system columns first."""
        return SYSTEM_COLUMNS + self.columns

    @property
    def schema(self) -> pl.Schema:
        """The Polars schema of the table's files."""
        return pl.Schema({column.name: column.dtype for column in self.all_columns})

    @property
    def bucket_count(self) -> int:
        """How many files of one generation the table is spread over."""
        return BUCKET_COUNT[self.buckets]

    def column(self, name: str) -> Column:
        """Return one column by name.

        Raises:
            KeyError: the table has no such column.

        """
        for column in self.all_columns:
            if column.name == name:
                return column
        raise KeyError(name)

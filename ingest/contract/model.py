"""A source contract: what was agreed about one delivery of one system.

Frozen and self-sufficient: everything that reading, landing and alerting need to know about a source is here, so that
the same contract and the same file give the same rows on any machine. `content_hash` names the agreement itself.
"""

from dataclasses import dataclass
from enum import StrEnum

from ingest.canonical.catalogue import TABLES
from ingest.canonical.identity import IDENTITY_TABLES
from privacy.terms import ConsentAct, DataCategory, EntityKind, LegalBasis, PurposeId


class FormatKind(StrEnum):
    """File formats; gz and zip around them are recognised by their first bytes."""

    CSV = "csv"
    TSV = "tsv"
    NDJSON = "ndjson"
    PARQUET = "parquet"
    XLSX = "xlsx"


class ColumnType(StrEnum):
    """How the source's text becomes a value."""

    STRING = "string"
    CATEGORY = "category"
    INTEGER = "integer"
    NUMBER = "number"
    MONEY = "money"
    INSTANT = "instant"
    DATE = "date"
    BOOLEAN = "boolean"
    TEXT = "text"
    REFERENCE = "reference"
    EMPLOYEE = "employee"
    ATTRIBUTE = "attribute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How the bytes are to be read; None = sniffed. `dates` are tried in order; "iso" is ISO 8601."""

    kind: FormatKind
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str = "."
    thousands: str = ""
    dates: tuple[str, ...] = ("iso",)
    timezone: str = "UTC"
    sheet: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    """Either one currency for the whole file (`column` None) or a column and the currencies allowed in it."""

    allowed: tuple[str, ...]
    column: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The legal basis declared at collection, by purpose, and the notice (Art. 13/14) that people were given."""

    purposes: dict[PurposeId, LegalBasis]
    notice: str
    notice_given: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A column that names a customer by the key of a source."""

    column: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """One source column and the canonical column or identity attribute it becomes.

    `times` names a second source column, of whole numbers: an amount is this column times that one. `followed_by` names
    a second source column of text: an attribute is both, a space between them.
    """

    column: str
    to: str
    type: ColumnType
    category: DataCategory
    standardiser: str = ""
    values: dict[str, str] | None = None
    dates: tuple[str, ...] = ()
    negative: bool = False
    times: str | None = None
    followed_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentColumn:
    """A column whose values are consent acts; None stands for "unknown": no act at all."""

    column: str
    purposes: tuple[PurposeId, ...]
    values: dict[str, ConsentAct | None]
    at: str | None
    notice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One source contract; `consent[n]` describes the frame columns `_consent_<n>` and `_consent_<n>_at`."""

    name: str
    version: int
    source: str
    owner: str
    table: str
    format: Format
    key: tuple[str, ...]
    columns: tuple[ColumnMapping, ...]
    content_hash: str
    country: str | None = None
    currency: Currency | None = None
    basis: Basis | None = None
    person: Reference | None = None
    organisation: Reference | None = None
    constants: dict[str, str | int | float | bool]
    ignore: tuple[str, ...] = ()
    consent: tuple[ConsentColumn, ...] = ()
    freshness_hours: int | None = None
    completeness: dict[str, float]

    @property
    def entity_kind(self) -> EntityKind | None:
        """Say which kind of identity record is delivered; None for events."""
        return IDENTITY_TABLES.get(self.table)

    @property
    def is_identity(self) -> bool:
        """Say whether the rows are people or organisations rather than events."""
        return self.table in IDENTITY_TABLES

    @property
    def needs_customer(self) -> bool:
        """Say whether each row must name a person or an organisation."""
        return not self.is_identity and TABLES[self.table].needs_customer

    @property
    def declared_columns(self) -> tuple[str, ...]:
        """Every source column the file must have: mapped, beside one, key, customer, consent, currency or ignored."""
        names = [*self.key, *(mapping.column for mapping in self.columns), *self.beside, *self.ignore]
        names += [reference.column for reference in (self.person, self.organisation) if reference is not None]
        for consent in self.consent:
            names += [consent.column] + ([consent.at] if consent.at is not None else [])
        if self.currency is not None and self.currency.column is not None:
            names.append(self.currency.column)
        return tuple(dict.fromkeys(names))

    @property
    def beside(self) -> tuple[str, ...]:
        """Every source column that another one is multiplied with or followed by."""
        named = (column for mapping in self.columns for column in (mapping.times, mapping.followed_by))
        return tuple(dict.fromkeys(column for column in named if column is not None))

    def mapping_to(self, target: str) -> ColumnMapping | None:
        """Find the first mapping to a canonical column or attribute."""
        return next((mapping for mapping in self.columns if mapping.to == target), None)

    def mapping_of(self, column: str) -> ColumnMapping | None:
        """Find the first mapping of a source column."""
        return next((mapping for mapping in self.columns if mapping.column == column), None)

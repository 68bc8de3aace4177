"""Short constructors for the columns that many tables share."""

from typing import Final

import polars as pl

from ingest.canonical.table import INSTANT, Column, ColumnKind
from privacy.terms import DataCategory

BEHAVIOUR: Final = DataCategory.BEHAVIOUR
QUASI: Final = DataCategory.QUASI_IDENTIFIER
NOBODY: Final = DataCategory.NONE


def code(name: str, meaning: str, category: DataCategory = BEHAVIOUR) -> Column:
    """Describe a short free code of the source: a channel, a plan, a product."""
    return Column(name, pl.String(), category, "code", meaning)


def one_of(name: str, meaning: str, *allowed: str) -> Column:
    """Describe a required column with a closed list of values."""
    return Column(name, pl.String(), BEHAVIOUR, "category", meaning, allowed=allowed, required=True)


def reference(name: str, meaning: str) -> Column:
    """Describe a keyed digest of a source's own number."""
    return Column(name, pl.Int64(), BEHAVIOUR, "keyed digest", meaning, ColumnKind.REFERENCE)


def instant(name: str, meaning: str, category: DataCategory = BEHAVIOUR) -> Column:
    """Describe a second instant of an event."""
    return Column(name, INSTANT, category, "instant, UTC", meaning)


def whole(name: str, unit: str, meaning: str) -> Column:
    """Describe a count that cannot be negative unless the contract allows it."""
    return Column(name, pl.Int32(), BEHAVIOUR, unit, meaning, minimum=0)


def number(name: str, unit: str, meaning: str, category: DataCategory = BEHAVIOUR) -> Column:
    """Describe a measurement: any finite number."""
    return Column(name, pl.Float64(), category, unit, meaning)


def truth(name: str, meaning: str) -> Column:
    """Describe a yes or no."""
    return Column(name, pl.Boolean(), BEHAVIOUR, "yes/no", meaning)


def money(name: str, meaning: str) -> tuple[Column, Column]:
    """Describe an amount together with its currency."""
    return (
        Column(name, pl.Int64(), BEHAVIOUR, "minor units of currency", meaning, ColumnKind.MONEY, minimum=0),
        Column("currency", pl.String(), BEHAVIOUR, "ISO 4217", "currency of the amount", ColumnKind.CURRENCY),
    )


def employee(meaning: str) -> Column:
    """Describe the employee behind a row: a data subject too, pseudonymous, never in a view."""
    return Column("employee", pl.Binary(), DataCategory.IDENTIFIER, "record id, 16 bytes", meaning, ColumnKind.EMPLOYEE)


def copied(meaning: str) -> Column:
    """Describe what a message is known again by."""
    return Column("copy_ref", pl.Int64(), NOBODY, "keyed digest", meaning, ColumnKind.SYSTEM)


def redacted_text(meaning: str) -> tuple[Column, Column, Column]:
    """Describe free text as it enters the lake: redacted, by which redactor, or withheld."""
    redacted = DataCategory.REDACTED_TEXT
    return (
        Column("text_redacted", pl.String(), redacted, "text", meaning, ColumnKind.TEXT),
        Column(
            "redactor_version",
            pl.Int32(),
            NOBODY,
            "version",
            "which redactor; no view reads below the policy's minimum",
            ColumnKind.REDACTION,
        ),
        Column(
            "withheld",
            pl.Boolean(),
            NOBODY,
            "yes/no",
            "text was there but not let in (Art. 9 suspected)",
            ColumnKind.REDACTION,
        ),
    )

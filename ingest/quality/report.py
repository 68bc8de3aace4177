"""What is known about a delivery without keeping any of it: counts, shares, shapes and advice."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """How many rows broke one rule of one source column first."""

    column: str
    rule: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A form that values of a source column take, `A9` for letters and digits, and its share of the looked-at rows."""

    column: str
    pattern: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookalike:
    """A source column that seems to hold more than the contract says: an identifier or free text."""

    column: str
    looks_like: str
    mapped_to: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One condition of being ready for prediction."""

    what: str
    met: bool
    found: float
    wanted: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A promise of the contract that a delivery did not keep; its owner is told."""

    what: str
    found: float
    promised: float


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """Everything `varde source check` says. Shares are 0 to 1; `hours_stale` counts from the newest event.

    `categories` has codes that stand in at least `MINIMUM_ROWS` rows and look like codes, never rarer ones.
    """

    contract: str
    source: str
    table: str
    owner: str
    at: datetime
    read: int
    accepted: int
    quarantined: int
    rejections: tuple[Rejection, ...]
    completeness: dict[str, float]
    duplicates: int
    customers: int
    earliest: datetime | None
    latest: datetime | None
    months: float
    hours_stale: float | None
    shapes: tuple[Shape, ...]
    lookalikes: tuple[Lookalike, ...]
    categories: dict[str, dict[str, int]]
    linked: float | None
    unlinked_rows: int | None
    breaches: tuple[Breach, ...]
    advice: tuple[Advice, ...]

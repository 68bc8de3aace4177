"""What the pipeline needs from outside: hub builds it, opens the transactions and passes it down."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import thread_time
from typing import Protocol

import polars as pl
from sqlmodel import Session

from ingest.match.engine import HERE, Engine
from ingest.match.saved import SavedModel
from privacy.audit import AuditFields
from privacy.blind_index import CANDIDATE_BYTES, FULL_BYTES, REFERENCE_BYTES, BlindIndex
from privacy.keys import Key, KeyStore
from privacy.suppression_index import SuppressionIndex
from privacy.terms import BatchId, EntityKind, PrincipalId

UnitOfWork = Callable[[], AbstractContextManager[Session]]


class EventLake(Protocol):
    """The sealed lake as ingest sees it."""

    def stage(self, table: str, frame: pl.DataFrame, batch_id: BatchId, *, ids: pl.Series | None = None) -> None:
        """Write the rows durably, staged under the batch: invisible until published.

        With `ids` (Binary), `person` and `organisation` hold positions in it (UInt32) instead of record ids.
        """
        ...

    def publish(self, session: Session, batch_id: BatchId) -> None:
        """Make a batch's files visible, in the caller's transaction."""
        ...

    def discard(self, session: Session, batch_id: BatchId) -> None:
        """Give up a batch's staged files, in the caller's transaction."""
        ...

    def known_events(self, table: str, event_ids: pl.Series) -> pl.Series:
        """Return those of the event ids (Int64) that a visible row of the table carries, whenever it happened."""
        ...

    def known_copies(self, table: str, refs: pl.Series) -> pl.DataFrame:
        """Return copy_ref and event_time of the visible rows of a table that have one of the digests (Int64)."""
        ...


class AuditTrail(Protocol):
    """Appends an audit entry in the caller's transaction."""

    def __call__(self, session: Session, action: str, actor: PrincipalId, fields: AuditFields) -> int:
        """Append an entry; return its leaf index."""
        ...


@dataclass(frozen=True, slots=True)
class Indexes:
    """The blind indexes that name things; all under one index key, each in a scope of its own."""

    key: Key

    def source_key(self, source: str, kind: EntityKind = EntityKind.PERSON) -> BlindIndex:
        """Index the keys of one source: full length, because it names a record for life.

        People and organisations are numbered apart in most systems: person 17 and organisation 17 are two records.
        """
        scope = source if kind is EntityKind.PERSON else f"{kind.value}:{source}"
        return BlindIndex(self.key, f"source_key:{scope}", FULL_BYTES)

    def attribute(self, field: str) -> BlindIndex:
        """Index one standardised attribute, across sources."""
        return BlindIndex(self.key, f"attribute:{field}", CANDIDATE_BYTES)

    def reference(self, source: str, column: str) -> BlindIndex:
        """Turn a source's own numbers (orders, tickets) into lake references."""
        return BlindIndex(self.key, f"reference:{source}:{column}", REFERENCE_BYTES)

    def event(self, contract: str) -> BlindIndex:
        """Turn a contract's event key into an event id."""
        return BlindIndex(self.key, f"event:{contract}", REFERENCE_BYTES)

    def employee(self, source: str) -> BlindIndex:
        """Turn an employee's number into a pseudonymous id."""
        return BlindIndex(self.key, f"employee:{source}", CANDIDATE_BYTES)

    def category(self, contract: str) -> BlindIndex:
        """Digest the category values of a contract, to know a new one."""
        return BlindIndex(self.key, f"category:{contract}", CANDIDATE_BYTES)

    def content(self) -> BlindIndex:
        """Digest a document, to know an unchanged one without opening the last."""
        return BlindIndex(self.key, "content", CANDIDATE_BYTES)

    def candidate(self, key: str) -> BlindIndex:
        """Index a candidate key of matching, across sources."""
        return BlindIndex(self.key, f"match:{key}", REFERENCE_BYTES)

    def frequency(self, column: str) -> BlindIndex:
        """Name the common values of a column that are counted."""
        return BlindIndex(self.key, f"frequency:{column}", CANDIDATE_BYTES)

    def placeholder(self) -> BlindIndex:
        """Draw the numbers of placeholders within a thread."""
        return BlindIndex(self.key, "placeholder", REFERENCE_BYTES)

    def copy(self) -> BlindIndex:
        """Know a message again in another mailbox: who says what to whom, in which thread."""
        return BlindIndex(self.key, "copy", REFERENCE_BYTES)

    def delivery(self) -> BlindIndex:
        """Digest a delivery: contract and file content."""
        return BlindIndex(self.key, "delivery", FULL_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchVersion:
    """One version in which people are found: indexes under a key of matching's own, and the form that is indexed."""

    indexes: Indexes
    key_version: int = 1
    form_version: int = 1

    @property
    def number(self) -> tuple[int, int]:
        """The versions of key and form."""
        return self.key_version, self.form_version

    def candidate(self, key: str) -> BlindIndex:
        """Index a candidate key; of two forms of one value no token is the same."""
        return self.indexes.candidate(key if self.form_version == 1 else f"{self.form_version}:{key}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """How records of a kind are matched: the model, and the version in which everybody is found.

    Tokens and counts of organisations bear their kind, so that nothing is ever shared between them and people.
    `coming` is the version that a rebuild moves everybody to, None if nothing is to be moved: until then who is taken
    in is kept in both. `engine` compares everybody with everybody; a delivery is compared in this process.
    """

    model: SavedModel = field(repr=False)
    serving: MatchVersion
    coming: MatchVersion | None = None
    engine: Engine = field(default=HERE, repr=False)

    @property
    def indexes(self) -> Indexes:
        """The indexes by which everybody is found."""
        return self.serving.indexes

    @property
    def versions(self) -> tuple[MatchVersion, ...]:
        """Every version in which who is taken in is kept."""
        return (self.serving,) if self.coming is None else (self.serving, self.coming)

    @property
    def newest(self) -> MatchVersion:
        """The version that a rebuild leaves behind."""
        return self.coming or self.serving

    @property
    def kind(self) -> EntityKind:
        """Say what is matched."""
        return EntityKind(self.model.spec.kind)

    def named(self, name: str) -> str:
        """Name a candidate key or a counted column of this kind, as indexes and counts know it."""
        return name if self.kind is EntityKind.PERSON else f"{self.kind.value}:{name}"


def _nothing(_step: str) -> None:
    """Let a step pass."""


def _no_progress(_rows: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything the pipeline is given.

    `reached` is told each named step, for the crash tests; `progress` the number of rows read so far; `spent` tells the
    processor seconds of this thread, by which transactions are kept short. Without `matching` people are joined by
    exact rules, and so are organisations without `organisations`.
    """

    unit_of_work: UnitOfWork
    read_only: UnitOfWork
    keys: KeyStore
    lake: EventLake
    indexes: Indexes
    suppression: SuppressionIndex
    instance: bytes
    audit: AuditTrail
    clock: Callable[[], datetime]
    principal: PrincipalId
    purpose_versions: Mapping[str, int]
    held_text_days: int = 30
    matching: Matching | None = None
    organisations: Matching | None = None
    progress: Callable[[int], None] = _no_progress
    reached: Callable[[str], None] = _nothing
    spent: Callable[[], float] = thread_time

    def matched(self, kind: EntityKind) -> Matching | None:
        """Return how records of a kind are matched, None where they are joined by exact rules."""
        return self.matching if kind is EntityKind.PERSON else self.organisations

    def of_kind(self, kind: EntityKind) -> "Ports":
        """Return the same for what is done with records of one kind: `matching` is how these are matched."""
        return replace(self, matching=self.matched(kind))

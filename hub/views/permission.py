"""Who may be read for a purpose at an instant.

Every record decided, folded by entity, with the reasons of the absent.

Merging never widens permission: a record is permitted only if its own standing permits and no part of its entity
said no. A new record is held back until its delivery is settled, because only then it is known whose part it is.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final, Self

import polars as pl
from sqlmodel import Session

from ingest.store.batch import held_back
from ingest.store.record import records_frame
from privacy.decision import Because, decision_rows
from privacy.instant import instant_of
from privacy.purposes import Purpose
from privacy.store.erasure import tombstones
from privacy.store.standing import STANDING, standings_of
from privacy.terms import DataCategory, EntityKind, LegalBasis

ERASED: Final = "erased"
UNSETTLED: Final = "unsettled"
_DECIDED: Final = ("record", "entity", "ordinal", "permit", "because", "until_us")


@dataclass(frozen=True, slots=True, kw_only=True)
class PermittedSet:
    """The records that may be read, and why the other customers are absent.

    - `records`: record, entity (Binary, 16 bytes), ordinal (UInt32, null before the first release): permitted records
      only;
    - `decided`: record, entity, permit and until_us of everybody who is not erased;
    - `absent`: rule to number of entities that have no permitted record, by the rule that fired first;
    - `valid_until`: the earliest instant at which a consent of a permitted entity lapses by itself, None if none does.
      It counts for every part: one that is not permitted itself silences the others once its consent has expired.
    """

    records: pl.DataFrame
    absent: dict[str, int]
    valid_until: datetime | None
    decided: pl.DataFrame


def permitted_set(
    session: Session, purpose: Purpose, kind: EntityKind, *, at: datetime, entities: pl.Series | None = None
) -> PermittedSet:
    """Decide for every record of a kind (or of some entities only), in the caller's snapshot of the database.

    Organisations are no data subjects: all of theirs are permitted but the erased; their persons are decided apart.
    """
    return decisions_on(session, purpose, kind, at=at, entities=entities).permitted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What was decided of every record of whole entities.

    - `decided`: record, entity (Binary, 16 bytes), ordinal, permit, because, until_us (when a consent of it lapses);
    - `erased`: record and entity of those that are closed.
    """

    decided: pl.DataFrame
    erased: pl.DataFrame

    def permitted(self) -> PermittedSet:
        """Say who may be read, and count the others by the rule that fired first."""
        permitted = self.decided.filter("permit")
        absent = self.decided.join(permitted, on="entity", how="anti")
        reasons = absent.group_by("entity").agg(pl.col("because").sort().first()).group_by("because").len()
        counts = {str(because): int(count) for because, count in reasons.iter_rows()}
        gone = self.erased.join(self.decided, on="entity", how="anti")["entity"].n_unique()
        if gone:
            counts[ERASED] = gone
        parts = self.decided.join(permitted, on="entity", how="semi")
        return PermittedSet(
            records=permitted.select("record", "entity", "ordinal"),
            absent=counts,
            valid_until=_earliest(parts["until_us"]),
            decided=self.decided,
        )

    def replaced(self, entities: pl.Series, by: Self) -> Self:
        """Return these with everything of some entities taken out, and what was decided of them anew put in."""
        others = ~pl.col("entity").is_in(entities.implode())
        decided = pl.concat([self.decided.filter(others), by.decided])
        return type(self)(decided=decided, erased=pl.concat([self.erased.filter(others), by.erased]))


def refusals_of(session: Session, purpose: Purpose, *, at: datetime, entities: pl.Series) -> frozenset[str] | None:
    """Return every rule that keeps some persons out of a purpose; None if any record of theirs may be read.

    It is what `permitted_set` decides, told whole: of several parts each may be refused for a reason of its own.
    """
    found = decisions_on(session, purpose, EntityKind.PERSON, at=at, entities=entities)
    if found.decided["permit"].any():
        return None
    return frozenset(map(str, found.decided["because"])) | ({ERASED} if found.erased.height else frozenset())


def decisions_on(
    session: Session, purpose: Purpose, kind: EntityKind, *, at: datetime, entities: pl.Series | None = None
) -> Decisions:
    """Decide for every record of a kind, or of some entities only, in the caller's snapshot of the database."""
    records = records_frame(session, kind, None if entities is None else entities.to_list())
    closed = pl.Series("record", sorted(tombstones(session)), dtype=pl.Binary)
    erased = records.join(closed.to_frame(), on="record", how="semi")
    records = records.join(closed.to_frame(), on="record", how="anti")
    decided = _organisations(records) if kind is EntityKind.ORGANISATION else _persons(session, purpose, records, at)
    decided = _without_unsettled(session, decided, entities).select(_DECIDED)
    return Decisions(decided=decided, erased=erased.select("record", "entity"))


def _without_unsettled(session: Session, decided: pl.DataFrame, entities: pl.Series | None) -> pl.DataFrame:
    """Hold back who is new and might yet join somebody that said no; what they said themselves binds already."""
    held = held_back(session, None if entities is None else decided["record"].to_list())
    if not held:
        return decided
    new = pl.col("record").is_in(pl.Series(sorted(held), dtype=pl.Binary).implode())
    because = pl.when(pl.col("permit") & new).then(pl.lit(UNSETTLED)).otherwise("because")
    return decided.with_columns(permit=pl.col("permit") & ~new, because=because)


def _organisations(records: pl.DataFrame) -> pl.DataFrame:
    return records.with_columns(
        permit=pl.lit(value=True), because=pl.lit(None, dtype=pl.String), until_us=pl.lit(None, dtype=pl.Int64)
    )


@dataclass(frozen=True, slots=True)
class _Reads:
    """All that a decision reads of a purpose: purposes that agree in it share one table, whatever else they say."""

    basis: LegalBasis
    direct_marketing: bool
    special: bool
    purpose: Purpose = field(compare=False, repr=False)

    @classmethod
    def of(cls, purpose: Purpose) -> Self:
        special = DataCategory.SPECIAL in purpose.data_categories
        return cls(purpose.legal_basis, purpose.direct_marketing, special, purpose)


@lru_cache(maxsize=2 * 2 * len(LegalBasis))
def _decision_table(reads: _Reads) -> pl.DataFrame:
    """Write the decision over every standing as a frame, once: the law is a function, and frames do not change."""
    schema = {"state": pl.String, "permit": pl.Boolean, "because": pl.String, "silences": pl.Boolean}
    return pl.DataFrame(decision_rows(reads.purpose), schema_overrides=schema)


def silencing(session: Session, purpose: Purpose, records: pl.DataFrame, *, at: datetime) -> pl.DataFrame:
    """Decide for each record by itself: `records` (record, source, ...) with permit, because, until_us and `silences`.

    `silences` says that what this record said binds every part of its entity.
    """
    table = _decision_table(_Reads.of(purpose))
    decided = standings_of(session, purpose, records, at=at).join(
        table, on=list(STANDING), how="left", maintain_order="left"
    )
    # A standing outside the table cannot exist; were there one, it would be unreadable and so refused.
    return decided.with_columns(
        pl.col("permit").fill_null(value=False),
        pl.col("silences").fill_null(value=True),
    )


def _persons(session: Session, purpose: Purpose, records: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Join the finite decision table, then let a no of any part bind its entity.

    Those who say no are looked up, few or many: to group everybody by entity takes four times as long.
    """
    decided = silencing(session, purpose, records, at=at)
    silenced = pl.col("entity").is_in(decided.filter("silences")["entity"].unique().implode())
    return decided.with_columns(
        permit=pl.col("permit") & ~silenced,
        because=pl.when(pl.col("permit") & silenced)
        .then(pl.lit(Because.SILENCED_BY_PART.value))
        .otherwise(pl.col("because").fill_null(Because.UNREADABLE.value)),
    )


def _earliest(until_us: pl.Series) -> datetime | None:
    earliest = until_us.min()
    return instant_of(earliest) if isinstance(earliest, int) else None

"""Of which records customers consist, for what is worked out of all of them and kept."""

from collections.abc import Sequence
from typing import Final

import polars as pl
from sqlalchemy import select
from sqlmodel import Session, col

from ingest.tables.identity import Crosswalk, Entity
from privacy.store.bulk import among_keys, select_among
from privacy.terms import EntityKind, RecordId

_MEMBERS: Final = (
    select(col(Crosswalk.entity_id), col(Crosswalk.record_id), col(Entity.revision))
    .join(Entity, col(Entity.entity_id) == col(Crosswalk.entity_id))
    .order_by(col(Crosswalk.record_id))
)
_REVISIONS: Final = (
    select(col(Crosswalk.record_id), col(Entity.revision))
    .join(Entity, col(Entity.entity_id) == col(Crosswalk.entity_id))
    .where(among_keys(col(Crosswalk.record_id)))
)
_SCHEMA: Final = {"entity": pl.Binary, "record": pl.Binary, "revision": pl.Int64}


def record_sets_frame(session: Session, kind: EntityKind) -> pl.DataFrame:
    """Return each entity of a kind with all its records and the revision of their set.

    Columns entity, record (Binary, 16 bytes; the smallest), others (list of Binary, the further ones in order; null
    where there is none), revision (Int64).
    """
    rows = session.execute(_MEMBERS.where(col(Crosswalk.kind) == kind.value)).all()
    frame = pl.DataFrame([tuple(row) for row in rows], schema=_SCHEMA, orient="row")
    others = pl.col("record").slice(1).alias("others")
    sets = frame.group_by("entity", maintain_order=True).agg(
        pl.col("record").first(), others, pl.col("revision").first()
    )
    return sets.with_columns(pl.when(pl.col("others").list.len() > 0).then("others").alias("others"))


def revisions_of(session: Session, records: Sequence[bytes]) -> dict[RecordId, int]:
    """Return the revision of the record set that each of some records belongs to now; who is in none is left out."""
    return {RecordId(record): int(revision) for record, revision in select_among(session, _REVISIONS, records)}

"""Which records carry an address or a key, by its blind index: each of them, merged or not, counted or still staged.

Staged ones count: a no that comes while a delivery is being taken in must hold for its records, too.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import polars as pl
from sqlalchemy import select
from sqlmodel import Session, col

from ingest.identity.exact import LOOK_UPS
from ingest.store.batch import BatchState
from ingest.tables.batch import Batch
from ingest.tables.record import RecordIndex, SourceRecord
from privacy.store.bulk import among_keys, select_among
from privacy.terms import BatchId, RecordId

CARRIERS: Final = {"index": pl.Binary, "field": pl.String, "record": pl.Binary}
_CARRIERS: Final = select(col(RecordIndex.token), col(RecordIndex.field), col(RecordIndex.record_id)).where(
    among_keys(col(RecordIndex.token)), col(RecordIndex.field).in_(LOOK_UPS)
)

KEYS: Final = {"record": pl.Binary, "kind": pl.String, "key_index": pl.Binary}
_BATCHES: Final = (  # with the state beside each row: asked for it, SQLite would begin with the batches
    select(col(Batch.batch_id), col(Batch.state), col(RecordIndex.record_id))
    .join(RecordIndex, col(RecordIndex.batch_id) == col(Batch.batch_id))
    .where(among_keys(col(RecordIndex.token)))
)
_KEYS: Final = select(col(SourceRecord.record_id), col(SourceRecord.kind), col(SourceRecord.key_index)).where(
    among_keys(col(SourceRecord.record_id))
)


def carriers(session: Session, indexes: Sequence[bytes]) -> pl.DataFrame:
    """Return who carries each address: `index` (Binary, 16 bytes), `field` (email or phone), `record` (Binary)."""
    rows = list(select_among(session, _CARRIERS, indexes))
    return pl.DataFrame(rows, schema=CARRIERS, orient="row").unique()


def staged_with(session: Session, indexes: Sequence[bytes], *, but: AbstractSet[bytes]) -> list[BatchId]:
    """Return the batches on their way in that bring another record than some with one of some blind indexes."""
    found = select_among(session, _BATCHES, indexes)
    staged = (row for row in found if row[1] == BatchState.STAGED.value and row[2] not in but)
    return sorted({BatchId(batch) for batch, _, _ in staged})


def keys_of_records(session: Session, records: Sequence[RecordId]) -> pl.DataFrame:
    """Return by which source key each record is named: `record`, `kind` (of its entity), `key_index` (Binary)."""
    rows = list(select_among(session, _KEYS, records))
    return pl.DataFrame(rows, schema=KEYS, orient="row")

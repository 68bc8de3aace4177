"""What finds a record again when its source delivers it anew, as one word for the ledger outside, and back.

The word holds kind, version of the index key, keyed digest and source; nothing of it can be read back to the source's
own key. A restored database that has never heard of the record is told its name, so that what the person said since the
backup is waiting when the record arrives again.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import polars as pl
from sqlalchemy import select
from sqlmodel import Session, col

from ingest.store.record import KeySpace, drawn_names, find_records, name_records
from ingest.tables.record import SourceRecord
from privacy.store.bulk import among_keys, select_among
from privacy.terms import EntityKind, RecordId

_SEPARATOR: Final = ":"
_NAMES: Final = select(
    col(SourceRecord.record_id),
    col(SourceRecord.kind),
    col(SourceRecord.key_version),
    col(SourceRecord.key_index),
    col(SourceRecord.source),
).where(among_keys(col(SourceRecord.record_id)))


def names_of(session: Session, records: Sequence[RecordId]) -> dict[RecordId, str]:
    """Return the names of those records that are known."""
    return {
        RecordId(bytes(row[0])): _SEPARATOR.join((row[1], str(row[2]), bytes(row[3]).hex(), row[4]))
        for row in select_among(session, _NAMES, records)
    }


def remember_names(session: Session, names: Mapping[RecordId, str], *, at: datetime) -> None:
    """Give source keys that this database does not know the records that they had; those that it knows keep theirs.

    Raises:
        ValueError: a word is not of the form that `names_of` gives.

    """
    spaces: defaultdict[KeySpace, dict[bytes, RecordId]] = defaultdict(dict)
    for record, name in names.items():
        kind, version, key_index, source = name.split(_SEPARATOR, 3)
        space = KeySpace(source=source, kind=EntityKind(kind), key_version=int(version))
        spaces[space][bytes.fromhex(key_index)] = record
    for space, records in spaces.items():
        known = find_records(session, list(records))
        drawn = drawn_names([key_index for key_index in records if key_index not in known])
        had = pl.Series([records[key_index] for key_index in drawn["key_index"]], dtype=pl.Binary)
        name_records(session, drawn.with_columns(record=had), space, at=at)

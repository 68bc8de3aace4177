"""What finds a record again when its source delivers it anew, as one word for the ledger outside, and back.

The word holds kind, version of the index key, keyed digest and source; nothing of it can be read back to the source's
own key. A restored database that has never heard of the record is told its name, so that what the person said since the
backup is waiting when the record arrives again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col

from ingest.tables.record import SourceRecord
from privacy.store.bulk import among_keys, execute_rows, select_among
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
    """Enter names of records that this database does not know; those that it knows stay as they are.

    Raises:
        ValueError: a word is not of the form that `names_of` gives.

    """
    rows = [{"record_id": record, "created_at": at} | _columns_of(name) for record, name in names.items()]
    new = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    execute_rows(session, new(SourceRecord).on_conflict_do_nothing(), rows)


def _columns_of(name: str) -> dict[str, Any]:
    kind, version, key_index, source = name.split(_SEPARATOR, 3)
    return {
        "kind": EntityKind(kind).value,
        "key_version": int(version),
        "key_index": bytes.fromhex(key_index),
        "source": source,
    }

"""Deleting what this package holds of erased records: revisions, indexes, texts, contacts, quarantined rows, names."""

from collections import Counter
from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlmodel import Session, SQLModel, col

from ingest.store.match_decision import drop_decisions_of
from ingest.store.match_edge import drop_edges_of
from ingest.store.match_form import drop_forms, forms_held
from ingest.store.record import tokens_of_records
from ingest.tables.batch import QuarantineRow
from ingest.tables.identity import ContactOf, Crosswalk
from ingest.tables.record import HeldText, RecordCorrection, RecordIndex, RecordRevision, SourceRecord
from privacy.terms import RecordId

_CHUNK = 500


def key_indexes_of(session: Session, records: Sequence[RecordId]) -> list[bytes]:
    """Return the blind indexes of the records' source keys: quarantined rows are found by them."""
    found: list[bytes] = []
    for start in range(0, len(records), _CHUNK):
        query = select(col(SourceRecord.key_index)).where(
            col(SourceRecord.record_id).in_(records[start : start + _CHUNK])
        )
        found += session.execute(query).scalars().all()
    return found


def count_rows(session: Session, records: Sequence[RecordId]) -> dict[str, int]:
    """Count what is held of the records, by table: the plan of an erasure."""
    held = Counter(
        {
            str(table.__tablename__): 0
            for table in (RecordRevision, RecordCorrection, RecordIndex, HeldText, QuarantineRow)
        }
    )
    for rows in _quarantined(key_indexes_of(session, records)):
        held[str(QuarantineRow.__tablename__)] += _count(session, QuarantineRow, rows)
    for start in range(0, len(records), _CHUNK):
        chunk = records[start : start + _CHUNK]
        for table in (RecordRevision, RecordCorrection, HeldText):
            held[str(table.__tablename__)] += _count(session, table, col(table.record_id).in_(chunk))
        for indexes in _indexes_of(session, chunk):
            held[str(RecordIndex.__tablename__)] += _count(session, RecordIndex, indexes)
    return dict(held)


def delete_records(session: Session, records: Sequence[RecordId]) -> None:
    """Delete every row of the records but their names, which find them again; repeating it changes nothing."""
    delete_quarantined(session, key_indexes_of(session, records))
    for start in range(0, len(records), _CHUNK):
        chunk = records[start : start + _CHUNK]
        for indexes in _indexes_of(session, chunk):  # before the revisions, which tell where they are
            session.execute(delete(RecordIndex).where(indexes))
        for table in (RecordRevision, RecordCorrection, HeldText, Crosswalk):
            session.execute(delete(table).where(col(table.record_id).in_(chunk)))
        drop_forms(session, forms_held(session, chunk))
        drop_edges_of(session, chunk)
        drop_decisions_of(session, chunk)
        contact = or_(col(ContactOf.person_record).in_(chunk), col(ContactOf.organisation_record).in_(chunk))
        session.execute(delete(ContactOf).where(contact))


def delete_quarantined(session: Session, key_indexes: Sequence[bytes]) -> None:
    """Delete the quarantined rows of source keys, by their blind index."""
    for rows in _quarantined(key_indexes):
        session.execute(delete(QuarantineRow).where(rows))


def delete_names(session: Session, records: Sequence[RecordId]) -> None:
    """Delete the mapping from source keys to the records: last, for nothing of theirs is found without it."""
    for start in range(0, len(records), _CHUNK):
        chosen = col(SourceRecord.record_id).in_(records[start : start + _CHUNK])
        session.execute(delete(SourceRecord).where(chosen))


def _quarantined(key_indexes: Sequence[bytes]) -> Iterator[ColumnElement[bool]]:
    """Say, some keys at a time, which rows of `quarantine_row` are theirs."""
    for start in range(0, len(key_indexes), _CHUNK):
        yield col(QuarantineRow.subject_index).in_(key_indexes[start : start + _CHUNK])


def _indexes_of(session: Session, chunk: Sequence[RecordId]) -> Iterator[ColumnElement[bool]]:
    """Say, some tokens at a time, which rows of `record_index` are the records'."""
    tokens = tokens_of_records(session, chunk)
    for start in range(0, len(tokens), _CHUNK):
        few = col(RecordIndex.token).in_(tokens[start : start + _CHUNK])
        yield and_(few, col(RecordIndex.record_id).in_(chunk))


def _count(session: Session, table: type[SQLModel], chosen: ColumnElement[bool]) -> int:
    return int(session.execute(select(func.count()).select_from(table).where(chosen)).scalar_one())

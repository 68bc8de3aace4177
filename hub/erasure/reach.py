"""What an erasure reaches in the control database: every table with a record's id, but those kept for a stated reason.

Rules kept here:
- a new table that holds a record's id is erased from without anybody remembering to say so; who wants to keep rows says
  why, in `KEPT`;
- which tables there are is asked of the database itself, for a process knows only the tables that it has imported;
- what `ingest.store.erasure` deletes in an order of its own is left to it;
- what is kept holds random ids that lead to nobody: the mapping to the source's key and every key are gone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from sqlalchemy import LargeBinary, TableClause, column, delete, func, inspect, select, table
from sqlmodel import Session

from privacy.terms import RecordId

RECORD: Final = "record_id"
KEPT: Final[Mapping[str, str]] = {
    "tombstone": "keeps the record closed until every backup that predates it has expired",
    "ledger_entry": "keeps a restored backup closed; random ids",
    "consent_event": "accountability (Article 5(2), 7(1)); random ids without a mapping",
    "change": "orders what changed; random ids, pruned",
    "crosswalk_event": "history of moves; random ids without a mapping",
    "legal_hold_record": "legal claims (Article 17(3)(e)); random ids",
    "subject_request": "proof that the request was answered (Article 5(2), 12); random ids",
    "recipient_notice": "proof that recipients were told (Article 5(2), 19); random ids",
    "request_answer": "proof of what was done to answer the request (Article 5(2), 12); random ids",
    "score_review": "proof that a person reviewed a score (Article 22(3)); random ids",
}
"""Tables whose rows stay, and on which ground."""

ALWAYS: Final = frozenset({"tombstone", "ledger_entry", "change"})
"""Tables of `KEPT` that every erasure writes to."""

_IN_ORDER: Final = frozenset(
    {
        *("record_revision", "record_correction", "record_index", "held_text", "crosswalk", "contact_of"),
        *("match_form", "match_edge", "match_decision", "source_record"),
    }
)
_CHUNK: Final = 500


def delete_rest(session: Session, records: Sequence[RecordId]) -> dict[str, int]:
    """Delete the records' rows of every table that nobody else deletes from; return how many, by table."""
    return {table.name: _delete(session, table, records) for table in _tables(session)}


def count_rest(session: Session, records: Sequence[RecordId]) -> dict[str, int]:
    """Count what `delete_rest` would delete, by table."""
    return {table.name: _count(session, table, records) for table in _tables(session)}


def count_kept(session: Session, records: Sequence[RecordId]) -> dict[str, int]:
    """Count the records' rows in tables that keep them, by table that has any; but for what every erasure writes."""
    named = sorted(KEPT.keys() - ALWAYS)
    found = {name: _count(session, table(name, column(RECORD, LargeBinary)), records) for name in named}
    return {name: count for name, count in found.items() if count}


def grounds_of(kept: Iterable[str]) -> dict[str, str]:
    """Say on which ground rows stay in some tables, and what every erasure writes."""
    return {name: KEPT[name] for name in sorted({*kept, *ALWAYS})}


def _tables(session: Session) -> Iterator[TableClause]:
    found = inspect(session.connection()).get_multi_columns()  # on PostgreSQL one query for all tables
    for (_, name), columns in sorted(found.items(), key=lambda each: each[0][1]):
        holds = any(each["name"] == RECORD for each in columns)
        if holds and name not in KEPT and name not in _IN_ORDER:
            yield table(name, column(RECORD, LargeBinary))


def _delete(session: Session, table: TableClause, records: Sequence[RecordId]) -> int:
    done = 0
    for start in range(0, len(records), _CHUNK):
        some = table.c[RECORD].in_(records[start : start + _CHUNK])
        done += int(getattr(session.execute(delete(table).where(some)), "rowcount", 0))
    return done


def _count(session: Session, table: TableClause, records: Sequence[RecordId]) -> int:
    done = 0
    for start in range(0, len(records), _CHUNK):
        some = table.c[RECORD].in_(records[start : start + _CHUNK])
        done += int(session.execute(select(func.count()).select_from(table).where(some)).scalar_one())
    return done

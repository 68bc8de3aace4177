"""What matching keeps of everybody, read as frames: for who looks at the whole home at once."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import polars as pl
from sqlalchemy import Select, bindparam, func, select
from sqlmodel import Session, col

from ingest.canonical.identity import TABLE_OF
from ingest.store.batch import COUNTED, BatchState
from ingest.store.match_decision import Verdict
from ingest.store.match_edge import EDGES
from ingest.tables.batch import Batch
from ingest.tables.identity import Crosswalk
from ingest.tables.match import MatchDecision, MatchEdge, MatchForm
from ingest.tables.record import RecordRevision, SourceRecord
from privacy.store.bulk import among_keys, select_among
from privacy.terms import EntityKind

_PAGE: Final = 50_000
RECORDS: Final = pl.Schema(
    {
        "record": pl.Binary,
        "revision": pl.Int64,
        "batch": pl.Binary,
        "state": pl.String,
        "name": pl.Binary,
        "source": pl.String,
    }
)
_RECORDS: Final = (  # with the state beside each row: asked for it, SQLite would begin with the batches
    select(
        col(RecordRevision.record_id),
        col(RecordRevision.revision),
        col(RecordRevision.batch_id),
        col(Batch.state),
        col(SourceRecord.key_index),
        col(SourceRecord.source),
    )
    .join(Batch, col(Batch.batch_id) == col(RecordRevision.batch_id))
    .join(SourceRecord, col(SourceRecord.record_id) == col(RecordRevision.record_id))
    .where(col(SourceRecord.kind) == bindparam("of_kind"))
)
FORMS: Final = pl.Schema(
    {
        "record": pl.Binary,
        "revision": pl.Int64,
        "state": pl.String,
        "number": pl.Int64,
        "country": pl.String,
        "key_version": pl.Int64,
        "form_version": pl.Int64,
    }
)
_FORMS: Final = select(
    col(MatchForm.record_id),
    col(MatchForm.revision),
    col(Batch.state),
    col(MatchForm.number),
    col(MatchForm.country),
    col(MatchForm.key_version),
    col(MatchForm.form_version),
).join(Batch, col(Batch.batch_id) == col(MatchForm.batch_id))
HOMES: Final = pl.Schema({"record": pl.Binary, "entity": pl.Binary, "name": pl.Binary})
_HOMES: Final = (
    select(col(Crosswalk.record_id), col(Crosswalk.entity_id), col(SourceRecord.key_index))
    .join(SourceRecord, col(SourceRecord.record_id) == col(Crosswalk.record_id))
    .where(col(Crosswalk.kind) == bindparam("of_kind"))
)
_NAMES: Final = select(col(SourceRecord.record_id), col(SourceRecord.key_index)).where(
    among_keys(col(SourceRecord.record_id))
)
_EDGES: Final = select(
    col(MatchEdge.record_id),
    col(MatchEdge.other_record),
    col(MatchEdge.probability),
    col(MatchEdge.weight),
    col(MatchEdge.closing),
    col(MatchEdge.levels),
    col(MatchEdge.model),
    col(MatchEdge.rule),
)
_EDGES_BETWEEN: Final = _EDGES.where(
    col(MatchEdge.record_id) >= bindparam("first"), col(MatchEdge.record_id) < bindparam("beyond")
)
EVERY_EDGE: Final = pl.Schema({**EDGES, "rule": pl.String})
LAST: Final = b"\xff" * 17
"""Comes after every record id."""
_DECISIONS: Final = select(
    col(MatchDecision.record_id), col(MatchDecision.other_record), col(MatchDecision.verdict)
).order_by(col(MatchDecision.number))


def records_at_rest(session: Session, kind: EntityKind) -> pl.DataFrame:
    """Return every record of a kind that a counted delivery told of, with its newest counted revision.

    Columns record, revision, batch, source, and name: the keyed index of its source key, which is the same in every
    home of the same keys, while a record id is chance.
    """
    told = _paged(session, _RECORDS, RECORDS, of_kind=kind.value).filter(pl.col("state").is_in(COUNTED))
    newest = told.sort("record", "revision").unique("record", keep="last", maintain_order=True)
    return newest.drop("state")


def count_records(session: Session, kind: EntityKind) -> int:
    """Count the records of a kind, those that only events name included."""
    query = select(func.count()).select_from(Crosswalk).where(col(Crosswalk.kind) == kind.value)
    return int(session.execute(query).scalar_one())


def forms_at_rest(session: Session, version: tuple[int, int]) -> pl.DataFrame:
    """Return the newest counted form of each record in a version of key and form: record, revision, number, country."""
    key, form = version
    told = _paged(session, _FORMS, FORMS).filter(
        pl.col("state").is_in(COUNTED), pl.col("key_version") == key, pl.col("form_version") == form
    )
    newest = told.sort("record", "revision").unique("record", keep="last", maintain_order=True)
    return newest.drop("state", "key_version", "form_version")


def homes_at_rest(session: Session, kind: EntityKind) -> pl.DataFrame:
    """Return every record of a kind with its entity and its name, in the order of names: record, entity, name."""
    return _paged(session, _HOMES, HOMES, of_kind=kind.value).sort("name")


def names_of(session: Session, records: Sequence[bytes]) -> dict[bytes, bytes]:
    """Return the name of each of some records."""
    return dict(select_among(session, _NAMES, records))


def edges_at_rest(session: Session) -> Iterator[pl.DataFrame]:
    """Yield every edge, some at a time, as `match_edge.edges_near` returns them."""
    for rows in session.connection().execute(_EDGES, execution_options={"yield_per": _PAGE}).partitions():
        yield _edges(rows).drop("rule")


def edges_between(session: Session, first: bytes, beyond: bytes) -> pl.DataFrame:
    """Return the edges whose first record is one of a range, with their `rule`, in order."""
    rows = session.connection().execute(_EDGES_BETWEEN, {"first": first, "beyond": beyond})
    return _edges(rows).sort("record", "other")


def decisions_at_rest(session: Session) -> dict[tuple[bytes, bytes], Verdict]:
    """Return what holds of every pair that somebody decided on, the smaller record first."""
    rows = session.execute(_DECISIONS)
    return {(min(a, b), max(a, b)): Verdict(verdict) for a, b, verdict in rows}


def counted_batches(session: Session) -> set[bytes]:
    """Return the batches that count."""
    return set(session.execute(select(col(Batch.batch_id)).where(col(Batch.state).in_(COUNTED))).scalars())


def deliveries_beside(session: Session, own: bytes, known: frozenset[bytes], kind: EntityKind) -> bool:
    """Say whether records of a kind are being taken in, or were since some batches counted."""
    query = select(col(Batch.batch_id), col(Batch.state)).where(
        col(Batch.canonical_table) == TABLE_OF[kind],
        col(Batch.state) != BatchState.ABORTED.value,
        col(Batch.batch_id) != own,
    )
    rows = session.execute(query)
    return any(batch not in known or state != BatchState.SETTLED.value for batch, state in rows)


def kinds_to_move(session: Session, kind: EntityKind) -> list[EntityKind]:
    """Return the kinds that a rebuild of one moves to another version: its own, and any of which there is nobody."""
    return [each for each in EntityKind if each is kind or not _is_any(session, each)]


def _is_any(session: Session, kind: EntityKind) -> bool:
    """Say whether there is a record of a kind, or a delivery of some on its way in."""
    some = select(col(SourceRecord.record_id)).where(col(SourceRecord.kind) == kind.value)
    beside = select(col(Batch.batch_id)).where(
        col(Batch.canonical_table) == TABLE_OF[kind], col(Batch.state) == BatchState.STAGED.value
    )
    return any(session.execute(query.limit(1)).first() is not None for query in (some, beside))


def _edges(rows: Any) -> pl.DataFrame:  # noqa: ANN401 - a result and a page of one are iterated alike
    cut = [(*row[:4], bool(row[4]), *row[5:]) for row in rows]  # SQLite has no truth values of its own
    return pl.DataFrame(cut, schema=EVERY_EDGE, orient="row")


def _paged(session: Session, query: Select[*tuple[Any, ...]], schema: pl.Schema, **bound: str) -> pl.DataFrame:
    """Read many rows page by page: a million small objects at once keep the garbage collector busy."""
    found = session.connection().execute(query, bound, execution_options={"yield_per": _PAGE}).partitions()
    pages = [pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row") for rows in found]
    return pl.concat([pl.DataFrame(schema=schema), *pages])

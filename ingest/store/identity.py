"""The crosswalk and its history: read as frames, changed by moves that can be taken back."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
from sqlalchemy import bindparam, distinct, func, literal, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from ingest.identity.clustering import Member
from ingest.identity.exact import RULES
from ingest.store.batch import BatchState
from ingest.store.correction import corrected_by
from ingest.store.record import records_of_batch, tokens_of_batch, tokens_of_records
from ingest.tables.batch import Batch
from ingest.tables.identity import Crosswalk, CrosswalkEvent, Entity
from ingest.tables.record import RecordIndex
from privacy.store.bulk import among_keys, select_among, select_rows
from privacy.terms import BatchId, EntityId, EntityKind, RecordId

_COUNTS: Final = (BatchState.VISIBLE.value, BatchState.SETTLED.value)
_INDEX_SCHEMA: Final = {"record": pl.Binary, "field": pl.String, "token": pl.Binary}
_MEMBER_SCHEMA: Final = {
    "record": pl.Binary,
    "entity": pl.Binary,
    "own_entity": pl.Binary,
    "own_created_us": pl.Int64,
}

_OF_BATCH: Final = col(Batch.batch_id) == col(RecordIndex.batch_id)
_RULE_ROW: Final = col(RecordIndex.field).in_(RULES)
# Keys are looked up with the state beside each row: asked for the state, SQLite would begin with the batches, and read
# all that they hold for every few hundred keys.
_NAMED: Final = aliased(Crosswalk)
_ROWS: Final = (
    select(
        col(Batch.state),
        col(RecordIndex.record_id),
        col(RecordIndex.field),
        col(RecordIndex.token),
        col(RecordIndex.batch_id),
    )
    .join(Batch, _OF_BATCH)
    .where(among_keys(col(RecordIndex.token)), _RULE_ROW)
)
_SHARED: Final = (
    select(col(RecordIndex.token))
    .where(_RULE_ROW)
    .group_by(col(RecordIndex.token))
    .having(func.count(distinct(col(RecordIndex.record_id))) > literal(1))
)
_SHARED_AMONG: Final = _SHARED.where(among_keys(col(RecordIndex.token)))
_OF_RECORDS: Final = ("people", "organisations")
_WORTH_ALL: Final = 4
_ENTITIES: Final = select(col(Crosswalk.entity_id)).distinct().where(among_keys(col(Crosswalk.record_id)))
_MEMBERS: Final = select(col(Crosswalk.record_id), col(Crosswalk.entity_id)).where(among_keys(col(Crosswalk.entity_id)))
_BESIDE_EACH: Final = (
    select(col(_NAMED.record_id), col(Crosswalk.record_id))
    .join(Crosswalk, col(Crosswalk.entity_id) == col(_NAMED.entity_id))
    .where(among_keys(col(_NAMED.record_id)))
)
_SHARING: Final = (
    select(col(RecordIndex.field), col(RecordIndex.token), col(Crosswalk.record_id))
    .join(_NAMED, col(_NAMED.record_id) == col(RecordIndex.record_id))
    .join(Crosswalk, col(Crosswalk.entity_id) == col(_NAMED.entity_id))
    .where(among_keys(col(RecordIndex.token)))
)
_FIRST_MOVES: Final = (
    select(col(CrosswalkEvent.record_id), col(CrosswalkEvent.from_entity))
    .where(among_keys(col(CrosswalkEvent.record_id)))
    .order_by(col(CrosswalkEvent.revision).desc())
)
_AGES: Final = select(col(Entity.entity_id), col(Entity.created_at)).where(among_keys(col(Entity.entity_id)))


@dataclass(frozen=True, slots=True)
class Linked:
    """The connected records that a batch touches, complete, in the shape that `ingest.identity.clustering` takes."""

    indexes: pl.DataFrame
    members: pl.DataFrame
    corrected: frozenset[bytes] = frozenset()


def linked_with(session: Session, batch_id: BatchId) -> Linked:
    """Find every record that a chain of counted tokens or entities connects with a record that the batch revised.

    Most records of a delivery share nothing with anybody: grouping by token in the database leaves them there. Tokens
    are keyed, so nothing is opened. Who was erased meanwhile has no entity any more and is left out.
    """
    found: dict[bytes, bytes] = {}
    rows: list[tuple[bytes, str, bytes]] = []
    looked: set[bytes] = set()
    frontier: Iterable[bytes] = _records_that_share(session, batch_id)
    while near := with_their_entities(session, frontier, found):
        found |= near
        tokens = _rows_of(session, near)
        brought = {record for record, _, _, batch in tokens if batch == batch_id}
        rows += [(record, name, token) for record, name, token, _ in tokens]
        # Tokens of the batch's own records were looked at when sharing ones were looked for.
        unseen = {token for record, _, token, _ in tokens if record not in brought} - looked
        looked |= unseen
        frontier = {record for record, *_ in _counted_rows(session, sorted(unseen))}
    indexes = pl.DataFrame(rows, schema=_INDEX_SCHEMA, orient="row").unique()
    return Linked(indexes, members_frame(session, found), frozenset(corrected_by(session, batch_id)))


def _rows_of(session: Session, records: Mapping[bytes, bytes]) -> list[tuple[bytes, str, bytes, bytes]]:
    """Read the counted index rows of some records: record, field, token, batch."""
    tokens = tokens_of_records(session, [RecordId(record) for record in sorted(records)])
    return [row for row in _counted_rows(session, tokens) if row[0] in records]


def _counted_rows(session: Session, tokens: Sequence[bytes]) -> Iterator[tuple[bytes, str, bytes, bytes]]:
    """Yield the counted index rows of some tokens: record, field, token, batch."""
    for state, record, name, token, batch in select_among(session, _ROWS, tokens):
        if state in _COUNTS:
            yield record, name, token, batch


def _records_that_share(session: Session, batch_id: BatchId) -> set[bytes]:
    """Return the records with a counted token that another record and one which the batch revised both have.

    The database says which tokens two records have; most have one, and never leave it.
    """
    revised = set(records_of_batch(session, batch_id))
    holders: defaultdict[tuple[str, bytes], set[bytes]] = defaultdict(set)
    for record, name, token, _ in _counted_rows(session, _shared_tokens(session, batch_id, len(revised))):
        holders[name, token].add(record)
    shared = (together for together in holders.values() if len(together) > 1 and together & revised)
    parted = corrected_by(session, batch_id)  # who lost a shared token may have to part
    return set[bytes]().union(parted, *shared)


def _shared_tokens(session: Session, batch_id: BatchId, revised: int) -> list[bytes]:
    """Return the tokens that two records have: at least those of the batch, of a large one all there are.

    One look through all tokens, in their order, costs a tenth of looking each of them up.
    """
    accepted = select(func.sum(col(Batch.rows_accepted))).where(
        col(Batch.state).in_(_COUNTS), col(Batch.canonical_table).in_(_OF_RECORDS)
    )
    if int(session.execute(accepted).scalar_one() or 0) <= _WORTH_ALL * revised:
        return sorted(session.execute(_SHARED).scalars())
    return sorted(token for (token,) in select_among(session, _SHARED_AMONG, tokens_of_batch(session, batch_id)))


def with_their_entities(session: Session, records: Iterable[bytes], found: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Return the entity of each record that was not found yet, and of all other records of those entities."""
    fresh = sorted(set(records) - found.keys())
    entities = sorted({entity for (entity,) in select_among(session, _ENTITIES, fresh)})
    return {record: entity for record, entity in select_among(session, _MEMBERS, entities) if record not in found}


def members_frame(session: Session, entity_of: Mapping[bytes, bytes]) -> pl.DataFrame:
    """Put the entity that a record was born with, and its age, beside the one it belongs to now."""
    return pl.DataFrame(members_among(session, entity_of), schema=_MEMBER_SCHEMA, orient="row")


def members_among(session: Session, entity_of: Mapping[bytes, bytes]) -> list[Member]:
    """Return the rows of `members_frame`: record, entity, own entity and when that was made, in order of records."""
    records = sorted(entity_of)
    own = dict(entity_of)
    own.update(select_among(session, _FIRST_MOVES, records))  # newest first: the oldest move is the last to be said
    ages = dict(select_among(session, _AGES, sorted(set(own.values()))))
    return [(record, entity_of[record], own[record], ages[own[record]]) for record in records]


_HOMES: Final = select(col(Crosswalk.record_id), col(Crosswalk.entity_id)).where(among_keys(col(Crosswalk.record_id)))


def kinds_of(session: Session, records: Sequence[RecordId]) -> set[EntityKind]:
    """Name the kinds of some records: persons, organisations, or both."""
    query = select(col(Crosswalk.kind)).where(col(Crosswalk.record_id).in_(list(records)))
    return {EntityKind(kind) for kind in session.execute(query).scalars()}


def homes_of(session: Session, records: Sequence[RecordId]) -> dict[RecordId, EntityId]:
    """Return the entity that each of some records belongs to now."""
    return {RecordId(record): EntityId(entity) for record, entity in select_among(session, _HOMES, records)}


def homes_beside(session: Session, entities: Iterable[EntityId]) -> dict[RecordId, EntityId]:
    """Return all records of some entities, each with its own."""
    rows = select_among(session, _MEMBERS, sorted(set(entities)))
    return {RecordId(record): EntityId(entity) for record, entity in rows}


def members_of(session: Session, records: Sequence[RecordId]) -> pl.DataFrame:
    """Return all records of the entities that some records belong to: record, entity."""
    rows = list(with_their_entities(session, records, {}).items())
    return pl.DataFrame(rows, schema={"record": pl.Binary, "entity": pl.Binary}, orient="row")


_BATCHES: Final = {
    state: select(func.count()).select_from(Batch).where(col(Batch.state) == literal(state)).scalar_subquery()
    for state in _COUNTS
}
_STEPS: Final = _BATCHES[BatchState.VISIBLE.value] + 2 * _BATCHES[BatchState.SETTLED.value]
_VERSION: Final = select(select(func.max(col(CrosswalkEvent.revision))).scalar_subquery(), _STEPS)


def crosswalk_version(session: Session) -> tuple[int, int]:
    """Say on what a plan of moves was based: the last move, and how many times a batch counted or was settled.

    Read it again under the epoch's lock: if it is another one, somebody moved records, made some visible, or settled
    a batch meanwhile, whose edges may say something new although it moved nobody. So of batches that settle at once
    the last has seen the edges of all.
    """
    ((last, steps),) = select_rows(session, _VERSION)
    return int(last or 0), int(steps)


_MEMBERSHIP: Final = select(col(Crosswalk.entity_id)).where(col(Crosswalk.record_id) == bindparam("record"))
_BESIDE: Final = select(col(Crosswalk.record_id)).where(col(Crosswalk.entity_id).in_(_MEMBERSHIP.scalar_subquery()))


def records_beside(session: Session, record: RecordId) -> list[RecordId]:
    """List all records of the entity that a record belongs to, itself included; empty if it belongs to none."""
    found = session.connection().execute(_BESIDE, {"record": bytes(record)}).scalars()
    return [RecordId(each) for each in found]


def records_beside_each(session: Session, records: Iterable[RecordId]) -> dict[RecordId, set[RecordId]]:
    """List all records of the entity of each of some records; one that belongs to none is left out."""
    found: defaultdict[RecordId, set[RecordId]] = defaultdict(set)
    for named, beside in select_among(session, _BESIDE_EACH, sorted(set(records))):
        found[named].add(beside)
    return found


def records_sharing_each(
    session: Session, attributes: Iterable[tuple[str, bytes]]
) -> dict[tuple[str, bytes], set[RecordId]]:
    """List all records of every entity of which a record carries an attribute, for each (field, blind index)."""
    found: defaultdict[tuple[str, bytes], set[RecordId]] = defaultdict(set)
    for field, token, record in select_among(session, _SHARING, sorted({token for _, token in attributes})):
        found[field, token].add(record)
    return found


def people_by_attribute(session: Session, field: str, token: bytes) -> dict[RecordId, EntityId]:
    """Find the persons' records that carry an attribute, by its blind index: record to entity.

    Candidates only: an earlier revision may have carried it. Open the newest before anything rests on it.
    """
    carries = (col(RecordIndex.field) == field, col(RecordIndex.token) == token)
    query = select(col(Crosswalk.record_id), col(Crosswalk.entity_id)).where(
        col(Crosswalk.record_id).in_(select(col(RecordIndex.record_id)).where(*carries)),
        col(Crosswalk.kind) == EntityKind.PERSON.value,
    )
    return {RecordId(record): EntityId(entity) for record, entity in session.execute(query).all()}


def entity_of_record(session: Session, record: RecordId) -> EntityId | None:
    """Find the entity that a record belongs to now."""
    query = select(col(Crosswalk.entity_id)).where(col(Crosswalk.record_id) == record)
    found = session.execute(query).scalar_one_or_none()
    return None if found is None else EntityId(found)


def records_of_entity(session: Session, entity: EntityId) -> list[RecordId]:
    """List the records of an entity."""
    query = select(col(Crosswalk.record_id)).where(col(Crosswalk.entity_id) == entity)
    return [RecordId(record) for record in session.execute(query).scalars()]


def records_by_attribute(session: Session, field: str, token: bytes) -> list[RecordId]:
    """List the records that carry an attribute, by its blind index."""
    query = select(col(RecordIndex.record_id)).where(col(RecordIndex.field) == field, col(RecordIndex.token) == token)
    return [RecordId(record) for record in session.execute(query.distinct()).scalars()]


def count_entities(session: Session) -> dict[str, int]:
    """Count the entities that have at least one record, by kind."""
    query = select(col(Crosswalk.kind), func.count(func.distinct(col(Crosswalk.entity_id)))).group_by(
        col(Crosswalk.kind)
    )
    return {kind: int(count) for kind, count in session.execute(query).all()}


def anchors_frame(session: Session, kind: EntityKind, entities: Collection[EntityId] | None = None) -> pl.DataFrame:
    """Return each entity of a kind, or of a few given ones, with one record of it and the revision of its record set.

    Columns entity, record (Binary, 16 bytes), revision (Int64). The record is the smallest of the entity's, so that a
    row written under it is erased with the entity whichever of its parts is erased.
    """
    query = (
        select(col(Crosswalk.entity_id), col(Crosswalk.record_id), col(Entity.revision))
        .join(Entity, col(Entity.entity_id) == col(Crosswalk.entity_id))
        .where(col(Crosswalk.kind) == kind.value)
    )
    if entities is not None:
        query = query.where(col(Crosswalk.entity_id).in_([bytes(entity) for entity in entities]))
    rows = [tuple(row) for row in session.execute(query).all()]
    frame = pl.DataFrame(rows, schema={"entity": pl.Binary, "record": pl.Binary, "revision": pl.Int64}, orient="row")
    return frame.sort("record").unique("entity", keep="first", maintain_order=True)

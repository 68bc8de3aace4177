"""Edges between records: written by whoever settles a batch, gone with either record."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import polars as pl
from sqlalchemy import Insert, Select, and_, delete, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from ingest.tables.identity import Crosswalk
from ingest.tables.match import MatchDecision, MatchEdge
from privacy.store.bulk import Columns, among_keys, execute_columns, select_among
from privacy.terms import EntityKind, RecordId

EDGES: Final = {
    "record": pl.Binary,
    "other": pl.Binary,
    "probability": pl.Float64,
    "weight": pl.Float64,
    "closing": pl.Boolean,
    "levels": pl.Binary,
    "model": pl.Binary,
}
_COLUMNS: Final = (
    col(MatchEdge.record_id),
    col(MatchEdge.other_record),
    col(MatchEdge.probability),
    col(MatchEdge.weight),
    col(MatchEdge.closing),
    col(MatchEdge.levels),
    col(MatchEdge.model),
)
FORWARD: Final = select(*_COLUMNS).where(among_keys(col(MatchEdge.record_id)))
BACKWARD: Final = select(*_COLUMNS).where(among_keys(col(MatchEdge.other_record)))
LINKS: Final = {name: EDGES[name] for name in ("record", "other", "weight", "closing")}
_LINK: Final = (
    col(MatchEdge.record_id),
    col(MatchEdge.other_record),
    col(MatchEdge.weight),
    col(MatchEdge.closing),
)
_LINKS_FORWARD: Final = select(*_LINK).where(among_keys(col(MatchEdge.record_id)))
_LINKS_BACKWARD: Final = select(*_LINK).where(among_keys(col(MatchEdge.other_record)))
_TRUTH: Final = {"sqlite": pl.Int64, "postgresql": pl.Boolean}
"""How the databases say yes and no: SQLite has no truth values of its own."""
_KEY: Final = ["record_id", "other_record"]
_CHUNK: Final = 400
_OTHER_HOME: Final = aliased(Crosswalk)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One pair as it was compared; `together` says whether both are of one entity now."""

    record: RecordId
    other: RecordId
    probability: float
    weight: float
    rule: str
    levels: bytes
    weights: bytes
    model: bytes
    together: bool


def put_edges(session: Session, columns: Columns) -> None:
    """Write edges; one of the same pair gives way."""
    execute_columns(session, _putting(session.get_bind().dialect.name), columns)


def edges_near(session: Session, records: Sequence[bytes]) -> pl.DataFrame:
    """Return every edge with an end among some records, each once."""
    return _each_once(session, (FORWARD, BACKWARD), EDGES, records)


def links_near(session: Session, records: Sequence[bytes]) -> pl.DataFrame:
    """Return record, other, weight and closing of every edge with an end among some records, each once."""
    return _each_once(session, (_LINKS_FORWARD, _LINKS_BACKWARD), LINKS, records)


def _each_once(
    session: Session, queries: Iterable[Select[*tuple[Any, ...]]], schema: Mapping[str, Any], records: Sequence[bytes]
) -> pl.DataFrame:
    rows = [row for query in queries for row in select_among(session, query, records)]
    told = {**schema, "closing": _TRUTH[session.get_bind().dialect.name]}
    found = pl.DataFrame(rows, schema=told, orient="row").with_columns(pl.col("closing").cast(pl.Boolean))
    return found.unique(["record", "other"]).sort("record", "other")


def drop_edges(session: Session, pairs: Sequence[tuple[bytes, bytes]]) -> None:
    """Delete the edges of some pairs, the smaller record first."""
    for start in range(0, len(pairs), _CHUNK):
        key = tuple_(col(MatchEdge.record_id), col(MatchEdge.other_record))
        session.execute(delete(MatchEdge).where(key.in_(list(pairs[start : start + _CHUNK]))))


def drop_edges_of(session: Session, records: Sequence[RecordId]) -> None:
    """Delete every edge with an end among some records."""
    for start in range(0, len(records), _CHUNK):
        some = records[start : start + _CHUNK]
        ends = or_(col(MatchEdge.record_id).in_(some), col(MatchEdge.other_record).in_(some))
        session.execute(delete(MatchEdge).where(ends))


def find_edge(session: Session, one: bytes, other: bytes) -> Edge | None:
    """Find the edge of a pair, None if they were never compared or are nothing like each other."""
    first, second = sorted((one, other))
    pair = (col(MatchEdge.record_id) == first, col(MatchEdge.other_record) == second)
    return next(_edges(session, pair, limit=1), None)


def edges_waiting(
    session: Session, threshold: float, *, near: float, limit: int, kind: EntityKind = EntityKind.PERSON
) -> list[Edge]:
    """List edges of a kind that nobody decided on and that are near the threshold, or above it and of two entities."""
    decided = select(col(MatchDecision.number)).where(
        col(MatchDecision.record_id) == col(MatchEdge.record_id),
        col(MatchDecision.other_record) == col(MatchEdge.other_record),
    )
    likely = col(MatchEdge.probability)
    apart = and_(likely >= threshold, col(Crosswalk.entity_id) != col(_OTHER_HOME.entity_id))
    mine = col(Crosswalk.kind) == kind.value
    which = (mine, or_(likely.between(threshold - near, threshold + near), apart), ~decided.exists())
    return list(_edges(session, which, limit=limit))


def _edges(session: Session, which: tuple[Any, ...], *, limit: int) -> Iterator[Edge]:
    query = (
        select(MatchEdge, col(Crosswalk.entity_id), col(_OTHER_HOME.entity_id))
        .join(Crosswalk, col(Crosswalk.record_id) == col(MatchEdge.record_id))
        .join(_OTHER_HOME, col(_OTHER_HOME.record_id) == col(MatchEdge.other_record))
        .where(*which)
        .order_by(col(MatchEdge.probability).desc(), col(MatchEdge.record_id), col(MatchEdge.other_record))
        .limit(limit)
    )
    for edge, home, other_home in session.execute(query):
        yield Edge(
            record=RecordId(edge.record_id),
            other=RecordId(edge.other_record),
            probability=edge.probability,
            weight=edge.weight,
            rule=edge.rule,
            levels=edge.levels,
            weights=edge.weights,
            model=edge.model,
            together=home == other_home,
        )


@lru_cache(maxsize=2)
def _putting(dialect: str) -> Insert:
    statement = (sqlite_insert if dialect == "sqlite" else postgresql_insert)(MatchEdge)
    named = ("probability", "weight", "rule", "closing", "levels", "weights", "model")
    put: Insert = statement.on_conflict_do_update(
        index_elements=_KEY, set_={name: getattr(statement.excluded, name) for name in named}
    )
    return put

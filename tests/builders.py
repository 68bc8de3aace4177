"""Small builders for the kernel's tests: a clock, keys, cells, records, a PostgreSQL server's databases."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Engine, insert
from sqlmodel import Session

from hub.database.engine import engine_of
from hub.database.revision import Target
from hub.database.schema import upgrade
from hub.database.unit import unit_of_work
from ingest.tables.identity import Crosswalk, Entity
from ingest.tables.record import SourceRecord
from privacy.keys import KEY_BYTES, Key, KeyKind, NewKey
from privacy.sealing import Cell, SealedTable
from privacy.store.audit import start_log
from privacy.store.epoch import start_epoch
from privacy.terms import EntityId, EntityKind, KeyId, RecordId

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
DATABASES = ("sqlite", "postgres")
CANARY = "kanari-sissel-71829"


class FixedClock:
    """Stands at noon until it is told to move."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> datetime:
        """Move on and say where it stands now."""
        self.at += timedelta(**by)
        return self.at


@dataclass
class Postgres:
    """Databases on one server: fresh ones, and copies of one that was migrated once."""

    uri: str
    made: list[str] = field(default_factory=list)
    templates: dict[Target, str] = field(default_factory=dict)
    number: Any = field(default_factory=count)

    def fresh_database(self, template: str = "template1") -> str:
        """Create a database and return its URL."""
        name = f"t{next(self.number)}"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        self.made.append(name)
        return self._url(name)

    def control_database(self) -> str:
        """Create a database at the newest revision of the control schema."""
        return self.migrated_database("control")

    def home_databases(self) -> dict[str, str]:
        """Create both databases of a home, and return the settings that name them."""
        return {
            "VARDE_DATABASE_URL": self.migrated_database("control"),
            "VARDE_KEYSTORE_URL": self.migrated_database("keystore"),
        }

    def migrated_database(self, target: Target) -> str:
        """Create a database at the newest revision of a schema."""
        if target not in self.templates:
            name = f"{target}_template"
            self._run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            engine = engine_of(self._url(name))
            upgrade(engine, target)
            engine.dispose()
            self.templates[target] = name
        return self.fresh_database(self.templates[target])

    def drop_all(self) -> None:
        """Drop what was made since the last time."""
        while self.made:
            self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.made.pop())))

    def _url(self, name: str) -> str:
        return self.uri.replace("/postgres?", f"/{name}?")

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.uri, autocommit=True) as connection:
            connection.execute(statement)


def an_id(number: int) -> bytes:
    """Sixteen bytes that tell tests apart; no real id looks like this."""
    return number.to_bytes(16, "big")


def a_record(number: int) -> RecordId:
    return RecordId(an_id(number))


def a_key(number: int = 1, kind: KeyKind = KeyKind.RECORD, secret: bytes | None = None) -> Key:
    """A key whose secret is one byte over and over, unless one is given."""
    return Key(key_id=KeyId(an_id(number)), kind=kind, secret=secret or bytes([number % 256]) * KEY_BYTES)


def a_new_key(number: int, owner: bytes, **more: Any) -> NewKey:
    return NewKey(key=a_key(number), owner=owner, **more)


def a_cell(**changes: Any) -> Cell:
    parts: dict[str, Any] = {
        "instance": an_id(7),
        "table": SealedTable.RECORD_REVISION,
        "field": 1,
        "row": an_id(9),
        "revision": 1,
    }
    return Cell(**parts | changes)


def started(engine: Engine) -> Engine:
    """Give a control database its epoch and its log."""
    with unit_of_work(engine) as session:
        start_epoch(session)
        start_log(session)
    return engine


@dataclass(frozen=True)
class Named:
    """A record as tests name it: its number, its entity's number, its source."""

    record: int
    entity: int
    source: str = "crm"
    created: datetime = NOON


def name_all(session: Session, named: Sequence[Named], kind: EntityKind = EntityKind.PERSON) -> None:
    """Insert records, their entities and the crosswalk between them."""
    entities = {row.entity: row.created for row in reversed(named)}
    for number, created in entities.items():
        session.execute(insert(Entity).values(entity_id=an_id(number), kind=kind.value, created_at=created, revision=0))
    for row in named:
        session.execute(
            insert(SourceRecord).values(
                record_id=an_id(row.record),
                kind=kind.value,
                source=row.source,
                key_index=an_id(row.record) * 2,
                key_version=1,
                created_at=NOON,
            )
        )
        session.execute(
            insert(Crosswalk).values(record_id=an_id(row.record), entity_id=an_id(row.entity), kind=kind.value)
        )


def an_entity(number: int) -> EntityId:
    return EntityId(an_id(number))

"""Migrations on both databases: there and back, equal to the tables, and history that the database itself keeps."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, inspect, text
from sqlmodel import SQLModel

from hub.database.engine import engine_of
from hub.database.revision import MIGRATIONS, Target, current_revision, newest_revision
from hub.database.schema import downgrade, upgrade
from hub.database.unit import RuleBroken, reading, unit_of_work
from hub.keystore.tables import keystore_metadata
from hub.migrations import tables as control_tables
from tests.builders import an_id

assert control_tables.MODULES
METADATA: dict[Target, MetaData] = {"control": SQLModel.metadata, "keystore": keystore_metadata}

ROWS = {
    "consent_event": {
        "event_id": an_id(1),
        "record_id": an_id(2),
        "purpose": "churn",
        "act": "given",
        "channel": "page",
        "at": 1,
        "recorded_at": 1,
        "purpose_version": 1,
        "notice_version": "n",
        "language": "",
        "actor": an_id(3),
        "contract": "",
    },
    "ledger_entry": {
        "epoch": 1,
        "place": 0,
        "entry_id": an_id(1),
        "kind": "erased",
        "ref": an_id(2),
        "purpose": "",
        "channel": "",
        "at": 1,
        "erasure_id": an_id(3),
        "detail": "",
    },
    "audit_leaf": {"leaf_index": 0, "leaf_hash": bytes(32)},
    "audit_body": {"leaf_index": 0, "at": 1, "action": "x", "body": b"x"},
    "audit_checkpoint": {"size": 1, "at": 1, "note": "x"},
    "suppression_entry": {
        "seq": 1,
        "set_id": an_id(1),
        "kind": "erased",
        "attribute": "email",
        "token": bytes(32),
        "purpose": "",
        "act": "",
        "channel": "",
        "at": 1,
        "recorded_at": 1,
        "actor": an_id(2),
        "reason": "erasure",
        "standardiser_version": 1,
        "key_version": 1,
    },
    "suppression_lift": {"set_id": an_id(1), "lifted_at": 1, "actor": an_id(2), "reason": "mistake"},
    "contact_wish": {
        "wish_id": an_id(1),
        "record_id": an_id(2),
        "channels": "email",
        "time_zone": "",
        "at": 1,
        "recorded_at": 1,
        "actor": an_id(3),
        "told_by": "agent",
    },
    "match_model": {
        "kind": "person",
        "number": 1,
        "document": "{}",
        "digest": an_id(1),
        "records": 1,
        "set_by": an_id(2),
        "set_at": 1,
    },
    "match_serving": {
        "number": 1,
        "kind": "person",
        "key_version": 2,
        "form_version": 1,
        "batch_id": an_id(1),
        "at": 1,
    },
    "survivorship_version": {"version": 2, "document": "{}", "applied_at": 1, "applied_by": an_id(1)},
}
COLUMN = {
    "consent_event": "act",
    "ledger_entry": "kind",
    "audit_leaf": "leaf_hash",
    "audit_body": "action",
    "audit_checkpoint": "note",
}
COLUMN |= {
    "match_model": "digest",
    "match_serving": "kind",
    "survivorship_version": "document",
    "suppression_entry": "token",
    "suppression_lift": "reason",
    "contact_wish": "channels",
}
KEPT = ("consent_event", "ledger_entry", "audit_leaf", "audit_checkpoint", "suppression_entry", "suppression_lift")
KEPT += ("match_model", "match_serving", "survivorship_version")


@pytest.fixture
def empty(database_url: str) -> Iterator[Engine]:
    engine = engine_of(database_url)
    yield engine
    engine.dispose()


def insert(engine: Engine, table: str, verb: str = "INSERT") -> None:
    row = ROWS[table]
    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    with unit_of_work(engine) as session:
        session.execute(text(f"{verb} INTO {table} ({names}) VALUES ({values})"), row)


def run(engine: Engine, statement: str) -> None:
    with unit_of_work(engine) as session:
        session.execute(text(statement))


def count(engine: Engine, table: str) -> int:
    with reading(engine) as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608 - a table of ROWS


@pytest.mark.parametrize("target", ["control", "keystore"])
def test_there_and_back_and_there_again(empty: Engine, target: Target) -> None:
    upgrade(empty, target)
    first = schema_of(empty)
    downgrade(empty, target)
    assert set(schema_of(empty)) <= {"alembic_version"}
    upgrade(empty, target)
    assert schema_of(empty) == first
    upgrade(empty, target)
    assert current_revision(empty) == newest_revision(target)


@pytest.mark.parametrize("target", ["control", "keystore"])
def test_the_migrated_schema_is_that_of_the_tables(empty: Engine, target: Target) -> None:
    upgrade(empty, target)
    with reading(empty) as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, METADATA[target]) == []


def test_a_migrated_connection_keeps_its_own_time_outs(empty: Engine) -> None:
    upgrade(empty, "control")
    if empty.dialect.name == "postgresql":
        with reading(empty) as session:
            assert session.execute(text("SHOW lock_timeout")).scalar_one() == "30s"
            assert session.execute(text("SHOW statement_timeout")).scalar_one() == "5min"


@pytest.mark.parametrize("table", ROWS)
def test_a_row_of_history_cannot_be_changed(control: Engine, table: str) -> None:
    insert(control, table)
    for value in (COLUMN[table], "NULL"):
        with pytest.raises(RuleBroken, match="append-only"):
            run(control, f"UPDATE {table} SET {COLUMN[table]} = {value}")  # noqa: S608 - a table of ROWS
    assert count(control, table) == 1


@pytest.mark.parametrize("table", KEPT)
def test_a_row_of_history_cannot_be_deleted(control: Engine, table: str) -> None:
    insert(control, table)
    with pytest.raises(RuleBroken, match="append-only"):
        run(control, f"DELETE FROM {table}")  # noqa: S608 - a table of ROWS
    assert count(control, table) == 1


@pytest.mark.parametrize("table", ROWS)
def test_a_table_of_history_cannot_be_emptied_at_once(control: Engine, table: str) -> None:
    if control.dialect.name == "sqlite":
        pytest.skip("SQLite has no TRUNCATE: its DELETE is refused by another test")
    insert(control, table)
    with pytest.raises(RuleBroken, match="append-only"):
        run(control, f"TRUNCATE {table}")
    assert count(control, table) == 1


@pytest.mark.parametrize("table", ROWS)
def test_a_row_of_history_cannot_be_replaced(control: Engine, table: str) -> None:
    insert(control, table)
    verb = "INSERT OR REPLACE" if control.dialect.name == "sqlite" and table in KEPT else "INSERT"
    with pytest.raises(RuleBroken):
        insert(control, table, verb)


def test_an_audit_body_can_be_pruned(control: Engine) -> None:
    insert(control, "audit_body")
    run(control, "DELETE FROM audit_body")
    assert count(control, "audit_body") == 0


def schema_of(engine: Engine) -> dict[str, object]:
    with engine.connect() as connection:
        seen = inspect(connection)
        tables = {
            table: (
                [(column["name"], str(column["type"]), column["nullable"]) for column in seen.get_columns(table)],
                sorted((str(index["name"]), bool(index["unique"])) for index in seen.get_indexes(table)),
            )
            for table in sorted(seen.get_table_names())
        }
        query = (
            "SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
            if engine.dialect.name == "sqlite"
            else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname"
        )
        triggers = list(connection.execute(text(query)).scalars())
    return tables | ({"triggers": triggers} if triggers else {})


def test_indexes_survive_their_new_order_there_and_back(empty: Engine) -> None:
    """A record's tokens go with each of its revisions in the batch that brought them."""
    upgrade(empty, "control")
    downgrade(empty, "control", "0002")
    revisions = [(1, 1, 7), (1, 2, 7), (1, 3, 8), (2, 1, 7)]
    indexes = [(1, "email", 5, 7), (1, "phone", 4, 7), (1, "email", 6, 8), (3, "email", 5, 9)]
    with unit_of_work(empty) as session:
        for record, number, batch in revisions:
            row = {"record": an_id(record), "number": number, "batch": an_id(batch), "some": b"x"}
            session.execute(text(_REVISION), row)
        for record, field, token, batch in indexes:
            row = {"record": an_id(record), "field": field, "token": an_id(token), "batch": an_id(batch)}
            session.execute(text(_INDEX), row)
    upgrade(empty, "control")
    expected = {(1, 1): [4, 5], (1, 2): [4, 5], (1, 3): [6], (2, 1): []}
    with reading(empty) as session:
        found = session.execute(text("SELECT record_id, revision, tokens FROM record_revision")).all()
    assert {(bytes(record), number): bytes(tokens) for record, number, tokens in found} == {
        (an_id(record), number): b"".join(map(an_id, tokens)) for (record, number), tokens in expected.items()
    }
    assert count(empty, "record_index") == len(indexes)
    downgrade(empty, "control", "0002")
    assert count(empty, "record_index") == len(indexes)
    assert count(empty, "record_revision") == len(revisions)


_REVISION = (
    "INSERT INTO record_revision (record_id, revision, batch_id, key_id, content_index, sealed, arrived_at) "
    "VALUES (:record, :number, :batch, :some, :some, :some, 1)"
)
_INDEX = (
    "INSERT INTO record_index (record_id, field, token, batch_id, standardiser_version, key_version) "
    "VALUES (:record, :field, :token, :batch, 1, 1)"
)


@pytest.mark.parametrize("target", ["control", "keystore"])
def test_the_newest_revision_is_read_from_the_names_as_alembic_reads_it_from_the_files(target: Target) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("version_locations", str(MIGRATIONS / target))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_current_head() == newest_revision(target)
    assert {each.revision for each in scripts.walk_revisions()} == {
        path.name[:4] for path in (MIGRATIONS / target).glob("0*.py")
    }

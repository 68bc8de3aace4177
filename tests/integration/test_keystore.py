"""The key store on both databases: durable when it says so, closed to exchanged rows, and final when it erases."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from hub.database.engine import engine_of
from hub.database.schema import upgrade
from hub.database.unit import RuleBroken, reading, unit_of_work
from hub.errors import HubError
from hub.kek.file import FileKek
from hub.keystore.named import named_keys
from hub.keystore.store import SqlKeyStore
from privacy.errors import KekUnavailable, SealBroken, WrongSecretLength
from privacy.keys import NO_ACT, KeyColumn, KeyKind
from privacy.secret import Secret
from privacy.terms import BatchId, KeyId, RecordId
from tests.builders import a_key, a_new_key, a_record, an_id

ROOT = Path(__file__).parents[2]
KEK = FileKek(b"\7" * 32)
AT_US = 1_700_000_000_000_000


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = engine_of(database_url)
    upgrade(engine, "keystore")
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> SqlKeyStore:
    return SqlKeyStore(engine, KEK)


def run(engine: Engine, statement: str, **values: object) -> None:
    with unit_of_work(engine) as session:
        session.execute(text(statement), values)


def ledger(engine: Engine) -> list[tuple[str, bytes, bytes, int]]:
    with reading(engine) as session:
        query = text("SELECT kind, ref, erasure_id, at_us FROM erasure_ledger ORDER BY sequence")
        return [(kind, bytes(ref), bytes(erasure), at) for kind, ref, erasure, at in session.execute(query)]


def test_keys_come_back_and_unknown_ones_are_absent(store: SqlKeyStore) -> None:
    store.add([a_new_key(1, a_record(1)), a_new_key(2, a_record(2))])
    store.add([])
    assert store.get([KeyId(an_id(1)), KeyId(an_id(9))], act_id=NO_ACT) == {an_id(1): a_key(1)}
    assert store.get([], act_id=NO_ACT) == {}
    assert store.count() == 2


def test_the_hubs_own_keys_are_found_without_reading_everybodys(store: SqlKeyStore, engine: Engine) -> None:
    """At 500,000 people each took 0.4 s while the query did not say the index's condition."""
    asked: list[tuple[str, Any]] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _u, sql, values, *_: asked.append((sql, values)))
    store.find_named(KeyKind.INDEX, "identity")
    named_keys(engine)
    explain = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
    selects = [(sql, values) for sql, values in asked if sql.startswith("SELECT") and "wrapped_key" in sql]
    assert len(selects) == 2
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET enable_seqscan = off")
        plans = [str(connection.exec_driver_sql(explain + sql, values).all()) for sql, values in selects]
    assert all("ux_wrapped_key_name" in plan for plan in plans)


def test_a_column_of_keys_comes_back_under_its_owners(store: SqlKeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.keystore.store._AT_ONCE", 70)
    owners = [a_record(number % 90) for number in range(200)]
    column = KeyColumn.drawn(KeyKind.RECORD, owners, BatchId(an_id(5)))
    store.add_column(column)
    store.add_column(KeyColumn.drawn(KeyKind.RECORD, [], None))
    found = store.get(column.key_ids, act_id=NO_ACT)
    assert {key_id: key.secret for key_id, key in found.items()} == dict(
        zip(column.key_ids, column.each(), strict=True)
    )
    assert store.count_owned([a_record(3)]) == {"record": 3}
    assert store.shred_batch(BatchId(an_id(5))) == 200


def test_a_column_has_a_secret_and_an_owner_for_every_key() -> None:
    ids = [KeyId(an_id(1)), KeyId(an_id(2))]
    with pytest.raises(WrongSecretLength):
        KeyColumn(kind=KeyKind.RECORD, key_ids=ids, owners=[b"a", b"b"], secrets=Secret(b"s" * 63))
    with pytest.raises(ValueError, match="one owner"):
        KeyColumn(kind=KeyKind.RECORD, key_ids=ids, owners=[b"a"], secrets=Secret(b"s" * 64))


def test_more_keys_than_a_statement_takes(store: SqlKeyStore) -> None:
    keys = [a_new_key(number, a_record(number % 7)) for number in range(1, 1_300)]
    store.add(keys)
    assert len(store.get([new.key.key_id for new in keys], act_id=NO_ACT)) == len(keys)
    assert store.shred([new.key.key_id for new in keys[:700]]) == 700
    assert store.count() == len(keys) - 700


def test_a_secret_rests_only_wrapped(store: SqlKeyStore, engine: Engine) -> None:
    store.add([a_new_key(1, a_record(1))])
    with reading(engine) as session:
        row = session.execute(text("SELECT * FROM wrapped_key")).mappings().one()
        generation = session.execute(text("SELECT * FROM key_generation")).mappings().one()
    assert all(a_key(1).secret[:8] not in bytes(value) for value in row.values() if isinstance(value, bytes))
    assert row["kek_id"] == f"gen-{bytes(generation['generation_id']).hex()}"
    assert generation["kek_id"] == KEK.kek_id


@pytest.mark.parametrize("column", ["key_id", "owner", "kind"])
def test_a_wrapped_key_copied_onto_another_row_does_not_unwrap(store: SqlKeyStore, engine: Engine, column: str) -> None:
    """Whoever can write the database cannot make one record's key open another's, or one kind serve as another."""
    store.add([a_new_key(1, a_record(1))])
    moved = "file" if column == "kind" else an_id(2)
    run(
        engine,
        f"UPDATE wrapped_key SET {column} = :moved",  # noqa: S608 - three column names of this test
        moved=moved,
    )
    with pytest.raises(SealBroken):
        store.get([KeyId(an_id(1)), KeyId(an_id(2))], act_id=NO_ACT)


def test_two_rows_that_exchanged_their_wrapped_keys_do_not_unwrap(store: SqlKeyStore, engine: Engine) -> None:
    store.add([a_new_key(1, a_record(1)), a_new_key(2, a_record(2))])
    with unit_of_work(engine) as session:
        found = session.execute(text("SELECT key_id, wrapped FROM wrapped_key"))
        rows = {bytes(key_id): wrapped for key_id, wrapped in found}
        for mine, other in ((an_id(1), an_id(2)), (an_id(2), an_id(1))):
            session.execute(
                text("UPDATE wrapped_key SET wrapped = :wrapped WHERE key_id = :mine"),
                {"wrapped": rows[other], "mine": mine},
            )
    for number in (1, 2):
        with pytest.raises(SealBroken):
            store.get([KeyId(an_id(number))], act_id=NO_ACT)


def test_a_kind_that_nobody_knows_is_refused(store: SqlKeyStore, engine: Engine) -> None:
    store.add([a_new_key(1, a_record(1))])
    run(engine, "UPDATE wrapped_key SET kind = 'master'")
    with pytest.raises(SealBroken):
        store.get([KeyId(an_id(1))], act_id=NO_ACT)


def test_two_keys_of_the_hub_that_exchanged_their_names_do_not_unwrap(store: SqlKeyStore, engine: Engine) -> None:
    """Else one purpose's pseudonyms would be made under another's key."""
    store.add_named(a_key(1, KeyKind.DOMAIN), "churn")
    store.add_named(a_key(2, KeyKind.DOMAIN), "winback")
    run(engine, "UPDATE wrapped_key SET name = CASE name WHEN 'churn' THEN 'x' ELSE 'churn' END")
    with pytest.raises(SealBroken):
        store.find_named(KeyKind.DOMAIN, "churn")


def test_another_version_of_a_named_key_cannot_pose_as_this_one(store: SqlKeyStore, engine: Engine) -> None:
    store.add_named(a_key(1, KeyKind.DOMAIN), "churn", 1)
    run(engine, "UPDATE wrapped_key SET version = 2")
    assert store.find_named(KeyKind.DOMAIN, "churn") is None
    with pytest.raises(SealBroken):
        store.find_named(KeyKind.DOMAIN, "churn", 2)


def test_a_named_key_is_found_by_kind_name_and_version(store: SqlKeyStore) -> None:
    store.add_named(a_key(1, KeyKind.DOMAIN), "churn")
    store.add_named(a_key(2, KeyKind.DOMAIN), "churn", 2)
    store.add_named(a_key(3, KeyKind.INDEX), "churn")
    assert store.find_named(KeyKind.DOMAIN, "churn") == a_key(1, KeyKind.DOMAIN)
    assert store.find_named(KeyKind.DOMAIN, "churn", 2) == a_key(2, KeyKind.DOMAIN)
    assert store.find_named(KeyKind.INDEX, "churn") == a_key(3, KeyKind.INDEX)
    assert store.find_named(KeyKind.SIGNING, "churn") is None


def test_a_name_is_given_once(store: SqlKeyStore) -> None:
    """Two `varde init` at once: with two keys of one name nothing of that name could be found again."""
    store.add_named(a_key(1, KeyKind.DOMAIN), "churn")
    with pytest.raises(RuleBroken):
        store.add_named(a_key(2, KeyKind.DOMAIN), "churn")
    assert store.find_named(KeyKind.DOMAIN, "churn") == a_key(1, KeyKind.DOMAIN)


def test_under_another_kek_nothing_opens(store: SqlKeyStore, engine: Engine) -> None:
    store.add([a_new_key(1, a_record(1))])
    other = SqlKeyStore(engine, FileKek(b"\x08" * 32))
    with pytest.raises(KekUnavailable) as caught:
        other.get([KeyId(an_id(1))], act_id=NO_ACT)
    assert caught.value.wanted == KEK.kek_id
    with pytest.raises(KekUnavailable):  # nor is anything added: a home never ends up under two KEKs by mistake
        other.add([a_new_key(2, a_record(2))])
    assert store.get([KeyId(an_id(1))], act_id=NO_ACT) == {an_id(1): a_key(1)}


def test_a_key_is_added_once(store: SqlKeyStore) -> None:
    store.add([a_new_key(1, a_record(1))])
    with pytest.raises(RuleBroken):
        store.add([a_new_key(2, a_record(2)), a_new_key(1, a_record(1))])
    assert store.count() == 1


def test_added_keys_survive_the_death_of_the_process(store: SqlKeyStore, engine: Engine) -> None:
    """`os._exit` right behind `add`: nothing is flushed, closed or rolled back any more."""
    code = (
        "import os, sys; from hub.database.engine import engine_of; from hub.keystore.store import SqlKeyStore\n"
        "from hub.kek.file import FileKek; from tests.builders import a_new_key, a_record\n"
        "SqlKeyStore(engine_of(sys.argv[1]), FileKek(bytes([7]) * 32)).add([a_new_key(1, a_record(1))]); os._exit(9)"
    )
    url = engine.url.render_as_string(hide_password=False)
    assert subprocess.run([sys.executable, "-c", code, url], cwd=ROOT, check=False).returncode == 9
    assert store.get([KeyId(an_id(1))], act_id=NO_ACT) == {an_id(1): a_key(1)}


def test_the_keys_of_an_aborted_batch_are_shredded_and_no_others(store: SqlKeyStore) -> None:
    store.add([a_new_key(1, a_record(1), batch_id=BatchId(an_id(50)))])
    store.add([a_new_key(2, a_record(2), batch_id=BatchId(an_id(51))), a_new_key(3, a_record(3))])
    assert store.shred_batch(BatchId(an_id(50))) == 1
    assert store.shred_batch(BatchId(an_id(50))) == 0
    assert sorted(store.get([KeyId(an_id(n)) for n in (1, 2, 3)], act_id=NO_ACT)) == [an_id(2), an_id(3)]


def test_a_shredded_key_is_gone(store: SqlKeyStore) -> None:
    store.add([a_new_key(1, a_record(1))])
    assert store.shred(KeyId(an_id(n)) for n in (1, 2)) == 1
    assert store.get([KeyId(an_id(1))], act_id=NO_ACT) == {}
    assert store.shred([]) == 0


def test_erasing_destroys_every_key_of_the_owner_and_writes_the_ledger(store: SqlKeyStore, engine: Engine) -> None:
    store.add([a_new_key(1, a_record(1)), a_new_key(2, a_record(1)), a_new_key(3, a_record(3))])
    assert store.erase(an_id(70), [a_record(1), a_record(2)], at_us=AT_US) == {"record": 2}
    assert sorted(store.get([KeyId(an_id(n)) for n in (1, 2, 3)], act_id=NO_ACT)) == [an_id(3)]
    expected = [("erased", a_record(1), an_id(70), AT_US), ("erased", a_record(2), an_id(70), AT_US)]
    assert ledger(engine) == expected
    assert store.erase(an_id(70), [a_record(1), a_record(2)], at_us=AT_US + 1) == {}
    assert ledger(engine) == expected


def test_a_repeated_erasure_destroys_what_came_since(store: SqlKeyStore, engine: Engine) -> None:
    store.erase(an_id(70), [a_record(1)], at_us=AT_US)
    store.add([a_new_key(1, a_record(1))])
    assert store.erase(an_id(70), [a_record(1), a_record(1)], at_us=AT_US) == {"record": 1}
    assert len(ledger(engine)) == 1


def test_one_owner_named_twice_has_one_ledger_row(store: SqlKeyStore, engine: Engine) -> None:
    store.erase(an_id(70), [a_record(1), a_record(1)], at_us=AT_US)
    assert len(ledger(engine)) == 1


def test_neither_ledger_nor_shredding_happens_alone(store: SqlKeyStore, engine: Engine) -> None:
    store.add([a_new_key(1, a_record(1))])
    run(engine, "DROP INDEX ix_erasure_ledger_ref")
    run(engine, "ALTER TABLE erasure_ledger RENAME TO elsewhere")
    with pytest.raises(HubError):
        store.erase(an_id(70), [a_record(1)], at_us=AT_US)
    assert store.count() == 1
    run(engine, "ALTER TABLE elsewhere RENAME TO erasure_ledger")
    run(engine, "ALTER TABLE wrapped_key RENAME TO elsewhere")
    with pytest.raises(HubError):
        store.erase(an_id(70), [a_record(1)], at_us=AT_US)
    assert ledger(engine) == []


@pytest.mark.parametrize("owner", [b"", b"x", bytes(17)])
def test_only_a_record_can_be_erased(store: SqlKeyStore, owner: bytes) -> None:
    """An empty owner would destroy the hub's own keys."""
    store.add_named(a_key(1, KeyKind.SIGNING), "audit")
    with pytest.raises(ValueError, match="16 bytes"):
        store.erase(an_id(70), [RecordId(owner)], at_us=AT_US)
    assert store.find_named(KeyKind.SIGNING, "audit") is not None


def test_no_byte_of_a_destroyed_key_is_left_on_disk(tmp_path: Path) -> None:
    engine = engine_of(f"sqlite:///{tmp_path / 'keys.db'}")
    upgrade(engine, "keystore")
    store = SqlKeyStore(engine, KEK)
    store.add([a_new_key(number, a_record(number)) for number in range(1, 200)])
    with reading(engine) as session:
        wrapped = list(session.execute(text("SELECT wrapped FROM wrapped_key")).scalars())
    store.erase(an_id(70), [a_record(number) for number in range(1, 200)], at_us=AT_US)
    assert store.truncate_journal()
    engine.dispose()
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert [secret for secret in wrapped if secret[13:] in left] == []

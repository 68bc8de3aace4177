"""Key generations on both databases: what they cost the KEK, how long they are held, and how keys move between them."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from hub.database.engine import engine_of
from hub.database.schema import upgrade
from hub.database.unit import RuleBroken, reading
from hub.errors import GenerationInUse
from hub.kek.file import FileKek
from hub.keystore import store as store_module
from hub.keystore.binding import wrap_aad
from hub.keystore.generation import (
    GenerationState,
    all_generations,
    destroy_generation,
    direct_wrappers,
    find_generation,
    wrapper_of,
)
from hub.keystore.rewrap import rewrap_batch, rewrap_generations
from hub.keystore.store import SqlKeyStore
from privacy.errors import KekUnavailable, SealBroken
from privacy.keys import NO_ACT, KeyKind
from privacy.terms import KeyId
from tests.builders import NOON, FixedClock, a_key, a_record, an_id
from tests.keystore_builders import KEK, OTHER, Provider, add, ids, run


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = engine_of(database_url)
    upgrade(engine, "keystore")
    yield engine
    engine.dispose()


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def store(engine: Engine, provider: Provider, clock: FixedClock) -> SqlKeyStore:
    return SqlKeyStore(engine, provider, instance=an_id(7), clock=clock)


def walk(store: SqlKeyStore, engine: Engine, wrapper: str, limit: int = 7) -> tuple[int, int]:
    """Rewrap to the end; return batches and keys changed."""
    position: bytes | None = b""
    batches = changed = 0
    while position is not None:
        done = rewrap_batch(engine, store.generations, wrapper, after=position, limit=limit)
        position, batches, changed = done.position, batches + 1, changed + done.changed
    return batches, changed


def insert_direct(engine: Engine, count: int, kek: FileKek = KEK) -> None:
    """Insert rows as homes before key generations hold them: wrapped by the KEK itself, v1, without a label."""
    for number in range(1, count + 1):
        aad = wrap_aad(KeyId(an_id(number)), KeyKind.RECORD, a_record(number))
        run(
            engine,
            "INSERT INTO wrapped_key (key_id, kind, owner, name, version, kek_id, wrapped)"
            " VALUES (:key_id, 'record', :owner, '', 1, :kek_id, :wrapped)",
            key_id=an_id(number),
            owner=a_record(number),
            kek_id=kek.kek_id,
            wrapped=kek._key.wrap([a_key(number).secret], [aad])[0],
        )


def test_ten_thousand_keys_cost_one_wrap_and_one_unwrap(
    store: SqlKeyStore, engine: Engine, provider: Provider, clock: FixedClock
) -> None:
    """A call a key would be refused by any key service, and paid for."""
    for start in range(1, 10_001, 2_500):
        add(store, 2_500, start)
    assert provider.calls == 1
    fresh = SqlKeyStore(engine, provider, instance=an_id(7), clock=clock)
    assert len(fresh.get(ids(10_000), act_id=NO_ACT)) == 10_000
    assert provider.calls == 2


def test_a_generation_key_rests_only_wrapped(
    store: SqlKeyStore, engine: Engine, provider: Provider, tmp_path: Path
) -> None:
    add(store, 3)
    store.generations.start()
    assert len(provider.secrets) == 2
    with reading(engine) as session:
        rows = session.execute(text("SELECT wrapped, generation_id, kek_id FROM key_generation")).all()
    stored = b"".join(bytes(row[0]) + bytes(row[1]) + row[2].encode() for row in rows)
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not any(secret in stored + files for secret in provider.secrets)
    assert not any(secret.hex() in repr(vars(store.generations)) for secret in provider.secrets)


def test_a_generation_belongs_to_its_instance(store: SqlKeyStore, engine: Engine, clock: FixedClock) -> None:
    add(store, 1)
    elsewhere = SqlKeyStore(engine, KEK, instance=an_id(8), clock=clock)
    with pytest.raises(SealBroken):
        elsewhere.get(ids(1), act_id=NO_ACT)


def test_two_generations_that_exchanged_their_keys_do_not_open(
    store: SqlKeyStore, engine: Engine, clock: FixedClock
) -> None:
    add(store, 1)
    clock.forward(days=7)
    store.generations.start()
    with reading(engine) as session:
        rows = session.execute(text("SELECT generation_id, wrapped FROM key_generation")).all()
    for mine, other in ((0, 1), (1, 0)):
        statement = "UPDATE key_generation SET wrapped = :wrapped WHERE generation_id = :id"
        run(engine, statement, wrapped=rows[other][1], id=rows[mine][0])
    with pytest.raises(SealBroken):
        SqlKeyStore(engine, KEK, instance=an_id(7), clock=clock).get(ids(1), act_id=NO_ACT)


@pytest.mark.parametrize("wrapper", ["gen-", "gen-zz", f"gen-{an_id(99).hex()}"])
def test_a_row_that_names_no_generation_is_refused(store: SqlKeyStore, engine: Engine, wrapper: str) -> None:
    add(store, 1)
    run(engine, "UPDATE wrapped_key SET kek_id = :wrapper", wrapper=wrapper)
    with pytest.raises(SealBroken):
        store.get(ids(1), act_id=NO_ACT)


def test_a_home_from_before_generations_still_opens_and_moves_over(
    store: SqlKeyStore, engine: Engine, clock: FixedClock
) -> None:
    insert_direct(engine, 20)
    add(store, 5, start=21)
    expected = {key_id: a_key(number) for number, key_id in enumerate(ids(25), start=1)}
    assert store.get(ids(25), act_id=NO_ACT) == expected
    assert direct_wrappers(engine) == {KEK.kek_id: 20}
    assert walk(store, engine, KEK.kek_id) == (3, 20)
    assert direct_wrappers(engine) == {}
    assert store.get(ids(25), act_id=NO_ACT) == expected
    with pytest.raises(KekUnavailable):
        SqlKeyStore(engine, OTHER, instance=an_id(7), clock=clock).get(ids(1), act_id=NO_ACT)


def test_a_direct_row_of_another_kek_says_which_one_is_wanted(store: SqlKeyStore, engine: Engine) -> None:
    insert_direct(engine, 1, kek=OTHER)
    with pytest.raises(KekUnavailable) as caught:
        store.get(ids(1), act_id=NO_ACT)
    assert caught.value.wanted == OTHER.kek_id


def test_keys_move_to_the_newest_generation_and_the_old_one_goes(
    store: SqlKeyStore, engine: Engine, clock: FixedClock
) -> None:
    add(store, 20)
    first, _ = store.generations.current()
    at = clock.forward(days=7)
    second = store.generations.start()
    add(store, 5, start=21)
    assert [(each.state, each.keys) for each in all_generations(engine)] == [("retiring", 20), ("current", 5)]
    with pytest.raises(GenerationInUse):
        destroy_generation(engine, first, at=at)
    assert walk(store, engine, wrapper_of(first)) == (3, 20)
    assert walk(store, engine, wrapper_of(first)) == (1, 0)
    destroy_generation(engine, first, at=at)
    destroy_generation(engine, first, at=at + timedelta(days=1))
    old, new = all_generations(engine)
    assert (old.generation_id, old.state, old.destroyed_at) == (first, GenerationState.DESTROYED, at)
    assert (old.created_at, old.retired_at) == (NOON, at)
    assert (new.generation_id, new.state, new.keys) == (second, GenerationState.CURRENT, 25)
    with reading(engine) as session:
        assert find_generation(session, first) is None
    fresh = SqlKeyStore(engine, KEK, instance=an_id(7), clock=clock)
    assert fresh.get(ids(25), act_id=NO_ACT) == {
        key_id: a_key(number) for number, key_id in enumerate(ids(25), start=1)
    }


@pytest.mark.parametrize("generation_id", [b"", an_id(99)])
def test_only_a_retired_generation_is_destroyed(store: SqlKeyStore, engine: Engine, generation_id: bytes) -> None:
    add(store, 1)
    current, _ = store.generations.current()
    for each in (current, generation_id):
        with pytest.raises(GenerationInUse):
            destroy_generation(engine, each, at=NOON)
    assert store.get(ids(1), act_id=NO_ACT) == {an_id(1): a_key(1)}


def test_a_walk_can_be_broken_off_anywhere_and_begun_again(store: SqlKeyStore, engine: Engine) -> None:
    add(store, 30)
    first, _ = store.generations.current()
    store.generations.start()
    done = rewrap_batch(engine, store.generations, wrapper_of(first), limit=10)
    assert (done.read, done.changed) == (10, 10)
    assert len(store.get(ids(30), act_id=NO_ACT)) == 30
    assert done.position is not None
    on = rewrap_batch(engine, store.generations, wrapper_of(first), after=done.position, limit=5)
    assert (on.read, on.changed) == (5, 5)
    again = rewrap_batch(engine, store.generations, wrapper_of(first), limit=5)
    assert (again.read, again.changed) == (5, 5)
    assert walk(store, engine, wrapper_of(first), limit=100) == (1, 10)


def test_a_key_that_was_destroyed_meanwhile_does_not_come_back(
    store: SqlKeyStore, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rewrap read the row; the erasure destroyed it; the rewrap writes: nothing may be there."""
    add(store, 3)
    first, _ = store.generations.current()
    store.generations.start()
    current = store.generations.current

    def meanwhile() -> object:
        store.erase(an_id(70), [a_record(2)], at_us=1)
        return current()

    monkeypatch.setattr(store.generations, "current", meanwhile)
    done = rewrap_batch(engine, store.generations, wrapper_of(first))
    assert (done.read, done.changed) == (3, 2)
    assert sorted(store.get(ids(3), act_id=NO_ACT)) == [an_id(1), an_id(3)]


def test_of_two_who_rewrap_one_batch_each_key_is_changed_by_one(
    store: SqlKeyStore, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, 3)
    first, _ = store.generations.current()
    store.generations.start()
    current, other = store.generations.current, []

    def meanwhile() -> object:
        if not other:
            other.append(None)
            other.append(rewrap_batch(engine, store.generations, wrapper_of(first)))
        return current()

    monkeypatch.setattr(store.generations, "current", meanwhile)
    mine = rewrap_batch(engine, store.generations, wrapper_of(first))
    assert (mine.read, mine.changed, other[1].changed) == (3, 0, 3)
    assert len(store.get(ids(3), act_id=NO_ACT)) == 3


def test_an_altered_row_stops_its_batch_and_changes_nothing(store: SqlKeyStore, engine: Engine) -> None:
    add(store, 3)
    first, _ = store.generations.current()
    store.generations.start()
    run(engine, "UPDATE wrapped_key SET owner = :owner WHERE key_id = :key_id", owner=a_record(9), key_id=an_id(2))
    with pytest.raises(SealBroken):
        rewrap_batch(engine, store.generations, wrapper_of(first))
    assert [each.keys for each in all_generations(engine)] == [3, 0]


def test_a_writer_with_an_old_generation_in_hand_writes_under_the_new_one(
    store: SqlKeyStore, engine: Engine, clock: FixedClock
) -> None:
    """Another process has rotated, walked and destroyed: a key added under the old generation would be lost."""
    add(store, 1)
    first, _ = store.generations.current()
    elsewhere = SqlKeyStore(engine, KEK, instance=an_id(7), clock=clock)
    elsewhere.generations.start()
    assert walk(elsewhere, engine, wrapper_of(first)) == (1, 1)
    destroy_generation(engine, first, at=NOON)
    add(store, 1, start=2)
    assert elsewhere.get(ids(2), act_id=NO_ACT) == {an_id(1): a_key(1), an_id(2): a_key(2)}
    assert sorted(each.keys for each in all_generations(engine)) == [0, 2]


def rotate_elsewhere(engine: Engine, clock: FixedClock) -> None:
    """Another process starts a generation, moves every key to it and destroys the one before."""
    elsewhere = SqlKeyStore(engine, KEK, instance=an_id(7), clock=clock)
    retired, _ = elsewhere.generations.current()
    elsewhere.generations.start()
    walk(elsewhere, engine, wrapper_of(retired))
    destroy_generation(engine, retired, at=NOON)


def test_a_writer_that_slept_through_a_rotation_goes_on(store: SqlKeyStore, engine: Engine, clock: FixedClock) -> None:
    """It remembers which generation was current, and has to ask the KEK for its key again, which is no more."""
    add(store, 1)
    clock.forward(minutes=6)
    rotate_elsewhere(engine, clock)
    add(store, 1, start=2)
    assert len(store.get(ids(2), act_id=NO_ACT)) == 2


def test_a_reader_that_stalls_through_a_rotation_reads_on(
    store: SqlKeyStore, engine: Engine, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, 2)
    store.add_named(a_key(9), "log")
    mine = SqlKeyStore(engine, KEK, instance=an_id(7), clock=clock)
    unwrap, stalls = mine.generations.unwrap, [True, True]

    def stalled(wrappers: Sequence[str], wrapped: Sequence[bytes], aads: Sequence[bytes]) -> list[bytes]:
        if stalls and stalls.pop():
            rotate_elsewhere(engine, clock)
        return unwrap(wrappers, wrapped, aads)

    monkeypatch.setattr(mine.generations, "unwrap", stalled)
    assert len(mine.get(ids(2), act_id=NO_ACT)) == 2
    assert mine.find_named(a_key(9).kind, "log") == a_key(9)


def test_writers_beside_a_rotation_lose_nothing(store: SqlKeyStore, engine: Engine, clock: FixedClock) -> None:
    add(store, 1)
    stop = threading.Event()

    def write(start: int) -> int:
        mine, added = SqlKeyStore(engine, KEK, instance=an_id(7), clock=clock), 0
        while not stop.is_set() and added < 400:
            add(mine, 4, start=start + added)
            added += 4
        return added

    with ThreadPoolExecutor(2) as threads:
        writing = {start: threads.submit(write, start) for start in (10_000, 20_000)}
        for _ in range(3):
            retired, _ = store.generations.current()
            store.generations.start()
            walk(store, engine, wrapper_of(retired), limit=50)
            destroy_generation(engine, retired, at=NOON)
        stop.set()
        added = {start: each.result() for start, each in writing.items()}
    wanted = [*ids(1), *(key_id for start, count in added.items() for key_id in ids(count, start))]
    assert len(SqlKeyStore(engine, KEK, instance=an_id(7), clock=clock).get(wanted, act_id=NO_ACT)) == len(wanted)
    assert [each.state for each in all_generations(engine)].count(GenerationState.DESTROYED) == 3


def test_of_two_who_start_the_first_generation_one_wins(engine: Engine, clock: FixedClock) -> None:
    stores = [SqlKeyStore(engine, KEK, instance=an_id(7), clock=clock) for _ in range(4)]
    barrier = threading.Barrier(len(stores))

    def begin(number: int) -> None:
        barrier.wait()
        add(stores[number], 1, start=number + 1)

    with ThreadPoolExecutor(len(stores)) as threads:
        list(threads.map(begin, range(len(stores))))
    assert len(stores[0].get(ids(4), act_id=NO_ACT)) == 4
    assert [each.state for each in all_generations(engine)].count(GenerationState.CURRENT) == 1


def test_the_database_allows_one_current_generation(store: SqlKeyStore, engine: Engine) -> None:
    add(store, 1)
    with pytest.raises(RuleBroken):
        run(
            engine,
            "INSERT INTO key_generation (generation_id, kek_id, wrapped, state, created_us)"
            " SELECT :id, kek_id, wrapped, state, created_us FROM key_generation",
            id=an_id(5),
        )


def test_generations_move_to_another_kek(store: SqlKeyStore, engine: Engine, clock: FixedClock) -> None:
    add(store, 2)
    first, _ = store.generations.current()
    clock.forward(days=7)
    store.generations.start()
    add(store, 2, start=3)
    assert rewrap_generations(engine, store.generations, KEK, OTHER) == 2
    assert rewrap_generations(engine, store.generations, KEK, OTHER) == 0
    assert {each.kek_id for each in all_generations(engine)} == {OTHER.kek_id}
    moved = SqlKeyStore(engine, OTHER, instance=an_id(7), clock=clock)
    assert len(moved.get(ids(4), act_id=NO_ACT)) == 4
    with pytest.raises(KekUnavailable) as caught:
        SqlKeyStore(engine, KEK, instance=an_id(7), clock=clock).get(ids(1), act_id=NO_ACT)
    assert caught.value.wanted == OTHER.kek_id
    assert first in {each.generation_id for each in all_generations(engine)}


def test_a_generation_that_keeps_changing_is_told(store: SqlKeyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "stays_current", lambda *_: False)
    with pytest.raises(KekUnavailable, match="try again"):
        add(store, 1)
    assert store.count() == 0

"""Generation keys in memory: renewed by the KEK, held a stated time while it is silent, dropped at its no."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hub.database.engine import engine_of
from hub.database.schema import upgrade
from hub.keystore.generation import GenerationState, all_generations
from hub.keystore.held import ASK_AGAIN_AFTER, HOLD_AT_MOST, RENEW_AFTER
from hub.keystore.store import SqlKeyStore
from privacy.errors import KekRefused, KekUnavailable, SealBroken
from privacy.keys import NO_ACT
from tests.builders import FixedClock, an_id
from tests.keystore_builders import Provider, add, ids


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = engine_of(f"sqlite:///{tmp_path / 'keys.db'}")
    upgrade(engine, "keystore")
    yield engine
    engine.dispose()


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def store(engine: Engine, provider: Provider, clock: FixedClock) -> SqlKeyStore:
    return SqlKeyStore(engine, provider, instance=an_id(7), clock=clock)


def test_a_held_key_is_renewed_by_the_kek(store: SqlKeyStore, provider: Provider, clock: FixedClock) -> None:
    add(store, 1)
    clock.forward(seconds=RENEW_AFTER.total_seconds() - 1)
    store.get(ids(1), act_id=NO_ACT)
    assert provider.calls == 1
    clock.forward(seconds=1)
    store.get(ids(1), act_id=NO_ACT)
    store.get(ids(1), act_id=NO_ACT)
    assert provider.calls == 2
    clock.forward(hours=-1)  # a clock that goes back makes no key last longer
    store.get(ids(1), act_id=NO_ACT)
    assert provider.calls == 3


def test_a_kek_that_is_silent_is_outlived_for_a_stated_time_and_no_longer(
    store: SqlKeyStore, provider: Provider, clock: FixedClock
) -> None:
    add(store, 1)
    provider.trouble = KekUnavailable("no answer")
    clock.forward(seconds=HOLD_AT_MOST.total_seconds() - 1)
    assert len(store.get(ids(1), act_id=NO_ACT)) == 1
    add(store, 1, start=2)
    clock.forward(seconds=1)
    for act in (lambda: store.get(ids(1), act_id=NO_ACT), lambda: add(store, 1, start=3)):
        with pytest.raises(KekUnavailable):
            act()
    provider.trouble = None
    clock.forward(seconds=ASK_AGAIN_AFTER.total_seconds())
    assert len(store.get(ids(3), act_id=NO_ACT)) == 2


def test_a_silent_kek_is_not_asked_by_every_caller(store: SqlKeyStore, provider: Provider, clock: FixedClock) -> None:
    add(store, 1)
    provider.trouble = KekUnavailable("no answer")
    clock.forward(seconds=RENEW_AFTER.total_seconds())
    for _ in range(5):
        store.get(ids(1), act_id=NO_ACT)
    assert provider.calls == 2
    clock.forward(seconds=HOLD_AT_MOST.total_seconds())
    for _ in range(5):
        with pytest.raises(KekUnavailable):
            store.get(ids(1), act_id=NO_ACT)
    assert provider.calls == 3


@pytest.mark.parametrize("trouble", [KekRefused("403"), SealBroken("altered")])
def test_a_no_of_the_kek_closes_at_once(
    store: SqlKeyStore, provider: Provider, clock: FixedClock, trouble: Exception
) -> None:
    add(store, 1)
    provider.trouble = trouble
    clock.forward(seconds=RENEW_AFTER.total_seconds())
    with pytest.raises(type(trouble)):
        store.get(ids(1), act_id=NO_ACT)
    clock.forward(seconds=-1)  # also where the held key would still be fresh: it was dropped
    with pytest.raises(type(trouble)):
        store.get(ids(1), act_id=NO_ACT)


def test_a_rotation_without_the_kek_changes_nothing(store: SqlKeyStore, engine: Engine, provider: Provider) -> None:
    add(store, 1)
    provider.trouble = KekUnavailable("no answer")
    with pytest.raises(KekUnavailable):
        store.generations.start()
    assert [each.state for each in all_generations(engine)] == [GenerationState.CURRENT]

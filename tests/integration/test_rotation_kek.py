"""Rotating key generations: keys stay readable, old generations go, or wait for backups; moving to another KEK."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from hub.authentication import acting_principal
from hub.compose import Hub, open_hub
from hub.kek.file import FileKek, create_key_file
from hub.kek.provider import kek_of
from hub.keystore.binding import wrap_aad
from hub.keystore.generation import GenerationState, all_generations, direct_wrappers
from hub.rotation import kek as rotation
from hub.rotation.destruction import destroy, retire
from hub.rotation.due import Need, old_keys
from hub.rotation.keeping import Keeping, keep
from hub.rotation.kek import Move, move_kek, rotate_kek, waiting
from hub.settings import KekSetting, Settings
from privacy.errors import KekUnavailable
from privacy.keys import NO_ACT, KekProvider, KeyKind
from privacy.store.audit import entries
from privacy.store.principal import Principal
from tests.builders import DATABASES, FixedClock, a_key, a_record
from tests.conftest import HubFactory
from tests.keystore_builders import add, ids, run

KEYS = 30


@pytest.fixture(params=DATABASES)
def hub(request: pytest.FixtureRequest, hub_factory: HubFactory) -> Hub:
    made = hub_factory(request.param)
    add(made.keystore, KEYS)
    return made


@pytest.fixture
def owner(hub: Hub) -> Principal:
    return acting_principal(hub)


@pytest.fixture
def reopened(hub: Hub) -> Iterator[Callable[[Settings], Hub]]:
    """Opens a hub as a process does that starts now."""
    hubs: list[Hub] = []

    def reopen(settings: Settings) -> Hub:
        hubs.append(open_hub(settings, clock=hub.clock))
        return hubs[-1]

    yield reopen
    for each in hubs:
        each.engine.dispose()
        each.keystore.engine.dispose()


def unwatched(_count: int) -> None:
    """Watch nothing."""


def states(hub: Hub) -> dict[GenerationState, int]:
    return {each.state: each.keys for each in all_generations(hub.keystore.engine)}


def readable(hub: Hub) -> bool:
    return len(hub.keystore.get(ids(KEYS), act_id=NO_ACT)) == KEYS


def actions(hub: Hub) -> list[str]:
    with hub.reading() as session:
        return [entry.action for _, entry in reversed(entries(session, action="keys."))]


def test_a_rotation_moves_every_key_destroys_the_old_generation_and_is_told(
    hub: Hub, owner: Principal, reopened: Callable[[Settings], Hub]
) -> None:
    (before,), count, seen = all_generations(hub.keystore.engine), hub.keystore.count(), list[int]()
    assert waiting(hub) == count
    done = rotate_kek(hub, owner, seen.append)
    assert (done.resumed, done.moved, seen[-1]) == (False, count, count)
    assert [each.key_id for each in done.retired.destroyed] == [before.generation_id]
    assert states(hub) == {GenerationState.DESTROYED: 0, GenerationState.CURRENT: count}
    assert readable(hub)
    assert readable(reopened(hub.settings)), "a process that starts now reads all, too"
    told = ["keys.rotate_kek.intent", "keys.retire.intent", "keys.retire.complete", "keys.rotate_kek.complete"]
    assert actions(hub) == told
    assert old_keys(hub) == []


def test_a_rotation_that_broke_off_is_finished_and_no_other_is_begun(
    hub: Hub, owner: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_more: object) -> None:
        raise KekUnavailable("it went away")

    with monkeypatch.context() as patch:
        patch.setattr(rotation, "rewrap_batch", broken)
        with pytest.raises(KekUnavailable):
            rotate_kek(hub, owner, unwatched)
    count = waiting(hub)
    add(hub.keystore, 1, start=500)
    assert waiting(hub) == count, "a new key goes under the new generation and need not move"
    done = rotate_kek(hub, owner, unwatched)
    assert (done.resumed, done.moved) == (True, count)
    assert len(all_generations(hub.keystore.engine)) == 2
    assert readable(hub)
    assert not rotate_kek(hub, owner, unwatched).resumed


def test_what_backups_need_is_kept_until_its_date_and_then_retired(
    hub: Hub, owner: Principal, clock: FixedClock
) -> None:
    done = rotate_kek(hub, owner, unwatched, keep_until=clock() + timedelta(days=35))
    (kept,) = done.retired.needed
    assert (done.retired.destroyed, kept.needs, kept.until) == ((), (Need.BACKUP,), clock() + timedelta(days=35))
    assert rotate_kek(hub, owner, unwatched).resumed is False, "what is kept on purpose did not break off"
    assert [each.needs for each in old_keys(hub)] == [(Need.BACKUP,)]
    clock.forward(days=34)
    assert retire(hub, owner).destroyed == ()
    clock.forward(days=1)
    assert [each.key_id for each in retire(hub, owner).destroyed] == [kept.key_id]
    assert readable(hub)
    assert old_keys(hub) == []


def test_what_is_kept_while_somebody_retires_is_not_destroyed(hub: Hub, owner: Principal, clock: FixedClock) -> None:
    rotate_kek(hub, owner, unwatched, keep_until=clock() + timedelta(days=35))
    clock.forward(days=35)
    (seen,) = old_keys(hub)
    assert seen.is_due
    with hub.unit_of_work() as session:
        keep(session, [seen.ref], Keeping(clock() + timedelta(days=1), owner.principal_id), at=clock())
    done = destroy(hub, owner, [seen])
    assert (done.destroyed, done.needed) == ((), (seen,))
    clock.forward(days=1)
    assert destroy(hub, owner, [seen]).destroyed == (seen,)


def test_keys_that_a_kek_wrapped_itself_move_under_a_generation(hub: Hub, owner: Principal) -> None:
    direct(hub)
    assert direct_wrappers(hub.keystore.engine) == {kek_of(hub.settings.kek).kek_id: 1}
    rotate_kek(hub, owner, unwatched)
    assert direct_wrappers(hub.keystore.engine) == {}
    assert readable(hub)


def direct(hub: Hub) -> None:
    """Give one key back its form of homes before key generations."""
    kek, key = kek_of(hub.settings.kek), a_key(1)
    (wrapped,) = kek.wrap([key.secret], [wrap_aad(key.key_id, KeyKind.RECORD, a_record(1))])
    statement = "UPDATE wrapped_key SET kek_id = :kek, wrapped = :wrapped WHERE key_id = :key"
    run(hub.keystore.engine, statement, kek=kek.kek_id, wrapped=wrapped, key=key.key_id)


def other(hub: Hub) -> tuple[KekProvider, Settings]:
    """Make another key file; return its KEK and the settings of a process that uses it."""
    path = hub.settings.home.parent / "other.kek"
    create_key_file(path)
    environment = {
        "VARDE_DATABASE_URL": hub.settings.database_url,
        "VARDE_KEYSTORE_URL": hub.settings.keystore_url,
        "VARDE_KEK": str(path),
    }
    return kek_of(KekSetting.of(str(path), {})), Settings.load(environment, hub.settings.home)


def test_generations_move_to_another_kek_and_the_home_opens_under_that_one_only(
    hub: Hub, owner: Principal, clock: FixedClock, reopened: Callable[[Settings], Hub]
) -> None:
    direct(hub)
    rotate_kek(hub, owner, unwatched, keep_until=clock() + timedelta(days=35))
    direct(hub)
    new, settings = other(hub)
    done = move_kek(hub, owner, Move(kek_of(hub.settings.kek), new), unwatched)
    assert (done.kek_id, done.generations) == (new.kek_id, 2)
    assert readable(hub), "who runs goes on for some minutes"
    moved = reopened(settings)
    assert readable(moved)
    with pytest.raises(KekUnavailable) as told:
        reopened(hub.settings).keystore.get(ids(1), act_id=NO_ACT)
    assert told.value.wanted == new.kek_id
    assert rotate_kek(moved, acting_principal(moved), unwatched).resumed is False
    assert readable(moved)


def test_a_kek_that_does_not_open_what_it_wrapped_is_not_moved_to(
    hub: Hub, owner: Principal, reopened: Callable[[Settings], Hub]
) -> None:
    class Half(FileKek):
        """May encrypt and may not decrypt."""

        def unwrap(self, _wrapped: object, _aads: object) -> list[bytes]:
            raise KekUnavailable("the service refused")

    with pytest.raises(KekUnavailable):
        move_kek(hub, owner, Move(kek_of(hub.settings.kek), Half(b"\x09" * 32)), unwatched)
    assert readable(reopened(hub.settings))
    assert actions(hub) == []

"""The ledger of erasures and noes: shipped before anything is acknowledged; a hub that is behind it stays closed."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import Session

from hub.compose import Hub, open_hub, open_restored
from hub.database.unit import unit_of_work
from hub.errors import RestorePending, ServiceUnreachable
from hub.home import make_home
from hub.ledger.copy import LedgerCopy
from hub.settings import Settings
from privacy.consent import ConsentEvent
from privacy.store.consent import Act, append_acts, append_groups
from privacy.store.erasure import SHREDDED, intend_erasure, note_state
from privacy.store.ledger import START, entries_after, owe
from privacy.terms import ActChannel, ConsentAct, PrincipalId, PurposeId, RecordId
from privacy.verifier import ProofRejected
from tests.builders import NOON, FixedClock, a_record, an_id

ACTOR = PrincipalId(an_id(99))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("ledger") / "home"
    make_home(Settings.load({}, home), clock=FixedClock())
    return home


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    return tmp_path / "outside"


@pytest.fixture
def hub(template: Path, tmp_path: Path, outside: Path) -> Hub:
    home = Path(shutil.copytree(template, tmp_path / "home"))
    return open_hub(Settings.load({"VARDE_LEDGER_COPY": str(outside)}, home), clock=FixedClock())


def an_act(act: ConsentAct, person: int = 1) -> Act:
    event = ConsentEvent(act=act, at=NOON, channel=ActChannel.API)
    return Act(record_id=a_record(person), purpose=PurposeId("winback"), event=event, actor=ACTOR, purpose_version=1)


def say(hub: Hub, *acts: ConsentAct, person: int = 1) -> None:
    with hub.unit_of_work() as session:
        append_acts(session, [an_act(act, person) for act in acts], recorded_at=NOON)


def kinds(hub: Hub) -> list[str]:
    return [each.kind for each in hub.ledger.keys.after(START)]


def copied_kinds(hub: Hub) -> list[str]:
    assert hub.ledger.copy is not None
    return [each.kind for each in hub.ledger.copy.entries()]


def put_back(hub: Hub, saved: Path, name: str) -> None:
    """Put an older database file in the place of the present one, as `cp` would."""
    hub.engine.dispose()
    hub.keystore.engine.dispose()
    for path in hub.settings.home.glob(f"{name}*"):
        path.unlink()
    shutil.copy(saved / name, hub.settings.home / name)


def saved(hub: Hub, folder: Path) -> Path:
    """Copy both database files while nobody writes."""
    folder.mkdir()
    for engine, name in ((hub.engine, "control.db"), (hub.keystore.engine, "keystore.db")):
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(hub.settings.home / name, folder / name)
    return folder


def test_what_says_no_is_shipped_when_it_is_acknowledged_and_what_says_yes_is_not(hub: Hub) -> None:
    say(hub, ConsentAct.GIVEN, ConsentAct.REQUESTED)
    assert kinds(hub) == []
    say(hub, ConsentAct.WITHDRAWN, ConsentAct.GIVEN, ConsentAct.OBJECTED)
    with hub.unit_of_work() as session:
        groups = [[an_act(ConsentAct.RESTRICTED)], [an_act(ConsentAct.GIVEN)], [an_act(ConsentAct.REFUSED)]]
        append_groups(session, groups, recorded_at=NOON)
    assert kinds(hub) == copied_kinds(hub) == ["withdrawn", "objected", "restricted", "refused"]
    with hub.reading() as session:
        assert list(entries_after(session, START)) == hub.ledger.keys.after(START)


def test_an_act_that_was_rolled_back_is_not_shipped(hub: Hub) -> None:
    def failing(session: Session) -> None:
        append_acts(session, [an_act(ConsentAct.WITHDRAWN)], recorded_at=NOON)
        raise KeyError

    with pytest.raises(KeyError), hub.unit_of_work() as session:
        failing(session)
    assert kinds(hub) == []


def test_what_a_crash_left_unshipped_is_shipped_at_the_next_start(hub: Hub) -> None:
    say(hub, ConsentAct.OBJECTED)
    with unit_of_work(hub.engine) as session:  # committed, and the process dies before it ships
        append_acts(session, [an_act(ConsentAct.WITHDRAWN)], recorded_at=NOON)
    assert kinds(hub) == ["objected"]
    again = open_hub(hub.settings, clock=hub.clock)
    assert kinds(again) == copied_kinds(again) == ["objected", "withdrawn"]


def test_nothing_is_acknowledged_while_the_copy_cannot_be_reached(hub: Hub, outside: Path) -> None:
    say(hub, ConsentAct.OBJECTED)
    outside.rename(outside.with_name("unmounted"))
    with pytest.raises(ServiceUnreachable):
        say(hub, ConsentAct.WITHDRAWN)
    with pytest.raises(ServiceUnreachable):
        open_hub(hub.settings, clock=hub.clock)
    outside.mkdir()  # an empty mount point is not the share
    with pytest.raises(ServiceUnreachable):
        open_hub(hub.settings, clock=hub.clock)
    outside.rmdir()
    outside.with_name("unmounted").rename(outside)
    assert copied_kinds(open_hub(hub.settings, clock=hub.clock)) == ["objected", "withdrawn"]


def test_a_copy_that_is_configured_later_gets_all(template: Path, tmp_path: Path, outside: Path) -> None:
    home = Path(shutil.copytree(template, tmp_path / "home"))
    hub = open_hub(Settings.load({}, home), clock=FixedClock())
    say(hub, ConsentAct.OBJECTED)
    hub.keystore.erase(an_id(50), [a_record(7)], at_us=0)  # as homes did before entries had places
    copying = open_hub(Settings.load({"VARDE_LEDGER_COPY": str(outside)}, home), clock=FixedClock())
    assert sorted(copied_kinds(copying)) == ["erased", "objected"]
    say(copying, ConsentAct.WITHDRAWN)
    assert sorted(copied_kinds(copying)) == ["erased", "objected", "withdrawn"]


def test_an_older_control_database_is_closed(hub: Hub, tmp_path: Path) -> None:
    before = saved(hub, tmp_path / "before")
    say(hub, ConsentAct.WITHDRAWN)
    put_back(hub, before, "control.db")
    with pytest.raises(RestorePending, match="control database"):
        open_hub(hub.settings, clock=hub.clock)


def test_older_databases_both_are_closed_by_the_copy(hub: Hub, tmp_path: Path) -> None:
    before = saved(hub, tmp_path / "before")
    say(hub, ConsentAct.WITHDRAWN)
    put_back(hub, before, "control.db")
    put_back(hub, before, "keystore.db")
    with pytest.raises(RestorePending, match="key store"):
        open_hub(hub.settings, clock=hub.clock)


def test_without_a_copy_older_databases_both_cannot_be_noticed(template: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(template, tmp_path / "home"))
    hub = open_hub(Settings.load({}, home), clock=FixedClock())
    before = saved(hub, tmp_path / "before")
    say(hub, ConsentAct.WITHDRAWN)
    put_back(hub, before, "control.db")
    put_back(hub, before, "keystore.db")
    open_hub(hub.settings, clock=hub.clock)  # what `varde doctor` says plainly


def test_an_older_key_store_with_keys_of_the_erased_is_closed(template: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(template, tmp_path / "home"))
    hub = open_hub(Settings.load({}, home), clock=FixedClock())
    before = saved(hub, tmp_path / "before")
    with hub.unit_of_work() as session:
        intend_erasure(session, an_id(50), [a_record(7)], by=ACTOR, at=NOON)
    with hub.unit_of_work() as session:
        note_state(session, an_id(50), SHREDDED)
    put_back(hub, before, "keystore.db")
    with pytest.raises(RestorePending, match="key store"):
        open_hub(hub.settings, clock=hub.clock)


def test_a_branch_of_the_same_length_is_closed(hub: Hub, tmp_path: Path) -> None:
    """A database that went its own way after the copy was made has other entries in the same places."""
    before = saved(hub, tmp_path / "before")
    say(hub, ConsentAct.WITHDRAWN, person=1)
    put_back(hub, before, "control.db")
    astray = open_restored(hub.settings, clock=hub.clock)
    with unit_of_work(astray.engine) as session:
        append_acts(session, [an_act(ConsentAct.OBJECTED, 2)], recorded_at=NOON)
        append_acts(session, [an_act(ConsentAct.OBJECTED, 2)], recorded_at=NOON)
    with pytest.raises(RestorePending, match="control database"):
        open_hub(hub.settings, clock=hub.clock)


def test_a_running_process_notices_that_its_database_was_put_back(hub: Hub, tmp_path: Path) -> None:
    before = saved(hub, tmp_path / "before")
    say(hub, ConsentAct.GIVEN)
    with hub.reading():
        pass
    put_back(hub, before, "control.db")
    with pytest.raises(RestorePending), hub.reading():
        pass
    with pytest.raises(RestorePending), hub.unit_of_work():
        pass


def copy_of(hub: Hub) -> LedgerCopy:
    assert hub.ledger.copy is not None
    return hub.ledger.copy


def test_a_torn_note_is_cut_off_by_who_appends_next(hub: Hub, outside: Path) -> None:
    say(hub, ConsentAct.WITHDRAWN)
    path = next(outside.glob("*.ledger"))
    whole = path.read_bytes()
    for torn in (b"varde", b"varde-ledger/v1\n" + b"0" * 64, whole[:-1], whole[: whole.rindex("—".encode())]):
        path.write_bytes(whole + torn)
        assert copy_of(hub).newest() == hub.ledger.keys.newest()
    say(hub, ConsentAct.OBJECTED)
    assert path.read_bytes().startswith(whole)
    assert copied_kinds(hub) == ["withdrawn", "objected"]


@pytest.mark.parametrize("harm", ["left_out", "changed"])
def test_a_copy_that_somebody_changed_is_refused(hub: Hub, outside: Path, harm: str) -> None:
    for person in range(3):
        say(hub, ConsentAct.WITHDRAWN, person=person + 1)
    path = next(outside.glob("*.ledger"))
    notes = path.read_text().split("varde-ledger/v1\n")[1:]
    notes = notes[1:] if harm == "left_out" else [notes[0].replace("withdrawn", "objected"), *notes[1:]]
    path.write_text("".join(f"varde-ledger/v1\n{note}" for note in notes))
    with pytest.raises(ProofRejected):
        list(copy_of(hub).entries())


def test_more_entries_than_a_note_holds_are_read_back(hub: Hub) -> None:
    with hub.unit_of_work() as session:
        acts = [an_act(ConsentAct.WITHDRAWN, person) for person in range(1, 1002)]
        append_acts(session, acts, recorded_at=NOON)
    found = list(copy_of(hub).entries())
    assert [each.ref for each in found] == [RecordId(an_id(person)) for person in range(1, 1002)]
    assert copy_of(hub).newest() == found[-1] == hub.ledger.keys.newest()
    assert replace(found[0]).position < found[1].position


def test_an_act_that_stands_already_is_not_acknowledged_before_it_is_shipped(hub: Hub) -> None:
    """Its writer may have died between the two databases: who repeats it ships it."""
    with unit_of_work(hub.engine) as session:
        append_acts(session, [an_act(ConsentAct.WITHDRAWN)], recorded_at=NOON)
    with hub.unit_of_work() as session:
        owe(session)
    assert kinds(hub) == copied_kinds(hub) == ["withdrawn"]

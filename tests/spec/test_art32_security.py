"""Article 32: what was lost can be restored in time, and a restore undoes no erasure and no objection."""

import shutil
from pathlib import Path

import pytest

from hub.backup.restoring import Work, restore
from hub.backup.saving import Places, save
from hub.compose import open_hub
from hub.errors import RestorePending
from hub.home import make_home
from hub.settings import Settings
from tests.faults.ingest_company import Ticking
from tests.faults.ingest_meaning import meaning
from tests.faults.restore_company import (
    assert_erased_nowhere,
    assert_objection_stands,
    assert_others_intact,
    fill,
    go_on,
)


def test_art32_1c_availability_is_restored_without_bringing_anybody_back(tmp_path: Path) -> None:
    """A backup restores everybody but who was erased since (Article 17), and every objection since stands (21)."""
    settings = Settings.load({}, tmp_path / "home")
    make_home(settings, clock=Ticking())
    hub = open_hub(settings, clock=Ticking())
    fill(hub, tmp_path / "in")
    before = meaning(hub)
    places = Places(home=tmp_path / "a", keystore=tmp_path / "b", generations=tmp_path / "c")
    save(hub, places)
    gone = go_on(hub)
    hub.engine.dispose()
    hub.keystore.engine.dispose()
    for path in settings.home.glob("control.db*"):
        path.unlink()
    shutil.rmtree(settings.lake_root)
    restore(settings, places, Work(clock=Ticking()))
    again = open_hub(settings, clock=Ticking())
    assert_erased_nowhere(again, gone)
    assert_objection_stands(again)
    assert_others_intact(before, again)
    again.engine.dispose()
    again.keystore.engine.dispose()


def test_art32_1b_a_home_put_back_by_hand_serves_nobody(tmp_path: Path) -> None:
    """Integrity of processing: older data are noticed by the ledger before anybody reads them."""
    settings = Settings.load({}, tmp_path / "home")
    make_home(settings, clock=Ticking())
    hub = open_hub(settings, clock=Ticking())
    fill(hub, tmp_path / "in")
    with hub.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(settings.home / "control.db", tmp_path / "control.db")
    go_on(hub)
    hub.engine.dispose()
    hub.keystore.engine.dispose()
    for path in settings.home.glob("control.db*"):
        path.unlink()
    shutil.copy(tmp_path / "control.db", settings.home / "control.db")
    with pytest.raises(RestorePending):
        open_hub(settings, clock=Ticking())

"""Restoring a backup into a home that has no control database, then replaying the ledger; open to nobody until done.

Rules kept here:
- a marker lies in the home from the first step to the last: a restore that broke off is closed, and is repeated as a
  whole;
- what the present key store knows of erasures and objections is set aside before an older one takes its place, and is
  taken in by the older one: the ledger never goes back;
- nothing that is there is overwritten but the key store, and that only by keys of the same hub;
- keys come back only together with the generations that are still kept: what a destroyed generation wrapped stays shut.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, inspect

from hub.backup import saving
from hub.backup.database import bring_back, sync
from hub.backup.manifest import Manifest, manifest_of, verify_files
from hub.backup.replay import Replayed, replay
from hub.backup.saving import CONTROL, GENERATIONS, KEYS, Places
from hub.compose import Clock, Reached, open_restored
from hub.database.engine import engine_of, sqlite_path
from hub.database.schema import upgrade
from hub.durable_file import replace
from hub.errors import RestoreUnfit
from hub.keystore.generation import SavedGeneration, bring_back_generations
from hub.keystore.ledger import KeyStoreLedger
from hub.ledger.line import entry_of, line_of
from hub.settings import Settings
from hub.settings_file import CONFIG_FILE
from privacy.store.ledger import START, LedgerEntry
from privacy.terms import ID_BYTES, PrincipalId

_SYSTEM = PrincipalId(bytes(ID_BYTES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a restore runs with: the clock, and who is told each named step, for the crash tests."""

    clock: Clock
    reached: Reached = lambda _step: None


def examine_backup(settings: Settings, places: Places) -> tuple[Manifest, Manifest | None]:
    """Check that the parts are whole, belong together, and may be put where the settings say; change nothing.

    Raises:
        RestoreUnfit: says what does not fit.

    """
    if places.home is None:
        raise RestoreUnfit("no backup is named", "Name the folder that `varde backup` made")
    home = manifest_of(places.home, "home")
    verify_files(home, places.home)
    keys = None
    if places.keystore is not None:
        keys = manifest_of(places.keystore, "keystore")
        verify_files(keys, places.keystore)
        if (keys.backup, keys.instance) != (home.backup, home.instance):
            raise RestoreUnfit("the keys are not of this backup", "Name the parts that were made together")
    engine = engine_of(settings.database_url)
    if home.kind != ("postgresql" if sqlite_path(engine) is None else "sqlite"):
        raise RestoreUnfit("the backup is of another kind of database", "Set VARDE_DATABASE_URL to one of that kind")
    if not settings.restore_marker.exists() and _holds_tables(engine):
        raise RestoreUnfit("there is a control database already", "Move the old home away, but keep its key store")
    engine.dispose()
    return home, keys


def restore(settings: Settings, places: Places, work: Work) -> Replayed:
    """Put a backup into the home and replay the ledger over it.

    Raises:
        RestoreUnfit: the parts do not fit; or the lake's keys are gone for good, and the home stays closed.
        HubError: see `replay`; the home stays closed until it has succeeded.

    """
    home, keys = examine_backup(settings, places)
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = _ledger_of(settings)
    _mark(settings, known)
    work.reached("restore_marked")
    if keys is not None and places.keystore is not None and places.generations is not None:
        _bring_back_keys(settings, places.keystore, places.generations)
        work.reached("restore_keys_back")
    _bring_back_home(settings, home, places)
    work.reached("restore_home_back")
    return finish(settings, work)


def finish(settings: Settings, work: Work) -> Replayed:
    """Replay the ledger over what was put back, by `restore` or by hand, and open the home.

    Raises:
        RestoreUnfit, HubError: as `replay` says; the home stays closed.

    """
    _mark(settings, [])  # put back by hand, or again: closed until all is right
    for url, target in ((settings.database_url, "control"), (settings.keystore_url, "keystore")):
        engine = engine_of(url)
        upgrade(engine, "control" if target == "control" else "keystore")
        engine.dispose()
    hub = open_restored(settings, clock=work.clock, reached=work.reached)
    try:
        hub.ledger.keys.absorb(_set_aside(settings))
        work.reached("restore_ledger_back")
        done = replay(hub, _SYSTEM)
        work.reached("restore_replayed")
    finally:
        hub.engine.dispose()
        hub.keystore.engine.dispose()
    settings.restore_marker.unlink(missing_ok=True)
    sync(settings.home)
    return done


def _holds_tables(engine: Engine) -> bool:
    path = sqlite_path(engine)
    if path is not None and not path.exists():
        return False
    return bool(inspect(engine).get_table_names())


def _ledger_of(settings: Settings) -> list[LedgerEntry]:
    """Read what the present key store knows; nothing where there is none."""
    engine = engine_of(settings.keystore_url)
    if not _holds_tables(engine):
        return []
    upgrade(engine, "keystore")
    ledger = KeyStoreLedger(engine)
    ledger.give_ids()
    entries = ledger.after(START)
    engine.dispose()
    return entries


def _mark(settings: Settings, known: Sequence[LedgerEntry]) -> None:
    """Close the home and set aside what is known; one that was set aside by a try before is kept beside it."""
    lines = dict.fromkeys([*(line_of(each) for each in _set_aside(settings)), *map(line_of, known)])
    replace(settings.restore_marker, "".join(f"{line}\n" for line in lines).encode())


def _set_aside(settings: Settings) -> list[LedgerEntry]:
    if not settings.restore_marker.exists():
        return []
    return [entry_of(line) for line in settings.restore_marker.read_text(encoding="utf-8").splitlines()]


def _bring_back_keys(settings: Settings, folder: Path, generations: Path) -> None:
    engine = engine_of(settings.keystore_url)
    bring_back(folder / KEYS, engine)
    try:
        rows: list[dict[str, Any]] = json.loads((generations / GENERATIONS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise RestoreUnfit("the generations cannot be read", "Name the folder given as --generations") from None
    saved = [
        SavedGeneration(
            **row | {"generation_id": bytes.fromhex(row["generation_id"]), "wrapped": bytes.fromhex(row["wrapped"])}
        )
        for row in rows
    ]
    upgrade(engine, "keystore")
    bring_back_generations(engine, saved)
    engine.dispose()


def _bring_back_home(settings: Settings, manifest: Manifest, places: Places) -> None:
    """Put the lake's files first, then the control database that names them."""
    if places.home is None:
        return
    for name in manifest.files:
        place = _place_of(settings, name)
        if place is not None and not place.exists():
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = place.with_name(f".{place.name}.restoring")  # half a file must never bear its name
            shutil.copyfile(places.home / name, draft)
            draft.chmod(0o600)
            sync(draft)
            draft.replace(place)
            sync(place.parent)
    engine = engine_of(settings.database_url)
    bring_back(places.home / CONTROL, engine)
    engine.dispose()


def _place_of(settings: Settings, name: str) -> Path | None:
    """Say where a file of a backup goes; the control database goes by itself."""
    first, _, rest = name.partition("/")
    match first:
        case saving.LAKE:
            return settings.lake_root / rest
        case saving.MODELS:
            return settings.models_folder / rest
        case _:
            return settings.home / name if name == CONFIG_FILE else None

"""Making a backup beside a running hub: one moment of the control database, and the lake's files of that moment.

Rules kept here:
- the key-encryption key is never copied, nor the owner's token; keys go to a folder of their own, and the generations
  that wrap them to a third, where they are replaced and not accumulated: a generation that was destroyed is then gone
  from the backups as well;
- a snapshot of the lake is held from before the control database is copied until its last file is: nothing that the
  copy names is purged meanwhile;
- the manifest is written last.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from hub.backup.database import copy_database, sync
from hub.backup.manifest import Manifest, described
from hub.compose import Hub
from hub.database.engine import sqlite_path
from hub.durable_file import replace
from hub.errors import BackupRefused
from hub.keystore.generation import SavedGeneration, saved_generations
from hub.lake.catalogue import files_of
from hub.lake.reading import Reader, reading
from hub.lake.terms import CatalogueFile, FileState, name_of
from hub.settings_file import CONFIG_FILE
from privacy.store.audit_checkpoint import newest_checkpoint
from privacy.store.epoch import current_epoch
from privacy.store.ledger import newest_position
from privacy.terms import FileId, random_id

CONTROL: Final = "control.db"
KEYS: Final = "keystore.db"
GENERATIONS: Final = "generations.json"
LAKE: Final = "lake"
MODELS: Final = "models"
_RENEW_EVERY: Final = 64  # files between two renewals of the lease, which lasts ten minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the parts of a backup go, or come from; the keys and their generations only together."""

    home: Path | None
    keystore: Path | None = None
    generations: Path | None = None

    def __post_init__(self) -> None:
        """Keep the parts apart.

        Raises:
            BackupRefused: a part without the other, or two in one place.

        """
        if (self.keystore is None) != (self.generations is None):
            why = "a copy of the keys needs a place for the generations that wrap them"
            raise BackupRefused(why, "Give --keystore and --generations together, each a folder of its own")
        named = [place.absolute() for place in (self.home, self.keystore, self.generations) if place is not None]
        if any(one == other or one in other.parents for one in named for other in named if one is not other):
            why = "one copy would hold the keys and what they open"
            raise BackupRefused(why, "Give folders that do not lie in one another, best on different disks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a backup holds."""

    backup: str
    lake_files: int
    size_bytes: int
    keys: bool


def save(hub: Hub, places: Places) -> Saved:
    """Save the home and, where places are given, the keys.

    Raises:
        BackupRefused: a folder is not empty, or PostgreSQL's tools are missing.
        SnapshotExpired: copying the lake took longer than an hour; copy it to a faster disk.

    """
    backup, at = random_id().hex(), hub.clock()
    size = files = 0
    if places.home is not None:
        _empty(places.home)
    if places.keystore is not None:
        _empty(places.keystore)
    with hub.lake.read_only() as session:
        gone = {file.file_id for file in files_of(session, states=[FileState.REMOVED])}
    with reading(hub.lake) as held:
        if places.home is not None:
            held_files = partial(_held, hub, gone)
            manifest = _save_home(hub, places.home, (held, held_files), (backup, at))
            size, files = sum(each[0] for each in manifest.files.values()), _lake_files(manifest)
        hub.reached("backup_home_saved")
        if places.keystore is not None and places.generations is not None:
            _save_keys(hub, places.keystore, places.generations, (backup, at))
    return Saved(backup=backup, lake_files=files, size_bytes=size, keys=places.keystore is not None)


def _save_home(
    hub: Hub, folder: Path, lake: tuple[Reader, Callable[[], list[CatalogueFile]]], stamp: tuple[str, datetime]
) -> Manifest:
    copy_database(hub.engine, folder / CONTROL)
    hub.reached("backup_control_saved")
    held, files = lake
    names = [CONTROL]
    for number, file in enumerate(files()):
        if number % _RENEW_EVERY == 0:
            held.renew()
        names.append(_save_lake_file(hub, folder, file))
    names += _save_small(hub, folder)
    manifest = _manifest(hub, "home", stamp, {name: described(folder / name) for name in names})
    _sync_folders(folder, names)
    manifest.write(folder)
    return manifest


def _held(hub: Hub, gone: set[FileId]) -> list[CatalogueFile]:
    """List what the copied catalogue can name: live or staged now, or removed since the lease began, which holds it."""
    with hub.lake.read_only() as session:
        files = files_of(session, states=[FileState.LIVE, FileState.STAGED, FileState.REMOVED])
    return [file for file in files if file.file_id not in gone]


def _save_lake_file(hub: Hub, folder: Path, file: CatalogueFile) -> str:
    name = f"{LAKE}/{name_of(file.table, file.file_id)}"
    target = folder / name
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with target.open("xb") as copy:
        for piece in hub.lake.files.chunks(name_of(file.table, file.file_id)):
            copy.write(piece)
    sync(target)
    return name


def _save_small(hub: Hub, folder: Path) -> list[str]:
    """Save settings and models, which hold no personal data; never the key folder, never a token."""
    home = hub.settings.home
    sources = {CONFIG_FILE: home / CONFIG_FILE}
    sources |= {f"{MODELS}/{path.relative_to(hub.settings.models_folder)}": path for path in _models(hub)}
    for name, source in sources.items():
        if source.is_file():
            (folder / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / name).write_bytes(source.read_bytes())
            sync(folder / name)
    return [name for name, source in sources.items() if source.is_file()]


def _models(hub: Hub) -> Iterable[Path]:
    return sorted(path for path in hub.settings.models_folder.rglob("*") if path.is_file())


def _save_keys(hub: Hub, folder: Path, generations: Path, stamp: tuple[str, datetime]) -> None:
    copy_database(hub.keystore.engine, folder / KEYS, without=["key_generation"])
    generations.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace(generations / GENERATIONS, written(saved_generations(hub.keystore.engine)))
    manifest = _manifest(hub, "keystore", stamp, {KEYS: described(folder / KEYS)})
    _sync_folders(folder, [KEYS])
    manifest.write(folder)


def written(generations: Iterable[SavedGeneration]) -> bytes:
    """Return generations as the file that keeps them apart from what they wrap."""
    rows = [
        asdict(each) | {"generation_id": each.generation_id.hex(), "wrapped": each.wrapped.hex()}
        for each in generations
    ]
    return json.dumps(rows, sort_keys=True, indent=1).encode()


def _manifest(hub: Hub, part: str, stamp: tuple[str, datetime], files: dict[str, tuple[int, str]]) -> Manifest:
    with hub.reading() as session:
        ledger, epoch, checkpoint = newest_position(session), current_epoch(session), newest_checkpoint(session)
    backup, at = stamp
    return Manifest(
        part=part,
        backup=backup,
        instance=hub.instance.hex(),
        made_at=at.isoformat(),
        software=_installed(),
        kind=_kind_of(hub.engine if part == "home" else hub.keystore.engine),
        epoch=epoch,
        ledger=None if ledger is None else list(ledger),
        checkpoint=checkpoint,
        files=files,
    )


def _kind_of(engine: Engine) -> str:
    return "postgresql" if sqlite_path(engine) is None else "sqlite"


def _empty(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BackupRefused("the folder is not empty", "Give each backup a folder of its own")


def _lake_files(manifest: Manifest) -> int:
    return sum(name.startswith(f"{LAKE}/") for name in manifest.files)


def _sync_folders(folder: Path, names: Iterable[str]) -> None:
    for each in sorted({(folder / name).parent for name in names} | {folder}):
        sync(each)


def _installed() -> str:
    try:
        return version("varde")
    except PackageNotFoundError:
        return "source"

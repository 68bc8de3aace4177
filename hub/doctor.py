"""Examine a home: each finding says what is wrong and how to mend it; nothing is changed.

The doctor works on a broken home too, so it looks at files first and opens the hub only at the end. It names no file
that somebody else put into the home: a name may be personal.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from hub.alerts.ending import ALERTS
from hub.alerts.lateness import finding as _alerts
from hub.anchors.condition import conditions
from hub.anchors.store import kept
from hub.backlog import letters, notices, reviews, view_reviews
from hub.compose import Clock, Hub, open_hub
from hub.database.engine import engine_of, sqlite_path
from hub.database.revision import Target, current_revision, newest_revision
from hub.erasing import pending
from hub.errors import HubError
from hub.finding import Finding, State
from hub.home import HUB_KEYS
from hub.kek.development import WARNING
from hub.kek.provider import kek_of
from hub.keystore.matching import MATCHING, newest_key
from hub.notices.publishing import unkept
from hub.redacting import finding as _redaction
from hub.requests.lateness import lateness
from hub.retention.overdue import finding as _retention
from hub.rotation.due import keys_of_domain
from hub.rotation.status import all_keys
from hub.settings import KekScheme, Settings
from hub.views.registry import count_incomplete
from hub.views.version import count_unenforced
from ingest.store.batch import BatchState, in_state
from privacy.errors import PrivacyError
from privacy.keys import KeyKind
from privacy.store.audit import entries
from privacy.store.audit_arrival import count_arrivals, waiting_since

_LOW_BYTES: Final = 1 << 30
_FULL_BYTES: Final = 100 << 20  # below this a batch of ordinary size cannot be staged
_SKEW: Final = timedelta(minutes=2)
_BEHIND: Final = timedelta(seconds=5)
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_SERVICE_REMEDY: Final = "See what the key service says; docs/guides/keys.md lists what it must allow"
_KEK_REMEDIES: Final = {
    KekScheme.FILE: "Bring the key file back from its own backup: without it nothing sealed can be opened",
    KekScheme.ENVIRONMENT: "Set the variable again: without its bytes nothing sealed can be opened",
    KekScheme.AWS_KMS: _SERVICE_REMEDY,
    KekScheme.VAULT: _SERVICE_REMEDY,
}


def examine(settings: Settings, *, clock: Clock) -> list[Finding]:
    """Examine files, keys, schemas, disk and clock, then what an open hub tells."""
    if not settings.home.is_dir():
        return [Finding("home", State.FAULT, "there is none yet", "Run `varde init`, or set VARDE_HOME or --home")]
    findings = [
        _permissions(settings),
        *_kek(settings),
        *_schemas(settings),
        _disk(settings.home),
        *_file_system(settings.home, clock()),
    ]
    try:
        hub = open_hub(settings, clock=clock)
        return [*findings, *_inside(hub)]
    except (HubError, PrivacyError) as exc:
        return [*findings, Finding("hub", State.FAULT, str(exc), "Mend the faults above, then run `varde init`")]


def _permissions(settings: Settings) -> Finding:
    """Look at every file and folder of the home and the lake, and at the key file and its folder."""
    key = set() if settings.kek_file is None else {settings.kek_file, settings.kek_file.parent}
    seen = {path for root in (settings.home, settings.lake_root) for path in _everything(root)}
    seen |= {path for path in key if path.exists()}
    status = [path.lstat() for path in seen if not path.is_symlink()]
    open_ones = sum(1 for each in status if stat.S_IMODE(each.st_mode) & _OTHERS)
    foreign = sum(1 for each in status if each.st_uid != os.geteuid())
    if open_ones:
        found = f"{open_ones} of {len(status)} files and folders can be reached by others"
        return Finding("permissions", State.FAULT, found, "Run `chmod -R go-rwx` on the home, the lake and the key")
    if foreign:
        found = f"{foreign} of {len(status)} files belong to another account"
        return Finding("permissions", State.WARNING, found, "Run Varde as the account that owns the home")
    return Finding("permissions", State.OK, f"{len(status)} files and folders, the owner's alone")


def _everything(root: Path) -> Iterator[Path]:
    if root.is_dir():
        yield root
        for folder, folders, files in os.walk(root):
            yield from (Path(folder) / name for name in (*folders, *files))


def _kek(settings: Settings) -> list[Finding]:
    """Reach the key-encryption key, and say what its kind means."""
    path, check = settings.kek_file, "key_service" if settings.kek_file is None else "key_file"
    try:
        kek_id = kek_of(settings.kek).kek_id
    except (HubError, PrivacyError) as exc:
        return [Finding(check, State.FAULT, str(exc), _KEK_REMEDIES[settings.kek.scheme])]
    if path is not None:
        return [Finding(check, State.OK, "readable by the owner alone"), _key_apart(path, settings.home)]
    if settings.kek.scheme is KekScheme.ENVIRONMENT:
        return [Finding(check, State.WARNING, WARNING, "Move to another VARDE_KEK before real data comes in")]
    return [Finding(check, State.OK, f"answers for {kek_id}")]


def _key_apart(path: Path, home: Path) -> Finding:
    """Say whether one theft or one backup takes the key together with what it opens."""
    remedy = "Set VARDE_KEK to a file on another disk or a mounted secret, move the key there, keep its backup apart"
    if path.is_relative_to(home):
        found = "the key file lies in the home: a copy or backup of the home carries the key along"
        return Finding("key_apart", State.WARNING, found, remedy)
    if path.stat().st_dev == home.stat().st_dev:
        return Finding("key_apart", State.WARNING, "the key file shares a disk with the home", remedy)
    return Finding("key_apart", State.OK, "the key file is on another disk than the home")


def _schemas(settings: Settings) -> list[Finding]:
    return [_schema("control", settings.database_url), _schema("keystore", settings.keystore_url)]


def _schema(target: Target, url: str) -> Finding:
    check, newest = f"schema_{target}", newest_revision(target)
    try:
        found = _revision(engine_of(url))
    except (HubError, DBAPIError) as exc:
        remedy = "Check that the database is up and its URL is right"
        return Finding(check, State.FAULT, f"cannot be read ({type(exc).__name__})", remedy)
    if found == newest:
        return Finding(check, State.OK, f"at {found}")
    return Finding(check, State.FAULT, f"at {found or 'nothing'}, this version needs {newest}", "Run `varde migrate`")


def _revision(engine: Engine) -> str | None:
    path = sqlite_path(engine)
    if path is not None and not path.exists():
        return None  # connecting would create it
    try:
        return current_revision(engine)
    finally:
        engine.dispose()


def _disk(home: Path) -> Finding:
    free = shutil.disk_usage(home).free
    found = f"{free / (1 << 30):.1f} GiB free"
    if free < _FULL_BYTES:
        return Finding("disk", State.FAULT, found, "Free some space: nothing can be taken in or erased reliably")
    if free < _LOW_BYTES:
        return Finding("disk", State.WARNING, found, "Free some space: an erasure rewrites files before old ones go")
    return Finding("disk", State.OK, found)


def _file_system(home: Path, at: datetime) -> list[Finding]:
    """Write, fsync and look at the time that the file system gave."""
    try:
        with tempfile.NamedTemporaryFile(dir=home, prefix=".doctor-") as probe:
            probe.write(b"varde")
            probe.flush()
            os.fsync(probe.fileno())
            stamped = datetime.fromtimestamp(os.fstat(probe.fileno()).st_mtime, UTC)
        _sync_folder(home)
    except OSError as exc:
        remedy = "Use a local file system that supports fsync; remount it writable if it has become read-only"
        return [Finding("fsync", State.FAULT, f"does not work ({type(exc).__name__})", remedy)]
    skew = abs(stamped - at)
    if skew > _SKEW:
        found = f"the file system's clock differs by {skew.total_seconds():.0f} s"
        clock = Finding("clock_files", State.WARNING, found, "Let both machines keep time by NTP")
    else:
        clock = Finding("clock_files", State.OK, "agrees with the file system")
    return [Finding("fsync", State.OK, "file and folder reach the disk"), clock]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _inside(hub: Hub) -> list[Finding]:
    own = (_named_keys, _keys_due, _clock, _unsequenced, view_reviews)
    standing = (_four_eyes, _batches, _erasures, _ledger, _releases, _redaction)
    single = (*own, *standing, letters, notices, reviews, unkept, _alerts)
    findings = [*_anchors(hub), *(look(hub) for look in single), _retention(hub, (ALERTS,)), lateness(hub)]
    hub.keep_unwraps()
    return findings


def _named_keys(hub: Hub) -> Finding:
    """Open the hub's own keys and every purpose's domain."""
    domains = sorted({purpose.domain for purpose in hub.policy().purposes})
    current = [(KeyKind.DOMAIN, name, keys_of_domain(hub, name).current) for name in domains]
    versions = {MATCHING: newest_key(hub.keystore)}
    wanted = [*((kind, name, versions.get(name, 1)) for kind, name in HUB_KEYS), *current]
    missing = [name for kind, name, version in wanted if hub.keystore.find_named(kind, name, version) is None]
    if missing:
        found = f"missing in the key store: {', '.join(missing)}"
        return Finding("keys", State.FAULT, found, "Run `varde init`; if they were there once, restore the key store")
    return Finding("keys", State.OK, f"all {len(wanted)} of the hub's own keys open")


def _keys_due(hub: Hub) -> Finding:
    """Count the keys that should have been rotated or destroyed by now."""
    at = hub.clock()
    late = sum(1 for each in all_keys(hub) if each.due is not None and each.due <= at)
    if late:
        return Finding("keys_due", State.WARNING, f"{late} should be rotated or retired", "See `varde keys status`")
    return Finding("keys_due", State.OK, "none is past its date")


def _clock(hub: Hub) -> Finding:
    with hub.reading() as session:
        newest = entries(session, limit=1)
    if newest and newest[0][1].at > hub.clock() + _BEHIND:
        found = "the clock stands before the newest audit entry"
        return Finding("clock_audit", State.FAULT, found, "Set the clock right (NTP) before anything else is recorded")
    return Finding("clock_audit", State.OK, "not before the newest audit entry")


def _unsequenced(hub: Hub) -> Finding:
    """Show audit entries that have waited for their place in the tree longer than a server lets them."""
    with hub.reading() as session:
        count, oldest = count_arrivals(session), waiting_since(session)
    if oldest is not None and oldest < hub.clock() - _BEHIND:
        found = f"{count} audit entries wait for their place since {oldest:%Y-%m-%d %H:%M}"
        remedy = "Run `varde audit checkpoint`, and see why no server does"
        return Finding("audit_unsequenced", State.WARNING, found, remedy)
    return Finding("audit_unsequenced", State.OK, "no audit entry waits for its place for long")


def _anchors(hub: Hub) -> list[Finding]:
    standing = hub.anchoring.standing()
    with hub.reading() as session:
        return list(conditions(hub.anchoring.anchors, kept(session, hub.anchoring.anchors), standing, at=hub.clock()))


def _four_eyes(hub: Hub) -> Finding:
    with hub.reading() as session:
        alone = count_unenforced(session)
    if hub.settings.owner_token_file.exists():
        found = f"not enforced: one OS account can use every credential ({alone} views approved that way)"
        remedy = "Let approvers work through `varde serve` with a token of their own"
        return Finding("four_eyes", State.WARNING, found, remedy)
    return Finding("four_eyes", State.OK, "no credential of another person lies in the home")


def _batches(hub: Hub) -> Finding:
    with hub.reading() as session:
        at = hub.clock()
        dead = [row for row in in_state(session, BatchState.STAGED) if row.lease_until <= at]
        unsettled = in_state(session, BatchState.VISIBLE)
    if dead or unsettled:
        found = f"{len(dead)} deliveries broke off, {len(unsettled)} wait to be settled"
        return Finding("batches", State.WARNING, found, "Run any `varde ingest`: it finishes or clears what broke off")
    return Finding("batches", State.OK, "none left unfinished")


def _erasures(hub: Hub) -> Finding:
    with hub.reading() as session:
        unfinished = pending(session)
    if unfinished:
        found = f"{unfinished} broke off: nobody reads these people, yet not every trace is gone"
        return Finding("erasures", State.FAULT, found, "Run `varde erase --finish`")
    return Finding("erasures", State.OK, "each is completed")


def _ledger(hub: Hub) -> Finding:
    """Say whether an old restore of both databases at once would be noticed; that it agrees, opening it has shown."""
    if hub.ledger.copy is None:
        found = "no copy of the ledger of erasures and objections lies outside: an old restore cannot be noticed"
        remedy = "Set VARDE_LEDGER_COPY to a folder on another disk or share (docs/guides/backup-and-restore.md)"
        return Finding("ledger", State.WARNING, found, remedy)
    return Finding("ledger", State.OK, "control database, key store and the copy outside agree")


def _releases(hub: Hub) -> Finding:
    """Show releases whose rows may have left although nobody noted that they arrived."""
    with hub.reading() as session:
        broken = count_incomplete(session)
    if broken:
        remedy = "Look for view.release.intent without completion in `varde audit log`; treat those rows as released"
        return Finding("releases", State.WARNING, f"{broken} broke off after they were recorded", remedy)
    return Finding("releases", State.OK, "each is completed")

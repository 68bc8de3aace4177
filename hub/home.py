"""Making a home: folders.

Key file, databases, keys, policy, and the owner's principal. Doing it again changes nothing.
"""

import os
import secrets
import stat
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, insert, select
from sqlmodel import Session, col

from hub.compose import Clock, log_name
from hub.database.engine import engine_of
from hub.database.schema import upgrade
from hub.database.unit import file_lock, reading, unit_of_work
from hub.errors import HomeUnsafe
from hub.instance.tables import InstanceRow
from hub.kek.file import create_key_file
from hub.kek.provider import kek_of
from hub.keystore.matching import MATCHING
from hub.keystore.named import audit_key, holds_keys, versions_of
from hub.keystore.store import SqlKeyStore
from hub.policy.agreement import verify_agreed
from hub.policy.check import verify_names
from hub.policy.pack import default_pack, pack_of
from hub.settings import MODEL, Settings
from privacy.audit import AuditFields
from privacy.blind_index import BlindIndex
from privacy.errors import KekUnavailable
from privacy.gates import verify_gates
from privacy.keys import KEY_BYTES, Key, KeyKind
from privacy.policy import policy_of, verify_versions
from privacy.purposes import Policy, policy_hash
from privacy.receipt import RECEIPTS
from privacy.sealing import Cell, SealedTable, seal
from privacy.store.audit import append_entry, start_log
from privacy.store.audit_checkpoint import add_checkpoint, newest_checkpoint
from privacy.store.epoch import bump_epoch_for_all, start_epoch
from privacy.store.policy import applied_policies, apply_policy, find_policy
from privacy.store.principal import EVERYTHING, NewPrincipal, Principal, add_principal, all_principals
from privacy.store.revocation import Revocation, note_revocation
from privacy.store.unwrap import keep_tally
from privacy.suppression_index import SUPPRESSION
from privacy.terms import KeyId, PersonId, PrincipalId, Role, random_id

HUB_KEYS: Final = (
    (KeyKind.INDEX, "identity"),
    (KeyKind.INDEX, MATCHING),
    (KeyKind.INDEX, SUPPRESSION),
    (KeyKind.INSTANCE, "labels"),
    (KeyKind.SIGNING, "audit"),
    (KeyKind.SIGNING, RECEIPTS),
)
OWNER_LABEL: Final = "owner"
NEW_HOMES: Final = MODEL
"""How a new home joins records unless a setting says otherwise; it is kept with the home (ADR 0111)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What `make_home` did: whether the home is new, and where the owner's token is."""

    created: bool
    home: Path
    token_file: Path


def make_home(settings: Settings, *, clock: Clock) -> Made:
    """Make a home, or finish or upgrade one.

    Raises:
        HomeUnsafe: group or others can reach into the home or read its secrets, or a newer version made it.
        KekUnavailable: the key file is gone, but there are keys that only it opens.

    """
    os.umask(0o077)
    _folder(settings.home)
    with file_lock(settings.home / ".init.lock"):
        return _make(settings, clock)


def _make(settings: Settings, clock: Clock) -> Made:
    key_folder = () if settings.kek_file is None else (settings.kek_file.parent,)
    for folder in (settings.lake_root, settings.models_folder, *key_folder):
        _folder(folder)
    engine, key_engine = engine_of(settings.database_url), engine_of(settings.keystore_url)
    try:
        upgrade(engine, "control")
        upgrade(key_engine, "keystore")
        created = _key_file(settings.kek_file, key_engine)
        kek = kek_of(settings.kek)  # before the first row: a wrong setting leaves nothing behind
        instance = _start(engine, settings, clock)
        keystore = SqlKeyStore(key_engine, kek, instance=instance, clock=clock)
        _name_keys(keystore)
        _domains(keystore, _policy(engine, keystore, clock))
        _owner(settings, engine, keystore, instance, clock)
        _sign_first(engine, keystore, instance, clock)
        _keep_unwraps(engine, keystore, clock())
    finally:
        engine.dispose()
        key_engine.dispose()
    return Made(created=created, home=settings.home, token_file=settings.owner_token_file)


def new_principal(
    principal: Principal, label: str, *, token: str, instance: bytes, keystore: SqlKeyStore
) -> NewPrincipal:
    """Seal and index the label of a principal to be added."""
    key = keystore.find_named(KeyKind.INSTANCE, "labels")
    index = keystore.find_named(KeyKind.INDEX, "identity")
    if key is None or index is None:
        raise HomeUnsafe("the key store", "the hub's own keys are missing", "Run `varde init`")
    cell = Cell(instance=instance, table=SealedTable.PRINCIPAL, field=1, row=principal.principal_id)
    return NewPrincipal(
        principal=principal,
        token=token,
        label_index=label_index(index, label),
        label_sealed=seal(label.encode(), key=key, cell=cell),
    )


def label_index(index: Key, label: str) -> bytes:
    """Index a person's label, so that two credentials of one person are one pair of eyes.

    Case, spaces and the ways of writing one letter in Unicode make nobody another person.
    """
    plain = " ".join(unicodedata.normalize("NFKC", label).casefold().split())
    return BlindIndex(index, "principal_label").token_of(unicodedata.normalize("NFKC", plain))


def _folder(path: Path) -> None:
    """Make a folder for the owner only; refuse one that others can enter."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise HomeUnsafe(f"the folder {path.name!r} of the home", "others may enter it", "Run `chmod 700` on it")


def _key_file(path: Path | None, key_engine: Engine) -> bool:
    """Make the key file of a new home; for an old one a fresh key would open nothing and hide the loss.

    Where a key service holds the KEK there is no file to make; say whether the home is new.
    """
    old = holds_keys(key_engine)
    if path is None:
        return not old
    if path.exists():
        return False
    if old:
        raise KekUnavailable("its file is missing, but the key store holds keys; bring the file back from its backup")
    create_key_file(path)
    return True


def _name_keys(keystore: SqlKeyStore) -> None:
    for kind, name in HUB_KEYS:
        if name != MATCHING or not versions_of(keystore.engine, kind, name):  # its first may have been retired
            _ensure_key(keystore, kind, name)


def _domains(keystore: SqlKeyStore, policy: Policy) -> None:
    for purpose in policy.purposes:
        if not versions_of(keystore.engine, KeyKind.DOMAIN, purpose.domain):  # the first may have been retired
            _ensure_key(keystore, KeyKind.DOMAIN, purpose.domain)


def _ensure_key(keystore: SqlKeyStore, kind: KeyKind, name: str) -> None:
    if keystore.find_named(kind, name) is None:
        key = Key(key_id=KeyId(random_id()), kind=kind, secret=secrets.token_bytes(KEY_BYTES))
        keystore.add_named(key, name)


def _start(engine: Engine, settings: Settings, clock: Clock) -> bytes:
    """Give a new hub its id, its way of joining records, its epoch and its log."""
    with unit_of_work(engine) as session:
        known = session.execute(select(col(InstanceRow.instance_id))).scalar_one_or_none()
        if known is not None:
            return bytes(known)
        instance = random_id()
        made = {"id": 1, "instance_id": instance, "created_at": clock(), "matching": settings.matching or NEW_HOMES}
        session.execute(insert(InstanceRow), [made])
        start_epoch(session)
        start_log(session)
        return instance


def _policy(engine: Engine, keystore: SqlKeyStore, clock: Clock) -> Policy:
    with reading(engine) as session:
        policy = find_policy(session)
    # The shipped pack is put in force whatever the day: what it asks of the controller is asked at the first own pack.
    return policy or _in_force(Stores(engine, keystore), pack_of(default_pack()), by=PrincipalId(bytes(16)), at=clock)


@dataclass(frozen=True, slots=True)
class Stores:
    """The two databases of a home: the control database's engine, and the key store."""

    engine: Engine
    keystore: SqlKeyStore


def put_policy_in_force(stores: Stores, pack: dict[str, object], *, by: PrincipalId, at: Clock) -> Policy:
    """Apply a policy pack: version, epoch and audit entry in one transaction.

    The domains' keys are durable first, so no purpose is ever in force without its key.

    Raises:
        PolicyInvalid: the pack breaks a rule, a balancing test is not current, or it changes who may lead pseudonyms
            back and nobody else agreed; nothing was applied.

    """
    proposed = policy_of(pack)
    verify_gates(proposed, on=at().date())
    with reading(stores.engine) as session:
        verify_agreed(session, find_policy(session), proposed, by=by, at=at())
    return _in_force(stores, pack, by=by, at=at)


def _in_force(stores: Stores, pack: dict[str, object], *, by: PrincipalId, at: Clock) -> Policy:
    engine, proposed = stores.engine, policy_of(pack)
    verify_names(proposed)
    with reading(engine) as session:
        verify_versions(proposed, applied_policies(session))  # before a key is made for a pack that is refused
    _domains(stores.keystore, proposed)
    with unit_of_work(engine) as session:
        bump_epoch_for_all(session, kind="policy")  # its lock first: what is in force stays so while it is looked at
        present = find_policy(session)
        if present is not None:
            verify_agreed(session, present, proposed, by=by, at=at())
        policy = apply_policy(session, pack, by=by, at=at())
        if present is not None:  # a backup without any has none that is too old
            note_revocation(session, Revocation.POLICY, [random_id()], at=at(), detail=policy_hash(policy))
        fields = AuditFields(policy_hash=policy_hash(policy), outcome="applied")
        append_entry(session, "policy.apply", at=at(), actor=by, fields=fields)
    return policy


def _owner(settings: Settings, engine: Engine, keystore: SqlKeyStore, instance: bytes, clock: Clock) -> None:
    """Add the principal of the account that owns the home, and keep its token in a file of mode 0600."""
    with unit_of_work(engine) as session:
        if all_principals(session):
            return
        token = secrets.token_urlsafe(32)
        principal = Principal(
            principal_id=PrincipalId(random_id()),
            person_id=PersonId(random_id()),
            role=Role.OWNER,
            purposes=frozenset({EVERYTHING}),
            views=frozenset({EVERYTHING}),
        )
        _write_token(settings.owner_token_file, token)
        new = new_principal(principal, OWNER_LABEL, token=token, instance=instance, keystore=keystore)
        add_principal(session, new, at=clock())
        _note_owner(session, principal, clock)


def _keep_unwraps(engine: Engine, keystore: SqlKeyStore, at: datetime) -> None:
    """Keep what an existing home's keys cost the key service, as every other run does."""
    if tally := keystore.unwraps.due():
        with unit_of_work(engine) as session:
            keep_tally(session, tally, at=at)


def _sign_first(engine: Engine, keystore: SqlKeyStore, instance: bytes, clock: Clock) -> None:
    """Sign a log that was never signed: whoever owns the file cannot rewrite how it began without the log's key.

    A log that was signed before is left to whoever looks at the anchors first.
    """
    with reading(engine) as session:
        if newest_checkpoint(session) is not None:
            return
    with unit_of_work(engine) as session:
        add_checkpoint(session, log_name(instance), audit_key(keystore), at=clock())


def _note_owner(session: Session, principal: Principal, clock: Clock) -> None:
    fields = AuditFields(principal=principal.principal_id, role=principal.role, outcome="added")
    append_entry(session, "principal.add", at=clock(), actor=principal.principal_id, fields=fields)


def _write_token(path: Path, token: str) -> None:
    path.unlink(missing_ok=True)  # a file that is there may be open to others, and keeps its mode
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, token.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

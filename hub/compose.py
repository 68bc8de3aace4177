"""The only place where things are built: settings in, a whole hub out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

import polars as pl
from sqlalchemy import Engine, select
from sqlmodel import Session, col

from hub import clock as wall_clock
from hub.anchors.anchoring import Anchoring, AuditLog
from hub.anchors.registry import anchors_of
from hub.database.engine import engine_of
from hub.database.revision import verify_newest
from hub.database.unit import closed_on_failure, reading, unit_of_work
from hub.domains import Domains
from hub.doorkeeper import Doorkeeper
from hub.errors import HomeUnsafe, RestorePending
from hub.instance.tables import InstanceRow
from hub.kek.provider import kek_of
from hub.keystore.ledger import KeyStoreLedger
from hub.keystore.matching import matching_of
from hub.keystore.named import audit_key
from hub.keystore.store import SqlKeyStore
from hub.keystore.suppression import suppression_index
from hub.lake.lake import Lake
from hub.lake.storage import LocalFileStore
from hub.lakeport import LakePort
from hub.ledger.notary import copy_of
from hub.ledger.shipping import Shipping
from hub.ledger.watch import EpochWatch
from hub.memory import Memory
from hub.settings import Settings
from ingest.canonical.catalogue import lake_table_of
from ingest.pipeline.ports import Indexes, Ports
from ingest.store.name import names_of
from privacy.audit import AuditFields
from privacy.checkpoint import verifier_key
from privacy.errors import KeyNotFound
from privacy.keys import Key, KeyKind
from privacy.pseudonym import PseudonymisationDomain
from privacy.purposes import Policy
from privacy.store.audit import append_entry
from privacy.store.audit_checkpoint import add_checkpoint
from privacy.store.audit_proof import give_receipt
from privacy.store.epoch import current_epoch
from privacy.store.ledger import is_owing
from privacy.store.policy import find_policy
from privacy.store.unwrap import keep_tally
from privacy.terms import DomainName, EntityKind, KeyId, PrincipalId
from privacy.verifier import VerifierKey

Clock = Callable[[], datetime]
Reached = Callable[[str], None]


def _unreported(_step: str) -> None:
    """Let a step pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """One hub, built: its stores, its keys' names and its clock. Nothing here decides; see `hub.views.gateway`.

    `reached` is told each named step of an act that spans stores, for the crash tests.
    """

    settings: Settings
    engine: Engine
    keystore: SqlKeyStore
    lake: Lake
    instance: bytes
    clock: Clock
    anchoring: Anchoring
    ledger: Shipping
    reached: Reached = _unreported
    watch: EpochWatch = field(default_factory=EpochWatch, compare=False, repr=False)
    doorkeeper: Doorkeeper = field(default_factory=Doorkeeper, compare=False, repr=False)
    memory: Memory = field(default_factory=Memory, compare=False, repr=False)

    @contextmanager
    def unit_of_work(self) -> Iterator[Session]:
        """Open a write transaction; what it enters in the ledger is in key store and copy outside when this returns."""
        with self.owing_unit_of_work() as session:
            yield session
        if is_owing(session):
            self.reached("ledger_owed")
            self.ledger.ship()

    @contextmanager
    def owing_unit_of_work(self) -> Iterator[Session]:
        """Open a write transaction whose caller calls `ledger.ship` before anything of it is acknowledged."""
        with unit_of_work(self.engine) as session:
            epoch = self.watch.look(session)
            yield session
            epoch = current_epoch(session) if is_owing(session) else epoch
        self.watch.note(epoch)

    @contextmanager
    def accounted(self) -> Iterator[Session]:
        """Open a write transaction that also keeps how many keys this process has unwrapped so far."""
        tally = self.keystore.unwraps.due()
        with self.unit_of_work() as session:
            keep_tally(session, tally, at=self.clock())
            yield session
        self.keystore.unwraps.kept(tally)

    def keep_unwraps(self) -> None:
        """Keep how many keys this process has unwrapped, where it writes nothing that would keep it."""
        if self.keystore.unwraps.due():
            with self.accounted():
                pass

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a read transaction on the control database."""
        with reading(self.engine) as session:
            self.watch.look(session)
            yield session

    def named_key(self, kind: KeyKind, name: str, version: int = 1) -> Key:
        """Return one of the hub's own keys.

        Raises:
            KeyNotFound: the key store has none of that name.

        """
        key = self.keystore.find_named(kind, name, version)
        if key is None:
            raise KeyNotFound(KeyId(f"{kind}:{name}".encode()))
        return key

    def domain(self, name: DomainName) -> PseudonymisationDomain:
        """Return a pseudonymisation domain with its present secret.

        Raises:
            AccessRefused: it is not valid now.

        """
        return self.domains.current(name, at=self.clock())

    @property
    def domains(self) -> Domains:
        """The pseudonymisation domains of the policy in force."""
        return Domains(read_only=self.reading, named_key=self.named_key)

    def policy(self) -> Policy:
        """Return the governing policy."""
        with self.reading() as session:
            policy = find_policy(session)
        if policy is None:
            raise HomeUnsafe("the policy", "none has been applied", "Run `varde init`")
        return policy

    @property
    def origin(self) -> str:
        """The name of this hub's audit log."""
        return log_name(self.instance)

    def audit(self, session: Session, action: str, actor: PrincipalId, fields: AuditFields) -> int:
        """Append an audit entry in the caller's transaction."""
        return append_entry(session, action, at=self.clock(), actor=actor, fields=fields)

    def checkpoint(self) -> str | None:
        """Sign the audit log's present head, once the anchors were looked at: a log rolled back is not signed again."""
        self.anchoring.compare_once()
        key = self.named_key(KeyKind.SIGNING, "audit")
        with self.accounted() as session:
            return add_checkpoint(session, self.origin, key, at=self.clock())

    def receipt(self, number: int) -> str:
        """Sign the promise that the audit entry of that number keeps its place.

        Raises:
            EntryNotFound: no such entry.

        """
        key = self.named_key(KeyKind.SIGNING, "audit")
        with self.reading() as session:
            return give_receipt(session, number, self.origin, key, at=self.clock())

    def verifier_key(self) -> VerifierKey:
        """Return the public key that an auditor is given."""
        return verifier_key(self.origin, self.named_key(KeyKind.SIGNING, "audit"))

    def ports(self, principal: PrincipalId) -> Ports:
        """Build what the ingest pipeline needs, acting as a principal."""
        return Ports(
            unit_of_work=self.unit_of_work,
            read_only=self.reading,
            keys=self.keystore,
            lake=LakePort(self.lake),
            indexes=self.indexes(),
            suppression=suppression_index(self.keystore),
            instance=self.instance,
            audit=self.audit,
            clock=self.clock,
            principal=principal,
            purpose_versions={purpose.id: purpose.version for purpose in self.policy().purposes},
            matching=matching_of(self.keystore, self.reading, self.settings),
            organisations=matching_of(self.keystore, self.reading, self.settings, EntityKind.ORGANISATION),
            reached=self.reached,
        )

    def indexes(self) -> Indexes:
        """Return the blind indexes under the hub's index key."""
        return Indexes(self.named_key(KeyKind.INDEX, "identity"))


def open_hub(settings: Settings, *, clock: Clock = wall_clock.now, reached: Reached = _unreported) -> Hub:
    """Build the hub of a home; `reached` is told each named step, the lake's too.

    Raises:
        RestorePending: one of its databases was restored, and the ledger was not replayed since.
        ServiceUnreachable: the ledger's copy outside cannot be reached, so nobody knows.
        HomeUnsafe, KekUnavailable, SettingsInvalid: see `open_restored`.

    """
    if settings.restore_marker.exists():
        raise RestorePending("the home")
    hub = open_restored(settings, clock=clock, reached=reached)
    with closed_on_failure(hub.engine, hub.keystore.engine):
        hub.ledger.verify()
    return hub


def open_restored(settings: Settings, *, clock: Clock = wall_clock.now, reached: Reached = _unreported) -> Hub:
    """Build a hub without asking whether it was restored: for the restore itself, and for nobody else.

    Raises:
        HomeUnsafe: there is no home, it was made by a newer version, or its schema is behind.
        KekUnavailable: the key-encryption key cannot be read.
        SettingsInvalid: the provider that VARDE_KEK names cannot be made.

    """
    if settings.database_url.startswith("sqlite") and not settings.home.is_dir():
        raise HomeUnsafe("the home", "there is none yet", "Run `varde init` first, or set VARDE_HOME")
    engine, key_engine = engine_of(settings.database_url), engine_of(settings.keystore_url)
    verify_newest(engine, "control")
    verify_newest(key_engine, "keystore")
    with reading(engine) as session:
        instance, made_with = session.execute(select(col(InstanceRow.instance_id), col(InstanceRow.matching))).one()
    keystore = SqlKeyStore(key_engine, kek_of(settings.kek), instance=instance, clock=clock)
    return Hub(
        settings=replace(settings, matching=settings.matching or made_with),
        engine=engine,
        keystore=keystore,
        lake=lake_of(settings, engine, keystore, instance, reached=reached),
        instance=instance,
        clock=clock,
        anchoring=Anchoring(anchors_of(settings), _audit_log(engine, keystore, instance, clock)),
        ledger=Shipping(
            read_only=partial(reading, engine),
            keys=KeyStoreLedger(key_engine),
            names_of=names_of,
            copy=copy_of(settings.ledger_copy, instance, keystore, origin=log_name(instance)),
        ),
        reached=reached,
    )


def lake_of(
    settings: Settings, engine: Engine, keystore: SqlKeyStore, instance: bytes, *, reached: Reached = _unreported
) -> Lake:
    """Build the sealed lake over the local disk."""
    return Lake(
        files=LocalFileStore(settings.lake_root, reached),
        keys=keystore,
        unit_of_work=partial(unit_of_work, engine),
        read_only=partial(reading, engine),
        schema_of=_schema_of,
        instance_id=instance,
        reached=reached,
    )


def _audit_log(engine: Engine, keystore: SqlKeyStore, instance: bytes, clock: Clock) -> AuditLog:
    """Give anchoring the log and its public key; the key is opened when it is needed."""

    def public_key() -> VerifierKey:
        return verifier_key(log_name(instance), audit_key(keystore))

    return AuditLog(
        unit_of_work=partial(unit_of_work, engine),
        read_only=partial(reading, engine),
        public_key=public_key,
        clock=clock,
    )


def log_name(instance: bytes) -> str:
    """Name the first audit log of a hub."""
    return f"varde/{instance.hex()}"


def _schema_of(table: str) -> pl.Schema:
    return lake_table_of(table).schema

"""Replaying the ledger over databases that were restored: afterwards nobody erased opens, and every no stands again.

In this order, each step repeatable:
1. the key store takes in what the copy outside and the control database know, then destroys every key whose owner was
   ever erased, and the keys of lake files that were purged: an old key store had them back;
2. files of the catalogue whose keys are gone for good mean that control database and key store are not of one backup:
   then it ends here, and the hub stays closed;
3. one transaction of the control database: the epoch goes on beyond what the ledger knows, the erasures it had
   forgotten are intended anew, acts and suppressions it had forgotten are entered anew, with their own instants;
4. the erasures are carried out, in the lake too.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.erasing import roll_forward
from hub.errors import RestoreUnfit
from hub.lake import catalogue
from hub.lake.terms import FileState
from hub.views.registry import revoke_restored
from ingest.store.name import remember_names
from privacy.audit import AuditFields
from privacy.consent import ConsentEvent
from privacy.store.audit import entries as audited
from privacy.store.consent import Act, append_acts
from privacy.store.epoch import advance_epoch, bump_epoch_for_all
from privacy.store.erasure import intend_erasure, is_known, tombstones
from privacy.store.ledger import ERASED, START, LedgerEntry, unknown_of
from privacy.store.principal import revoke
from privacy.store.revocation import Revocation, note_revocation, of_kind
from privacy.store.subject_token import revoke_subject_tokens
from privacy.store.suppression import restore_entries
from privacy.terms import ActChannel, ConsentAct, KeyId, PrincipalId, PurposeId, RecordId, random_id

_AT_ONCE: Final = 10_000
_FOR_EVER: Final = datetime.max.replace(tzinfo=UTC)
_ACTS: Final = frozenset(ConsentAct)
_OWN: Final = ("restore.", "erasure.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a replay brought back into force; `known_until` is when what was restored ends.

    The ledger has erasures, acts of consent, suppressions and what was revoked, and nothing else: a correction, a
    subject request, a legal hold or a stated wish made after `known_until` is lost.
    """

    acts: int
    records_erased: int
    keys_destroyed: int
    erasures_finished: int
    credentials: int = 0
    views: int = 0
    policies: int = 0
    known_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Entered:
    """What one transaction entered again: acts, erased records, credentials and views revoked, policies forgotten."""

    acts: int
    erased: int
    credentials: int
    views: int
    policies: int


def replay(hub: Hub, by: PrincipalId) -> Replayed:
    """Replay the ledger over a restored hub.

    Raises:
        RestoreUnfit: keys of the lake's files are gone for good: restore the key store of the same backup.
        ProofRejected: the copy outside was changed.
        ErasureWaiting: everybody is closed; `varde erase --finish` does the rest.

    """
    known_until = _known_until(hub)
    keys = _set_keystore_right(hub)
    hub.reached("replay_keys_destroyed")
    _verify_lake_opens(hub)
    with hub.lake.unit_of_work() as session:  # saved with the database; who held them read another copy of it
        catalogue.end_expired_leases(session, at=_FOR_EVER)
    entered = _replay_control(hub, hub.ledger.keys.after(START), by)
    hub.reached("replay_entered")
    finished = roll_forward(hub, by)
    hub.ledger.verify()
    return Replayed(
        acts=entered.acts,
        records_erased=entered.erased,
        keys_destroyed=keys,
        erasures_finished=finished,
        credentials=entered.credentials,
        views=entered.views,
        policies=entered.policies,
        known_until=known_until,
    )


def _known_until(hub: Hub) -> datetime | None:
    """Return the instant of the newest entry of the restored audit log, those of a replay that broke off left out."""
    with hub.reading() as session:
        found = audited(session)
    return next((entry.at for _, entry in found if not entry.action.startswith(_OWN)), None)


def _set_keystore_right(hub: Hub) -> int:
    """Bring the key store to what is known anywhere; return how many keys were back."""
    copy = hub.ledger.copy
    if copy is not None and copy.begun:
        outside = list(copy.entries())
        for start in range(0, len(outside), _AT_ONCE):
            hub.ledger.keys.absorb(outside[start : start + _AT_ONCE])
    hub.ledger.absorb_all()
    destroyed = hub.ledger.keys.shred_erased()
    with hub.lake.read_only() as session:
        purged = [file.key_id for file in catalogue.files_of(session, states=[FileState.PURGED])]
    return destroyed + hub.keystore.shred(purged)


def _verify_lake_opens(hub: Hub) -> None:
    with hub.lake.read_only() as session:
        files = catalogue.files_of(session, states=[FileState.LIVE, FileState.STAGED])
    there = hub.keystore.present([KeyId(file.key_id) for file in files])
    missing = sum(file.key_id not in there for file in files)
    if missing:
        raise RestoreUnfit(
            f"the keys of {missing} of {len(files)} files of the lake were destroyed since this control database was "
            "saved",
            "Restore the key store and the lake of the same backup too; what the ledger holds is kept",
        )


def _replay_control(hub: Hub, entries: Sequence[LedgerEntry], by: PrincipalId) -> _Entered:
    """Enter what the control database had forgotten; an entry of the replay's own ends it."""
    with hub.unit_of_work() as session:
        forgotten = unknown_of(session, entries)
        acts = [each for each in forgotten if each.kind in _ACTS]
        closed = tombstones(session)
        erased = {each.ref: each for each in forgotten if each.kind == ERASED and each.ref not in closed}
        advance_epoch(session, max((each.epoch for each in entries), default=0))
        bump_epoch_for_all(session, kind="restore")
        _erase_again(hub, session, list(erased.values()), by)
        gone = closed | erased.keys()
        restore_entries(session, forgotten)
        _say_again(hub, session, [each for each in acts if each.ref not in gone], by)
        done = _Entered(len(acts), len(erased), *_revoke_again(hub, session, forgotten))
        if forgotten:
            note_revocation(session, Revocation.REPLAYED, [random_id()], at=hub.clock())
        counts = {"acts": done.acts, "erased": done.erased, "credentials": done.credentials, "views": done.views}
        fields = AuditFields(absent=counts | {"policies": done.policies}, outcome="replayed")
        hub.audit(session, "restore.replay", by, fields)
    return done


def _revoke_again(hub: Hub, session: Session, forgotten: Sequence[LedgerEntry]) -> tuple[int, int, int]:
    """Take away again what was taken away since: credentials, links, approvals; return how many of what.

    A credential that was bound anew may have lost something, so it goes as a whole. A policy that is not here any more
    cannot be brought back: every view that was approved before it is closed, until somebody applied it and approves.
    """
    at = hub.clock()
    gone = {PrincipalId(each.ref) for each in of_kind(forgotten, Revocation.CREDENTIAL, Revocation.REBOUND)}
    credentials = sum(revoke(session, principal, at=at) for principal in sorted(gone))  # few: one statement each
    revoke_subject_tokens(session, [RecordId(each.ref) for each in of_kind(forgotten, Revocation.LINKS)], at=at)
    named = [(each.detail, each.at) for each in of_kind(forgotten, Revocation.VIEW)]
    policies = of_kind(forgotten, Revocation.POLICY)
    closed = [*named, *((None, each.at) for each in policies)]
    views = sum(revoke_restored(session, name, approved_by=until, at=at) for name, until in closed)
    return credentials, views, len(policies)


def _erase_again(hub: Hub, session: Session, entries: Sequence[LedgerEntry], by: PrincipalId) -> None:
    by_erasure: defaultdict[bytes, list[RecordId]] = defaultdict(list)
    for each in entries:
        by_erasure[each.erasure_id].append(RecordId(each.ref))
    for erasure_id, records in by_erasure.items():
        again = random_id() if is_known(session, erasure_id) else erasure_id
        intend_erasure(session, again, records, by=by, at=hub.clock())


def _say_again(hub: Hub, session: Session, entries: Sequence[LedgerEntry], by: PrincipalId) -> None:
    """Enter acts with their own instants; a record that the database has never heard of is named first."""
    at = hub.clock()
    remember_names(session, {RecordId(each.ref): each.detail for each in entries if each.detail}, at=at)
    acts = [
        Act(
            record_id=RecordId(each.ref),
            purpose=PurposeId(each.purpose),
            event=ConsentEvent(act=ConsentAct(each.kind), at=min(each.at, at), channel=ActChannel(each.channel)),
            actor=by,
            purpose_version=0,
        )
        for each in entries
    ]
    for start in range(0, len(acts), _AT_ONCE):
        append_acts(session, acts[start : start + _AT_ONCE], recorded_at=at)

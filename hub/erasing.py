"""Erasure across two databases and the lake, in an order that a crash can only pause.

1. the control database commits tombstones, the epoch, the intent and what the person is known again by: nobody reads
   the person from here on, and no delivery brings them back;
2. one key-store transaction writes the ledger and destroys the keys: whatever copies remain are closed for good;
3. the control database's rows and the lake's rows go, the old files' keys are destroyed, completion is noted.
Start-up rolls 2 and 3 forward, never back; only after 3 is the erasure certified. A delivery that was being taken in
during 3 may still write what it holds in memory: then 2 and 3 are done once more when it has ended. Until then the
names of the records stay: it may have refused a row of theirs, and only the key finds a row in quarantine.

A delivery that brings an erased person under another key intends the erasure of what that key named
(`ingest.pipeline.returned`); `roll_forward` takes it up: it counts, tells recipients, and carries it out.

Many people are erased together: some hundred in each transaction of 1, and 3 rewrites the lake once for all of them.
Whoever is under a legal hold is not erased (Article 17(3)(e)): they can be restricted until it ends.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.consents import Subject
from hub.erasure.carrying import carry_out
from hub.erasure.certificate import Certificate
from hub.erasure.portrait import Portrait, take_portrait
from hub.erasure.rules import count_in_lake
from hub.errors import AccessRefused, HubError
from hub.lake.erasure import RowCount
from hub.lake.errors import LakeFileRefused
from hub.predictions.retraining import RETRAIN_WITHIN
from hub.predictions.store import mark_for_retraining
from hub.recipients.store import NoticeKind
from hub.recipients.telling import Deed, enqueue_notices
from hub.retention.holds import holds_on
from hub.suppression.evidence import evidence_of
from hub.suppression.suppress import suppress
from privacy.audit import AuditFields
from privacy.store.epoch import lock_epoch
from privacy.store.erasure import RETURNED, OpenErasure, intend_erasure, open_erasures, take_up
from privacy.store.principal import Principal
from privacy.terms import PrincipalId, RecordId, Role, random_id

PEOPLE_AT_ONCE: Final = 250
"""People of one transaction: it holds the lock for a fraction of a second."""

_RESTRICT: Final = "Restrict the person until it ends: `varde hold list`, `varde consent restrict`"
_MAY_ERASE: Final = frozenset({Role.OWNER, Role.DPO})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an erasure would do: the parts of the entity, and rows by table of the control database and of the lake.

    `kept` names what stays, and on which ground, `kept_rows` counts it by table; `lake` is None where a file of it
    cannot be read now; `held` is whether a legal hold forbids the erasure.
    """

    records: int
    rows: dict[str, int]
    kept: dict[str, str]
    kept_rows: dict[str, int]
    lake: dict[str, RowCount] | None
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What erasing many people did: how many were erased, how many a legal hold kept, and the certificates."""

    people: int
    held: int
    certificates: tuple[Certificate, ...]


def plan(hub: Hub, subject: Subject, by: Principal) -> Plan:
    """Show what erasing a subject would do; changes nothing."""
    _verify_role(by)
    found = take_portrait(hub, subject.records)
    held = bool(_held(hub, [subject]))
    return Plan(
        records=len(subject.records),
        rows=dict(found.rows),
        kept=dict(found.kept),
        kept_rows=dict(found.kept_rows),
        lake=_in_lake(hub, subject),
        held=held,
    )


def erase(hub: Hub, subject: Subject, by: Principal) -> Certificate:
    """Erase every part of a subject.

    Raises:
        AccessRefused: the role may not erase, or a legal hold forbids it.
        LakeFileRefused: a file cannot be rewritten; the person is closed already, start-up finishes the rest.
        ErasureWaiting: a long read or a delivery on its way in must end first; likewise.

    """
    _verify_role(by)
    subject.verify_one_person()
    erasure = None if _held(hub, [subject]) else _intend(hub, [subject], by)
    if erasure is None:
        raise AccessRefused("legal_hold", _RESTRICT)
    return carry_out(hub, [erasure], by.principal_id)[0]


def erase_many(hub: Hub, subjects: Sequence[Subject], by: Principal) -> Batch:
    """Erase many people with one rewrite of the lake; who is under a legal hold is left out and counted.

    Of some hundred who are closed in one transaction, a hold that comes while they are prepared keeps all: ask again.

    Raises:
        AccessRefused: the role may not erase, or one of the subjects is several persons.
        HubError: as `erase`; everybody is closed already.

    """
    _verify_role(by)
    for subject in subjects:
        subject.verify_one_person()
    held = _held(hub, subjects)
    free = [subject for number, subject in enumerate(subjects) if number not in held]
    intended = [(some, _intend(hub, some, by)) for some in _groups(free)]
    people = sum(len(some) for some, erasure in intended if erasure is not None)
    certificates = carry_out(hub, [erasure for _, erasure in intended if erasure is not None], by.principal_id)
    return Batch(people=people, held=len(subjects) - people, certificates=tuple(certificates))


def roll_forward(hub: Hub, by: PrincipalId) -> int:
    """Finish every erasure that a crash interrupted, all together; return how many.

    Raises:
        HubError: one of them cannot be finished now; the others are.

    """
    with hub.reading() as session:
        unfinished = open_erasures(session)
    taken = [_taken_up(hub, each, by) if each.counts == RETURNED else each for each in unfinished]
    unfinished = [each for each in taken if each is not None]
    try:
        return len(carry_out(hub, unfinished, by))
    except HubError:
        if len(unfinished) <= 1:
            raise
    faults = []
    for each in unfinished:  # one file that cannot be read must not keep all others waiting
        try:
            carry_out(hub, [each], by)
        except HubError as fault:
            faults.append(fault)
    if faults:
        raise faults[0]
    return len(unfinished)


def pending(session: Session) -> int:
    """Count the erasures that are not completed."""
    return len(open_erasures(session))


def _in_lake(hub: Hub, subject: Subject) -> dict[str, RowCount] | None:
    """Count the lake's rows; a file that cannot be read keeps nobody from being erased."""
    try:
        return count_in_lake(hub.lake, subject.records)
    except LakeFileRefused:
        return None


def _intend(hub: Hub, subjects: Sequence[Subject], by: Principal) -> OpenErasure | None:
    """Close some people at once, with what the certificate will tell and what they are known again by.

    None, and nothing is done, if a legal hold has come since it was looked for.
    """
    records = [record for subject in subjects for record in subject.records]
    evidence = evidence_of(hub, [subject.records for subject in subjects], by)
    found: Portrait = take_portrait(hub, records)
    erasure_id, at = random_id(), hub.clock()
    with hub.unit_of_work() as session:
        lock_epoch(session)  # whoever places a hold waits for this, or is seen here
        if holds_on(session, records, at=at):
            return None
        intend_erasure(session, erasure_id, records, by=by.principal_id, at=at, counts=found.text)
        suppress(hub, session, evidence, reason="erasure", by=by)
        fields = AuditFields(erasure=erasure_id, records=tuple(records), outcome="intended")
        hub.audit(session, "erasure.intent", by.principal_id, fields)
        erasure = OpenErasure(erasure_id=erasure_id, records=records, counts=found.text)
        _tell(hub, session, erasure, found, by.principal_id)
    hub.reached("erasure_intended")
    return erasure


def _taken_up(hub: Hub, erasure: OpenErasure, by: PrincipalId) -> OpenErasure | None:
    """Count what a delivery closed, and tell of it; None while a legal hold keeps the rows: they are closed already."""
    with hub.reading() as session:
        if holds_on(session, erasure.records, at=hub.clock()):
            return None
    found = take_portrait(hub, erasure.records)
    with hub.unit_of_work() as session:
        lock_epoch(session)
        if holds_on(session, erasure.records, at=hub.clock()):
            return None
        if take_up(session, erasure.erasure_id, found.text):
            _tell(hub, session, erasure, found, by)
    hub.reached("erasure_taken_up")
    return replace(erasure, counts=found.text)


def _tell(hub: Hub, session: Session, erasure: OpenErasure, found: Portrait, by: PrincipalId) -> None:
    """Mark the models that learned from the records, and tell recipients, in the caller's transaction."""
    until = hub.clock() + RETRAIN_WITHIN
    mark_for_retraining(session, [bytes.fromhex(model) for model in found.models], by=until)
    deed = Deed(kind=NoticeKind.ERASURE, act_id=erasure.erasure_id, records=erasure.records, by=by)
    enqueue_notices(hub, session, deed)  # while the crosswalk knows by which names recipients know them


def _groups(subjects: Sequence[Subject]) -> Iterator[Sequence[Subject]]:
    return (subjects[start : start + PEOPLE_AT_ONCE] for start in range(0, len(subjects), PEOPLE_AT_ONCE))


def _held(hub: Hub, subjects: Sequence[Subject]) -> set[int]:
    """Return the places of those subjects whom a legal hold keeps."""
    at = hub.clock()
    with hub.reading() as session:
        everybody: list[RecordId] = [record for subject in subjects for record in subject.records]
        if not holds_on(session, everybody, at=at):
            return set()
        return {place for place, each in enumerate(subjects) if holds_on(session, each.records, at=at)}


def _verify_role(by: Principal) -> None:
    if by.role not in _MAY_ERASE:
        raise AccessRefused("role_may_not_erase", "Ask the DPO or the owner")

"""Erasure across two databases and the lake, in an order that a crash can only pause.

1. the control database commits tombstones, the epoch, the intent and what the person is known again by: nobody reads
   the person from here on, and no delivery brings them back;
2. one key-store transaction writes the ledger and destroys the keys: whatever copies remain are closed for good;
3. the control database's rows and the lake's rows go, the old files' keys are destroyed, completion is noted.
Start-up rolls 2 and 3 forward, never back; only after 3 is the erasure certified. A delivery that was being taken in
during 3 may still write what it holds in memory: then 2 and 3 are done once more when it has ended. Until then the
names of the records stay: it may have refused a row of theirs, and only the key finds a row in quarantine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from hub.compose import Hub
from hub.consents import Subject
from hub.database.journal import truncate_journal
from hub.errors import AccessRefused, ErasureWaiting, HubError
from hub.lake.catalogue import awaiting_purge
from hub.lake.erasure import ErasureRule, RowRule
from hub.lake.erasure import erase as erase_in_lake
from hub.lake.purge import purge
from hub.suppression.evidence import evidence_of
from hub.suppression.suppress import suppress
from ingest.canonical.catalogue import LAKE_TABLES
from ingest.canonical.table import Erasure as TableErasure
from ingest.pipeline.recovery import abort_expired
from ingest.store.batch import BatchState, in_state
from ingest.store.erasure import count_rows, delete_names, delete_records
from privacy.audit import AuditFields
from privacy.instant import microseconds_of
from privacy.store.erasure import COMPLETED, SHREDDED, intend_erasure, note_state, open_erasures
from privacy.store.principal import Principal
from privacy.store.subject_token import delete_subject_tokens
from privacy.terms import PrincipalId, RecordId, Role, random_id

_MAY_ERASE: Final = frozenset({Role.OWNER, Role.DPO})


class DeliveryArriving(ErasureWaiting):
    """The person is closed and everything at rest is gone; a delivery on its way in may still hold a row of theirs."""

    def __init__(self, erasure_id: bytes) -> None:
        HubError.__init__(
            self,
            f"erasure {erasure_id.hex()}: nobody can read the person any more, but a delivery is being taken in that "
            "may hold a row of theirs. Run `varde erase --finish` when it has ended",
        )
        self.erasure_id = erasure_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an erasure would do: the parts of the entity, and rows by table of the control database.

    `kept` names the lake tables whose rows stay without the person, and why.
    """

    records: int
    rows: dict[str, int]
    kept: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What an erasure did, after every step of it is durable."""

    erasure_id: bytes
    records: int
    keys: dict[str, int]
    rows_deleted: int
    rows_blanked: int
    lake_files_replaced: int


def plan(hub: Hub, subject: Subject, by: Principal) -> Plan:
    """Show what erasing a subject would do; changes nothing."""
    _verify_role(by)
    with hub.reading() as session:
        rows = count_rows(session, subject.records)
    kept = {
        table.name: "the fact stays without the person"
        for table in LAKE_TABLES.values()
        if table.erasure is TableErasure.CLEAR_PERSON
    }
    return Plan(records=len(subject.records), rows=rows, kept=kept)


def erase(hub: Hub, subject: Subject, by: Principal) -> Certificate:
    """Erase every part of a subject.

    Raises:
        AccessRefused: the role may not erase.
        LakeFileRefused: a file cannot be rewritten; the person is closed already, start-up finishes the rest.
        ErasureWaiting: a long read or a delivery on its way in must end first; likewise.

    """
    _verify_role(by)
    subject.verify_one_person()
    evidence = evidence_of(hub, [subject.records], by)
    erasure_id, at = random_id(), hub.clock()
    with hub.unit_of_work() as session:
        intend_erasure(session, erasure_id, subject.records, by=by.principal_id, at=at)
        suppress(hub, session, evidence, reason="erasure", by=by)
        fields = AuditFields(erasure=erasure_id, records=subject.records, outcome="intended")
        hub.audit(session, "erasure.intent", by.principal_id, fields)
    hub.reached("erasure_intended")
    return _carry_out(hub, erasure_id, subject.records, by.principal_id)


def roll_forward(hub: Hub, by: PrincipalId) -> int:
    """Finish every erasure that a crash interrupted; return how many.

    Raises:
        HubError: one of them cannot be finished now; the others are.

    """
    with hub.reading() as session:
        unfinished = open_erasures(session)
    faults = []
    for erasure_id, records in unfinished:
        try:
            _carry_out(hub, erasure_id, records, by)
        except HubError as fault:
            faults.append(fault)
    if faults:
        raise faults[0]
    return len(unfinished)


def _carry_out(hub: Hub, erasure_id: bytes, records: Sequence[RecordId], by: PrincipalId) -> Certificate:
    """Take steps 2 and 3; each can be repeated."""
    keys = hub.keystore.erase(erasure_id, records, at_us=microseconds_of(hub.clock()))
    hub.reached("erasure_shredded")
    abort_expired(hub.ports(by))
    with hub.unit_of_work() as session:
        note_state(session, erasure_id, SHREDDED)
        arriving = in_state(session, BatchState.STAGED)
        delete_records(session, records)
        if not arriving:
            delete_names(session, records)
        delete_subject_tokens(session, records)
    hub.reached("erasure_rows_deleted")
    outcome = erase_in_lake(hub.lake, records, lake_rules(), operation_id=erasure_id)
    purge(hub.lake)
    hub.reached("erasure_lake_rewritten")
    with hub.reading() as session:
        kept_by_readers = awaiting_purge(session, up_to=outcome.seq)
    if kept_by_readers or not (truncate_journal(hub.engine) and hub.keystore.truncate_journal()):
        raise ErasureWaiting(erasure_id)
    if arriving:
        raise DeliveryArriving(erasure_id)
    hub.reached("erasure_journal_emptied")
    with hub.unit_of_work() as session:
        note_state(session, erasure_id, COMPLETED, at=hub.clock())
        fields = AuditFields(erasure=erasure_id, rows=outcome.rows_deleted + outcome.rows_blanked, outcome="completed")
        hub.audit(session, "erasure.complete", by, fields)
    hub.reached("erasure_completed")
    return Certificate(
        erasure_id=erasure_id,
        records=len(records),
        keys=dict(keys),
        rows_deleted=outcome.rows_deleted,
        rows_blanked=outcome.rows_blanked,
        lake_files_replaced=outcome.files_replaced,
    )


def lake_rules() -> list[ErasureRule]:
    """Say for every canonical table what erasing a record means: delete the row, or take the person out of it."""
    rules = []
    for table in LAKE_TABLES.values():
        then = RowRule.DELETE if table.erasure is TableErasure.DELETE_ROW else RowRule.BLANK
        rules.append(ErasureRule(table=table.name, then=then))
        if any(column.name == "employee" for column in table.columns):
            rules.append(ErasureRule(table=table.name, then=RowRule.BLANK, matched_by="employee", blank=("employee",)))
    return rules


def _verify_role(by: Principal) -> None:
    if by.role not in _MAY_ERASE:
        raise AccessRefused("role_may_not_erase", "Ask the DPO or the owner")


def pending(session: Session) -> int:
    """Count the erasures that are not completed."""
    return len(open_erasures(session))

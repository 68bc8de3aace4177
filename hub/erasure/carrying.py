"""Carrying erasures out, any number together: keys, rows, one rewrite of the lake for all, and the certificates.

Rules kept here:
- every step can be repeated, and each erasure takes each step in a transaction of its own: the lock is held for some
  hundred people at a time, however many there are;
- the lake is rewritten once for all of them, file by file, in bounded memory;
- one that must wait (for a long reader, for a delivery on its way in) keeps all that were carried out with it waiting;
  all of them are closed already.
"""

from collections.abc import Sequence

from hub.compose import Hub
from hub.database.journal import truncate_journal
from hub.erasure.certificate import Certificate, Done, certify
from hub.erasure.portrait import portrait_of
from hub.erasure.reach import count_kept, delete_rest
from hub.erasure.rules import lake_rules
from hub.errors import DeliveryArriving, ErasureWaiting
from hub.identification.store import delete_challenges
from hub.lake.catalogue import awaiting_purge
from hub.lake.erasure import ErasureOutcome
from hub.lake.erasure import erase as erase_in_lake
from hub.lake.purge import purge
from hub.recipients.store import notices_of_acts
from ingest.pipeline.recovery import abort_expired
from ingest.store.batch import REBUILD, BatchState, in_state
from ingest.store.erasure import delete_names, delete_records
from privacy.audit import AuditFields
from privacy.instant import microseconds_of
from privacy.store.erasure import COMPLETED, SHREDDED, OpenErasure, keep_certificate, note_state
from privacy.store.subject_token import delete_subject_tokens
from privacy.terms import PrincipalId


def carry_out(hub: Hub, erasures: Sequence[OpenErasure], by: PrincipalId) -> list[Certificate]:
    """Carry out erasures that are intended already; each step can be repeated.

    Raises:
        LakeFileRefused: a file cannot be rewritten; everybody is closed already, start-up finishes the rest.
        ErasureWaiting: a long read or a delivery on its way in must end first; likewise.

    """
    if not erasures:
        return []
    for each in erasures:
        hub.keystore.erase(each.erasure_id, each.records, at_us=microseconds_of(hub.clock()))
        hub.ledger.keys.forget_details(each.records)
        hub.reached("erasure_shredded")
    abort_expired(hub.ports(by))
    arriving = sum(_delete_rows(hub, each) for each in erasures)  # of every one, whatever the first says
    everybody = [record for each in erasures for record in each.records]
    outcome = erase_in_lake(hub.lake, everybody, lake_rules(), operation_id=erasures[0].erasure_id)
    purge(hub.lake)
    hub.reached("erasure_lake_rewritten")
    with hub.reading() as session:
        kept_by_readers = awaiting_purge(session, up_to=outcome.seq)
    if kept_by_readers or not (truncate_journal(hub.engine) and hub.keystore.truncate_journal()):
        raise ErasureWaiting(erasures[0].erasure_id)
    if arriving:
        raise DeliveryArriving(erasures[0].erasure_id)
    hub.reached("erasure_journal_emptied")
    return [_complete(hub, each, (outcome, len(erasures)), by) for each in erasures]


def _delete_rows(hub: Hub, erasure: OpenErasure) -> bool:
    """Delete one erasure's rows; say whether a delivery on its way in may still bring some."""
    with hub.unit_of_work() as session:
        note_state(session, erasure.erasure_id, SHREDDED)
        # A rebuild of matching brings no rows, and writes nothing of who is closed.
        arriving = any(each.contract != REBUILD for each in in_state(session, BatchState.STAGED))
        delete_records(session, erasure.records)
        if not arriving:
            delete_names(session, erasure.records)
        delete_subject_tokens(session, erasure.records)
        delete_challenges(session, list(erasure.records))
        delete_rest(session, erasure.records)
    hub.reached("erasure_rows_deleted")
    return arriving


def _complete(hub: Hub, erasure: OpenErasure, lake: tuple[ErasureOutcome, int], by: PrincipalId) -> Certificate:
    outcome, together = lake
    at, rows = hub.clock(), outcome.rows_deleted + outcome.rows_blanked
    figures = {
        "rows_deleted": outcome.rows_deleted,
        "rows_blanked": outcome.rows_blanked,
        "files_replaced": outcome.files_replaced,
    }
    with hub.reading() as session:
        told = notices_of_acts(session, [erasure.erasure_id])
        kept = count_kept(session, erasure.records)
    done = Done(
        erasure_id=erasure.erasure_id,
        records=erasure.records,
        portrait=portrait_of(erasure.counts),
        at=at,
        together=together,
        lake=figures,
        tables=outcome.tables,
        kept_rows=kept,
        told=told,
    )
    certificate = certify(hub, done)
    with hub.unit_of_work() as session:
        note_state(session, erasure.erasure_id, COMPLETED, at=at)
        keep_certificate(session, erasure.erasure_id, certificate.note)
        fields = AuditFields(erasure=erasure.erasure_id, rows=rows, outcome="completed")
        hub.audit(session, "erasure.complete", by, fields)
    hub.reached("erasure_completed")
    return certificate

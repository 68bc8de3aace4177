"""The acts of the ledger as their receipts speak of them; also those of a batch that has no effect yet."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import select
from sqlmodel import Session, col

from privacy.purposes import Purpose
from privacy.receipt import RecordedAct
from privacy.store.consent import act_of_row
from privacy.store.policy import applied_policies
from privacy.tables.consent import ConsentEventRow
from privacy.tables.notice import NoticeRow
from privacy.terms import RecordId


def recorded_acts(session: Session, records: Iterable[RecordId]) -> list[RecordedAct]:
    """Read every act of some records, newest first."""
    chosen = [bytes(record) for record in records]
    query = select(ConsentEventRow).where(col(ConsentEventRow.record_id).in_(chosen))
    order = (col(ConsentEventRow.at).desc(), col(ConsentEventRow.recorded_at).desc(), col(ConsentEventRow.event_id))
    return [_recorded(row) for row in session.execute(query.order_by(*order)).scalars()]


def find_recorded_act(session: Session, receipt_id: bytes) -> RecordedAct | None:
    """Find the act of one receipt, with the hash of its notice."""
    query = select(ConsentEventRow).where(col(ConsentEventRow.event_id) == receipt_id)
    row = session.execute(query).scalar_one_or_none()
    if row is None:
        return None
    act = _recorded(row)
    return replace(act, notice_hash=_notice_hash_of(session, act))


def purpose_of(session: Session, act: RecordedAct) -> Purpose | None:
    """Return an act's purpose as it was worded when the act's version of it, under its notice, was first in force.

    Policies are only ever added, so this is the same whenever it is asked. Where no policy had that notice (an import
    of what was agreed elsewhere) the first wording of the version counts; None for every purpose, and for a version
    that was never in force here.
    """
    worded = [
        purpose
        for policy in applied_policies(session)
        for purpose in policy.purposes
        if (purpose.id, purpose.version) == (act.purpose, act.purpose_version)
    ]
    under = [purpose for purpose in worded if purpose.notice_version == act.event.notice_version]
    return next(iter([*under, *worded]), None)


def _notice_hash_of(session: Session, act: RecordedAct) -> bytes | None:
    """Return the hash of the notice that an act names, as it was kept when the person acted.

    Notices are only ever added, so this is the same whenever it is asked. None where none was kept by then, and where
    several texts were kept under one version: nothing tells which of them the person saw, and a receipt is no guess.
    """
    if act.event.notice_version is None:
        return None
    query = select(col(NoticeRow.notice_hash)).where(
        col(NoticeRow.purpose) == act.purpose,
        col(NoticeRow.purpose_version) == act.purpose_version,
        col(NoticeRow.notice_version) == act.event.notice_version,
        col(NoticeRow.kept_at) <= act.event.at,
    )
    found = session.execute(query.limit(2)).scalars().all()
    return bytes(found[0]) if len(found) == 1 else None


def _recorded(row: ConsentEventRow) -> RecordedAct:
    act = act_of_row(row)
    return RecordedAct(
        receipt_id=bytes(row.event_id),
        record_id=act.record_id,
        purpose=act.purpose,
        purpose_version=act.purpose_version,
        event=act.event,
        recorded_at=row.recorded_at,
        language=act.language,
    )

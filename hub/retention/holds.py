"""Legal holds: what must not be deleted although its time is over, who answers for that, why, and until when.

Rules kept here:
- a hold only grows by rows: placed once, lifted once, and it ends by itself on its date;
- what is held is asked at the moment of deleting, never remembered from a plan;
- a hold keeps from deletion and widens no read: what is over stays unseen (Art. 18(2): storage, for a legal claim).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlmodel import Session, col

from hub.compose import Hub
from hub.errors import AccessRefused, HubError
from hub.retention.tables import LegalHoldLiftRow, LegalHoldRecordRow, LegalHoldRow
from privacy.audit import AuditFields
from privacy.store.bulk import among_keys, insert_rows, select_among
from privacy.store.epoch import lock_epoch
from privacy.store.principal import Principal
from privacy.terms import PrincipalId, RecordId, Role, random_id

ANY_TABLE: Final = "*"
_MAY_HOLD: Final = frozenset({Role.OWNER, Role.DPO})
_OF_RECORDS: Final = select(col(LegalHoldRecordRow.hold_id), col(LegalHoldRecordRow.record_id)).where(
    among_keys(col(LegalHoldRecordRow.record_id))
)


class HoldNotFound(HubError):
    """No hold of this id runs."""

    def __init__(self, hold_id: bytes) -> None:
        super().__init__(f"no hold {hold_id.hex()} runs: never placed, ended or lifted; see `varde hold list`")
        self.hold_id = hold_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One hold; without `of_records` it covers everybody's rows. `table` is a table of the lake, or `*`."""

    hold_id: bytes
    owner: PrincipalId
    reason: str
    table: str = ANY_TABLE
    of_records: bool
    ends_at: datetime
    placed_at: datetime
    lifted_at: datetime | None = None

    def stands(self, *, at: datetime) -> bool:
        """Say whether it keeps from deletion at an instant; on its end it does not any more."""
        return self.lifted_at is None and at < self.ends_at

    def covers(self, table: str) -> bool:
        """Say whether it concerns a table."""
        return self.table in (ANY_TABLE, table)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHold:
    """What to hold: `records` of one person or several, none for everybody's."""

    owner: PrincipalId
    reason: str
    ends_at: datetime
    table: str = ANY_TABLE
    records: tuple[RecordId, ...] = ()


def place(hub: Hub, new: NewHold, by: Principal) -> bytes:
    """Place a hold and note it in the audit log; return its id.

    Raises:
        AccessRefused: the role may not, or the end is not in the future.
        AuditFieldRefused: the reason is no code.

    """
    _verify_role(by)
    hold_id, at = random_id(), hub.clock()
    if new.ends_at <= at:
        raise AccessRefused("hold_has_ended", "Say an end in the future; a hold without one would never be looked at")
    row = {
        "hold_id": hold_id,
        "owner": new.owner,
        "reason": new.reason,
        "table_name": new.table,
        "of_records": bool(new.records),
        "ends_at": new.ends_at,
        "placed_at": at,
        "placed_by": by.principal_id,
    }
    fields = AuditFields(
        act_id=hold_id,
        principal=new.owner,
        reason=new.reason,
        as_of=new.ends_at,
        records=new.records or None,
        columns=None if new.table == ANY_TABLE else (new.table,),
    )
    with hub.unit_of_work() as session:
        lock_epoch(session)  # a retention run looks at the holds under this lock, right before it replaces files
        insert_rows(session, LegalHoldRow, [row])
        insert_rows(session, LegalHoldRecordRow, [{"hold_id": hold_id, "record_id": each} for each in new.records])
        hub.audit(session, "hold.place", by.principal_id, fields)
    return hold_id


def lift(hub: Hub, hold_id: bytes, reason: str, by: Principal) -> None:
    """End a hold before its date.

    Raises:
        AccessRefused: the role may not.
        HoldNotFound: none of that id runs.

    """
    _verify_role(by)
    at = hub.clock()
    with hub.unit_of_work() as session:
        if hold_id not in {hold.hold_id for hold in standing_holds(session, at=at)}:
            raise HoldNotFound(hold_id)
        row = {"hold_id": hold_id, "reason": reason, "lifted_at": at, "lifted_by": by.principal_id}
        insert_rows(session, LegalHoldLiftRow, [row])
        hub.audit(session, "hold.lift", by.principal_id, AuditFields(act_id=hold_id, reason=reason))


def all_holds(session: Session) -> list[Hold]:
    """List every hold there ever was, oldest first."""
    lifts = select(col(LegalHoldLiftRow.hold_id), col(LegalHoldLiftRow.lifted_at))
    lifted = {row[0]: row[1] for row in session.execute(lifts).all()}
    rows = select(LegalHoldRow).order_by(col(LegalHoldRow.placed_at), col(LegalHoldRow.hold_id))
    return [_hold_of(row, lifted.get(row.hold_id)) for row in session.execute(rows).scalars()]


def standing_holds(session: Session, *, at: datetime) -> list[Hold]:
    """List the holds that keep something from deletion at an instant."""
    return [hold for hold in all_holds(session) if hold.stands(at=at)]


def holds_on(session: Session, records: Sequence[RecordId], *, at: datetime) -> list[Hold]:
    """List the standing holds that cover any of some records, those on everybody's rows among them.

    `records` are all of a person's: a hold that was placed on one of them covers the person.
    """
    named = {bytes(hold_id) for hold_id, _ in select_among(session, _OF_RECORDS, records)}
    return [hold for hold in standing_holds(session, at=at) if not hold.of_records or hold.hold_id in named]


def records_of_holds(session: Session, holds: Iterable[Hold]) -> dict[bytes, list[RecordId]]:
    """Return the records that each of some holds names; none for one on everybody's rows."""
    named: dict[bytes, list[RecordId]] = {hold.hold_id: [] for hold in holds}
    query = select(col(LegalHoldRecordRow.hold_id), col(LegalHoldRecordRow.record_id))
    for hold_id, record in session.execute(query.order_by(col(LegalHoldRecordRow.record_id))):
        if hold_id in named:
            named[hold_id].append(RecordId(record))
    return named


def _hold_of(row: LegalHoldRow, lifted_at: datetime | None) -> Hold:
    return Hold(
        hold_id=row.hold_id,
        owner=PrincipalId(row.owner),
        reason=row.reason,
        table=row.table_name,
        of_records=row.of_records,
        ends_at=row.ends_at,
        placed_at=row.placed_at,
        lifted_at=lifted_at,
    )


def _verify_role(by: Principal) -> None:
    if by.role not in _MAY_HOLD:
        raise AccessRefused("role_may_not_hold", "Ask the DPO or the owner")

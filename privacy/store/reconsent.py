"""Decisions on asking people again when a purpose that rests on their consent changes, appended for good."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlmodel import Session, col

from privacy.store.bulk import insert_rows
from privacy.store.frozen import frozen
from privacy.tables.notice import ReconsentRow


class Reconsent(StrEnum):
    """Whether a consent that was given before still covers the purpose as it is to be (recital 33, 42; Art. 7)."""

    NEEDED = "needed"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One decision about the rules that `purpose_hash` (32 bytes) names; `document_ref` says where it is argued."""

    decision_id: bytes
    purpose: str
    purpose_version: int
    purpose_hash: bytes
    outcome: str
    people_lost: int
    document_ref: str
    decided_at: datetime
    decided_by: bytes


def add_decision(session: Session, decided: Decided) -> None:
    """Keep a decision; one that changes an earlier one is a decision of its own."""
    insert_rows(session, ReconsentRow, [{name: getattr(decided, name) for name in Decided.__slots__}])


def find_decision(session: Session, purpose_hash: bytes) -> Decided | None:
    """Return the newest decision about these rules."""
    query = select(ReconsentRow).where(col(ReconsentRow.purpose_hash) == purpose_hash)
    newest = query.order_by(col(ReconsentRow.decided_at).desc(), col(ReconsentRow.decision_id)).limit(1)
    row = session.execute(newest).scalar_one_or_none()
    return None if row is None else frozen(Decided, row)

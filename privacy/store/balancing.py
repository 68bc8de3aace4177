"""Balancing tests of objections: whose interests weighed more, appended for good (GDPR Art. 21(1))."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlmodel import Session, col

from privacy.store.bulk import insert_rows
from privacy.store.frozen import frozen
from privacy.tables.request import BalancingTest

PREVAILED: Final = "upheld"
"""The outcome of a test that was found for the person: the use ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """One test for one purpose; `document_ref` names the assessment in the files of the DPO."""

    request_id: bytes
    purpose: str
    outcome: str
    ground: str
    document_ref: str
    decided_by: bytes
    decided_at: datetime


def add_balancing_test(session: Session, weighed: Weighed) -> None:
    """Keep a test; the database refuses a second one for the same request and purpose."""
    row = {name: getattr(weighed, name) for name in Weighed.__slots__}
    insert_rows(session, BalancingTest, [row])


def balancing_tests(session: Session, request_id: bytes) -> list[Weighed]:
    """List the tests of a request, by purpose."""
    query = select(BalancingTest).where(col(BalancingTest.request_id) == request_id)
    rows = session.execute(query.order_by(col(BalancingTest.purpose))).scalars()
    return [frozen(Weighed, row) for row in rows]

"""The checks of views that are kept: what was measured on which rules, so that an approval names what was seen."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import insert, select
from sqlmodel import Session, col

from hub.views.feature import Op
from hub.views.spec import ViewSpec
from hub.views.tables import ViewCheck
from privacy.purposes import Policy, purpose_hash
from privacy.reach import reach_hash
from privacy.store.frozen import frozen

GOOD_FOR: Final = timedelta(days=30)
"""How long a check speaks for the data: deliveries change who stands in which group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What a check and an approval bind: rules of the view, of its purpose, and of the tables it reads."""

    spec_hash: bytes
    purpose_hash: bytes
    reach_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check as kept (`hub.views.tables.ViewCheck` says what each column means)."""

    check_id: bytes
    view: str
    version: int
    spec_hash: bytes
    purpose_hash: bytes
    reach_hash: bytes
    as_of: datetime
    checked_at: datetime
    checked_by: bytes
    epoch: int
    figures: str

    @property
    def bound(self) -> Bound:
        """Return the rules that it was made under."""
        return Bound(spec_hash=self.spec_hash, purpose_hash=self.purpose_hash, reach_hash=self.reach_hash)


def bound_of(spec: ViewSpec, policy: Policy) -> Bound:
    """Return what binds a view under a policy."""
    purpose = policy.purpose(spec.purpose)
    return Bound(
        spec_hash=spec.hash,
        purpose_hash=bytes.fromhex(purpose_hash(purpose)),
        reach_hash=reach_of(spec, policy),
    )


def reach_of(spec: ViewSpec, policy: Policy) -> bytes:
    """Return the hash of the rules of the tables and texts that a view reads."""
    texts = [each.name for each in spec.aggregates if each.op is Op.TEXT]
    return reach_hash(policy, spec.purpose, spec.tables, redacted=texts)


def add_check(session: Session, check: Check) -> None:
    """Keep a check, in the transaction of its audit entry."""
    names = Check.__dataclass_fields__
    session.execute(insert(ViewCheck), [{name: getattr(check, name) for name in names}])


def find_check(session: Session, view: str, bound: Bound) -> Check | None:
    """Return the newest check of a view under exactly these rules."""
    query = (
        select(ViewCheck)
        .where(
            col(ViewCheck.view) == view,
            col(ViewCheck.spec_hash) == bound.spec_hash,
            col(ViewCheck.purpose_hash) == bound.purpose_hash,
            col(ViewCheck.reach_hash) == bound.reach_hash,
        )
        .order_by(col(ViewCheck.checked_at).desc())
        .limit(1)
    )
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else frozen(Check, row)

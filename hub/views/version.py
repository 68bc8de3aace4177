"""The versions of views as they stand: asked for here, changed by `hub.views.registry` alone."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from hub.views.tables import ViewVersion
from privacy.store.frozen import frozen


class ViewState(StrEnum):
    """Where a view version is in its life; a draft is a file, and expiry is a matter of time (`state_at`)."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    REFUSED = "refused"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A version of a view as it stands: its text, and what an approval bound."""

    name: str
    version: int
    spec: str
    spec_hash: bytes
    purpose: str
    state: str
    author_person: bytes
    submitted_at: datetime | None
    approved_at: datetime | None
    approved_spec_hash: bytes | None
    approved_purpose_hash: bytes | None
    approved_reach_hash: bytes | None
    approved_check: bytes | None
    unchecked_because: str | None
    four_eyes_enforced: bool
    expires_at: datetime | None
    review_at: datetime | None
    refused_because: str | None

    def state_at(self, at: datetime) -> str:
        """Name where it stands at an instant: an approval that has run out is no approval."""
        lapsed = self.state == ViewState.APPROVED.value and self.expires_at is not None and self.expires_at <= at
        return "expired" if lapsed else self.state


def all_versions(session: Session) -> list[Version]:
    """List every version of every view."""
    query = select(ViewVersion).order_by(col(ViewVersion.name), col(ViewVersion.version))
    return [frozen(Version, row) for row in session.execute(query).scalars()]


def find_version(session: Session, name: str, version: int) -> Version | None:
    """Return one version of a view."""
    query = select(ViewVersion).where(col(ViewVersion.name) == name, col(ViewVersion.version) == version)
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else frozen(Version, row)


def newest_version(session: Session, name: str, state: ViewState) -> Version | None:
    """Return the newest version of a view in a state."""
    query = (
        select(ViewVersion)
        .where(col(ViewVersion.name) == name, col(ViewVersion.state) == state.value)
        .order_by(col(ViewVersion.version).desc())
        .limit(1)
    )
    row = session.execute(query).scalar_one_or_none()
    return None if row is None else frozen(Version, row)


def count_unenforced(session: Session) -> int:
    """Count the approved views for which four eyes were not enforced: one OS account held both credentials."""
    return _count_approved(session, col(ViewVersion.four_eyes_enforced).is_(False))


def count_due(session: Session, *, at: datetime) -> int:
    """Count the approved views whose review is due and whose approval has not run out."""
    due = (col(ViewVersion.review_at) <= at) & (col(ViewVersion.expires_at) > at)
    return _count_approved(session, due)


def _count_approved(session: Session, which: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(ViewVersion).where(col(ViewVersion.state) == ViewState.APPROVED.value)
    return int(session.execute(query.where(which)).scalar_one())

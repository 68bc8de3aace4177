"""The subject access log's rows: one a release, written in the transaction of its intent, read newest first."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select
from sqlmodel import Session, col

from privacy.tables.release_members import ReleaseMembers
from privacy.terms import EntityKind, Role

_NEW: Final = insert(ReleaseMembers)


@dataclass(frozen=True, slots=True, kw_only=True)
class MembersOfRelease:
    """Who was in one release (`members`: a sealed bitmap), read when, for which purpose, by which role or module.

    `crosswalk_revision` is the last move of the crosswalk that the release knew of.
    """

    intent_leaf: int
    release_id: bytes
    at: datetime
    view: str
    purpose: str
    role: Role
    module: str | None
    grain: EntityKind
    crosswalk_revision: int
    members: bytes


def add_members(session: Session, release: MembersOfRelease) -> None:
    """Keep the members of a release, in the caller's transaction."""
    row = {field.name: getattr(release, field.name) for field in fields(release)}
    session.execute(_NEW, [row | {"role": release.role.value, "grain": release.grain.value}])


def members_since(session: Session, since: datetime | None) -> Iterator[MembersOfRelease]:
    """Yield the releases from an instant on, newest first; one at a time, because a bitmap may be large."""
    query = select(ReleaseMembers).order_by(col(ReleaseMembers.intent_leaf).desc())
    if since is not None:
        query = query.where(col(ReleaseMembers.at) >= since)
    for row in session.execute(query.execution_options(yield_per=16)).scalars():
        yield _of(row)


def find_members(session: Session, release_id: bytes) -> MembersOfRelease | None:
    """Find the members of one release."""
    row = session.execute(select(ReleaseMembers).where(col(ReleaseMembers.release_id) == release_id)).scalar()
    return None if row is None else _of(row)


def _of(row: ReleaseMembers) -> MembersOfRelease:
    return MembersOfRelease(
        intent_leaf=row.intent_leaf,
        release_id=row.release_id,
        at=row.at,
        view=row.view,
        purpose=row.purpose,
        role=Role(row.role),
        module=row.module,
        grain=EntityKind(row.grain),
        crosswalk_revision=row.crosswalk_revision,
        members=row.members,
    )

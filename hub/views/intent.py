"""What is about to leave, committed before its first byte: the audit entry, the release, and who is in it.

All three are rows of one transaction, whose commit is the read's linearisation point. If one of them cannot be
written none is, and nothing is released.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl
from sqlalchemy import func, insert, select, update
from sqlmodel import Session, col

from hub.accesses import NewMembers, note_members
from hub.compose import Hub
from hub.domains import find_domain
from hub.views.spec import ViewSpec
from hub.views.tables import Release
from hub.views.use import prohibited_of
from hub.views.wire import Left
from privacy.audit import AuditFields
from privacy.purposes import Purpose
from privacy.store.frozen import frozen
from privacy.store.principal import Principal
from privacy.uses import Use

_NEW_RELEASE: Final = insert(Release)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who reads: the principal, the prediction module if it reads for one, and the stated use if there is any."""

    principal: Principal
    module: str | None = None
    use: Use | None = None


def reader_of(who: "Principal | Reader", module: str | None = None) -> Reader:
    """Return who reads; a principal alone states no use."""
    return who if isinstance(who, Reader) else Reader(principal=who, module=module)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is about to leave: how many rows of which columns, on which grounds; `members` are ordinals (UInt32).

    `absent` counts customers by rule, and the cells of a summary that are withheld under `cells.` and the rule.
    """

    release_id: bytes
    spec: ViewSpec
    purpose: Purpose
    as_of: datetime
    at: datetime
    expires_at: datetime
    epoch: int
    rows: int
    columns: tuple[str, ...]
    absent: dict[str, int]
    members: pl.Series
    instants: int = 1
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Completion:
    """What left: so many rows of a release of a view, and the bytes that they were."""

    release_id: bytes
    view: str
    rows: int
    left: Left


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRelease:
    """A release that began and whose completion nobody noted: some of its rows may have left, or none."""

    intent_leaf: int
    at: datetime
    view: str
    version: int
    purpose: str
    rows: int
    principal: bytes
    release_id: bytes


def open_releases(session: Session) -> list[OpenRelease]:
    """List the releases without completion, newest first; one that is on its way out right now is among them."""
    query = select(Release).where(col(Release.completed_at).is_(None)).order_by(col(Release.intent_leaf).desc())
    return [
        OpenRelease(
            intent_leaf=row.intent_leaf,
            at=row.released_at,
            view=row.view,
            version=row.version,
            purpose=row.purpose,
            rows=row.rows,
            principal=row.principal_id,
            release_id=row.release_id,
        )
        for row in session.execute(query).scalars()
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRecord:
    """What is kept of a release: which version of which view, for whom, at which epoch, until when it is used."""

    release_id: bytes
    view: str
    version: int
    purpose: str
    principal_id: bytes
    epoch: int
    expires_at: datetime


def find_release(session: Session, release_id: bytes) -> ReleaseRecord | None:
    """Find what is kept of a release."""
    row = session.execute(select(Release).where(col(Release.release_id) == release_id)).scalar_one_or_none()
    return None if row is None else frozen(ReleaseRecord, row)


def releases_of(session: Session, principal_id: bytes, *, since: datetime) -> list[bytes]:
    """Return the ids of a principal's releases at or after an instant, oldest first."""
    mine = (col(Release.principal_id) == principal_id) & (col(Release.released_at) >= since)
    query = select(col(Release.release_id)).where(mine).order_by(col(Release.intent_leaf))
    return [bytes(each) for each in session.execute(query).scalars()]


def usable_after(session: Session, purpose: str, at: datetime) -> tuple[int, datetime | None]:
    """Count the releases of a purpose whose rows may be used after an instant; tell until when the last may."""
    ends = col(Release.expires_at)
    query = select(func.count(), func.max(ends)).where(col(Release.purpose) == purpose, ends > at)
    count, last = session.execute(query).one()
    return int(count), last


def note_intent(hub: Hub, session: Session, intent: Intent, reader: Reader) -> None:
    """Write audit entry, release and members in the caller's transaction."""
    who, spec = reader.principal, intent.spec
    domain = find_domain(session, intent.purpose.domain)  # no rotation came between: that is a new epoch, and refused
    version = None if domain is None else domain.record.keys.current
    leaf = hub.audit(session, "view.release.intent", who.principal_id, _fields(intent, reader, version))
    row = {
        "release_id": intent.release_id,
        "view": spec.name,
        "version": spec.version,
        "purpose": intent.purpose.id,
        "principal_id": who.principal_id,
        "as_of": intent.as_of,
        "epoch": intent.epoch,
        "intent_leaf": leaf,
        "rows": intent.rows,
        "released_at": intent.at,
        "expires_at": intent.expires_at,
        "instants": intent.instants,
        "counted": intent.counted,
    }
    session.execute(_NEW_RELEASE, [row])
    new = NewMembers(
        intent_leaf=leaf,
        release_id=intent.release_id,
        at=intent.at,
        view=spec.name,
        purpose=intent.purpose.id,
        role=who.role,
        module=reader.module,
        grain=spec.grain,
    )
    note_members(hub, session, new, intent.members)


def note_completion(hub: Hub, done: Completion, principal: Principal) -> None:
    """Write that the rows of a release have left: how many, their bytes and SHA-256."""
    fields = AuditFields(
        act_id=done.release_id,
        view=done.view,
        rows=done.rows,
        size_bytes=done.left.size,
        sha256=done.left.sha256.hex(),
    )
    completed = update(Release).where(col(Release.release_id) == done.release_id)
    with hub.accounted() as session:
        hub.audit(session, "view.release.complete", principal.principal_id, fields)
        session.execute(completed.values(completed_at=hub.clock(), sha256=done.left.sha256))


def _fields(intent: Intent, reader: Reader, domain_version: int | None) -> AuditFields:
    return AuditFields(
        act_id=intent.release_id,
        role=reader.principal.role,
        module=reader.module,
        view=intent.spec.name,
        view_version=intent.spec.version,
        view_hash=intent.spec.hash.hex(),
        purpose=intent.purpose.id,
        legal_basis=intent.purpose.legal_basis,
        as_of=intent.as_of,
        rows=intent.rows,
        absent=intent.absent,
        columns=intent.columns,
        epoch=intent.epoch,
        domain_version=domain_version,
        use=reader.use.value if reader.use else None,
        prohibited_uses=prohibited_of(intent.purpose),
    )

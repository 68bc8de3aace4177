"""Domains' records: appended whenever one changes, the newest governs, links wait for a second person.

A rotation of keys appends a version, too; a policy applied later keeps the keys as they stand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from privacy.domain import ClosedBecause, DomainRecord, document_of, domain_hash, record_of
from privacy.purposes import Policy, Purpose
from privacy.store.bulk import insert_rows
from privacy.store.epoch import bump_epoch_for_all
from privacy.store.principal import Principal, person_of
from privacy.tables.domain import DomainApproval, DomainVersion
from privacy.terms import DomainName, PersonId, PrincipalId


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedDomain:
    """A version of a record as it was kept; `version` 0 is one that the policy generated and nobody kept yet."""

    record: DomainRecord
    version: int
    approved: bool
    recorded_at: datetime | None = None
    recorded_by: PrincipalId | None = None

    def closed_because(self, at: datetime) -> ClosedBecause | None:
        """Say why nothing may be derived in the domain at an instant; None if it is open."""
        if self.record.needs_approval and not self.approved:
            return ClosedBecause.NOT_APPROVED
        return self.record.closed_because(at)


def record_domains(session: Session, policy: Policy, *, by: PrincipalId, at: datetime) -> list[DomainName]:
    """Append each domain of a policy whose record is new or changed, keys as they stand; return their names."""
    changed = []
    for purpose in policy.purposes:
        newest = _newest(session, purpose.domain)
        declared = policy.domain_of(purpose)
        if newest is not None:
            declared = replace(declared, keys=record_of(newest.document).keys)
        if newest is None or newest.record_hash != domain_hash(declared):
            _append(session, declared, _number(newest) + 1, by=by, at=at)
            changed.append(purpose.domain)
    return changed


def governing_domain(session: Session, policy: Policy, purpose: Purpose) -> RecordedDomain:
    """Return the newest record of a purpose's domain; as the policy generates it where none was kept yet."""
    newest = _newest(session, purpose.domain)
    if newest is None:
        return RecordedDomain(record=policy.domain_of(purpose), version=0, approved=False)
    return _recorded(session, newest)


def domain_history(session: Session, name: str) -> list[RecordedDomain]:
    """List every version of a domain's record, oldest first."""
    query = select(DomainVersion).where(col(DomainVersion.name) == name).order_by(col(DomainVersion.version))
    return [_recorded(session, row) for row in session.execute(query).scalars().all()]


def find_recorder(session: Session, domain: RecordedDomain) -> PersonId | None:
    """Find the person who put a record in force, whatever became of the credential: who approves must be another.

    A rotation of keys appends a version and decides nothing about links, so its person is not asked for: it is the
    one before it, as long as only keys changed.
    """
    recorder = domain.recorded_by
    for each in reversed(domain_history(session, domain.record.name)):
        if each.version > domain.version:
            continue
        if replace(each.record, keys=domain.record.keys) != domain.record:
            break
        recorder = each.recorded_by
    return None if recorder is None else person_of(session, recorder)


def approve_domain(session: Session, domain: RecordedDomain, by: Principal, *, at: datetime) -> None:
    """Append a second person's approval; reads closed by its lack open with the new epoch."""
    row = {
        "name": domain.record.name,
        "version": domain.version,
        "record_hash": domain_hash(domain.record),
        "approver_person": by.person_id,
        "approved_by": by.principal_id,
        "approved_at": at,
    }
    insert_rows(session, DomainApproval, [row])
    bump_epoch_for_all(session, kind="domain")


def append_domain(session: Session, record: DomainRecord, *, by: PrincipalId, at: datetime) -> int:
    """Append a record whose keys changed (a rotation, an old secret destroyed) and start an epoch; return its version.

    Reads under way build their frames again, streams stop: nobody goes on under the key before. An approval of links
    binds the version, so a linked domain needs a new one.
    """
    version = _number(_newest(session, record.name)) + 1
    _append(session, record, version, by=by, at=at)
    bump_epoch_for_all(session, kind="domain")
    return version


def _append(session: Session, record: DomainRecord, version: int, *, by: PrincipalId, at: datetime) -> None:
    row = {
        "name": record.name,
        "version": version,
        "purpose": record.purpose,
        "document": document_of(record),
        "record_hash": domain_hash(record),
        "recorded_at": at,
        "recorded_by": by,
    }
    insert_rows(session, DomainVersion, [row])


def _newest(session: Session, name: DomainName) -> DomainVersion | None:
    query = select(DomainVersion).where(col(DomainVersion.name) == name).order_by(col(DomainVersion.version).desc())
    found: Sequence[DomainVersion] = session.execute(query.limit(1)).scalars().all()
    return found[0] if found else None


def _number(row: DomainVersion | None) -> int:
    return 0 if row is None else row.version


def _recorded(session: Session, row: DomainVersion) -> RecordedDomain:
    approval = select(col(DomainApproval.record_hash)).where(
        col(DomainApproval.name) == row.name, col(DomainApproval.version) == row.version
    )
    bound = session.execute(approval).scalar_one_or_none()
    return RecordedDomain(
        record=record_of(row.document),
        version=row.version,
        approved=bound == row.record_hash,
        recorded_at=row.recorded_at,
        recorded_by=PrincipalId(row.recorded_by),
    )

"""Erasures in the control database: intent with tombstones, then completion; never undone, only rolled forward."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col

from privacy.store.bulk import among_keys, select_among
from privacy.store.epoch import bump_epoch
from privacy.store.ledger import ERASED, Restraint, note_restraints
from privacy.tables.erasure import Erasure, Tombstone
from privacy.terms import PrincipalId, RecordId

INTENDED = "intended"
SHREDDED = "shredded"
COMPLETED = "completed"
RETURNED = "returned"
"""Stands for the counts of an erasure that a delivery intended: whoever takes it up counts, and tells recipients."""
_CLOSED = select(col(Tombstone.record_id)).where(among_keys(col(Tombstone.record_id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenErasure:
    """An erasure that is intended and not completed; `counts` is what there was when it began, in its maker's form."""

    erasure_id: bytes
    records: Sequence[RecordId]
    counts: str = ""


def intend_erasure(  # noqa: PLR0913 - an erasure is who, whom, when, and what there was of them
    session: Session,
    erasure_id: bytes,
    records: Sequence[RecordId],
    *,
    by: PrincipalId,
    at: datetime,
    counts: str = "",
) -> None:
    """Close the records at once: tombstones, a new epoch and the intent, in the caller's transaction."""
    session.execute(
        insert(Erasure),
        [
            {
                "erasure_id": erasure_id,
                "state": INTENDED,
                "requested_by": by,
                "intended_at": at,
                "completed_at": None,
                "records": len(records),
                "counts": counts,
                "certificate": None,
            }
        ],
    )
    # Before the tombstones: two that close the same record crosswise would end in a deadlock on PostgreSQL.
    epoch = bump_epoch(session, records, kind="tombstone")
    new = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    rows = [{"record_id": record, "erasure_id": erasure_id, "at": at} for record in records]
    session.execute(new(Tombstone).on_conflict_do_nothing(index_elements=["record_id"]), rows)
    restraints = [Restraint(kind=ERASED, ref=record, at=at, erasure_id=erasure_id) for record in records]
    note_restraints(session, epoch, restraints)


def note_state(session: Session, erasure_id: bytes, state: str, *, at: datetime | None = None) -> None:
    """Note how far an erasure has come."""
    session.execute(update(Erasure).where(col(Erasure.erasure_id) == erasure_id).values(state=state, completed_at=at))


def take_up(session: Session, erasure_id: bytes, counts: str) -> bool:
    """Note what there is of the records of an erasure that a delivery intended; False if somebody else has."""
    mine = update(Erasure).where(col(Erasure.erasure_id) == erasure_id, col(Erasure.counts) == RETURNED)
    return int(getattr(session.execute(mine.values(counts=counts)), "rowcount", 0)) == 1


def is_known(session: Session, erasure_id: bytes) -> bool:
    """Say whether there is an erasure of that id."""
    query = select(col(Erasure.state)).where(col(Erasure.erasure_id) == erasure_id)
    return session.execute(query).first() is not None


def shredded_among(session: Session, erasures: Collection[bytes]) -> set[bytes]:
    """Return those erasures whose keys were destroyed once, as this control database knows."""
    query = select(col(Erasure.erasure_id)).where(col(Erasure.state) != INTENDED)
    return {bytes(each) for each in session.execute(query).scalars()} & set(erasures) if erasures else set()


def keep_certificate(session: Session, erasure_id: bytes, note: str) -> None:
    """Keep the signed certificate of an erasure."""
    session.execute(update(Erasure).where(col(Erasure.erasure_id) == erasure_id).values(certificate=note))


def find_certificate(session: Session, erasure_id: bytes) -> str | None:
    """Return the signed certificate of an erasure, None if it is not completed or of before there were any."""
    query = select(col(Erasure.certificate)).where(col(Erasure.erasure_id) == erasure_id)
    return session.execute(query).scalar_one_or_none()


def erasure_of(session: Session, record: RecordId) -> bytes | None:
    """Return the erasure that closed a record, None if none did."""
    query = select(col(Tombstone.erasure_id)).where(col(Tombstone.record_id) == record)
    return session.execute(query).scalar_one_or_none()


def is_erased(session: Session, record: RecordId) -> bool:
    """Say whether an erasure of a record is completed: one that is intended has closed it and is not done."""
    query = (
        select(col(Erasure.erasure_id))
        .join(Tombstone, col(Tombstone.erasure_id) == col(Erasure.erasure_id))
        .where(col(Tombstone.record_id) == record, col(Erasure.state) == COMPLETED)
    )
    return session.execute(query).first() is not None


def open_erasures(session: Session) -> list[OpenErasure]:
    """List erasures that a crash left unfinished, the oldest first."""
    query = select(col(Erasure.erasure_id), col(Erasure.counts)).where(col(Erasure.state) != COMPLETED)
    return [
        OpenErasure(erasure_id=bytes(erasure), records=records_of_erasure(session, erasure), counts=counts)
        for erasure, counts in session.execute(query.order_by(col(Erasure.intended_at))).all()
    ]


def records_of_erasure(session: Session, erasure_id: bytes) -> list[RecordId]:
    """List the records that an erasure closed."""
    query = select(col(Tombstone.record_id)).where(col(Tombstone.erasure_id) == erasure_id)
    return [RecordId(record) for record in session.execute(query).scalars()]


def tombstones(session: Session) -> set[bytes]:
    """Return every closed record."""
    return set(session.execute(select(col(Tombstone.record_id))).scalars())


def tombstones_among(session: Session, records: Iterable[RecordId]) -> set[bytes]:
    """Return those of some records that are closed: a look-up by key, where `tombstones` reads all there are."""
    return {bytes(record) for (record,) in select_among(session, _CLOSED, sorted(set(records)))}

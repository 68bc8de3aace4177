"""Erasures in the control database: intent with tombstones, then completion; never undone, only rolled forward."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col

from privacy.store.epoch import bump_epoch
from privacy.store.ledger import ERASED, Restraint, note_restraints
from privacy.tables.erasure import Erasure, Tombstone
from privacy.terms import PrincipalId, RecordId

INTENDED = "intended"
SHREDDED = "shredded"
COMPLETED = "completed"


def intend_erasure(
    session: Session, erasure_id: bytes, records: Sequence[RecordId], *, by: PrincipalId, at: datetime
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
            }
        ],
    )
    new = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    rows = [{"record_id": record, "erasure_id": erasure_id, "at": at} for record in records]
    session.execute(new(Tombstone).on_conflict_do_nothing(index_elements=["record_id"]), rows)
    epoch = bump_epoch(session, records, kind="tombstone")
    restraints = [Restraint(kind=ERASED, ref=record, at=at, erasure_id=erasure_id) for record in records]
    note_restraints(session, epoch, restraints)


def note_state(session: Session, erasure_id: bytes, state: str, *, at: datetime | None = None) -> None:
    """Note how far an erasure has come."""
    session.execute(update(Erasure).where(col(Erasure.erasure_id) == erasure_id).values(state=state, completed_at=at))


def is_known(session: Session, erasure_id: bytes) -> bool:
    """Say whether there is an erasure of that id."""
    query = select(col(Erasure.state)).where(col(Erasure.erasure_id) == erasure_id)
    return session.execute(query).first() is not None


def shredded_among(session: Session, erasures: Collection[bytes]) -> set[bytes]:
    """Return those erasures whose keys were destroyed once, as this control database knows."""
    query = select(col(Erasure.erasure_id)).where(col(Erasure.state) != INTENDED)
    return {bytes(each) for each in session.execute(query).scalars()} & set(erasures) if erasures else set()


def open_erasures(session: Session) -> list[tuple[bytes, list[RecordId]]]:
    """List erasures that a crash left unfinished, with their records."""
    unfinished = session.execute(
        select(col(Erasure.erasure_id)).where(col(Erasure.state) != COMPLETED).order_by(col(Erasure.intended_at))
    ).scalars()
    return [(erasure_id, records_of_erasure(session, erasure_id)) for erasure_id in unfinished.all()]


def records_of_erasure(session: Session, erasure_id: bytes) -> list[RecordId]:
    """List the records that an erasure closed."""
    query = select(col(Tombstone.record_id)).where(col(Tombstone.erasure_id) == erasure_id)
    return [RecordId(record) for record in session.execute(query).scalars()]


def tombstones(session: Session) -> set[bytes]:
    """Return every closed record."""
    return set(session.execute(select(col(Tombstone.record_id))).scalars())

"""Which records are still there and open: an erasure may come between reading a record and writing about it."""

from collections.abc import Sequence

from sqlmodel import Session

from ingest.store.identity import homes_of
from privacy.store.erasure import tombstones_among
from privacy.terms import RecordId


def open_among(session: Session, records: Sequence[bytes]) -> set[bytes]:
    """Return those that belong to an entity and that no erasure has closed.

    Asked under the epoch's lock, which an erasure takes to close them, it holds until the commit.
    """
    people = [RecordId(record) for record in records]
    return {bytes(record) for record in homes_of(session, people)} - tombstones_among(session, people)

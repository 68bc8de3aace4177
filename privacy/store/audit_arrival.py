"""Arrivals: entries that are committed and wait for their place in the tree (PostgreSQL only).

An arrival takes no lock that another writer waits for, so acts commit side by side. Its number orders entries of one
caller: each was committed before the caller wrote the next. Numbers are no order of commits (a lower one can commit
later), so nothing here remembers a last number: whatever waits is found in the table itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Row, func, select
from sqlmodel import Session, col

from privacy.instant import microseconds_of
from privacy.tables.audit import AuditArrival, AuditLeaf
from privacy.verifier import ProofRejected, leaf_hash

_PAGE: Final = 10_000
_ADD: Final = "INSERT INTO audit_arrival (at, action, leaf_hash, body) VALUES "
_ROW: Final = "(%s, %s, %s, %s)"
_PARAMETERS: Final = 60_000  # PostgreSQL's protocol counts them in 16 bits
_WAITING: Final = "SELECT arrival, leaf_hash FROM audit_arrival ORDER BY arrival LIMIT %s"
_PLACE_LEAVES: Final = (
    "INSERT INTO audit_leaf (leaf_index, leaf_hash, arrival) "
    "SELECT %s + row_number() OVER (ORDER BY arrival) - 1, leaf_hash, arrival FROM audit_arrival "
    "WHERE arrival = ANY(%s)"
)
_PLACE_BODIES: Final = (
    "INSERT INTO audit_body (leaf_index, at, action, body) "
    "SELECT l.leaf_index, a.at, a.action, a.body FROM audit_arrival a JOIN audit_leaf l ON l.arrival = a.arrival "
    "WHERE a.arrival = ANY(%s)"
)
_LET_GO: Final = "DELETE FROM audit_arrival WHERE arrival = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Written:
    """An entry as it is stored: filed under action and instant, the exact bytes and what they hash to."""

    action: str
    at: datetime
    leaf: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Arrival:
    """An entry that waits: its number among arrivals, and its leaf hash."""

    number: int
    leaf: bytes


def add_arrivals(session: Session, written: Sequence[Written]) -> None:
    """Let entries arrive, in their order."""
    at_once = _PARAMETERS // 4
    for start in range(0, len(written), at_once):
        some = written[start : start + at_once]
        values: list[object] = []
        for each in some:
            values += (microseconds_of(each.at), each.action, each.leaf, each.body)
        session.connection().exec_driver_sql(_ADD + ", ".join([_ROW] * len(some)), tuple(values))


def arrivals(session: Session, *, limit: int) -> list[Arrival]:
    """Read the first entries that wait, in the order of their arrival; on SQLite none ever does."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        return []
    found = connection.exec_driver_sql(_WAITING, (limit,))
    return [Arrival(number, bytes(leaf)) for number, leaf in found]


def move_arrivals(session: Session, some: Sequence[Arrival], *, first: int) -> None:
    """Give entries that wait their numbers in the log, from `first` on, in the caller's transaction.

    The database itself refuses to let one go that has no leaf of its number and hash.
    """
    connection, numbers = session.connection(), [each.number for each in some]
    connection.exec_driver_sql(_PLACE_LEAVES, (first, numbers))
    connection.exec_driver_sql(_PLACE_BODIES, (numbers,))
    connection.exec_driver_sql(_LET_GO, (numbers,))


def count_arrivals(session: Session) -> int:
    """Count the entries that are committed and wait for their place."""
    return int(session.execute(select(func.count()).select_from(AuditArrival)).scalar_one())


def waiting_since(session: Session) -> datetime | None:
    """Return the instant of the oldest entry that waits for its place, None if none does."""
    return session.execute(select(func.min(col(AuditArrival.at)))).scalar_one_or_none()


def verify_arrivals(session: Session) -> int:
    """Check that what waits is what was written, and waits once; return how many entries wait.

    Raises:
        ProofRejected: a body is not what was hashed, or the entry has a place already.

    """
    count = 0
    for page in _pages(session):
        for number, leaf, body, place in page:
            if leaf_hash(body) != leaf:
                raise ProofRejected(f"audit log: the body of arrival {number} is not what was hashed")
            if place is not None:
                raise ProofRejected(f"audit log: arrival {number} waits, and has a place as entry {place}")
        count += len(page)
    return count


def _pages(session: Session) -> Iterator[Sequence[Row[int, bytes, bytes, int | None]]]:
    after = 0
    query = (
        select(
            col(AuditArrival.arrival), col(AuditArrival.leaf_hash), col(AuditArrival.body), col(AuditLeaf.leaf_index)
        )
        .outerjoin(AuditLeaf, col(AuditLeaf.arrival) == col(AuditArrival.arrival))
        .order_by(col(AuditArrival.arrival))
        .limit(_PAGE)
    )
    while page := session.execute(query.where(col(AuditArrival.arrival) > after)).all():
        yield page
        after = page[-1][0]

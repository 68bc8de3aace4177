"""Ordinals: small dense random numbers that name records in the members of a release, and nowhere else.

A record is given one when it is first released. The order within a batch is drawn by chance, so that no ordinal tells
anything about the id, the age or the source of its record; what a batch as a whole tells (who was first released
together) the members of that release tell anyway. A number is never used twice: the counter only goes on, and erasing
a record deletes its row of the crosswalk, and with it all that ties the number to the record.
"""

import secrets
from collections.abc import Sequence
from typing import Final

import polars as pl
from sqlalchemy import bindparam, func, select, update
from sqlmodel import Session, col

from ingest.tables.identity import Crosswalk, CrosswalkEvent, OrdinalCounter
from privacy.store.bulk import among_keys, select_among

_ONLY_ROW: Final = 1
_TAKE: Final = (
    update(OrdinalCounter)
    .where(col(OrdinalCounter.id) == _ONLY_ROW)
    .values(next=col(OrdinalCounter.next) + bindparam("count"))
    .returning(col(OrdinalCounter.next))
)
_GIVE: Final = (
    update(Crosswalk)
    .where(col(Crosswalk.record_id) == bindparam("record"), col(Crosswalk.ordinal).is_(None))
    .values(ordinal=bindparam("number"))
)
_OF_RECORDS: Final = select(col(Crosswalk.record_id), col(Crosswalk.ordinal)).where(
    among_keys(col(Crosswalk.record_id)), col(Crosswalk.ordinal).is_not(None)
)


def assign_ordinals(session: Session, records: Sequence[bytes]) -> None:
    """Give each record an ordinal unless it has one, in the caller's transaction.

    Numbers may be left out, never used twice. The counter's row lock lets two readers take turns; whoever comes second
    changes nothing.
    """
    end = int(session.connection().execute(_TAKE, {"count": len(records)}).scalar_one())
    by_chance = pl.Series(records, dtype=pl.Binary).shuffle(seed=secrets.randbits(63))
    numbered = zip(by_chance, range(end - len(records), end), strict=True)
    session.connection().execute(_GIVE, [{"record": record, "number": number} for record, number in numbered])


def ordinals_of(session: Session, records: Sequence[bytes]) -> pl.DataFrame:
    """Return the ordinals of those records that have one: record (Binary), ordinal (UInt32)."""
    found = list(select_among(session, _OF_RECORDS, records))
    return pl.DataFrame(found, schema={"record": pl.Binary, "ordinal": pl.UInt32}, orient="row")


def crosswalk_revision(session: Session) -> int:
    """Return the number of the crosswalk's last move, 0 before the first."""
    return int(session.execute(select(func.max(col(CrosswalkEvent.revision)))).scalar_one() or 0)

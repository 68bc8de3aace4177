"""The ledger of what must not come back, in the control database: its only writer and reader.

Rules kept here:
- an entry is written in the transaction of its act, under the epoch that the act began; so entries commit in order;
- whoever writes one leaves a mark on the session (`owe`), and who opened the session ships what is owed before anything
  is acknowledged; an act that was found to stand already leaves the mark too, for its entry may not have been shipped;
- entries are never changed: the database refuses.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Integer, bindparam, select, tuple_
from sqlmodel import Session, col

from privacy.instant import instant_of
from privacy.store.bulk import insert_rows, select_rows
from privacy.tables.ledger import LedgerRow
from privacy.terms import random_id

ERASED: Final = "erased"
START: Final = (0, -1)
"""The position before the first entry."""

_AFTER: Final = (
    select(
        col(LedgerRow.entry_id),
        col(LedgerRow.epoch),
        col(LedgerRow.place),
        col(LedgerRow.kind),
        col(LedgerRow.ref),
        col(LedgerRow.purpose),
        col(LedgerRow.channel),
        col(LedgerRow.at),
        col(LedgerRow.erasure_id),
        col(LedgerRow.detail),
    )
    .where(tuple_(col(LedgerRow.epoch), col(LedgerRow.place)) > tuple_(bindparam("epoch"), bindparam("place")))
    .order_by(col(LedgerRow.epoch), col(LedgerRow.place))
)
_TOLD: Final = _AFTER.where(
    col(LedgerRow.kind) == bindparam("kind"), col(LedgerRow.channel) == bindparam("channel")
).limit(bindparam("most", type_=Integer))
_OWING: Final = "varde.ledger"
_CHUNK: Final = 400  # pairs; below SQLite's oldest limit of 999 bound parameters
Position = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restraint:
    """What must not come back: an erasure (`ERASED`), or an act that says no, by its own word."""

    kind: str
    ref: bytes
    at: datetime
    purpose: str = ""
    channel: str = ""
    erasure_id: bytes = b""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry(Restraint):
    """A restraint in its place: the epoch that its act began, and which of that epoch it is.

    Of an act `detail` is filled when it is shipped: what finds the record again when its source delivers it anew; empty
    where the control database does not know the record, or not any more.
    """

    entry_id: bytes
    epoch: int
    place: int

    @property
    def position(self) -> Position:
        """Where it stands."""
        return self.epoch, self.place


def note_restraints(session: Session, epoch: int, restraints: Sequence[Restraint]) -> None:
    """Enter what an act that began `epoch` restrains, in the caller's transaction; once an epoch.

    Does nothing for none.
    """
    note_groups(session, [(epoch, restraints)])


def note_groups(session: Session, groups: Iterable[tuple[int, Sequence[Restraint]]]) -> None:
    """Enter what several acts restrain, each under the epoch that it began, with one statement for all."""
    rows = [
        {
            "epoch": epoch,
            "place": place,
            "entry_id": random_id(),
            "kind": each.kind,
            "ref": bytes(each.ref),
            "purpose": each.purpose,
            "channel": each.channel,
            "at": each.at,
            "erasure_id": each.erasure_id,
            "detail": each.detail,
        }
        for epoch, restraints in groups
        for place, each in enumerate(restraints)
    ]
    if rows:
        insert_rows(session, LedgerRow, rows)
        owe(session)


def owe(session: Session) -> None:
    """Mark that entries must be shipped before what this session did is acknowledged."""
    session.info[_OWING] = True


def is_owing(session: Session) -> bool:
    """Say whether entries must be shipped before what the session did is acknowledged."""
    return bool(session.info.get(_OWING))


def entries_after(session: Session, position: Position) -> Iterator[LedgerEntry]:
    """Yield the entries after a position, in order."""
    epoch, place = position
    return map(_entry_of, select_rows(session, _AFTER, epoch=epoch, place=place))


def told_after(session: Session, position: Position, *, kind: str, channel: str, most: int) -> list[LedgerEntry]:
    """Return the first entries of a kind after a position that came by one way, in order."""
    epoch, place = position
    found = select_rows(session, _TOLD, epoch=epoch, place=place, kind=kind, channel=channel, most=most)
    return [_entry_of(row) for row in found]


def newest_position(session: Session) -> Position | None:
    """Return where the last entry stands, None if there is none."""
    order = (col(LedgerRow.epoch).desc(), col(LedgerRow.place).desc())
    row = session.execute(select(col(LedgerRow.epoch), col(LedgerRow.place)).order_by(*order).limit(1)).one_or_none()
    return None if row is None else (row[0], row[1])


def knows(session: Session, entry: LedgerEntry) -> bool:
    """Say whether an entry is in this control database: if not, it is an older one, or another."""
    mine = (col(LedgerRow.epoch) == entry.epoch) & (col(LedgerRow.place) == entry.place)
    found = session.execute(select(col(LedgerRow.entry_id)).where(mine)).scalar_one_or_none()
    return found is not None and bytes(found) == entry.entry_id


def unknown_of(session: Session, entries: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    """Return those entries that this control database does not know, in their order."""
    place = tuple_(col(LedgerRow.epoch), col(LedgerRow.place))
    known: set[bytes] = set()
    for start in range(0, len(entries), _CHUNK):
        chunk = [each.position for each in entries[start : start + _CHUNK]]
        known.update(map(bytes, session.execute(select(col(LedgerRow.entry_id)).where(place.in_(chunk))).scalars()))
    return [entry for entry in entries if entry.entry_id not in known]


def _entry_of(row: tuple[Any, ...]) -> LedgerEntry:
    return LedgerEntry(
        entry_id=bytes(row[0]),
        epoch=row[1],
        place=row[2],
        kind=row[3],
        ref=bytes(row[4]),
        purpose=row[5],
        channel=row[6],
        at=instant_of(row[7]),
        erasure_id=bytes(row[8]),
        detail=row[9],
    )

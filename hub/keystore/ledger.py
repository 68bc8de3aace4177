"""The ledger in the key store: the same entries as the control database's, kept where its backups do not reach.

Rules kept here:
- an entry is absorbed once, however often it comes: its id is unique;
- entries of homes before entries had places stand at epoch 0 and say nothing about order;
- destroying the keys of everybody who was ever erased is one statement: it sets a restored key store right.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Engine, Insert, delete, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import col

from hub.database.unit import reading, unit_of_work
from hub.keystore.tables import LedgerEntry, WrappedKey
from privacy.instant import instant_of, microseconds_of
from privacy.store import ledger
from privacy.store.bulk import execute_rows, select_rows
from privacy.terms import random_id

_CHUNK: Final = 400
_COPY: Final = "copied"
"""Not an entry: a note, at epoch 0, that a copy outside was begun in the place whose digest is `ref`."""

_ENTRIES: Final = select(
    col(LedgerEntry.entry_id),
    col(LedgerEntry.epoch),
    col(LedgerEntry.place),
    col(LedgerEntry.kind),
    col(LedgerEntry.ref),
    col(LedgerEntry.purpose),
    col(LedgerEntry.channel),
    col(LedgerEntry.at_us),
    col(LedgerEntry.erasure_id),
    col(LedgerEntry.detail),
).where(col(LedgerEntry.kind) != _COPY)
_NEWEST: Final = (
    _ENTRIES.where(col(LedgerEntry.epoch) > 0)
    .order_by(col(LedgerEntry.epoch).desc(), col(LedgerEntry.place).desc())
    .limit(1)
)


class KeyStoreLedger:
    """The erasure ledger of one key store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def newest(self) -> ledger.LedgerEntry | None:
        """Return the last entry that has a place, None if there is none."""
        with reading(self._engine) as session:
            found = select_rows(session, _NEWEST)
        return _entry_of(found[0]) if found else None

    def after(self, position: ledger.Position) -> list[ledger.LedgerEntry]:
        """Return the entries after a position, in order; from the start, those without a place too."""
        place = tuple_(col(LedgerEntry.epoch), col(LedgerEntry.place))
        query = _ENTRIES.order_by(col(LedgerEntry.epoch), col(LedgerEntry.place), col(LedgerEntry.sequence))
        if position != ledger.START:
            query = query.where(place > tuple_(*position))
        with reading(self._engine) as session:
            return [_entry_of(row) for row in session.execute(query).all()]

    def absorb(self, entries: Sequence[ledger.LedgerEntry]) -> None:
        """Take entries in, durably; those that are here already are left as they are."""
        if not entries:
            return
        rows = [
            {
                "kind": each.kind,
                "ref": each.ref,
                "purpose": each.purpose,
                "erasure_id": each.erasure_id,
                "at_us": microseconds_of(each.at),
                "entry_id": each.entry_id,
                "epoch": each.epoch,
                "place": each.place,
                "channel": each.channel,
                "detail": each.detail,
            }
            for each in entries
        ]
        with unit_of_work(self._engine) as session:
            execute_rows(session, _new_entry(session.get_bind().dialect.name), rows)

    def knows(self, entry: ledger.LedgerEntry) -> bool:
        """Say whether an entry is in this key store: if not, it is an older one, or another."""
        found = select(col(LedgerEntry.sequence)).where(col(LedgerEntry.entry_id) == entry.entry_id)
        with reading(self._engine) as session:
            return session.execute(found).first() is not None

    def give_ids(self) -> None:
        """Give entries of homes before entries had ids one each, so that a copy can be compared."""
        without = select(col(LedgerEntry.sequence)).where(
            col(LedgerEntry.entry_id).is_(None), col(LedgerEntry.kind) != _COPY
        )
        with unit_of_work(self._engine) as session:
            for sequence in session.execute(without).scalars().all():  # once in the life of a home
                mine = update(LedgerEntry).where(col(LedgerEntry.sequence) == sequence)
                session.execute(mine.values(entry_id=random_id()))

    def shred_erased(self) -> int:
        """Destroy every key whose owner was erased; return how many there were."""
        erased = select(col(LedgerEntry.ref)).where(col(LedgerEntry.kind) == ledger.ERASED)
        with unit_of_work(self._engine) as session:
            gone = delete(WrappedKey).where(col(WrappedKey.owner).in_(erased))
            return int(session.execute(gone).rowcount)  # type: ignore[attr-defined]  # a DELETE's result has it

    def forget_details(self, refs: Sequence[bytes]) -> None:
        """Forget by which keyed digests erased records were found: nothing is to be applied to them again."""
        with unit_of_work(self._engine) as session:
            for start in range(0, len(refs), _CHUNK):
                mine = update(LedgerEntry).where(col(LedgerEntry.ref).in_(refs[start : start + _CHUNK]))
                session.execute(mine.where(col(LedgerEntry.detail) != "").values(detail=""))

    def copy_was_begun(self, place: bytes) -> bool:
        """Say whether a copy outside was begun in that place (its digest): then one that is not there is lost."""
        mine = (col(LedgerEntry.kind) == _COPY) & (col(LedgerEntry.ref) == place)
        with reading(self._engine) as session:
            return session.execute(select(col(LedgerEntry.sequence)).where(mine)).first() is not None

    def note_copy(self, place: bytes) -> None:
        """Note that a copy outside was begun in that place."""
        with unit_of_work(self._engine) as session:
            session.execute(insert(LedgerEntry), [{"kind": _COPY, "ref": place, "erasure_id": b"", "at_us": 0}])


@lru_cache(maxsize=2)
def _new_entry(dialect: str) -> Insert:
    """Write the statement once a dialect: building it costs more than running it."""
    new: Any = sqlite_insert if dialect == "sqlite" else postgresql_insert
    statement: Insert = new(LedgerEntry).on_conflict_do_nothing(index_elements=["entry_id"])
    return statement


def _entry_of(row: Sequence[Any]) -> ledger.LedgerEntry:
    return ledger.LedgerEntry(
        entry_id=bytes(row[0] or b""),
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

"""The key store: makes keys durable, gives them back unwrapped, and destroys them.

Data keys are wrapped under the current key generation, in memory; the KEK wraps generations only (ADR 0019). Wrapping
binds (key id, kind, owner), so a row copied onto another id, kind or owner does not unwrap. The owner of one
of the hub's own keys is a digest of its name and version, so that two of them cannot exchange names either. `add` has
committed when it returns: keys are durable before anything is sealed under them. `erase` writes the ledger row and
deletes the keys in one transaction, so neither can exist alone.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from sqlalchemy import CursorResult, Engine, delete, func, select
from sqlmodel import Session, col

from hub import clock as wall_clock
from hub.database.journal import truncate_journal
from hub.database.unit import reading, unit_of_work
from hub.keystore.binding import kind_of, named_owner, wrap_aad
from hub.keystore.generation import stays_current, wrapper_of
from hub.keystore.held import Clock, HeldGenerations
from hub.keystore.tables import NAMED, LedgerEntry, WrappedKey, WrappedRow
from hub.keystore.unwraps import Unwraps
from privacy.errors import KekUnavailable, SealBroken
from privacy.keys import NO_ACT, KekProvider, Key, KeyColumn, KeyKind, NewKey
from privacy.store.bulk import Columns, Same, among_keys, insert_columns, insert_rows, select_among
from privacy.terms import ID_BYTES, BatchId, KeyId, RecordId, random_id

_CHUNK: Final = 500  # below SQLite's oldest limit of 999 bound parameters
_AT_ONCE: Final = 4_000  # keys that are wrapped already: a lock of some 20 ms
_ATTEMPTS: Final = 8  # a generation lasts days; a rotation may still meet the same write more than once
_COLUMNS: Final = (
    col(WrappedKey.key_id),
    col(WrappedKey.kind),
    col(WrappedKey.owner),
    col(WrappedKey.kek_id),
    col(WrappedKey.wrapped),
)
_ROWS: Final = select(*_COLUMNS).where(among_keys(col(WrappedKey.key_id)))
Item = TypeVar("Item")


class SqlKeyStore:
    """Wrapped keys in a SQL database of their own."""

    def __init__(
        self, engine: Engine, kek: KekProvider, *, instance: bytes = bytes(ID_BYTES), clock: Clock = wall_clock.now
    ) -> None:
        """Keep keys for one instance; its id is bound into every key generation."""
        self._engine = engine
        self.unwraps = Unwraps()
        asked = self.unwraps.count_generation
        self.generations = HeldGenerations(engine, kek, instance=instance, clock=clock, asked=asked)

    @property
    def engine(self) -> Engine:
        """The key database, for what concerns all of its keys: rotation, status."""
        return self._engine

    def add(self, keys: Sequence[NewKey]) -> None:
        """Make the keys durable in one transaction; when this returns they survive a power cut."""
        self._insert(_columns([(new, "", 1) for new in keys]))

    def add_column(self, keys: KeyColumn) -> None:
        """Make many keys durable, some thousand in a transaction; when this returns all survive a power cut.

        Whoever says no waits for this database, too (`hub.ledger.shipping`), and a large commit holds up every other
        file of the disk.
        """
        for part in keys.parts(_AT_ONCE):
            self._insert(_column(part))

    def add_named(self, key: Key, name: str, version: int = 1) -> None:
        """Make one of the hub's own keys durable under a name (a domain, an index, the log's signing seed)."""
        self._insert(_columns([(NewKey(key=key, owner=named_owner(name, version)), name, version)]))

    def _insert(self, new: "_New") -> None:
        if not new.secrets:
            return
        for _ in range(_ATTEMPTS):
            generation_id, wrapping_key = self.generations.current()
            wrapped = wrapping_key.wrap(new.secrets, new.aads)
            columns: Columns = {**new.columns, "kek_id": Same(wrapper_of(generation_id)), "wrapped": wrapped}
            with unit_of_work(self._engine) as session:
                if stays_current(session, generation_id):
                    insert_columns(session, WrappedKey, columns)
                    return
            self.generations.forget_current()  # it has retired since it was looked up
        raise KekUnavailable("the current key generation kept changing; try again")

    def get(self, key_ids: Sequence[KeyId], *, act_id: bytes) -> dict[KeyId, Key]:
        """Unwrap the keys that exist, counted for an act; a shredded key is simply absent from the answer."""
        return self._counted(lambda: self._rows(key_ids), act_id)

    def get_files(self, key_ids: Sequence[KeyId]) -> dict[KeyId, Key]:
        """Unwrap keys of lake files, counted for no act; a key of another kind is absent, as one that was shredded."""
        return self._counted(lambda: [row for row in self._rows(key_ids) if row.kind == KeyKind.FILE], NO_ACT)

    def _rows(self, key_ids: Sequence[KeyId]) -> list[WrappedRow]:
        with reading(self._engine) as session:
            return [WrappedRow(*row) for row in select_among(session, _ROWS, list(dict.fromkeys(key_ids)))]

    def _counted(self, read: Callable[[], list[WrappedRow]], act_id: bytes) -> dict[KeyId, Key]:
        keys = self._opened(read)
        self.unwraps.count(keys, act_id)
        return {key.key_id: key for key in keys}

    def present(self, key_ids: Sequence[KeyId]) -> set[KeyId]:
        """Return which of the keys exist, without opening any."""
        found: set[KeyId] = set()
        with reading(self._engine) as session:
            for chunk in _chunks(key_ids):
                query = select(col(WrappedKey.key_id)).where(col(WrappedKey.key_id).in_(chunk))
                found.update(KeyId(bytes(key_id)) for key_id in session.execute(query).scalars())
        return found

    def find_named(self, kind: KeyKind, name: str, version: int = 1) -> Key | None:
        """Unwrap the hub's own key of that kind, name and version.

        Raises:
            SealBroken: the row was altered, or given the name of another.

        """
        owner = named_owner(name, version)
        query = select(*_COLUMNS).where(
            col(WrappedKey.kind) == kind.value,
            col(WrappedKey.name) == name,
            col(WrappedKey.version) == version,
            NAMED,
        )

        def read() -> list[WrappedRow]:
            with reading(self._engine) as session:
                rows = [WrappedRow(*row) for row in session.execute(query)]
            for row in rows:
                if row.owner != owner:
                    raise SealBroken("a key of the hub under another name or version than its own", key_id=row.key_id)
            return rows

        found = self._opened(read)
        return found[0] if found else None

    def _opened(self, read: Callable[[], list[WrappedRow]]) -> list[Key]:
        """Unwrap what `read` finds; a rotation that ends between the two has put the keys under another generation."""
        rows = read()
        while True:
            try:
                return self._unwrapped(rows)
            except SealBroken:
                again = read()
                if again == rows:  # nothing has moved: it does not open
                    raise
                rows = again

    def _unwrapped(self, rows: Sequence[WrappedRow]) -> list[Key]:
        kinds = [kind_of(row.kind, row.key_id) for row in rows]
        secrets = self.generations.unwrap(
            [row.kek_id for row in rows],
            [row.wrapped for row in rows],
            [wrap_aad(KeyId(row.key_id), kind, row.owner) for row, kind in zip(rows, kinds, strict=True)],
        )
        return [
            Key(key_id=KeyId(row.key_id), kind=kind, secret=secret)
            for row, kind, secret in zip(rows, kinds, secrets, strict=True)
        ]

    def shred_batch(self, batch_id: BatchId) -> int:
        """Destroy the keys of a batch marked aborted; return how many."""
        with unit_of_work(self._engine) as session:
            result = session.execute(delete(WrappedKey).where(col(WrappedKey.batch_id) == batch_id))
            return _rowcount(result)

    def shred(self, key_ids: Iterable[KeyId]) -> int:
        """Destroy keys by id (lake files that were rewritten); return how many."""
        with unit_of_work(self._engine) as session:
            return sum(
                _rowcount(session.execute(delete(WrappedKey).where(col(WrappedKey.key_id).in_(chunk))))
                for chunk in _chunks(list(key_ids))
            )

    def erase(self, erasure_id: bytes, owners: Sequence[RecordId], *, at_us: int) -> Mapping[str, int]:
        """Write the ledger rows and destroy every key of the owners in one transaction; return counts by kind.

        Repeating the same erasure changes nothing: a crash between the two databases is rolled forward by calling
        again.

        Raises:
            ValueError: an owner is no record id; an empty one would mean keys that belong to nobody.

        """
        owners = list(dict.fromkeys(owners))
        if any(len(owner) != ID_BYTES for owner in owners):
            raise ValueError(f"a record id has {ID_BYTES} bytes")
        with unit_of_work(self._engine) as session:
            done = set(
                session.execute(select(col(LedgerEntry.ref)).where(col(LedgerEntry.erasure_id) == erasure_id)).scalars()
            )
            fresh = [owner for owner in owners if bytes(owner) not in done]
            if fresh:
                insert_rows(session, LedgerEntry, [_erased(erasure_id, owner, at_us) for owner in fresh])
            counts = _counted_by_kind(session, owners)
            for chunk in _chunks(owners):
                session.execute(delete(WrappedKey).where(col(WrappedKey.owner).in_(chunk)))
        return counts

    def count_owned(self, owners: Sequence[RecordId]) -> dict[str, int]:
        """Count the keys of some records, by kind."""
        with reading(self._engine) as session:
            return _counted_by_kind(session, owners)

    def truncate_journal(self) -> bool:
        """Empty the key database's write-ahead log, which still holds destroyed keys; False if it was busy."""
        return truncate_journal(self._engine)

    def count(self) -> int:
        """Count the keys held."""
        with reading(self._engine) as session:
            return int(session.execute(select(func.count()).select_from(WrappedKey)).scalar_one())


@dataclass(frozen=True, slots=True, kw_only=True)
class _New:
    """Keys on their way in: the columns of their rows, but for what wraps them and what comes of it."""

    columns: Columns
    secrets: Sequence[bytes] = field(repr=False)
    aads: Sequence[bytes]


def _columns(keys: Sequence[tuple[NewKey, str, int]]) -> _New:
    return _New(
        columns={
            "key_id": [new.key.key_id for new, _, _ in keys],
            "kind": [new.key.kind.value for new, _, _ in keys],
            "owner": [new.owner for new, _, _ in keys],
            "name": [name for _, name, _ in keys],
            "version": [version for _, _, version in keys],
            "batch_id": [new.batch_id for new, _, _ in keys],
        },
        secrets=[new.key.secret for new, _, _ in keys],
        aads=[wrap_aad(new.key.key_id, new.key.kind, new.owner) for new, _, _ in keys],
    )


def _column(keys: KeyColumn) -> _New:
    return _New(
        columns={
            "key_id": keys.key_ids,
            "kind": Same(keys.kind.value),
            "owner": keys.owners,
            "name": Same(""),
            "version": Same(1),
            "batch_id": Same(keys.batch_id),
        },
        secrets=list(keys.each()),
        aads=[wrap_aad(key_id, keys.kind, owner) for key_id, owner in zip(keys.key_ids, keys.owners, strict=True)],
    )


def _erased(erasure_id: bytes, owner: RecordId, at_us: int) -> dict[str, object]:
    row = {"kind": "erased", "ref": bytes(owner), "purpose": "", "erasure_id": erasure_id, "at_us": at_us}
    return row | {"entry_id": random_id(), "epoch": 0, "place": 0, "channel": "", "detail": ""}


def _counted_by_kind(session: Session, owners: Sequence[RecordId]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for chunk in _chunks(owners):
        owned = col(WrappedKey.owner).in_(chunk)
        kinds = select(col(WrappedKey.kind), func.count()).where(owned).group_by(col(WrappedKey.kind))
        counts.update({str(kind): count for kind, count in session.execute(kinds)})
    return dict(counts)


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))


def _rowcount(result: object) -> int:
    return int(result.rowcount) if isinstance(result, CursorResult) else 0

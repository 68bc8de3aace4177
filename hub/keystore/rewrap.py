"""Rewrapping: data keys from one wrapper to the current generation, generations from one KEK to another.

What is sealed is never touched. Data keys go in batches, each one transaction, in the order in which the database
finds them (PostgreSQL: by key id; SQLite: as they came). A batch changes a row only if it still names the wrapper that
was read (compare-and-set), so a key that was destroyed, or rewrapped by somebody else, is left alone. New keys go under
the current generation, never under the one that is being emptied, so one walk is complete; a walk that broke off goes
on from its last position, or from the start. `destroy_generation` looks once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Engine
from sqlmodel import Session

from hub.database.unit import reading, unit_of_work
from hub.kek.label import label_of
from hub.keystore.generation import WrappedGeneration, replace_wrapped, stays_current, undestroyed, wrapper_of
from hub.keystore.held import HeldGenerations
from hub.keystore.store import kind_of, wrap_aad
from privacy.errors import KekUnavailable
from privacy.keys import KekProvider
from privacy.terms import KeyId

BATCH: Final = 2_000
"""Keys a transaction: on SQLite writers wait for one another, and none should wait long."""
_ATTEMPTS: Final = 3  # a generation lasts days

_READ_SQLITE: Final = (
    "SELECT rowid, key_id, kind, owner, wrapped FROM wrapped_key WHERE kek_id = ? AND rowid > ? ORDER BY rowid LIMIT ?"
)
_CHANGE_SQLITE: Final = "UPDATE wrapped_key SET kek_id = ?, wrapped = ? WHERE rowid = ? AND key_id = ? AND kek_id = ?"
_READ_POSTGRESQL: Final = (
    "SELECT key_id, key_id, kind, owner, wrapped FROM wrapped_key "
    "WHERE kek_id = %s AND key_id > %s ORDER BY key_id LIMIT %s"
)
_CHANGE_POSTGRESQL: Final = (
    "UPDATE wrapped_key SET kek_id = %s, wrapped = new.wrapped "
    "FROM unnest(%s::bytea[], %s::bytea[]) AS new (key_id, wrapped) "
    "WHERE wrapped_key.key_id = new.key_id AND kek_id = %s"
)
"""Straight to the driver. SQLite keeps rows in the order they came: walked by key id, each row of a batch lay on a page
of its own, and a million keys wrote four gigabytes (116 s; 37 s of it computing)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrapped:
    """One batch: after which position the next one begins (None after the last), keys read, keys changed."""

    position: bytes | None
    read: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    wrapper: str
    places: Sequence[Any]
    ids: Sequence[bytes]
    secrets: Sequence[bytes] = field(repr=False)
    aads: Sequence[bytes]


def rewrap_batch(
    engine: Engine, generations: HeldGenerations, wrapper: str, *, after: bytes = b"", limit: int = BATCH
) -> Rewrapped:
    """Rewrap the next keys of a wrapper (`gen-...` or a KEK's id) to the current generation, in one transaction.

    Call again with `after=position` until that is None. Killed at any point, every key is readable: under the old
    wrapper or under the new one.

    Raises:
        KekUnavailable: the KEK is not at hand; nothing was changed.
        SealBroken: a row was altered; nothing of its batch was changed.

    """
    rows = _next(engine, wrapper, after, limit)
    if not rows:
        return Rewrapped(position=None, read=0, changed=0)
    places, ids, kinds, owners, wrapped = zip(*rows, strict=True)
    aads = [
        wrap_aad(KeyId(key_id), kind_of(kind, key_id), owner)
        for key_id, kind, owner in zip(ids, kinds, owners, strict=True)
    ]
    secrets = generations.unwrap([wrapper] * len(rows), wrapped, aads)
    batch = _Batch(wrapper=wrapper, places=places, ids=ids, secrets=secrets, aads=aads)
    changed = _put(engine, generations, batch)
    return Rewrapped(position=_position(places[-1]) if len(rows) == limit else None, read=len(rows), changed=changed)


def rewrap_generations(engine: Engine, generations: HeldGenerations, old: KekProvider, new: KekProvider) -> int:
    """Put every generation that is not destroyed under another KEK, or under the newest version of the same.

    One transaction a generation, compare-and-set: killed at any point, each opens under the KEK that its row names, and
    calling again goes on. Returns how many were changed.

    Raises:
        KekUnavailable: one of the two KEKs is not at hand.

    """
    newest, changed = new.kek_id, 0
    with reading(engine) as session:
        waiting = [each for each in undestroyed(session) if each.kek_id != newest]
    for each in waiting:  # few: one a week
        aad = generations.aad_of(each.generation_id)
        generations.note_asked()
        (wrapped,) = new.wrap(old.unwrap([each.wrapped], [aad]), [aad])
        kek_id, _ = label_of(wrapped)
        after = WrappedGeneration(generation_id=each.generation_id, kek_id=kek_id, wrapped=wrapped)
        with unit_of_work(engine) as session:
            changed += replace_wrapped(session, each, after)
    return changed


def _next(engine: Engine, wrapper: str, after: bytes, limit: int) -> Sequence[Any]:
    """Read the next rows: position, id, kind, owner, wrapped."""
    sqlite = engine.dialect.name == "sqlite"
    place = int.from_bytes(after, "big") if sqlite else after
    with reading(engine) as session:
        connection = session.connection()
        return connection.exec_driver_sql(_READ_SQLITE if sqlite else _READ_POSTGRESQL, (wrapper, place, limit)).all()


def _position(place: int | bytes) -> bytes:
    return place.to_bytes(8, "big") if isinstance(place, int) else bytes(place)


def _put(engine: Engine, generations: HeldGenerations, batch: _Batch) -> int:
    for _ in range(_ATTEMPTS):
        generation_id, key = generations.current()
        wrapped = key.wrap(batch.secrets, batch.aads)
        with unit_of_work(engine) as session:
            if stays_current(session, generation_id):
                return _change(session, batch, wrapper_of(generation_id), wrapped)
        generations.forget_current()
    raise KekUnavailable("the current key generation kept changing; try again")


def _change(session: Session, batch: _Batch, wrapper: str, wrapped: Sequence[bytes]) -> int:
    """Compare and set, straight to the driver: SQLAlchemy's own bulk update costs several times what SQLite does."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        rows = [
            (wrapper, secret, place, key_id, batch.wrapper)
            for secret, place, key_id in zip(wrapped, batch.places, batch.ids, strict=True)
        ]
        return int(connection.exec_driver_sql(_CHANGE_SQLITE, rows).rowcount)
    values = (wrapper, list(batch.ids), list(wrapped), batch.wrapper)
    return int(connection.exec_driver_sql(_CHANGE_POSTGRESQL, values).rowcount)

"""Rewrapping: data keys from one wrapper to the current generation, generations from one KEK to another.

What is sealed is never touched. Data keys go in batches, each one transaction, in the order of their ids. A batch
changes a row only if it still names the wrapper that was read (compare-and-set), so a key that was destroyed, or
rewrapped by somebody else, is left alone. New keys go under the current generation, never under the one that is being
emptied, so one walk is complete; a walk that broke off goes on from its last position, or from the start.
`destroy_generation` looks once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Engine
from sqlmodel import Session

from hub.database.unit import reading, unit_of_work
from hub.kek.label import label_of
from hub.keystore.binding import kind_of, wrap_aad
from hub.keystore.generation import WrappedGeneration, replace_wrapped, stays_current, undestroyed, wrapper_of
from hub.keystore.held import HeldGenerations
from privacy.errors import KekUnavailable
from privacy.keys import KekProvider
from privacy.terms import KeyId

BATCH: Final = 2_000
"""Keys a transaction: on SQLite writers wait for one another, and none should wait long."""
_ATTEMPTS: Final = 3  # a generation lasts days

_READ: Final = (
    "SELECT key_id, kind, owner, wrapped FROM wrapped_key WHERE kek_id = {0} AND key_id > {0} ORDER BY key_id LIMIT {0}"
)
_CHANGE_SQLITE: Final = "UPDATE wrapped_key SET kek_id = ?, wrapped = ? WHERE key_id = ? AND kek_id = ?"
_CHANGE_POSTGRESQL: Final = (
    "UPDATE wrapped_key SET kek_id = %s, wrapped = new.wrapped "
    "FROM unnest(%s::bytea[], %s::bytea[]) AS new (key_id, wrapped) "
    "WHERE wrapped_key.key_id = new.key_id AND kek_id = %s"
)
"""Straight to the driver. On SQLite rows lie in the order of their ids, so that a batch changes neighbouring pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrapped:
    """One batch: after which position the next one begins (None after the last), keys read, keys changed."""

    position: bytes | None
    read: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    wrapper: str
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
    ids, kinds, owners, wrapped = zip(*rows, strict=True)
    aads = [
        wrap_aad(KeyId(key_id), kind_of(kind, key_id), owner)
        for key_id, kind, owner in zip(ids, kinds, owners, strict=True)
    ]
    secrets = generations.unwrap([wrapper] * len(rows), wrapped, aads)
    batch = _Batch(wrapper=wrapper, ids=ids, secrets=secrets, aads=aads)
    changed = _put(engine, generations, batch)
    return Rewrapped(position=bytes(ids[-1]) if len(rows) == limit else None, read=len(rows), changed=changed)


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
    """Read the next rows: id, kind, owner, wrapped."""
    query = _READ.format("?" if engine.dialect.name == "sqlite" else "%s")
    with reading(engine) as session:
        return session.connection().exec_driver_sql(query, (wrapper, after, limit)).all()


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
        rows = [(wrapper, secret, key_id, batch.wrapper) for secret, key_id in zip(wrapped, batch.ids, strict=True)]
        return int(connection.exec_driver_sql(_CHANGE_SQLITE, rows).rowcount)
    values = (wrapper, list(batch.ids), list(wrapped), batch.wrapper)
    return int(connection.exec_driver_sql(_CHANGE_POSTGRESQL, values).rowcount)

"""Key generations: which there are, which one wraps new keys, and when one may be destroyed.

A generation is `current` (wraps new keys; at most one), `retiring` (opens old ones, takes no new ones) or `destroyed`
(its key is gone, its row stays). `start` and a writer's `stays_current` lock the current row, so once `start` has
committed no transaction adds a key to the generation before: its keys only become fewer, and `destroy` can look for
them without holding a lock.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Engine, Select, delete, func, select, update
from sqlmodel import Session, col

from hub.database.unit import reading, unit_of_work
from hub.errors import GenerationInUse
from hub.keystore.tables import KeyGenerationRow, WrappedKey
from privacy.errors import SealBroken
from privacy.instant import instant_of, microseconds_of
from privacy.store.bulk import insert_rows

_PREFIX: Final = "gen-"


class GenerationState(StrEnum):
    """What a generation still does."""

    CURRENT = "current"
    RETIRING = "retiring"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One key generation as it may be shown: without its key. `keys` counts the data keys wrapped under it."""

    generation_id: bytes
    kek_id: str
    state: GenerationState
    created_at: datetime
    retired_at: datetime | None
    destroyed_at: datetime | None
    keys: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedGeneration:
    """A generation's key as the KEK wrapped it."""

    generation_id: bytes
    kek_id: str
    wrapped: bytes


def wrapper_of(generation_id: bytes) -> str:
    """Name a generation as `wrapped_key.kek_id` does."""
    return _PREFIX + generation_id.hex()


def generation_of(wrapper: str) -> bytes | None:
    """Return the generation that a row of `wrapped_key` names, None where the KEK itself wrapped it.

    Raises:
        SealBroken: it names one that there cannot be.

    """
    if not wrapper.startswith(_PREFIX):
        return None
    try:
        return bytes.fromhex(wrapper.removeprefix(_PREFIX))
    except ValueError:
        raise SealBroken("a wrapped key names no generation that there can be") from None


def all_generations(engine: Engine) -> list[Generation]:
    """List the generations, the oldest first, with how many data keys each wraps."""
    with reading(engine) as session:
        counts = _counts(session)
        rows = session.execute(select(KeyGenerationRow).order_by(col(KeyGenerationRow.created_us))).scalars().all()
    return [_shown(row, counts.get(wrapper_of(row.generation_id), 0)) for row in rows]


def ends_of_generations(engine: Engine) -> list[tuple[bytes, datetime, datetime | None]]:
    """Return id, beginning and destruction of each generation, the oldest first; without counting a key."""
    with reading(engine) as session:
        rows = session.execute(select(KeyGenerationRow).order_by(col(KeyGenerationRow.created_us))).scalars().all()
        return [(each.generation_id, each.created_at, each.destroyed_at) for each in (_shown(row, 0) for row in rows)]


def direct_wrappers(engine: Engine) -> dict[str, int]:
    """Count the data keys that a KEK wrapped itself, by its id: those of homes before key generations."""
    with reading(engine) as session:
        return {wrapper: count for wrapper, count in _counts(session).items() if generation_of(wrapper) is None}


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedGeneration:
    """A generation as a backup keeps it: its key as the KEK wrapped it, and where it stands (microseconds)."""

    generation_id: bytes
    kek_id: str
    wrapped: bytes = field(repr=False)
    state: str
    created_us: int
    retired_us: int | None
    destroyed_us: int | None


def saved_generations(engine: Engine) -> list[SavedGeneration]:
    """Return every generation, the oldest first; of a destroyed one nothing is left that opens."""
    with reading(engine) as session:
        rows = session.execute(select(KeyGenerationRow).order_by(col(KeyGenerationRow.created_us))).scalars().all()
    return [SavedGeneration(**{each.name: getattr(row, each.name) for each in fields(SavedGeneration)}) for row in rows]


def bring_back_generations(engine: Engine, saved: Sequence[SavedGeneration]) -> None:
    """Put saved generations in the place of those that are there: of a key store that was restored without them."""
    with unit_of_work(engine) as session:
        session.execute(delete(KeyGenerationRow))
        insert_rows(session, KeyGenerationRow, [asdict(each) for each in saved])


def find_current(session: Session) -> WrappedGeneration | None:
    """Return the generation that wraps new keys."""
    return _one(session, col(KeyGenerationRow.state) == GenerationState.CURRENT.value)


def find_generation(session: Session, generation_id: bytes) -> WrappedGeneration | None:
    """Return a generation whose key is still there."""
    found = _one(session, col(KeyGenerationRow.generation_id) == generation_id)
    return found if found is not None and found.wrapped else None


def undestroyed(session: Session) -> list[WrappedGeneration]:
    """Return every generation whose key is still there, the oldest first."""
    query = _wrapped().where(col(KeyGenerationRow.state) != GenerationState.DESTROYED.value)
    rows = session.execute(query.order_by(col(KeyGenerationRow.created_us))).all()
    return [WrappedGeneration(generation_id=row[0], kek_id=row[1], wrapped=row[2]) for row in rows]


def add_current(session: Session, new: WrappedGeneration, *, at: datetime) -> None:
    """Make a generation the current one in the caller's transaction; the one before retires.

    The database refuses a second current one, if somebody else starts one at the same moment (`RuleBroken`).
    """
    retire = update(KeyGenerationRow).where(col(KeyGenerationRow.state) == GenerationState.CURRENT.value)
    session.execute(retire.values(state=GenerationState.RETIRING.value, retired_us=microseconds_of(at)))
    row = {
        "generation_id": new.generation_id,
        "kek_id": new.kek_id,
        "wrapped": new.wrapped,
        "state": GenerationState.CURRENT.value,
        "created_us": microseconds_of(at),
    }
    insert_rows(session, KeyGenerationRow, [row])


def stays_current(session: Session, generation_id: bytes) -> bool:
    """Say whether new keys may still be added to a generation, and keep it so until the caller commits."""
    query = select(col(KeyGenerationRow.state)).where(col(KeyGenerationRow.generation_id) == generation_id)
    return session.execute(query.with_for_update(read=True)).scalar_one_or_none() == GenerationState.CURRENT.value


def destroy_generation(engine: Engine, generation_id: bytes, *, at: datetime) -> None:
    """Destroy a retiring generation's key; doing it again changes nothing.

    The caller empties the journal afterwards (`SqlKeyStore.truncate_journal`), which still holds the wrapped bytes.

    Raises:
        GenerationInUse: it is the current one, or data keys are still wrapped under it; rewrap those first.

    """
    mine = col(KeyGenerationRow.generation_id) == generation_id
    state = select(col(KeyGenerationRow.state)).where(mine)
    used = select(col(WrappedKey.key_id)).where(col(WrappedKey.kek_id) == wrapper_of(generation_id)).limit(1)
    with reading(engine) as session:  # without a lock: see the rules above
        found = session.execute(state).scalar_one_or_none()
        if found in {None, GenerationState.CURRENT.value} or session.execute(used).first() is not None:
            raise GenerationInUse(generation_id)
    gone = {"wrapped": b"", "state": GenerationState.DESTROYED.value, "destroyed_us": microseconds_of(at)}
    with unit_of_work(engine) as session:
        retiring = col(KeyGenerationRow.state) == GenerationState.RETIRING.value
        session.execute(update(KeyGenerationRow).where(mine, retiring).values(gone))


def replace_wrapped(session: Session, old: WrappedGeneration, new: WrappedGeneration) -> bool:
    """Put a generation's key under another KEK; False if it changed meanwhile, and then nothing was done."""
    change = update(KeyGenerationRow).where(
        col(KeyGenerationRow.generation_id) == old.generation_id, col(KeyGenerationRow.wrapped) == old.wrapped
    )
    done = change.values(kek_id=new.kek_id, wrapped=new.wrapped).returning(col(KeyGenerationRow.generation_id))
    return session.execute(done).first() is not None


def _wrapped() -> Select[bytes, str, bytes]:
    return select(col(KeyGenerationRow.generation_id), col(KeyGenerationRow.kek_id), col(KeyGenerationRow.wrapped))


def _one(session: Session, condition: ColumnElement[bool]) -> WrappedGeneration | None:
    row = session.execute(_wrapped().where(condition)).one_or_none()
    return None if row is None else WrappedGeneration(generation_id=row[0], kek_id=row[1], wrapped=row[2])


def _shown(row: KeyGenerationRow, keys: int) -> Generation:
    return Generation(
        generation_id=row.generation_id,
        kek_id=row.kek_id,
        state=GenerationState(row.state),
        created_at=instant_of(row.created_us),
        retired_at=None if row.retired_us is None else instant_of(row.retired_us),
        destroyed_at=None if row.destroyed_us is None else instant_of(row.destroyed_us),
        keys=keys,
    )


def _counts(session: Session) -> dict[str, int]:
    query = select(col(WrappedKey.kek_id), func.count()).group_by(col(WrappedKey.kek_id))
    return {row[0]: int(row[1]) for row in session.execute(query).all()}

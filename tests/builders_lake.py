"""Small lakes for tests: a key store held in memory, a clock that stands still, frames made from a seed."""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

import polars as pl
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

from hub.database.engine import engine_of
from hub.database.unit import reading, unit_of_work
from hub.lake import catalogue
from hub.lake import reading as lake_reading
from hub.lake.append import append
from hub.lake.lake import Lake
from hub.lake.storage import LocalFileStore
from hub.lake.tables import LakeFileRow, LakeHeadRow, LakeIntentRow, LakeLeaseRow
from hub.lake.terms import FileState, Step
from privacy.keys import Key, KeyColumn, KeyKind, KeyStore, NewKey
from privacy.terms import BatchId, KeyId, RecordId

TABLES = [row.__table__ for row in (LakeFileRow, LakeHeadRow, LakeIntentRow, LakeLeaseRow)]
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
INSTANCE = b"i" * 16
ORDERS = pl.Schema(
    {
        "person": pl.Binary(),
        "organisation": pl.Binary(),
        "event_time": pl.Datetime("us", "UTC"),
        "event_id": pl.Int64(),
        "amount_minor": pl.Int64(),
        "employee": pl.Binary(),
    }
)


class HeldKeys:
    """A key store in memory; `calls` counts what was asked."""

    def __init__(self) -> None:
        self.held: dict[KeyId, NewKey] = {}
        self.calls: list[str] = []

    def add(self, keys: Sequence[NewKey]) -> None:
        self.calls.append("add")
        self.held |= {new.key.key_id: new for new in keys}

    def add_column(self, keys: KeyColumn) -> None:
        raise NotImplementedError

    def get(self, key_ids: Sequence[KeyId], *, act_id: bytes) -> dict[KeyId, Key]:
        raise NotImplementedError

    def get_files(self, key_ids: Sequence[KeyId]) -> dict[KeyId, Key]:
        self.calls.append("get")
        return {key_id: self.held[key_id].key for key_id in key_ids if key_id in self.held}

    def find_named(self, kind: KeyKind, name: str, version: int = 1) -> Key | None:
        raise NotImplementedError

    def shred_batch(self, batch_id: BatchId) -> int:
        return self.shred([key_id for key_id, new in self.held.items() if new.batch_id == batch_id])

    def shred(self, key_ids: Iterable[KeyId]) -> int:
        self.calls.append("shred")
        return sum(self.held.pop(key_id, None) is not None for key_id in key_ids)

    def erase(self, erasure_id: bytes, owners: Sequence[RecordId], *, at_us: int) -> Mapping[str, int]:
        raise NotImplementedError


class StandingClock:
    """A database clock that moves only when told."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self, _session: Session) -> datetime:
        return self.at

    def advance(self, **by: float) -> None:
        self.at += timedelta(**by)


def unreported(step: Step) -> None:
    pass


def small_lake(
    root: Path,
    *,
    keys: KeyStore | None = None,
    clock: Callable[[Session], datetime] | None = None,
    reached: Callable[[Step], None] = unreported,
    engine: Engine | None = None,
) -> Lake:
    """Open (or make) the lake below a directory."""
    engine = engine or engine_of(f"sqlite:///{root / 'control.sqlite'}")
    SQLModel.metadata.create_all(engine, tables=TABLES)
    (root / "lake").mkdir(exist_ok=True)
    return Lake(
        files=LocalFileStore(root / "lake", reached),
        keys=HeldKeys() if keys is None else keys,
        unit_of_work=partial(unit_of_work, engine),
        read_only=partial(reading, engine),
        schema_of=lambda _table: ORDERS,
        instance_id=INSTANCE,
        clock=clock or catalogue.database_time,
        reached=reached,
    )


def record(number: int) -> RecordId:
    """Return an id as even as a random one, the same for the same number."""
    return RecordId(sha256(b"record %d" % number).digest()[:16])


def orders(owners: Iterable[int | None], *, start: int = 0, organisation: int | None = None) -> pl.DataFrame:
    """Return one order per owner number, with amounts counting from `start`."""
    people = list(owners)
    count = len(people)
    return pl.DataFrame(
        {
            "person": [None if owner is None else record(owner) for owner in people],
            "organisation": [None if organisation is None else record(organisation)] * count,
            "event_time": [
                NOON - timedelta(days=365) + timedelta(seconds=(start + i) * 7919 % 30_000_000) for i in range(count)
            ],
            "event_id": range(start, start + count),
            "amount_minor": range(start, start + count),
            "employee": [None] * count,
        },
        schema=ORDERS,
    )


def batch(number: int) -> BatchId:
    return BatchId(sha256(b"batch %d" % number).digest()[:16])


def land(lake: Lake, frame: pl.DataFrame, number: int, *, table: str = "orders") -> None:
    """Append, stage and publish a batch, as the pipeline does."""
    files = append(lake, frame, table=table, batch_id=batch(number))
    with lake.unit_of_work() as session:
        catalogue.stage(session, files, batch_id=batch(number), at=lake.clock(session))
    with lake.unit_of_work() as session:
        catalogue.publish(session, batch(number))


def all_rows(lake: Lake, table: str = "orders") -> pl.DataFrame:
    """Read everything a new reader sees, in a fixed order."""
    with lake_reading.reading(lake) as reader:
        return reader.collect(reader.scan(table)).sort(pl.all())


def told_to(opened: list[str]) -> Callable[[LocalFileStore, str], str]:
    """Return a `LocalFileStore.location` that notes which files are opened."""
    location = LocalFileStore.location

    def noting(store: LocalFileStore, name: str) -> str:
        opened.append(name)
        return location(store, name)

    return noting


def states(lake: Lake) -> dict[FileState, int]:
    """Count the catalogue's files by state."""
    with lake.read_only() as session:
        files = catalogue.files_of(session, states=list(FileState))
    return {
        state: sum(file.state is state for file in files) for state in FileState if any(f.state is state for f in files)
    }


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """Return a plain Parquet file, for what an unknown or forged file may hold."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()

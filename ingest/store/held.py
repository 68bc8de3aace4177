"""Held texts: which row of the lake each belongs to, and the sealed text, read by the page."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import polars as pl
from sqlalchemy import select
from sqlmodel import Session, col

from ingest.tables.record import HeldText
from privacy.instant import microseconds_of
from privacy.store.bulk import among_keys, select_among

HELD: Final = {"person": pl.Binary, "event_id": pl.Int64, "text_id": pl.Binary, "key_id": pl.Binary}
_COLUMNS: Final = (
    col(HeldText.record_id),
    col(HeldText.event_id),
    col(HeldText.text_id),
    col(HeldText.key_id),
    col(HeldText.canonical_table),
    col(HeldText.expires_at),
)
_OF_PEOPLE: Final = select(*_COLUMNS).where(among_keys(col(HeldText.record_id)))
_SEALED: Final = select(col(HeldText.text_id), col(HeldText.sealed)).where(among_keys(col(HeldText.text_id)))


def find_held(session: Session, table: str, rows: pl.DataFrame, *, at: datetime) -> pl.DataFrame:
    """Find the held texts of rows of a table (person, event_id), those whose time is over left out.

    Columns person (Binary), event_id (Int64), text_id, key_id (Binary): at most one for each row.
    """
    wanted = rows.select("person", "event_id").drop_nulls("event_id")
    people = wanted["person"].drop_nulls().unique().to_list()
    moment = microseconds_of(at)
    found = [each[:4] for each in select_among(session, _OF_PEOPLE, people) if each[4] == table and each[5] > moment]
    if wanted["person"].null_count():
        found += _of_nobody(session, table, set(wanted.filter(pl.col("person").is_null())["event_id"]), at=at)
    frame = pl.DataFrame(found, schema=HELD, orient="row").drop_nulls("event_id")
    known = frame.join(wanted, on=["person", "event_id"], how="semi", nulls_equal=True)
    return known.unique(["person", "event_id"], keep="any")


def sealed_texts(session: Session, text_ids: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield text_id and sealed bytes of held texts."""
    yield from select_among(session, _SEALED, text_ids)


def _of_nobody(
    session: Session, table: str, event_ids: set[int], *, at: datetime
) -> list[tuple[bytes | None, int | None, bytes, bytes]]:
    """Find the texts of rows that name no person: they have no index, so all of a table's are passed over."""
    query = select(*_COLUMNS[:4]).where(
        col(HeldText.record_id).is_(None), col(HeldText.canonical_table) == table, col(HeldText.expires_at) > at
    )
    rows = session.connection().execute(query, execution_options={"yield_per": 2_000})
    return [(None, event, text, key) for _, event, text, key in rows if event in event_ids]

"""People of a benchmark's home: written in bulk, as a delivery that came in long ago leaves them."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from typing import Final

from hub.compose import Hub
from privacy.instant import microseconds_of
from privacy.store.consent import declare_grounds
from privacy.store.epoch import bump_epoch_for_all
from privacy.terms import random_ids

SOURCE: Final = "shop"


def name_people(hub: Hub, records: Sequence[bytes], entities: Sequence[bytes], *, at: datetime) -> None:
    """Name records of people, each with the ordinal of an earlier release; SQLite homes only."""
    keys, made = random_ids(len(records)), microseconds_of(at)
    with closing(sqlite3.connect(hub.settings.home / "control.db")) as database, database:
        database.executemany(
            "INSERT INTO entity (entity_id, kind, created_at, revision) VALUES (?, 'person', ?, 0)",
            ((entity, made) for entity in dict.fromkeys(entities)),
        )
        database.executemany(
            "INSERT INTO source_record (record_id, kind, source, key_index, key_version, created_at)"
            " VALUES (?, 'person', ?, ?, 1, ?)",
            ((record, SOURCE, key * 2, made) for record, key in zip(records, keys, strict=True)),
        )
        database.executemany(
            "INSERT INTO crosswalk (record_id, entity_id, kind, ordinal) VALUES (?, ?, 'person', ?)",
            zip(records, entities, range(len(records)), strict=True),
        )
        database.execute("UPDATE ordinal_counter SET next = ?", (len(records),))


def declare(hub: Hub, purpose: str, *, at: datetime) -> None:
    """Say that the source declares its ground for a purpose and gave notice, so that its people may be read."""
    ground = {
        "source": SOURCE,
        "purpose": purpose,
        "contract": f"{SOURCE}_orders",
        "legal_basis": "legitimate_interests",
        "notice_version": "privacy-2025-01",
        "notice_given": True,
        "declared_at": at,
    }
    with hub.unit_of_work() as session:
        bump_epoch_for_all(session, kind="batch")
        declare_grounds(session, [ground])

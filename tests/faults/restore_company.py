"""The company before and after a backup: who is erased, who says no, and what was there, by name.

Before the backup: c1..c9 and s1..s9 are taken in. Afterwards c1 (with s1) is erased, c5 (with s5) objects to
everything, and the lake's files have been rewritten.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, select, text

from hub.compose import Hub
from hub.consents import Wish, find_subject, record_wish
from hub.erasing import erase
from hub.errors import SubjectNotFound
from hub.views.permission import permitted_set
from ingest.canonical.catalogue import LAKE_TABLES
from privacy.terms import EVERY_PURPOSE, ActChannel, ConsentAct, EntityKind, PurposeId, RecordId
from tests.faults.ingest_company import NOON, deliver, owner_of
from tests.faults.ingest_meaning import lake_frame, meaning

ERASED = "crm:c1"
OBJECTING = "crm:c5"
GONE_NAMES = ("c1", "s1")
DELIVERIES = ("crm1", "mail1", "shop1")


def fill(hub: Hub, folder: Path) -> None:
    for name in DELIVERIES:
        deliver(hub, name, folder)


def go_on(hub: Hub) -> list[RecordId]:
    """Do after the backup what a restore must not undo; return the records of the erased person."""
    owner = owner_of(hub)
    wish = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId(EVERY_PURPOSE), channel=ActChannel.AGENT)
    record_wish(hub, find_subject(hub, OBJECTING), wish, owner)
    gone = find_subject(hub, ERASED)
    erase(hub, gone, owner)
    return list(gone.records)


def permitted(hub: Hub) -> dict[str, set[bytes]]:
    with hub.reading() as session:
        return {
            purpose.id: set(
                permitted_set(session, purpose, EntityKind.PERSON, at=NOON + timedelta(days=2)).records["record"]
            )
            for purpose in hub.policy().purposes
        }


def assert_erased_nowhere(hub: Hub, gone: list[RecordId]) -> None:
    """No purpose, no table by reflection, no lake row, no key knows them; nobody finds them by their number."""
    for records in permitted(hub).values():
        assert not records & set(gone)
    try:
        find_subject(hub, ERASED)
    except SubjectNotFound:
        pass
    else:
        raise AssertionError("found")
    for table in LAKE_TABLES:
        frame = lake_frame(hub, table)
        for column in ("person", "organisation", "employee"):
            if column in frame.columns:
                assert not set(frame[column]) & set(gone)
    with hub.keystore.engine.connect() as connection:
        owners = set(connection.execute(text("SELECT owner FROM wrapped_key")).scalars())
    assert not {bytes(owner) for owner in owners} & {bytes(record) for record in gone}
    assert_no_row(hub, gone)


def assert_no_row(hub: Hub, gone: list[RecordId]) -> None:
    """Walk every table that there is, not those that the program knows."""
    kept = {"tombstone", "ledger_entry", "change", "consent_event", "consent_head", "crosswalk_event"}
    metadata = MetaData()
    metadata.reflect(hub.engine)
    with hub.engine.connect() as connection:
        for table in metadata.tables.values():
            if table.name in kept:  # random ids without a mapping: history, and what keeps them closed
                continue
            rows = connection.execute(select(table)).all()
            found = {bytes(value) for row in rows for value in row if isinstance(value, bytes | memoryview)}
            assert not found & {bytes(record) for record in gone}, table.name


def others(meant: dict[str, Any]) -> dict[str, Any]:
    """What a home means to everybody but the erased."""

    def mine(entry: Any) -> bool:
        return any(name in repr(entry) for name in (*(f"'{name}'" for name in GONE_NAMES),))

    return {
        "documents": {name: each for name, each in meant["documents"].items() if name not in GONE_NAMES},
        "texts": [each for each in meant["texts"] if each[0] not in GONE_NAMES],
        "contacts": [each for each in meant["contacts"] if not mine(each)],
        "entities": [each for each in meant["entities"] if not set(each) & set(GONE_NAMES)],
        "lake": {
            table: kept for table, rows in meant["lake"].items() if (kept := [row for row in rows if not mine(row)])
        },
    }


def assert_others_intact(before: dict[str, Any], hub: Hub) -> None:
    assert others(meaning(hub)) == others(before)


def assert_objection_stands(hub: Hub) -> None:
    objecting = {bytes(record) for record in find_subject(hub, OBJECTING).records}
    for records in permitted(hub).values():
        assert not records & objecting

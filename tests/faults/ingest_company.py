"""A company of a dozen people: contracts, deliveries with every trap, a home to take them in, and what it then means.

`meaning` reads a home the way a person would compare two of them: by source keys, opened documents, standings and
rows, never by random ids or instants of arrival.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import func, select
from sqlmodel import Session, SQLModel, col

from hub.authentication import authenticate
from hub.compose import Hub, open_hub
from hub.home import make_home
from hub.keystore.tables import WrappedKey
from hub.lake import catalogue
from hub.lake.purge import purge
from hub.lake.reading import reading as lake_reading
from hub.lake.storage import LocalFileStore
from hub.lake.sweep import sweep
from hub.lake.terms import FileState, name_of
from hub.settings import Settings
from ingest.canonical.catalogue import LAKE_TABLES
from ingest.contract.load import contract_of_yaml
from ingest.contract.model import Contract
from ingest.pipeline import arrival, people, settle, texts
from ingest.pipeline.delivery import Summary, ingest_file
from ingest.pipeline.events import EventArrival
from ingest.pipeline.people import IdentityArrival, revision_cell
from ingest.pipeline.recovery import recover
from ingest.store.batch import BatchState
from ingest.tables.batch import Batch, BatchMetric, QuarantineRow
from ingest.tables.identity import ContactOf, Crosswalk
from ingest.tables.record import HeldText, RecordIndex, RecordRevision, SourceRecord
from privacy.consent import axes_of
from privacy.keys import KeyKind
from privacy.sealing import Cell, SealedTable, open_sealed
from privacy.store.audit import verify_log
from privacy.store.consent import heads_of
from privacy.store.principal import Principal
from privacy.terms import EntityKind, KeyId, RecordId

MEMORY = Path("/dev/shm")
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
TOLD = "2025-05-01 08:00:00"

CRM = """
contract: crm_people
version: 1
source: crm
owner: crm-team
table: people
format: {kind: csv, delimiter: ",", encoding: utf-8, dates: "%Y-%m-%d %H:%M:%S", timezone: UTC}
country: "NO"
basis: {purposes: {churn: legitimate_interests, winback: consent}, notice: privacy-2025-01, notice_given: true}
key: [id]
columns:
  given: {to: given_name}
  family: {to: family_name}
  email: {to: email}
  phone: {to: phone}
  born: {to: birth_date, dates: "%Y-%m-%d"}
  lang: {to: language}
  changed: {to: event_time}
consent:
  winback_ok:
    purposes: [winback]
    values: {"yes": given, "no": refused, "": unknown}
    at: changed
    notice: privacy-2025-01
  tracking:
    purposes: [churn]
    values: {stop: objected, "": unknown}
    at: changed
    notice: privacy-2025-01
"""
SHOP = """
contract: shop_people
version: 1
source: shop
owner: shop-team
table: people
format: {kind: csv, delimiter: ",", encoding: utf-8, dates: "%Y-%m-%d %H:%M:%S", timezone: UTC}
country: "NO"
basis: {purposes: {churn: legitimate_interests, winback: consent}, notice: privacy-2025-01, notice_given: true}
key: [no]
organisation: {column: firm, source: shop}
columns:
  name: {to: full_name}
  email: {to: email}
  segment: {to: segment}
  changed: {to: event_time}
consent:
  mailings:
    purposes: [winback]
    values: {"yes": given, "no": withdrawn, "": unknown}
    at: changed
    notice: privacy-2025-01
"""
MAIL = """
contract: mail
version: 1
source: crm
owner: desk
table: messages
format: {kind: csv, delimiter: ",", encoding: utf-8, dates: "%Y-%m-%d %H:%M:%S", timezone: UTC}
key: [mail]
person: {column: customer}
columns:
  mail: {to: message_ref}
  sent: {to: event_time}
  way: {to: direction, values: {in: in, out: out}}
  text: {to: text_redacted}
constants: {channel: email}
"""
CRM_HEADER = "id,given,family,email,phone,born,lang,changed,winback_ok,tracking\n"
SHOP_HEADER = "no,name,email,segment,firm,changed,mailings\n"
MAIL_HEADER = "mail,customer,sent,way,text\n"

CRM_FIRST = CRM_HEADER + "".join(
    f"{line}\n"
    for line in (
        f"c1,Solveig,Aasgaard,solveig@crm.example,+47 90 00 00 01,1980-01-02,nb,{TOLD},yes,",
        f"c2,Torkel,Brattli,torkel@crm.example,,1981-01-02,nb,{TOLD},no,",
        f"c3,Ingunn,Carlsvik,ingunn@crm.example,,1982-01-02,nb,{TOLD},,stop",
        f"c3,Ingunn,Carlsvik,ingunn@crm.example,,1982-01-02,nb,{TOLD},,stop",
        f"c4,Dagrun,Dalheim,dagrun@crm.example,,1983-02-31,nb,{TOLD},no,stop",
        f"c5,Eystein,Elvestad,eystein@crm.example,,,nb,{TOLD},yes,",
        f"c6,Frøydis,Fossum,froydis@crm.example,,,,{TOLD},,",
        f"c7,Gudbrand,Gravdal,gudbrand@crm.example,,,,{TOLD},yes,",
    )
)
CRM_SECOND = CRM_HEADER + "".join(
    f"{line}\n"
    for line in (
        f"c1,Solveig,Aasgaard,solveig@crm.example,+47 90 00 00 01,1980-01-02,nb,{TOLD},yes,",
        "c2,Torkel,Brattli,torkel.ny@crm.example,,1981-01-02,nb,2025-05-09 08:00:00,no,",
        "c5,Eystein,Elvestad,eystein@crm.example,,,sv,2025-05-09 08:00:00,no,",
        "c8,Halldis,Hovland,halldis@crm.example,,,nb,2025-05-09 08:00:00,yes,",
        ",Nobody,Known,nobody@crm.example,,,nb,2025-05-09 08:00:00,yes,",
    )
)
SHOP_FIRST = SHOP_HEADER + "".join(
    f"{line}\n"
    for line in (
        f"s1,Solveig Aasgaard,solveig@crm.example,gold,f1,{TOLD},",
        f"s2,Torkel Brattli,torkel@crm.example,,f1,{TOLD},yes",
        f"s5,Eystein Elvestad,eystein@crm.example,gold,f2,{TOLD},yes",
        f"s6,Frøydis Fossum,froydis@crm.example,,,{TOLD},no",
        f"s8,Halldis Hovland,halldis@crm.example,,f2,{TOLD},yes",
        f"s9,Jorunn Jordet,jorunn@shop.example,gold,,{TOLD},no",
    )
)
MAIL_FIRST = MAIL_HEADER + "".join(
    f"{line}\n"
    for line in (
        "m1,c1,2025-05-02 08:00:00,in,Hei hilsen Solveig Aasgaard solveig@crm.example",
        "m2,c1,2025-05-03 08:00:00,out,Takk for sist",
        "m2,c1,2025-05-03 08:00:00,out,Takk for sist",
        "m3,c2,2025-05-04 08:00:00,in,Ring meg på 90 00 00 02",
        "m4,c9,2025-05-05 08:00:00,in,Jeg er ikke registrert",
        "m5,c3,not a date,in,Aldri lest",
        "m6,c5,2025-05-06 08:00:00,in,Kan dere hjelpe",
    )
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A named delivery of the company."""

    contract: str
    content: str


DELIVERIES = {
    "crm1": Delivery(CRM, CRM_FIRST),
    "mail1": Delivery(MAIL, MAIL_FIRST),
    "crm2": Delivery(CRM, CRM_SECOND),
    "shop1": Delivery(SHOP, SHOP_FIRST),
}
KEYS = [
    *[("crm", f"c{n}", EntityKind.PERSON) for n in range(1, 10)],
    *[("shop", f"s{n}", EntityKind.PERSON) for n in range(1, 10)],
    *[("shop", f"f{n}", EntityKind.ORGANISATION) for n in range(1, 3)],
]


@contextmanager
def memory_folder() -> Iterator[Path]:
    """Lend a folder in memory where there is one: kill -9 cannot tell it from a disk, and fsync costs nothing there."""
    root = Path(tempfile.mkdtemp(dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
    try:
        yield root
    finally:
        shutil.rmtree(root)


class Ticking:
    """A clock that moves a millisecond whenever it is read, from a start that a test chooses."""

    def __init__(self, start: datetime = NOON) -> None:
        self.at = start

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


def make_template(folder: Path) -> Path:
    """Make a home once; tests copy it, which is a hundred times faster."""
    home = folder / "template"
    make_home(settings_of(home), clock=Ticking(NOON - timedelta(days=100)))
    return home


def settings_of(home: Path) -> Settings:
    return Settings.load({}, home)


def copy_home(template: Path, home: Path) -> Path:
    shutil.copytree(template, home)
    return home


def open_home(
    home: Path,
    *,
    clock: Callable[[], datetime] | None = None,
    reached: Callable[[str], None] = lambda _step: None,
    lake_ahead: timedelta = timedelta(),
) -> Hub:
    """Open a home; `reached` hears the steps of hub, pipeline and lake; `lake_ahead` moves the database's clock."""
    hub = open_hub(settings_of(home), clock=clock or Ticking())
    lake = replace(
        hub.lake,
        reached=reached,
        files=LocalFileStore(settings_of(home).lake_root, reached),
        clock=lambda session: catalogue.database_time(session) + lake_ahead,
    )
    return replace(hub, reached=reached, lake=lake)


def owner_of(hub: Hub) -> Principal:
    return authenticate(hub, hub.settings.owner_token_file.read_text(encoding="utf-8").strip())


def small_steps() -> None:
    """Cut the work so fine that every loop goes round more than once, here and in forked children."""
    IdentityArrival.CHUNK_ROWS = 3
    EventArrival.CHUNK_ROWS = 3
    for module in (arrival, people, texts):
        module._WRITE_ROWS = 2
    settle._CHUNK = 2


@cache
def contract(text: str) -> Contract:
    return contract_of_yaml(text)


def deliver(hub: Hub, name: str, folder: Path) -> Summary:
    """Write one of the company's files and take it in."""
    delivery = DELIVERIES[name]
    return deliver_text(hub, delivery.contract, delivery.content, folder / f"{name}.csv")


def deliver_text(hub: Hub, terms: str, content: str, path: Path) -> Summary:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_text(content, encoding="utf-8")
    return ingest_file(contract(terms), path, hub.ports(owner_of(hub).principal_id))


def tidy(hub: Hub) -> None:
    """Do what start-up does after a crash."""
    recover(hub.ports(owner_of(hub).principal_id))
    purge(hub.lake)
    sweep(hub.lake)
    purge(hub.lake)


# Meaning ------------------------------------------------------------------------------------------------------------


def meaning(hub: Hub, keys: list[tuple[str, str, EntityKind]] | None = None) -> dict[str, Any]:
    """Say what a home holds, in terms that do not change with random ids and clocks."""
    with hub.reading() as session:
        names = _names(hub, session, keys or KEYS)
        counted = {
            bytes(row.batch_id): row
            for row in session.execute(select(Batch)).scalars()
            if row.state in {BatchState.VISIBLE.value, BatchState.SETTLED.value}
        }
        return {
            "records": _count(session, SourceRecord),
            "batches": sorted(_counts_of(row) for row in counted.values()),
            "documents": _documents(hub, session, names),
            "indexes": _count(session, RecordIndex),
            "contacts": sorted(
                (names[row.person_record], names[row.organisation_record])
                for row in session.execute(select(ContactOf)).scalars()
            ),
            "quarantine": sorted(
                (row.line, row.column_name, row.rule) for row in session.execute(select(QuarantineRow)).scalars()
            ),
            "metrics": _count(session, BatchMetric),
            "texts": _texts(hub, session, names),
            "standings": _standings(hub, session, names),
            "entities": _entities(session, names),
            "lake": {table: rows for table in LAKE_TABLES if (rows := _lake_rows(hub, table, names))},
        }


def names_of(hub: Hub, keys: list[tuple[str, str, EntityKind]] | None = None) -> dict[bytes, str]:
    with hub.reading() as session:
        return _names(hub, session, keys or KEYS)


def _names(hub: Hub, session: Session, keys: list[tuple[str, str, EntityKind]]) -> dict[bytes, str]:
    """Name every record by its source key; one that no key explains is named by its id, so that it is noticed."""
    indexes = hub.indexes()
    by_index = {bytes(indexes.source_key(source, kind).token_of(key)): key for source, key, kind in keys}
    rows = session.execute(select(SourceRecord)).scalars()
    return {row.record_id: by_index.get(row.key_index, row.record_id.hex()) for row in rows}


def _counts_of(row: Batch) -> tuple[Any, ...]:
    assert row.rows_accepted + row.rows_quarantined + row.rows_duplicate == row.rows_read
    return row.contract, row.state, row.rows_read, row.rows_accepted, row.rows_quarantined, row.rows_duplicate


def _count(session: Session, table: type[SQLModel]) -> int:
    return int(session.execute(select(func.count()).select_from(table)).scalar_one())


def _documents(hub: Hub, session: Session, names: dict[bytes, str]) -> dict[str, list[Any]]:
    """Open every revision, in order, per source key."""
    rows = session.execute(select(RecordRevision).order_by(col(RecordRevision.revision))).scalars().all()
    keys = hub.keystore.get([KeyId(row.key_id) for row in rows])
    opened: dict[str, list[Any]] = {}
    for row in rows:
        cell = revision_cell(hub.instance, RecordId(row.record_id), row.revision)
        document = json.loads(open_sealed(row.sealed, key=keys[KeyId(row.key_id)], cell=cell))
        opened.setdefault(names[row.record_id], []).append(document)
    return opened


def _texts(hub: Hub, session: Session, names: dict[bytes, str]) -> list[tuple[str, str]]:
    rows = session.execute(select(HeldText)).scalars().all()
    keys = hub.keystore.get([KeyId(row.key_id) for row in rows])
    opened = []
    for row in rows:
        cell = Cell(instance=hub.instance, table=SealedTable.HELD_TEXT, field=1, row=row.text_id)
        text = open_sealed(row.sealed, key=keys[KeyId(row.key_id)], cell=cell).decode()
        opened.append((names[row.record_id] if row.record_id else "", text))
    return sorted(opened)


def _standings(hub: Hub, session: Session, names: dict[bytes, str]) -> dict[tuple[str, str], tuple[Any, ...]]:
    heads = heads_of(session, [RecordId(record) for record in names])
    at = NOON + timedelta(days=1)
    return {
        (names[record], purpose): (axes.state.value, axes.objected, axes.restricted, axes.notice_version)
        for (record, purpose), head in heads.items()
        if (axes := axes_of(head, at=at)) is not None
    }


def _entities(session: Session, names: dict[bytes, str]) -> list[list[str]]:
    groups: dict[bytes, list[str]] = {}
    for row in session.execute(select(Crosswalk)).scalars():
        groups.setdefault(row.entity_id, []).append(names[row.record_id])
    return sorted(sorted(group) for group in groups.values())


def _lake_rows(hub: Hub, table: str, names: dict[bytes, str]) -> list[tuple[Any, ...]]:
    frame = lake_frame(hub, table)
    for column in ("person", "organisation"):
        known = [None if value is None else names.get(value, value.hex()) for value in frame[column].to_list()]
        frame = frame.with_columns(pl.Series(column, known, dtype=pl.String))
    return sorted(frame.rows(), key=repr)


def lake_frame(hub: Hub, table: str) -> pl.DataFrame:
    with lake_reading(hub.lake) as reader:
        return reader.collect(reader.scan(table))


# Order in the house -------------------------------------------------------------------------------------------------


def assert_in_order(hub: Hub) -> None:
    """Nothing left over: every key seals something, every file is live, every batch row is done, the log verifies."""
    with hub.reading() as session:
        verify_log(session, hub.verifier_key())
        staged = session.execute(select(Batch.state)).scalars().all()
        assert set(staged) <= {BatchState.SETTLED.value, BatchState.ABORTED.value}
        files = catalogue.files_of(session, states=[FileState.LIVE])
        assert catalogue.open_intents(session) == []
        used = {bytes(file.key_id) for file in files}
        for table in (RecordRevision, HeldText, QuarantineRow):
            used |= {bytes(key) for key in session.execute(select(col(table.key_id))).scalars()}
        aborted = select(col(Batch.batch_id)).where(col(Batch.state) == BatchState.ABORTED.value)
        for swept in (RecordRevision, RecordIndex, HeldText, ContactOf, QuarantineRow, BatchMetric):
            assert session.execute(select(swept).where(col(swept.batch_id).in_(aborted))).first() is None
    assert set(hub.lake.files.names()) == {name_of(file.table, file.file_id) for file in files}
    assert keys_held(hub) == used


def keys_held(hub: Hub) -> set[bytes]:
    """List the key store's keys, without the hub's own named ones."""
    own = {KeyKind.INDEX.value, KeyKind.SIGNING.value, KeyKind.DOMAIN.value}
    with keystore_session(hub) as session:
        rows = session.execute(select(WrappedKey)).scalars().all()
        return {bytes(row.key_id) for row in rows if row.kind not in own and not row.name}


def keystore_session(hub: Hub) -> Session:
    return Session(hub.keystore._engine)

"""A company of a dozen people: contracts, deliveries with every trap, and a home to take them in."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from hub.authentication import authenticate
from hub.compose import Hub, open_hub
from hub.home import make_home
from hub.lake import catalogue
from hub.lake.purge import purge
from hub.lake.storage import LocalFileStore
from hub.lake.sweep import sweep
from hub.settings import Settings
from ingest.contract.load import contract_of_yaml
from ingest.contract.model import Contract
from ingest.pipeline import arrival, moving, pace, settle, texts
from ingest.pipeline.delivery import Summary, ingest_file
from ingest.pipeline.events import EventArrival
from ingest.pipeline.people import IdentityArrival
from ingest.pipeline.recovery import recover
from privacy.store.principal import Principal
from privacy.terms import EntityKind

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
TWICE = CRM_HEADER + "".join(
    f"{line}\n"
    for line in (
        f"c8,Solveig,Aasgaard,s.aasgaard@home.example,,1980-01-02,nb,{TOLD},yes,",
        f"c9,Torkel,Brattli,tb@home.example,,1981-01-02,nb,{TOLD},,",
    )
)
BESIDE = {
    "returned": Delivery(CRM, CRM_HEADER + f"c9,Solveig,Aasgaard,solveig@crm.example,,,nb,{TOLD},yes,\n"),
    "renamed": Delivery(CRM, CRM_HEADER + f"c2,Ulrik,Quist,ulrik@crm.example,,1951-07-08,nb,{TOLD},no,\n"),
    "twice": Delivery(CRM, TWICE),
}
"""Deliveries outside the company's own course: c1 under the key by which only messages knew them, c2 as somebody else,
c1 and c2 again under other keys and addresses."""
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
    for module in (arrival, texts):
        module._WRITE_ROWS = 2
    pace.FIRST_ROWS = pace.MOST_ROWS = pace.LEAST_ROWS = 2
    settle._CHUNK = moving._CHUNK = 2


@cache
def contract(text: str) -> Contract:
    return contract_of_yaml(text)


def deliver(hub: Hub, name: str, folder: Path) -> Summary:
    """Write one of the company's files and take it in."""
    delivery = (DELIVERIES | BESIDE)[name]
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

"""A shop and a CRM that know some of the same people, and a desk at which their requests are answered."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from hub.authentication import Scope, acting_principal, add
from hub.compose import Clock, Hub, open_hub
from hub.consents import Subject, find_subject
from hub.home import make_home
from hub.requests import handling
from hub.requests.export import Form, complete, export
from hub.requests.steps import Asked
from hub.settings import Settings
from hub.views.permission import permitted_set
from ingest.canonical.catalogue import LAKE_TABLES
from ingest.contract.load import load_contract
from ingest.pipeline.delivery import ingest_file
from ingest.store.identity import anchors_frame, entity_of_record
from ingest.store.record import find_records
from privacy.request import Arrival, Proof, Right, SubjectRequest
from privacy.store.audit import entries
from privacy.store.principal import Principal
from privacy.terms import EntityKind, RecordId, Role
from tests.builders import FixedClock
from tests.shop import ORDERS, people_contract

PEOPLE = people_contract("""  phone: {to: phone}
consent:
  news: {purposes: [winback], values: {"yes": given, "": unknown}, at: since, notice: privacy-2025-01}
""")
CRM = PEOPLE.replace("shop", "crm")
_DESK = ORDERS.split("table: orders\n")[1].split("currency:")[0].replace("source: shop", "source: desk")
MESSAGES = f"""
contract: desk_messages
table: messages
{_DESK}
key: [message]
person: {{column: who, source: shop}}
columns:
  message: {{to: message_ref}}
  at: {{to: event_time}}
  way: {{to: direction, type: category, values: {{I: in}}}}
  body: {{to: text}}
"""
HEAD = "no,name,mail,phone,since,news"


@dataclass
class Office:
    """A hub with people in it, its DPO, and the way of a request through it."""

    hub: Hub
    folder: Path
    owner: Principal
    dpo: Principal
    numbers: Iterator[int] = field(default_factory=count)

    def deliver(self, contract: str, head: str, *rows: str) -> None:
        """Take rows in under a contract."""
        place = self.folder / f"delivery-{next(self.numbers)}"
        place.with_suffix(".yaml").write_text(contract, encoding="utf-8")
        place.with_suffix(".csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
        ports = self.hub.ports(self.owner.principal_id)
        summary = ingest_file(load_contract(place.with_suffix(".yaml")), place.with_suffix(".csv"), ports)
        assert summary.counts.quarantined == 0

    def people(self, *rows: str, source: str = "shop") -> None:
        """Take people in."""
        self.deliver(PEOPLE if source == "shop" else CRM, HEAD, *rows)

    def who(self, identifier: str) -> Subject:
        return find_subject(self.hub, identifier)

    def record(self, identifier: str) -> RecordId:
        """The one record that a source key names."""
        source, _, key = identifier.partition(":")
        token = self.hub.indexes().source_key(source).token_of(key)
        with self.hub.reading() as session:
            return find_records(session, [token])[token]

    def opened(self, right: Right = Right.ACCESS, language: str = "en") -> SubjectRequest:
        asked = Asked(right=right, arrival=Arrival.EMAIL, language=language, received_at=self.hub.clock())
        return handling.open_request(self.hub, asked, self.dpo)

    def started(self, identifier: str, right: Right = Right.ACCESS, language: str = "en") -> SubjectRequest:
        """Bring a request to where it is worked on."""
        request = self.opened(right, language)
        handling.identify(self.hub, request.request_id, self.who(identifier), Proof.CODE, self.dpo)
        return handling.start(self.hub, request.request_id, self.dpo)

    def exported(self, identifier: str, form: Form = Form.JSON, language: str = "en") -> bytes:
        """Export a person's data through a request of their own."""
        right = Right.PORTABILITY if form is Form.PORTABLE else Right.ACCESS
        request = self.started(identifier, right, language)
        done = export(self.hub, request.request_id, form, self.dpo)
        complete(self.hub, done, self.dpo.principal_id)
        handling.fulfil(self.hub, request.request_id, self.dpo)
        return done.content

    def answered(self, request: SubjectRequest, form: Form = Form.JSON) -> None:
        """Hand an export over for a request that is worked on."""
        complete(self.hub, export(self.hub, request.request_id, form, self.dpo), self.dpo.principal_id)

    def told(self, identifier: str) -> dict[str, Any]:
        """Export as JSON."""
        document: dict[str, Any] = json.loads(self.exported(identifier))
        return document

    def audited(self, action: str) -> list[Mapping[str, Any]]:
        """The fields of the audit entries of an action, newest first."""
        with self.hub.reading() as session:
            return [dict(entry.fields) for _, entry in entries(session, action=action)]


def office(hub: Hub, folder: Path, label: str = "dpo") -> Office:
    """Open an office in a hub; its DPO is new."""
    owner, everything = acting_principal(hub), frozenset({"*"})
    dpo, _ = add(hub, label, Scope(role=Role.DPO, purposes=everything, views=everything), owner)
    return Office(hub, folder, owner, dpo)


@contextmanager
def copied(folder: Path, clock: Clock) -> Iterator[Office]:
    """Copy an office with people, on SQLite: made once, for drawing keys and migrating is what takes time."""
    home = folder / "home"
    shutil.copytree(_template(), home)
    hub = open_hub(Settings.load({}, home), clock=clock)
    yield office(hub, folder, "another dpo")
    hub.engine.dispose()
    hub.keystore.engine.dispose()


@cache
def _template() -> Path:
    _KEPT.append(tempfile.TemporaryDirectory(prefix="varde-office-"))
    folder = Path(_KEPT[-1].name)
    settings, clock = Settings.load({}, folder / "home"), FixedClock()
    make_home(settings, clock=clock)
    hub = open_hub(settings, clock=clock)
    stocked(hub, folder)
    hub.engine.dispose()
    hub.keystore.engine.dispose()
    return folder / "home"


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def stocked(hub: Hub, folder: Path) -> Office:
    """Open an office with people: Kari, whom both systems know, and Per, who shares her family's e-mail."""
    found = office(hub, folder)
    found.people(
        "k1,Kari Nordmann,familien@example.org,+4790012345,2025-01-01,yes",
        "k2,Per Nordmann,familien@example.org,+4790012346,2025-01-01,yes",
        "k3,Cia Dahl,cia.dahl@example.org,+4790012347,2025-01-01,yes",
    )
    found.people("c1,Kari Nordmann,familien@example.org,,2025-01-01,", source="crm")
    orders = [f"o{who}{n},2025-0{n}-10T10:00:00Z,k{who},{who}{n}1.00,P" for who in (1, 2, 3) for n in (1, 2, 3)]
    found.deliver(ORDERS, "order,at,who,total,state", *orders)
    return found


def used(desk: Office, purpose: str) -> set[bytes]:
    """The records of persons that may be used for a purpose now."""
    with desk.hub.reading() as session:
        meant = desk.hub.policy().purpose(purpose)
        return set(permitted_set(session, meant, EntityKind.PERSON, at=desk.hub.clock()).records["record"].to_list())


def of_the_present_set(small: Office, who: str, table: str) -> dict[str, int]:
    """Return what a row says that was worked out of the records that somebody is today."""
    if "crosswalk_revision" not in LAKE_TABLES[table].schema:
        return {}
    with small.hub.reading() as session:
        entity = entity_of_record(session, small.record(who))
        assert entity is not None
        return {"crosswalk_revision": anchors_frame(session, EntityKind.PERSON, [entity])["revision"][0]}

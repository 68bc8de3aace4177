"""A small company for the tests of the API: people with orders, two approved views, principals, one token each.

`shopping` rests on a legitimate interest (churn), `invited` on consent (winback), which everybody gave.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from hub import clock as wall_clock
from hub.authentication import Scope, acting_principal, add
from hub.compose import Hub, open_hub
from hub.consents import find_subject
from hub.home import make_home
from hub.settings import Settings
from hub.subject_tokens import issue
from hub.views.registry import approve, submit
from ingest.contract.load import load_contract
from ingest.pipeline.delivery import ingest_file
from ingest.store.identity import entity_of_record
from privacy.pseudonym import pseudonyms_of
from privacy.store.principal import Principal
from privacy.store.subject_token import SubjectScope, SubjectToken
from privacy.terms import PurposeId, RecordId, Role

AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
NOTICE = "privacy-2025-01"
CHURN, WINBACK = "churn", "winback"

_BASIS = """
basis:
  purposes: {churn: legitimate_interests, winback: consent, service: contract}
  notice: privacy-2025-01
  notice_given: true
"""
_PEOPLE = f"""
contract: shop_people
version: 1
source: shop
owner: shop-team
table: people
format: {{kind: csv, delimiter: ",", encoding: utf-8, dates: iso, timezone: UTC}}
country: "NO"
{_BASIS}
key: [no]
columns:
  name: {{to: full_name}}
  mail: {{to: email}}
  since: {{to: event_time}}
consent:
  news: {{purposes: [winback], values: {{"yes": given, "": unknown}}, at: since, notice: privacy-2025-01}}
"""
_ORDERS = f"""
contract: shop_orders
version: 1
source: shop
owner: shop-team
table: orders
format: {{kind: csv, delimiter: ",", encoding: utf-8, decimal: ".", dates: iso, timezone: UTC}}
country: "NO"
currency: NOK
{_BASIS}
key: [order]
person: {{column: who, source: shop}}
columns:
  order: {{to: order_ref}}
  at: {{to: event_time}}
  total: {{to: amount_minor}}
  state: {{to: status, type: category, values: {{P: placed}}}}
"""
_TEXTS = "{nb: Ordrer, nn: Ordrar, sv: Ordrar, en: Orders, de: Bestellungen}"


def view_text(name: str, purpose: str, grain: str = "person") -> str:
    """Write a view with two features."""
    return f"""
name: {name}
version: 1
grain: {grain}
purpose: {purpose}
consumer: tests
description: Orders of a customer.
as_of_grid: day
expires_days: 30
quasi_identifiers: []
k: 1
population:
  any_of: [{{table: orders}}]
features:
  orders: {{op: count, table: orders}}
  amount: {{op: sum, table: orders, column: amount_minor}}
texts:
  orders: {_TEXTS}
  amount: {_TEXTS}
"""


@dataclass(frozen=True)
class World:
    """A hub with people in it; `tokens[i]` is the opt-out token of person i, `pseudonyms` hers by purpose."""

    hub: Hub
    owner: Principal
    reader_token: str
    reader: Principal
    records: list[RecordId]
    tokens: list[str]
    pseudonyms: dict[str, list[bytes]]

    def token(
        self, person: int, *, scope: SubjectScope = SubjectScope.CHOICES, purposes: str = "*", days: float = 1
    ) -> str:
        """Issue one more token for a person."""
        opens = SubjectToken(
            record_id=self.records[person],
            scope=scope,
            purposes=frozenset(purposes.split()),
            expires_at=self.hub.clock() + timedelta(days=days),
        )
        return issue(self.hub, opens, self.owner)


def make_world(folder: Path, people: int = 12) -> World:
    """Make a home, take in people and orders, approve two views, hand out tokens."""
    settings = Settings.load({}, folder / "home")
    make_home(settings, clock=wall_clock.now)
    hub = open_hub(settings)
    owner = acting_principal(hub)
    take_in(hub, owner, folder, people)
    dpo, _ = add(hub, "dpo", _scope(Role.DPO), owner)
    for name, purpose in (("shopping", CHURN), ("invited", WINBACK)):
        submit(hub, view_text(name, purpose), owner)
        approve(hub, name, dpo)
    reader, reader_token = add(hub, "model", _scope(Role.SERVICE), owner)
    records = [find_subject(hub, f"shop:k{number}").records[0] for number in range(people)]
    return World(
        hub=hub,
        owner=owner,
        reader=reader,
        reader_token=reader_token,
        records=records,
        tokens=[issue(hub, _opt_out(hub, record), owner) for record in records],
        pseudonyms={purpose: _pseudonyms(hub, purpose, records) for purpose in (CHURN, WINBACK)},
    )


def take_in(hub: Hub, owner: Principal, folder: Path, people: int) -> None:
    rows = [f"k{n},Person Nr{n},person{n}@example.org,2025-01-01,yes" for n in range(people)]
    _deliver(hub, owner, folder / "people", _PEOPLE, ["no,name,mail,since,news", *rows])
    orders = [f"o{n}-{i},2025-0{i}-1{n % 10}T10:00:00,k{n},{n + i}00,P" for n in range(people) for i in range(1, 4)]
    _deliver(hub, owner, folder / "orders", _ORDERS, ["order,at,who,total,state", *orders])


def _deliver(hub: Hub, owner: Principal, place: Path, contract: str, lines: list[str]) -> None:
    place.with_suffix(".yaml").write_text(contract, encoding="utf-8")
    place.with_suffix(".csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    summary = ingest_file(
        load_contract(place.with_suffix(".yaml")), place.with_suffix(".csv"), hub.ports(owner.principal_id)
    )
    assert summary.counts.accepted == len(lines) - 1


def _scope(role: Role) -> Scope:
    everything = frozenset({"*"})
    return Scope(role=role, purposes=everything, views=everything)


def _opt_out(hub: Hub, record: RecordId) -> SubjectToken:
    return SubjectToken(
        record_id=record,
        scope=SubjectScope.OPT_OUT,
        purposes=frozenset({"*"}),
        expires_at=hub.clock() + timedelta(days=1),
    )


def _pseudonyms(hub: Hub, purpose: str, records: list[RecordId]) -> list[bytes]:
    with hub.reading() as session:
        entities = [entity_of_record(session, record) for record in records]
    domain = hub.domain(hub.policy().purpose(PurposeId(purpose)).domain)
    return list(pseudonyms_of(domain, pl.Series(entities, dtype=pl.Binary)))

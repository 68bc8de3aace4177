"""A small company for the tests of the API: people with orders, two approved views, principals, one token each.

`shopping` rests on a legitimate interest (churn), `invited` on consent (winback), which everybody gave.
"""

from collections.abc import Mapping
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
from privacy.store.subject_token import VERIFIED_FOR, SubjectScope, SubjectToken
from privacy.terms import PurposeId, RecordId, Role
from tests.shop import ORDERS, people_contract, view_text
from tests.view_builders import WITHOUT_CHECK

AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
CHURN, WINBACK = "churn", "winback"

_PEOPLE = people_contract("""
consent:
  news: {purposes: [winback], values: {"yes": given, "": unknown}, at: since, notice: privacy-2025-01}
""")


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
        lasts = VERIFIED_FOR if scope is SubjectScope.VERIFIED else timedelta(days=days)
        opens = SubjectToken(
            record_id=self.records[person],
            scope=scope,
            purposes=frozenset(purposes.split()),
            expires_at=self.hub.clock() + lasts,
        )
        return issue(self.hub, opens, self.owner)


def make_world(folder: Path, people: int = 12, environment: Mapping[str, str] | None = None) -> World:
    """Make a home, take in people and orders, approve two views, hand out tokens."""
    settings = Settings.load(environment or {}, folder / "home")
    make_home(settings, clock=wall_clock.now)
    hub = open_hub(settings)
    owner = acting_principal(hub)
    take_in(hub, owner, folder, people)
    dpo, _ = add(hub, "dpo", _scope(Role.DPO), owner)
    for name, purpose in (("shopping", CHURN), ("invited", WINBACK)):
        submit(hub, view_text(name, purpose), owner)
        approve(hub, name, dpo, WITHOUT_CHECK)
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
    _deliver(hub, owner, folder / "orders", ORDERS, ["order,at,who,total,state", *orders])


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

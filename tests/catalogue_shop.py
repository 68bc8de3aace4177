"""A small company that delivers every source family that the default catalogue reads, drawn column by column."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any, Final

import polars as pl

from hub.authentication import Scope, acting_principal, add, authenticate
from hub.compose import Hub, open_hub
from hub.home import make_home
from hub.settings import Settings
from ingest.canonical.catalogue import TABLES
from ingest.canonical.table import Column, ColumnKind
from ingest.contract.load import contract_of_yaml
from ingest.pipeline.delivery import ingest_file
from privacy.store.principal import EVERYTHING, Principal
from privacy.terms import Role
from tests.builders import FixedClock
from tests.oracle.catalogue_cases import events

AT: Final = datetime(2025, 6, 2, 12, tzinfo=UTC)
PEOPLE: Final = 30
GROUPS: Final = ("business", "consumer")
AGREED: Final = {"yes_please": "y"}
LONG: Final = timedelta(days=200)
FIRMS: Final = 12
STAFF: Final = 8
ROWS: Final = 240
MANY: Final = {"usage": 4, "orders": 4, "order_lines": 4, "tickets": 2, "journey_steps": 2, "feedback": 4}
GONE: Final = 6
"""So many people did nothing for a long time: somebody has to be there to win back."""
ENDED: Final = 3
"""So many of these had a contract, which ended; the others never had one."""
HOLDERS: Final = 14
"""So many of those who are still there have a contract, and half of the firms."""
YEAR: Final = timedelta(days=365)
_HEAD: Final = """
contract: {name}
version: 1
source: shop
owner: shop-team
table: {table}
format: {{kind: csv, delimiter: ",", encoding: utf-8, decimal: ".", dates: iso, timezone: UTC}}
basis:
  purposes:
    {{churn: legitimate_interests, service: contract, next_need: consent, winback: consent, satisfaction: consent}}
  notice: privacy-2025-01
  notice_given: true
key: [no]
"""
_PEOPLE: Final = """
columns:
  name: {to: full_name}
  group: {to: segment}
  since: {to: event_time}
  lang: {to: language}
consent:
  yes_please:
    purposes: [next_need, winback, satisfaction]
    values: {"y": given, "": unknown}
    at: since
    notice: privacy-2025-01
"""
_FIRMS: Final = "\ncolumns:\n  name: {to: organisation_name}\n  size: {to: company_size_band}\n  at: {to: event_time}\n"
_EVENTS: Final = """
person: {column: who, source: shop}
organisation: {column: firm, source: shop}
columns:
  at: {to: event_time}
"""
_NOT_MAPPED: Final = frozenset({ColumnKind.CURRENCY, ColumnKind.REDACTION, ColumnKind.SYSTEM})


@dataclass(frozen=True)
class Company:
    """A home that has taken everything in, and who acts there."""

    hub: Hub
    owner: Principal
    scientist: Principal
    dpo: Principal


@contextmanager
def company(
    folder: Path, tables: tuple[str, ...], environment: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Company]:
    """Make a home and deliver people, organisations and some tables of events."""
    settings, clock = Settings.load(environment, folder / "home"), FixedClock(AT)
    make_home(settings, clock=clock)
    hub = open_hub(settings, clock=clock)
    owner = acting_principal(hub)
    people = [
        {"no": f"p{n}", "name": f"Person {n}", "group": GROUPS[n % 2], "since": "2023-01-01", "lang": "nb"} | AGREED
        for n in range(PEOPLE)
    ]
    firms = [{"no": f"f{n}", "name": f"Firm {n}", "size": "10-49", "at": "2023-01-01"} for n in range(FIRMS)]
    _deliver(hub, folder, _HEAD.format(name="people", table="people") + _PEOPLE, people)
    _deliver(hub, folder, _HEAD.format(name="firms", table="organisations") + _FIRMS, firms)
    for table in tables:
        _deliver(hub, folder, contract_of(table), rows_of(table))
    yield Company(hub, owner, _colleague(hub, owner, Role.SCIENTIST), _colleague(hub, owner, Role.DPO))
    hub.engine.dispose()
    hub.keystore._engine.dispose()


def contract_of(table: str) -> str:
    """Write the contract of one table of events: every column under its own name."""
    mapped = "".join(f"  c_{column.name}: {{to: {_target(column)}}}\n" for column in _mapped(table))
    currency = "currency: NOK\n" if any(each.kind is ColumnKind.MONEY for each in TABLES[table].columns) else ""
    return _HEAD.format(name=table, table=table) + currency + _EVENTS + mapped


def rows_of(table: str) -> list[dict[str, Any]]:
    """Draw the events of one table up to the present, of persons and of firms."""
    rng = Random(table)  # noqa: S311 - a seeded sample
    drawn = [each for each in events(rng, table, AT, count=ROWS * MANY.get(table, 1)) if each["event_time"] < AT]
    return [
        {
            "no": f"{table}-{number}",
            "who": _holder(rng, each) if table == "subscriptions" else _who(rng, each),
            "firm": f"f{rng.randrange(FIRMS // 2 if table == 'subscriptions' else FIRMS)}",
            "at": each["event_time"].isoformat(),
            **{f"c_{column.name}": _cell(rng, column, each[column.name]) for column in _mapped(table)},
            **({"c_subscription_ref": "1"} if table == "subscriptions" else {}),  # one contract each: some are over
        }
        for number, each in enumerate(drawn)
    ]


def _who(rng: Random, event: Mapping[str, Any]) -> str:
    """Draw who did it: not everybody is still there."""
    return f"p{rng.randrange(PEOPLE - (GONE if AT - event['event_time'] < LONG else 0))}"


def _holder(rng: Random, event: Mapping[str, Any]) -> str:
    """Draw whose contract changed: few ended one, and not everybody had one."""
    if event["kind"] in {"cancelled", "ended"}:
        return f"p{rng.randrange(PEOPLE - ENDED, PEOPLE)}"
    past = ENDED if AT - event["event_time"] > YEAR + LONG else 0
    number = rng.randrange(HOLDERS + past)
    return f"p{number if number < HOLDERS else PEOPLE - 1 - (number - HOLDERS)}"


def _mapped(table: str) -> list[Column]:
    return [column for column in TABLES[table].columns if column.kind not in _NOT_MAPPED]


def _target(column: Column) -> str:
    return "text_redacted" if column.kind is ColumnKind.TEXT else column.name


def _cell(rng: Random, column: Column, value: object) -> str:
    if column.kind is ColumnKind.EMPLOYEE:
        return f"e{rng.randrange(STAFF)}"
    if value is None:
        return ""
    if column.kind is ColumnKind.MONEY:
        return f"{rng.randint(100, 300)}.00"  # nobody buys nearly all
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


def _deliver(hub: Hub, folder: Path, contract: str, rows: list[dict[str, Any]]) -> None:
    path = folder / "delivery.csv"
    pl.DataFrame(rows).write_csv(path)
    counts = ingest_file(contract_of_yaml(contract), path, hub.ports(acting_principal(hub).principal_id)).counts
    assert counts.accepted == len(rows), contract


def _colleague(hub: Hub, owner: Principal, role: Role) -> Principal:
    everything = frozenset({EVERYTHING})
    return authenticate(hub, add(hub, role.value, Scope(role=role, purposes=everything, views=everything), owner)[1])

"""One record against many: how long it takes to say who a new or changed record is, beside how many are there.

    python -m tests.benchmarks.bench_match_lookup --records 100000 --home FOLDER [--asked 1000] [--deliver 100] [--http]

Made-up customers (tests/match_crowd.py) of three sources are taken in with the shipped model, but for one in fifty. A
home that FOLDER holds already is taken as it is. Asked are those who were left out, one by one, and as many who are
there with another telephone number. With `--http` they are asked of the route as well, in this process, without a
network between. Goal: p95 at most 50 ms at a million.
"""

import argparse
import time
from http import HTTPStatus
from pathlib import Path

import polars as pl

from hub import clock
from hub.authentication import Scope, acting_principal, add
from hub.compose import Hub, open_hub
from hub.home import make_home
from hub.settings import Settings
from ingest.contract.load import load_contract
from ingest.pipeline.arriving import Arriving
from ingest.pipeline.delivery import ingest_file
from ingest.pipeline.lookup import Lookup
from ingest.store.identity import records_beside
from ingest.store.record import find_records
from privacy.terms import PurposeId, Role, random_id
from tests.api.conftest import called
from tests.api.world import World
from tests.match_crowd import crowd

HELD_OUT = 50
PURPOSE = PurposeId("churn")
CONTRACT = """
contract: {source}_people
version: 1
source: {source}
owner: bench
table: people
format: {{kind: csv, delimiter: ",", encoding: utf-8}}
country: "NO"
basis: {{purposes: {{churn: legitimate_interests}}, notice: privacy-2025-01, notice_given: true}}
key: [record]
columns:
  given_name: {{to: given_name}}
  family_name: {{to: family_name}}
  birth_date: {{to: birth_date, dates: "%Y-%m-%d"}}
  email: {{to: email}}
  phone: {{to: phone}}
  street: {{to: street}}
  postcode: {{to: postcode}}
  city: {{to: city}}
"""


def filled(folder: Path, records: int) -> Hub:
    """Open a home of many people, made if it is not there; who was left out lies beside it."""
    settings = Settings.load({"VARDE_MATCHING": "model"}, folder / "home")
    if (folder / "held.parquet").exists():
        return open_hub(settings)
    folder.mkdir(parents=True, exist_ok=True)
    make_home(settings, clock=clock.now)
    hub = open_hub(settings)
    people = crowd(records).with_columns(street=pl.concat_str("street", "house_number", separator=" "))
    people = people.drop("entity", "house_number", "country")
    ports = hub.ports(acting_principal(hub).principal_id)
    there = people.filter(pl.col("record") % HELD_OUT != 0)
    for source, part in ((str(name), each) for (name,), each in there.group_by("source", maintain_order=True)):
        started, path = time.perf_counter(), folder / f"{source}.csv"
        part.drop("source").write_csv(path)
        (folder / f"{source}.yaml").write_text(CONTRACT.format(source=source))
        summary = ingest_file(load_contract(folder / f"{source}.yaml"), path, ports)
        path.unlink()
        rate = summary.counts.accepted / (time.perf_counter() - started)
        print(
            f"{source}: {summary.counts.accepted} of {summary.counts.read} taken in, {rate:,.0f} a second", flush=True
        )
    people.filter(pl.col("record") % HELD_OUT == 0).write_parquet(folder / "held.parquet")
    return hub


def asked(held: pl.DataFrame, number: int) -> list[Arriving]:
    """Ask of those who were left out, and of as many others under keys that are known."""
    rows = held.head(number).to_dicts()
    told = [{name: value for name, value in row.items() if name not in {"record", "source"} and value} for row in rows]
    new = [
        Arriving(source=row["source"], key=str(row["record"]), attributes=each, country="NO")
        for row, each in zip(rows, told, strict=True)
    ]
    changed = [
        Arriving(source=row["source"], key=str(row["record"] + 1), attributes=each, country="NO")
        for row, each in zip(rows, told, strict=True)
    ]
    return [each for pair in zip(new, changed, strict=True) for each in pair]


def as_foretold(hub: Hub, lookup: Lookup, folder: Path, arriving: Arriving) -> bool | None:
    """Ask, deliver the record alone, and say whether it is with those now whom the answer named, and nobody else.

    None if the delivery refuses it.
    """
    ports = hub.ports(acting_principal(hub).principal_id)
    found = lookup.find(arriving, ports)
    path = folder / "one.csv"
    columns = ("given_name", "family_name", "birth_date", "email", "phone", "street", "postcode", "city")
    row = {"record": arriving.key} | {name: arriving.attributes.get(name) for name in columns}
    pl.DataFrame([row], schema=dict.fromkeys(row, pl.String)).write_csv(path)
    ingest_file(load_contract(folder / f"{arriving.source}.yaml"), path, ports)
    path.unlink()
    index = ports.indexes.source_key(arriving.source).token_of(arriving.key)
    with hub.reading() as session:
        mine = find_records(session, [index]).get(index)
        if mine is None:
            return None
        mates = {bytes(each) for each in records_beside(session, mine)} - {mine}
    home = found.homes[found.record]
    return mates == {each for each, entity in found.homes.items() if entity == home} - {found.record}


def over_http(hub: Hub, records: list[Arriving]) -> list[float]:
    """Ask the route, which also decides what may be told and enters it in the log; return milliseconds."""
    owner = acting_principal(hub)
    scope = Scope(role=Role.SERVICE, purposes=frozenset({PURPOSE}), views=frozenset())
    token = add(hub, f"till {random_id().hex()}", scope, owner)[1]
    world = World(hub=hub, owner=owner, reader_token="", reader=owner, records=[], tokens=[], pseudonyms={})
    took = []
    with called(world) as caller:
        for each in [records[0], *records]:
            body = {"purpose": PURPOSE, "source": each.source, "key": each.key, "person": dict(each.attributes)}
            started = time.perf_counter()
            answer = caller.call("POST", "/v1/match", token, json=body | {"country": each.country})
            took.append((time.perf_counter() - started) * 1e3)
            if len(each.attributes.get("birth_date", "1970-02-01")) == len("1970-02-01"):
                assert answer.status_code == HTTPStatus.OK, answer.status_code
            else:  # the slip of a day is no date to the route
                took.pop()
    return took[1:]  # the first reads the counts


def quantiles(took: list[float]) -> str:
    took = sorted(took)
    p50, p95, p99 = (took[int(share * len(took))] for share in (0.5, 0.95, 0.99))
    return f"p50 {p50:.1f} ms, p95 {p95:.1f} ms (goal 50), p99 {p99:.1f} ms, longest {took[-1]:.1f} ms"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--asked", type=int, default=500)
    parser.add_argument("--deliver", type=int, default=0, help="deliver so many one by one, and compare: slow")
    parser.add_argument("--http", action="store_true", help="ask the route as well")
    given = parser.parse_args()
    hub = filled(given.home, given.records)
    ports = hub.ports(acting_principal(hub).principal_id)
    assert ports.matching is not None
    lookup = Lookup(ports.matching)
    records = asked(pl.read_parquet(given.home / "held.parquet"), given.asked)
    started = time.perf_counter()
    lookup.find(records[0], ports)
    print(f"first (counts are read): {(time.perf_counter() - started) * 1e3:.0f} ms")
    took, joined, edges = [], 0, 0
    for each in records:
        started = time.perf_counter()
        found = lookup.find(each, ports)
        took.append((time.perf_counter() - started) * 1e3)
        joined += found.entity is not None
        edges += len(found.edges)
    print(f"{len(records)} asked, {joined} joined, {edges} edges: {quantiles(took)}")
    if given.http:
        print(f"over HTTP: {quantiles(over_http(hub, records))}")
    if given.deliver:
        told = [as_foretold(hub, lookup, given.home, each) for each in records[: 2 * given.deliver : 2]]
        taken = [each for each in told if each is not None]
        print(f"{len(taken)} delivered one by one: {sum(taken)} are with whom it was foretold")


if __name__ == "__main__":
    main()

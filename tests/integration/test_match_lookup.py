"""One record, asked at once, is who its delivery makes of it: the same entity, the same edges, by the same words."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from hub.cli.app import make_app
from hub.cli.launch import Invocation
from hub.compose import Hub
from hub.consents import find_subject
from hub.erasing import erase
from ingest.errors import StateMoved
from ingest.match.linkage import LEAST
from ingest.pipeline import lookup as lookup_module
from ingest.pipeline.arriving import Arriving
from ingest.pipeline.commonness import Commonness
from ingest.pipeline.deciding import Word, decide
from ingest.pipeline.few_part import clustered, moved, part_around, unlike
from ingest.pipeline.lookup import Found, Lookup
from ingest.pipeline.part import partition_of
from ingest.pipeline.region import part_of, regrouped
from ingest.store.identity import homes_of, members_among
from ingest.store.match_decision import Verdict
from ingest.store.match_edge import edges_near
from privacy.store.audit import entries
from privacy.terms import RecordId, Role
from tests.builders import FixedClock
from tests.faults.ingest_company import owner_of
from tests.integration.test_match_decisions import record_of
from tests.integration.test_matching import KINDS, counts, deliver, matching, together
from tests.match_people import people

NOT_TOLD = ("record", "source", "entity", "country")


def arriving(row: dict[str, object]) -> Arriving:
    told = {name: str(value) for name, value in row.items() if name not in NOT_TOLD and value is not None}
    return Arriving(source=str(row["source"]), key=str(row["record"]), attributes=told, country="NO")


def verify_same(hub: Hub, found: Found, records: pl.DataFrame, row: dict[str, object]) -> None:
    """Compare what was foretold of a person's record with what its delivery, settled now, has made of it."""
    verify_edges(hub, found, record_of(hub, records, int(str(row["record"]))))


def verify_edges(hub: Hub, found: Found, mine: RecordId) -> None:
    """Compare what was foretold of a record with whom it is now, and by which edges."""
    with hub.reading() as session:
        homes = homes_of(session, [mine, *(RecordId(each) for each in found.homes if each != found.record)])
        stored = edges_near(session, [mine])
    mates = {each for each, home in homes.items() if home == homes[mine]} - {mine}
    home = found.homes[found.record]
    assert mates == {each for each, entity in found.homes.items() if entity == home} - {found.record}
    assert found.entity is None or homes[mine] == found.entity
    foretold = {frozenset((each.record, each.other)) - {found.record}: each for each in found.edges}
    for record, other, probability, weight, _, levels, _ in stored.iter_rows():
        pair = frozenset((record, other)) - {mine}
        if not pair <= found.homes.keys():
            assert probability < LEAST
            continue
        edge = foretold.pop(pair)
        assert (edge.probability, edge.weight) == pytest.approx((probability, weight), abs=1e-4)
        assert edge.levels == levels
    assert not foretold


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_is_who_its_delivery_makes_of_it(
    kind: str, hub_factory: Callable[..., Hub], tmp_path: Path, clock: FixedClock
) -> None:
    hub = matching(hub_factory(kind))
    records = people(40)
    ports = hub.ports(owner_of(hub).principal_id)
    assert ports.matching is not None
    lookup = Lookup(ports.matching)
    later = records.sample(12, seed=5)
    deliver(hub, records.join(later, on="record", how="anti"), tmp_path / "in", "first")
    joined = 0
    for row in later.iter_rows(named=True):
        clock.forward(minutes=1)
        found = lookup.find(arriving(row), ports)
        assert not found.known
        deliver(hub, records.filter(pl.col("record") == row["record"]), tmp_path / "in", str(row["record"]))
        verify_same(hub, found, records, row)
        joined += found.entity is not None
    assert joined > 3


def test_a_changed_record_is_who_its_delivery_makes_of_it(
    hub_factory: Callable[..., Hub], tmp_path: Path, clock: FixedClock
) -> None:
    hub = matching(hub_factory())
    records = people(20)
    deliver(hub, records, tmp_path / "in", "first")
    ports = hub.ports(owner_of(hub).principal_id)
    assert ports.matching is not None
    lookup = Lookup(ports.matching)
    one, other = next(sorted(each)[:2] for each in together(hub, records) if len(each) == 2)
    model = records.filter(pl.col("record") == max(records["record"])).row(0, named=True)
    was = records.filter(pl.col("record") == one).row(0, named=True)
    somebody_else = model | {"record": one, "source": was["source"], "entity": was["entity"]}
    for number, row in enumerate([was | {"postcode": "0150"}, somebody_else]):
        clock.forward(minutes=1)
        found = lookup.find(arriving(row), ports)
        assert found.known
        assert found.record == record_of(hub, records, one)
        deliver(hub, pl.DataFrame([row], schema=records.schema), tmp_path / "in", str(number))
        verify_same(hub, found, records, row)
    assert not any({one, other} <= each for each in together(hub, records))


def test_asking_opens_for_an_audited_act_and_writes_nothing_else(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = matching(hub_factory())
    records = people(20)
    deliver(hub, records, tmp_path / "in", "first")
    ports = hub.ports(owner_of(hub).principal_id)
    assert ports.matching is not None
    lookup, held = Lookup(ports.matching), counts(hub)
    before = opened_for(hub, "lookup")
    row = records.row(0, named=True)
    found = lookup.find(arriving(row | {"record": 10_000}), ports)
    assert found.entity is not None
    assert counts(hub) == held
    assert [each for each in opened_for(hub, "lookup") if each not in before] != []
    stranger = Arriving(source="crm", key="x", attributes={"given_name": "Zacharias", "family_name": "Quist"})
    before = opened_for(hub, "lookup")
    found = lookup.find(stranger, ports)
    assert (found.entity, found.edges, found.moved) == (None, [], 0)
    assert opened_for(hub, "lookup") == before


def test_of_an_erased_person_nothing_is_found(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory())
    records = people(10)
    deliver(hub, records, tmp_path / "in", "first")
    row = records.row(0, named=True)
    erase(hub, find_subject(hub, f"{row['source']}:{row['record']}"), owner_of(hub))
    ports = hub.ports(owner_of(hub).principal_id)
    assert ports.matching is not None
    found = Lookup(ports.matching).find(arriving(row), ports)
    assert not found.taken_in
    assert (found.entity, list(found.edges), dict(found.homes)) == (None, [], {})


def test_the_command_shows_closeness_and_no_value(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory())
    records = people(10)
    deliver(hub, records, tmp_path / "in", "first")
    row = records.row(0, named=True)
    told = arriving(row).attributes
    (tmp_path / "record.json").write_text(json.dumps(told), encoding="utf-8")
    environment = {"VARDE_HOME": str(hub.settings.home), "VARDE_MATCHING": "model"}

    def run(*words: str) -> str:
        given = Invocation(environment=environment)
        result = CliRunner().invoke(make_app(), ["match", "find", *words], obj=given)
        return f"{result.exit_code} {result.output}"

    output = run("till:9", str(tmp_path / "record.json"), "--country", "NO")
    assert output.startswith("0 ")
    assert "It would belong to" in output
    assert not any(value in output for value in told.values())
    with hub.reading() as session:
        ((_, entry),) = entries(session, action="match.find")
    assert (entry.fields.outcome, entry.fields.source) == ("known", "till")
    (tmp_path / "record.json").write_text('{"given_name": 5}', encoding="utf-8")
    assert run("till:9", str(tmp_path / "record.json")).startswith("2 ")
    assert run("till", str(tmp_path / "record.json")).startswith("2 ")
    (tmp_path / "record.json").write_text(json.dumps(told), encoding="utf-8")
    opened = opened_for(hub, "lookup")
    assert run("till1234567:9", str(tmp_path / "record.json")).startswith("2 ")
    assert opened_for(hub, "lookup") == opened


def opened_for(hub: Hub, why: str) -> list[object]:
    with hub.reading() as session:
        fields = [dict(entry.fields) for _, entry in entries(session, action="open_batch")]
    return [each["act_id"] for each in fields if each["reason"] == why]


def test_a_home_that_never_rests_is_no_reason_to_wait(
    hub_factory: Callable[..., Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = matching(hub_factory())
    ports = hub.ports(owner_of(hub).principal_id)
    assert ports.matching is not None
    lookup, states = Lookup(ports.matching), count()
    monkeypatch.setattr(lookup_module, "commonness_of", lambda *_: Commonness((next(states), 0), {}))
    with pytest.raises(StateMoved):
        lookup.find(Arriving(source="crm", key="x", attributes={"given_name": "Zacharias"}), ports)
    assert next(states) < 20


def test_a_part_is_read_clustered_and_moved_as_a_delivery_does_it(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    """Under another threshold than it was settled by, so that there is something to move."""
    hub = matching(hub_factory())
    records = people(30)
    deliver(hub, records, tmp_path / "in", "first")
    ports = hub.ports(owner_of(hub).principal_id)
    assert ports.matching is not None
    told = ports.matching.model
    strict, moves = replace(told, model=replace(told.model, threshold=0.97)), 0
    for model in (told, strict):
        for number in records["record"]:
            with hub.reading() as session:
                seed = record_of(hub, records, number)
                many = part_of(session, [seed], model)
                few = part_around(session, [seed], {}, (), model)
                few.numbers |= many.numbers
                assert few.records == many.members["record"].to_list()
                clusters, doubts = clustered(few, model)
                found = partition_of(many, model)
                named = {record: few.records[row] for record, row in zip(few.records, found.clusters, strict=True)}
                assert (clusters, doubts) == (named, sorted(set(found.doubts["reason"])))
                groups = moved(few, clusters, members_among(session, unlike(few, clusters)))
                expected = regrouped(session, many, model)
            assert [group.moves for group in groups] == [group.moves for group in expected]
            moves += len(groups)
    assert moves > 0


def test_a_part_that_people_decided_on_is_clustered_by_their_word(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = matching(hub_factory())
    records = people(20)
    deliver(hub, records, tmp_path / "in", "first")
    ports = hub.ports(owner_of(hub).principal_id)
    assert ports.matching is not None
    numbers = next(sorted(each) for each in together(hub, records) if len(each) > 1)
    pair = tuple(sorted(record_of(hub, records, number) for number in numbers[:2]))
    word = Word(pair=(pair[0], pair[1]), verdict=Verdict.DIFFERENT, reason="seen", role=Role.OWNER)
    decide(word, ports, ports.matching)
    with hub.reading() as session:
        few = part_around(session, pair[:1], {}, (), ports.matching.model)
    clusters, _ = clustered(few, ports.matching.model)
    assert set(pair) <= clusters.keys()
    assert clusters[pair[0]] != clusters[pair[1]]

"""Organisations are taken in by a model of their own, on the road that people take, and never meet a person on it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import text

from hub.compose import Hub
from hub.consents import find_subject
from hub.reveals.ask import Ask
from hub.reveals.reveal import reveal
from ingest.errors import KindsDiffer
from ingest.match.evaluation import evaluate
from ingest.match.organisation import comparable_organisations
from ingest.match.resolution import resolve
from ingest.match.saved import shipped_for_organisations
from ingest.pipeline.deciding import Word, decide, undo
from ingest.pipeline.delivery import Summary
from ingest.pipeline.ports import Ports
from ingest.pipeline.rebuilding import Order, rebuild
from ingest.pipeline.reviewing import steps_of, waiting
from ingest.store.match_decision import Verdict
from ingest.store.record import find_records
from privacy.pseudonym import pseudonym_of
from privacy.terms import BatchId, DomainName, EntityKind, RecordId, Role
from tests.faults.ingest_company import deliver_text, owner_of
from tests.integration.cli_desk import stocked
from tests.integration.test_matching import KINDS, deliver, entities, matching
from tests.match_firms import firms, worn
from tests.match_people import people
from tests.match_runs import carried_keys
from tests.reveal_builders import person

CONTRACT = """
contract: {source}_firms
version: 1
source: {source}
owner: team
table: organisations
format: {{kind: csv, delimiter: ",", encoding: utf-8}}
country: "NO"
key: [record]
columns:
  organisation_name: {{to: organisation_name}}
  organisation_number: {{to: organisation_number}}
  email: {{to: email}}
  domain: {{to: domain}}
  phone: {{to: phone}}
  street: {{to: street}}
  postcode: {{to: postcode}}
  city: {{to: city}}
"""


def delivered(hub: Hub, records: pl.DataFrame, folder: Path, name: str = "first") -> list[Summary]:
    """Take organisations in, one file a source."""
    summaries = []
    for (source,), part in records.sort("source").group_by("source", maintain_order=True):
        content = part.drop("entity", "source", "country").write_csv()
        contract = CONTRACT.format(source=source)
        summaries.append(deliver_text(hub, contract, content, folder / f"firms-{name}-{source}.csv"))
    return summaries


def homes(hub: Hub, records: pl.DataFrame) -> pl.DataFrame:
    """Return record (as delivered) and cluster (the entity) of every organisation."""
    ports = hub.ports(b"p" * 16)
    with hub.reading() as session:
        rows = session.execute(
            text(
                "SELECT s.key_index, c.entity_id FROM source_record s JOIN crosswalk c USING (record_id) "
                "WHERE s.kind = 'organisation'"
            )
        ).all()
    home = dict(tuple(row) for row in rows)
    found = [(record, source, home[index_of(ports, source, record)]) for record, source in keys(records)]
    schema = {"record": pl.UInt32, "source": pl.String, "cluster": pl.Binary}
    return pl.DataFrame(found, schema=schema, orient="row")


def keys(records: pl.DataFrame) -> list[tuple[int, str]]:
    return list(records.select("record", "source").iter_rows())


def index_of(ports: Ports, source: str, record: int) -> bytes:
    return ports.indexes.source_key(source, EntityKind.ORGANISATION).token_of(str(record))


def record_of(hub: Hub, records: pl.DataFrame, number: int) -> RecordId:
    (source,) = records.filter(pl.col("record") == number)["source"].to_list()
    token = index_of(hub.ports(b"p" * 16), source, number)
    with hub.reading() as session:
        return find_records(session, [token])[token]


def parts(hub: Hub, records: pl.DataFrame) -> set[frozenset[int]]:
    return {frozenset(each) for each in homes(hub, records).group_by("cluster").agg("record")["record"].to_list()}


def one_of_two(hub: Hub, records: pl.DataFrame) -> tuple[int, int]:
    return next((a, b) for a, b in (sorted(each) for each in parts(hub, records) if len(each) == 2))


@pytest.mark.parametrize("kind", KINDS)
def test_organisations_are_found_across_deliveries(kind: str, hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory(kind))
    records = firms(60, seed=4)
    delivered(hub, records, tmp_path / "in")
    told = evaluate(homes(hub, records), records.select("record", "entity")).pairwise
    assert told.precision > 0.93
    assert told.recall > 0.93
    assert all(again.repeated for again in delivered(hub, records, tmp_path / "in"))


def test_taking_in_finds_what_the_whole_file_would(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub, model = matching(hub_factory()), shipped_for_organisations()
    records = firms(60, seed=4)
    delivered(hub, records, tmp_path / "in")
    whole = resolve(comparable_organisations(records), model.spec, model.model).clusters
    alike = evaluate(homes(hub, records), whole.select("record", entity="cluster")).pairwise
    assert min(alike.precision, alike.recall) > 0.97


def test_two_checked_numbers_are_never_one_organisation(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory())
    records = firms(60, seed=4)
    delivered(hub, records, tmp_path / "in")
    numbers = records.join(homes(hub, records).drop("source"), on="record").drop_nulls("organisation_number")
    assert numbers.group_by("cluster").agg(pl.col("organisation_number").n_unique())["organisation_number"].max() == 1


def test_a_person_and_an_organisation_that_say_the_same_are_never_one(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    """The same e-mail address, telephone, door and key: not even compared."""
    hub = matching(hub_factory())
    organisations = firms(30, seed=4)
    delivered(hub, organisations, tmp_path / "in")
    persons = people(30)
    found = organisations.head(persons.height)
    same = persons.head(found.height).with_columns(found[name] for name in ("email", "phone", "street", "postcode"))
    deliver(hub, same, tmp_path / "in", "people")
    with hub.reading() as session:
        kinds = dict(tuple(row) for row in session.execute(text("SELECT record_id, kind FROM source_record")).all())
        edges = session.execute(text("SELECT record_id, other_record FROM match_edge")).all()
        mixed = session.execute(
            text(
                "SELECT count(*) FROM "
                "(SELECT entity_id FROM crosswalk GROUP BY entity_id HAVING count(DISTINCT kind) > 1) x"
            )
        ).scalar_one()
        carried = carried_keys(session)
    assert len(edges) > 10
    assert all(kinds[bytes(one)] == kinds[bytes(other)] for one, other in edges)
    assert mixed == 0
    of_people, of_organisations = (
        {token for token, record in carried if kinds[record] == kind} for kind in ("person", "organisation")
    )
    assert of_people
    assert of_organisations
    assert of_people.isdisjoint(of_organisations), "a token is of one kind, whatever value it stands for"


def test_common_values_of_people_and_organisations_are_counted_apart(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = matching(hub_factory())
    delivered(hub, firms(20, seed=4), tmp_path / "in")
    deliver(hub, people(20), tmp_path / "in", "people")
    with hub.reading() as session:
        counted = session.execute(
            text("SELECT f.column_name, b.canonical_table FROM match_frequency f JOIN batch b USING (batch_id)")
        ).all()
    assert {name.startswith("organisation:") for name, table in counted if table == "organisations"} == {True}
    assert {name.startswith("organisation:") for name, table in counted if table == "people"} == {False}


@pytest.mark.parametrize("kind", KINDS)
def test_peoples_word_on_organisations_holds(kind: str, hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory(kind))
    records = firms(30, seed=4)
    delivered(hub, records, tmp_path / "in")
    ports = hub.ports(b"p" * 16)
    assert ports.organisations is not None
    a, b = one_of_two(hub, records)
    pair = (record_of(hub, records, a), record_of(hub, records, b))
    apart = Word(pair=pair, verdict=Verdict.DIFFERENT, reason="called_them", role=Role.OWNER)
    assert decide(apart, ports, ports.organisations) == 1
    assert {frozenset({a}), frozenset({b})} <= parts(hub, records)
    changed = records.filter(pl.col("record") == a).with_columns(city=pl.lit("Ny by"))
    delivered(hub, changed, tmp_path / "in", "again")
    assert frozenset({a}) in parts(hub, records)


def test_nobody_says_that_a_person_and_an_organisation_are_one(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory())
    records, persons = firms(5, seed=4), people(5)
    delivered(hub, records, tmp_path / "in")
    deliver(hub, persons, tmp_path / "in", "people")
    ports = hub.ports(b"p" * 16)
    source, key = persons.select("source", "record").row(0)
    pair = (record_of(hub, records, 0), find_subject(hub, f"{source}:{key}").records[0])
    for model in (ports.matching, ports.organisations):
        assert model is not None
        with pytest.raises(KindsDiffer):
            decide(Word(pair=pair, verdict=Verdict.SAME, reason="called_them", role=Role.OWNER), ports, model)


def test_pairs_to_be_looked_at_are_listed_by_kind(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory())
    delivered(hub, worn(firms(60, seed=4), seed=4), tmp_path / "in")
    ports = hub.ports(b"p" * 16)
    assert ports.matching is not None
    assert ports.organisations is not None
    found = waiting(ports, ports.organisations.model, limit=100)
    assert found
    assert {edge.model for edge in found} == {ports.organisations.model.digest}
    assert {"name", "legal_form", "number"} <= {step.what for step in steps_of(found[0], ports.organisations.model)}
    assert waiting(ports, ports.matching.model, limit=100) == []


def test_a_delivery_of_organisations_is_taken_back(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory())
    records = firms(30, seed=4)
    *_, last = delivered(hub, records, tmp_path / "in")
    joined = parts(hub, records)
    assert undo(BatchId(last.batch_id), Role.OWNER, hub.ports(b"p" * 16)) > 0
    assert len(parts(hub, records)) > len(joined)


def test_an_organisation_has_a_golden_record_of_what_its_sources_say(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = matching(hub_factory())
    records = firms(5, seed=4)
    delivered(hub, records, tmp_path / "in")
    entity, numbers = homes(hub, records).group_by("cluster").agg("record").sort(pl.col("record").list.len()).row(-1)
    pseudonym = pseudonym_of(hub.domain(DomainName("churn")), entity)
    asked = Ask(purpose="churn", pseudonym=pseudonym, reason="help_offered")
    shown = reveal(hub, person(hub, "a caller", Role.SUCCESS, owner_of(hub)), asked).golden
    told = records.filter(pl.col("record").is_in(numbers))
    assert {each.attribute for each in shown} >= {"organisation_name"}
    assert all(each.value in told[each.attribute].to_list() and each.source in told["source"] for each in shown)


def test_a_rebuild_of_people_leaves_organisations_alone(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory())
    organisations, persons = firms(30, seed=4), people(20)
    delivered(hub, organisations, tmp_path / "in")
    deliver(hub, persons, tmp_path / "in", "people")
    before = parts(hub, organisations), edges_of(hub), entities(hub, persons).sort("record").rows()
    ports = hub.ports(b"p" * 16)
    assert ports.matching is not None
    rebuild(Order(role=Role.OWNER, country="NO"), ports, ports.matching)
    assert (parts(hub, organisations), edges_of(hub)) == before[:2]


def edges_of(hub: Hub) -> int:
    with hub.reading() as session:
        query = (
            "SELECT count(*) FROM match_edge e JOIN source_record s ON s.record_id = e.record_id "
            "WHERE s.kind = 'organisation'"
        )
        return int(session.execute(text(query)).scalar_one())


def test_the_desk_reviews_and_decides_on_organisations(tmp_path: Path) -> None:
    desk = replace(stocked(tmp_path), environment={"VARDE_MATCHING": "model"})
    records = worn(firms(60, seed=4), seed=4)
    for (source,), part in records.group_by("source", maintain_order=True):
        contract = desk.file(f"{source}.yaml", CONTRACT.format(source=source))
        rows = desk.file(f"{source}.csv", part.drop("entity", "source", "country").write_csv())
        assert desk.run("ingest", contract, rows).exit_code in {0, 3}
    listed = desk.json("match", "review", "--kind", "organisation")
    assert desk.json("match", "review") == []
    pair = (listed[0]["record"], listed[0]["other"])
    why = desk.json("match", "why", *pair, "--kind", "organisation")
    assert {"name", "number"} <= {each["what"] for each in why}
    opened = desk.json("match", "open", *pair, "--kind", "organisation", "--reason", "called_them")
    assert "organisation_name" in {each["attribute"] for each in opened}
    refused = desk.run("match", "decide", *pair, "same", "--reason", "called_them")
    assert (refused.exit_code, "no record" in refused.stderr) == (2, True), "as persons they are nobody"
    decided = desk.run("match", "decide", *pair, "same", "--kind", "organisation", "--reason", "called_them")
    assert decided.exit_code == 0
    left = desk.json("match", "review", "--kind", "organisation")
    assert pair not in {(each["record"], each["other"]) for each in left}

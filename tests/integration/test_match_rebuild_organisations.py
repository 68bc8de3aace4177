"""Organisations are matched anew, by a model that the home learned from them, and people are left alone meanwhile."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from hub.cli.app import make_app
from hub.cli.launch import Invocation
from hub.compose import Hub
from hub.rotation.destruction import retire
from hub.rotation.due import old_keys
from hub.rotation.matching import rotate_matching
from ingest.errors import RebuildBusy
from ingest.match.evaluation import evaluate
from ingest.match.saved import saved, shipped, shipped_for_organisations
from ingest.match.spec import read_spec
from ingest.pipeline.arriving import Arriving
from ingest.pipeline.deciding import undo
from ingest.pipeline.lookup import Lookup
from ingest.pipeline.rebuilding import Rebuilt, rebuild, rehearse
from ingest.pipeline.recovery import recover
from ingest.store.match_serving import FIRST, serving_version
from ingest.store.record import find_records
from privacy.store.audit import entries
from privacy.terms import EntityKind, Role
from tests.builders import FixedClock
from tests.faults.ingest_company import owner_of
from tests.integration.test_match_lookup import verify_edges
from tests.integration.test_match_rebuild import ORDER, breaking, exactly
from tests.integration.test_match_rebuild import rebuilt as people_rebuilt
from tests.integration.test_matching import counts, deliver, matching, together
from tests.integration.test_matching_organisations import delivered, homes, index_of, parts, record_of
from tests.match_firms import firms, worn
from tests.match_people import people

OF = ("--kind", "organisation")


def rebuilt(hub: Hub) -> Rebuilt:
    ports = hub.ports(owner_of(hub).principal_id)
    assert ports.organisations is not None
    return rebuild(ORDER, ports, ports.organisations)


def run(hub: Hub, *words: str | Path) -> Result:
    environment = {"VARDE_HOME": str(hub.settings.home), "VARDE_MATCHING": "model"}
    return CliRunner().invoke(make_app(), ["match", *map(str, words)], obj=Invocation(environment=environment))


def counted_in(hub: Hub) -> Mapping[str, int]:
    """Count the batches of each table whose counts a rebuild has taken the place of."""
    query = "SELECT canonical_table, count(counted_in) FROM batch GROUP BY 1"
    with hub.reading() as session:
        return dict(tuple(row) for row in session.execute(text(query)))


def test_organisations_taken_in_by_exact_rules_take_part_afterwards_and_people_stay(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    records, persons = firms(14, seed=4), people(6)
    early, late = records.filter(pl.col("source") != "desk"), records.filter(pl.col("source") == "desk")
    hub = hub_factory()
    delivered(exactly(hub), early, tmp_path / "in", "early")
    hub = matching(hub)
    deliver(hub, persons, tmp_path / "in", "people")
    held, of_people = counts(hub), together(hub, persons)
    ports = hub.ports(owner_of(hub).principal_id)
    assert ports.organisations is not None
    told = rehearse(ORDER, ports, ports.organisations)
    assert (told.records, told.formed, counts(hub)) == (early.height, early.height, held)
    done = rebuilt(hub)
    assert (done.records, done.formed) == (early.height, early.height)
    assert done.moved == len(told.change.moves) > 0
    assert counts(hub)["match_form"] == records.filter(pl.col("source") != "desk").height + persons.height
    assert counted_in(hub)["people"] == 0, "the counts of people's values are theirs"
    delivered(hub, late, tmp_path / "in", "late")
    found = evaluate(homes(hub, records), records.select("record", "entity")).pairwise
    assert min(found.precision, found.recall) > 0.93
    again = rebuilt(hub)
    assert (again.formed, again.records) == (0, records.height)
    held, joined = counts(hub), parts(hub, records)
    assert rebuilt(hub).moved == 0
    assert (counts(hub), parts(hub, records), together(hub, persons)) == (held, joined, of_people)
    assert undo(done.batch_id, Role.OWNER, ports) > 0
    assert len(parts(hub, records)) > len(joined)
    with hub.reading() as session:
        kinds = {dict(entry.fields)["outcome"] for _, entry in entries(session, action="match.rebuild")}
    assert kinds == {"organisation"}


def test_a_rebuild_of_organisations_that_breaks_off_is_finished_as_one_of_organisations(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    """Whoever starts next finishes it by the model of organisations."""
    records, persons = firms(10, seed=4), people(5)
    hub = hub_factory()
    delivered(exactly(hub), records, tmp_path / "in")
    deliver(exactly(hub), persons, tmp_path / "in", "people")
    hub = matching(hub)
    before, of_people = parts(hub, records), together(hub, persons)
    with pytest.raises(KeyboardInterrupt):
        rebuilt(replace(hub, reached=breaking("rebuild_counts")))
    recover(hub.ports(owner_of(hub).principal_id))
    assert together(hub, persons) == of_people
    assert parts(hub, records) != before
    assert rebuilt(hub).moved == 0


def test_a_rebuild_of_people_finishes_what_one_of_organisations_left(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    records, persons = firms(10, seed=4), people(5)
    hub = hub_factory()
    delivered(exactly(hub), records, tmp_path / "in")
    hub = matching(hub)
    deliver(hub, persons, tmp_path / "in", "people")
    before = parts(hub, records)

    def meanwhile(name: str) -> None:
        if name == "edges_settled":
            with pytest.raises(RebuildBusy, match="another process"):
                people_rebuilt(hub)
        if name == "rebuild_counts":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuilt(replace(hub, reached=meanwhile))
    people_rebuilt(hub)
    assert parts(hub, records) != before
    assert rebuilt(hub).moved == 0


def test_each_kind_moves_to_a_new_key_by_a_rebuild_of_its_own(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory())
    records, persons = firms(10, seed=4), people(5)
    crm, others = records.filter(pl.col("source") == "crm"), records.filter(pl.col("source") != "crm")
    delivered(hub, crm, tmp_path / "in", "crm")
    deliver(hub, persons, tmp_path / "in", "people")
    by = owner_of(hub)
    assert rotate_matching(hub, by) == 2
    delivered(hub, others, tmp_path / "in", "others")
    assert needs(hub) == ("people_found_by_it", "organisations_found_by_it")
    people_rebuilt(hub)
    assert needs(hub) == ("organisations_found_by_it",)
    joined = parts(hub, records)
    assert rebuilt(hub).formed == crm.height
    assert parts(hub, records) == joined
    with hub.reading() as session:
        served = {kind: serving_version(session, kind) for kind in EntityKind}
        assert served == {kind: (2, form) for kind, (_, form) in FIRST.items()}
        held = session.execute(text("SELECT key_version FROM match_form UNION SELECT key_version FROM match_run"))
        assert set(held.scalars()) == {2}
    assert [each.version for each in retire(hub, by).destroyed if each.kind == "matching"] == [1]
    assert rebuilt(hub).moved == 0


def needs(hub: Hub) -> tuple[str, ...]:
    (old,) = [each for each in old_keys(hub) if each.kind == "matching"]
    return old.needs


def test_a_home_learns_from_its_organisations_and_matches_them_alone_by_it(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = matching(hub_factory())
    records = firms(60, seed=4)
    first = records.filter(pl.col("entity") < 120)
    assert "no organisations were taken in" in run(hub, "train", "--output", tmp_path / "none.json", *OF).output
    delivered(hub, first, tmp_path / "in", "first")
    model = tmp_path / "model.json"
    told = run(hub, "train", "--output", model, *OF)
    assert told.exit_code == 0, told.output
    document = model.read_text()
    assert (json.loads(document)["kind"], json.loads(document)["records"]) == ("organisation", first.height)
    assert not any(name in document for name in records["organisation_name"].unique())
    refused = run(hub, "use", model)
    assert (refused.exit_code, "--kind" in refused.output) == (2, True)
    used = run(hub, "use", model, *OF)
    assert "Organisations are matched by model 1" in used.output
    assert "varde match rebuild --kind organisation" in " ".join(used.output.split())
    ports, learned = hub.ports(owner_of(hub).principal_id), saved(document, read_spec("organisation"))
    assert ports.matching is not None
    assert ports.organisations is not None
    assert (ports.matching.model.digest, ports.organisations.model.digest) == (shipped().digest, learned.digest)
    delivered(hub, records.filter(pl.col("entity") >= 120), tmp_path / "in", "second")
    assert models_of_edges(hub) == {shipped_for_organisations().digest, learned.digest}
    rebuilt(hub)
    assert models_of_edges(hub) == {learned.digest}
    assert [each["model"] for each in json.loads(run(hub, "models", *OF, "--format", "json").stdout)] == [
        learned.digest.hex()
    ]
    assert "People" not in run(hub, "models", *OF).output
    assert "shipped model" in run(hub, "models").output
    assert "model 2" in run(hub, "use", "shipped", *OF).output


def models_of_edges(hub: Hub) -> set[bytes]:
    with hub.reading() as session:
        return set(session.execute(text("SELECT DISTINCT model FROM match_edge")).scalars())


def test_an_organisation_asked_at_once_is_what_its_delivery_makes_of_it(
    hub_factory: Callable[..., Hub], tmp_path: Path, clock: FixedClock
) -> None:
    hub = matching(hub_factory())
    records = worn(firms(60, seed=4), seed=4)
    later = records.sample(4, seed=5)
    delivered(hub, records.join(later, on="record", how="anti"), tmp_path / "in")
    ports, joined = hub.ports(owner_of(hub).principal_id), 0
    assert ports.organisations is not None
    lookup = Lookup(ports.organisations)
    for row in later.iter_rows(named=True):
        clock.forward(minutes=1)
        found = lookup.find(arriving(row), ports)
        delivered(hub, later.filter(pl.col("record") == row["record"]), tmp_path / "in", str(row["record"]))
        verify_edges(hub, found, record_of(hub, records, row["record"]))
        joined += found.entity is not None
    assert joined > 1


def arriving(row: Mapping[str, object]) -> Arriving:
    told = {
        name: str(value)
        for name, value in row.items()
        if name not in {"record", "source", "entity", "country"} and value is not None
    }
    source, key, kind = str(row["source"]), str(row["record"]), EntityKind.ORGANISATION
    return Arriving(source=source, key=key, attributes=told, country="NO", kind=kind)


def test_the_commands_say_organisations_where_they_mean_them(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    records = firms(12, seed=4)
    hub = hub_factory()
    delivered(exactly(hub), records, tmp_path / "in")
    apart = parts(hub, records)
    told = run(hub, "rebuild", *OF, "--dry-run")
    assert told.exit_code == 0, told.output
    assert ("organisations would become" in told.output, "another record's no" in told.output) == (True, False)
    assert parts(hub, records) == apart
    told = run(hub, "rebuild", *OF)
    assert told.exit_code == 0, told.output
    row = records.drop_nulls("organisation_number").row(0, named=True)
    asked = tmp_path / "asked.json"
    asked.write_text(json.dumps({name: row[name] for name in ("organisation_name", "organisation_number")}))
    told = run(hub, "find", "till:1", asked, *OF, "--country", "NO")
    with hub.reading() as session:
        token = index_of(hub.ports(b"p" * 16), row["source"], row["record"])
        record = find_records(session, [token])[token]
    assert told.exit_code == 0, told.output
    assert (record.hex() in told.output, row["organisation_name"] in told.output) == (True, False)
    refused = run(hub, "find", "till:1", asked)
    assert (refused.exit_code, "given_name" in refused.output) == (2, True)

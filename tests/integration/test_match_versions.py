"""A changed form or a new key of matching: people are found before, while everybody is moved on, and after."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from hub.cli.app import make_app
from hub.cli.launch import Invocation
from hub.compose import Hub
from hub.database.schema import downgrade, upgrade
from hub.rotation.destruction import retire
from hub.rotation.due import old_keys
from hub.rotation.matching import rotate_matching
from ingest.contract.load import contract_of_yaml
from ingest.errors import MatchingMoved, RebuildBusy
from ingest.match.evaluation import evaluate
from ingest.match.form import FORMS, comparable_people
from ingest.match.kinds import COMPARABLE, PEOPLE
from ingest.pipeline.compacting import sweep_runs
from ingest.pipeline.delivery import Summary, ingest_file
from ingest.pipeline.rectify import Rectification, rectify
from ingest.store.batch import BatchState, in_state
from ingest.store.match_run import DROPPED, Found, start_run
from ingest.store.match_serving import FIRST, serve, serving_version
from privacy.terms import EntityKind, RecordId
from tests.faults.ingest_company import owner_of
from tests.integration.test_match_decisions import record_of
from tests.integration.test_match_rebuild import breaking, rebuilt
from tests.integration.test_matching import CONTRACT, KINDS, counts, deliver, entities, matching, together
from tests.match_people import people

FORM = 2
SHOP = contract_of_yaml(CONTRACT.format(source="shop"))


def shouted(records: pl.DataFrame) -> pl.DataFrame:
    """Bring records to a form of another version: names are capitals, so no key with a name is what it was."""
    names = pl.col("given", "family", "initial", "given_start", "family_start", "name_sounds").str.to_uppercase()
    return comparable_people(records).with_columns(names)


@pytest.fixture
def new_form(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def bring() -> None:
        monkeypatch.setitem(FORMS, FORM, shouted)
        newer = {**COMPARABLE, EntityKind.PERSON.value: replace(PEOPLE, version=FORM)}
        monkeypatch.setattr("hub.keystore.matching.COMPARABLE", newer)

    return bring


def versions(hub: Hub) -> dict[tuple[int, int], int]:
    """Count the forms of each version of key and form."""
    query = "SELECT key_version, form_version, count(*) FROM match_form GROUP BY 1, 2"
    with hub.reading() as session:
        return {(key, form): count for key, form, count in session.execute(text(query))}


def parts_of(records: pl.DataFrame) -> list[pl.DataFrame]:
    return [records.filter(pl.col("source") == source) for source in ("crm", "shop", "desk")]


def assert_found(hub: Hub, records: pl.DataFrame) -> None:
    told = evaluate(entities(hub, records), records.select("record", "entity"))
    assert min(told.pairwise.precision, told.pairwise.recall) > 0.9


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", ["form", "key"])
def test_people_are_found_before_while_and_after_a_version_changes(
    kind: str, what: str, hub_factory: Callable[..., Hub], tmp_path: Path, new_form: Callable[[], None]
) -> None:
    hub = matching(hub_factory(kind))
    records = people(40)
    crm, shop, desk = parts_of(records)
    deliver(hub, crm, tmp_path / "in", "crm")
    if what == "form":
        new_form()
    else:
        assert rotate_matching(hub, owner_of(hub)) == 2
    new = (1, FORM) if what == "form" else (2, 1)
    deliver(hub, shop, tmp_path / "in", "shop")
    assert versions(hub) == {(1, 1): crm.height + shop.height, new: shop.height}
    both = pl.concat([crm, shop])
    assert_found(hub, both)
    before = together(hub, both)
    assert rebuilt(hub).formed == crm.height
    assert versions(hub) == {new: crm.height + shop.height}
    assert together(hub, both) == before
    deliver(hub, desk, tmp_path / "in", "desk")
    assert versions(hub) == {new: records.height}
    assert_found(hub, records)
    with hub.reading() as session:
        held = session.execute(text("SELECT DISTINCT key_version, form_version FROM match_run")).all()
    assert [tuple(row) for row in held] == [new]
    assert rebuilt(hub).formed == 0


@pytest.mark.parametrize("step", ["forms_made", "rebuild_counts", "versions_swept"])
def test_moving_on_that_breaks_off_is_repeated_to_the_same_end(
    step: str, hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = matching(hub_factory())
    records = people(12)
    deliver(hub, records, tmp_path / "in", "first")
    rotate_matching(hub, owner_of(hub))
    with pytest.raises(KeyboardInterrupt):
        rebuilt(replace(hub, reached=breaking(step)))
    assert_found(hub, records)
    rebuilt(hub)
    assert versions(hub) == {(2, 1): records.height}
    held, told = counts(hub), together(hub, records)
    assert rebuilt(hub).moved == 0
    assert (counts(hub), together(hub, records)) == (held, told)


@pytest.mark.parametrize("kind", KINDS)
def test_who_goes_back_in_the_middle_of_a_move_keeps_what_serves(
    kind: str, hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    """Rows of the version to come go: some have them and some do not, and they would not find one another."""
    hub = matching(hub_factory(kind))
    records = people(12)
    crm, shop, desk = parts_of(records)
    deliver(hub, crm, tmp_path / "in", "crm")
    rotate_matching(hub, owner_of(hub))
    deliver(hub, shop, tmp_path / "in", "shop")
    assert versions(hub) == {(1, 1): crm.height + shop.height, (2, 1): shop.height}
    downgrade(hub.engine, "control", "0030")
    with hub.reading() as session:
        tokens = session.execute(text("SELECT DISTINCT key_version, form_version FROM match_token")).all()
    assert (versions(hub), [tuple(each) for each in tokens]) == ({(1, 1): crm.height + shop.height}, [(1, 1)])
    upgrade(hub.engine, "control")
    deliver(hub, desk, tmp_path / "in", "desk")
    assert_found(hub, records)


def test_a_delivery_that_came_meanwhile_puts_the_move_off(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory())
    crm, shop, _ = parts_of(people(12))
    deliver(hub, crm, tmp_path / "in", "crm")
    rotate_matching(hub, owner_of(hub))
    came: list[str] = []

    def meanwhile(step: str) -> None:
        if step == "opening_audited" and not came:
            came.append(step)
            deliver(hub, shop, tmp_path / "in", "shop")

    with pytest.raises(RebuildBusy, match="people were taken in meanwhile"):
        rebuilt(replace(hub, reached=meanwhile))
    assert versions(hub)[1, 1] == crm.height + shop.height  # they serve as before
    rebuilt(hub)
    assert versions(hub) == {(2, 1): crm.height + shop.height}


@pytest.mark.parametrize("kind", KINDS)
def test_who_knows_only_the_version_before_brings_nobody(
    kind: str, hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = matching(hub_factory(kind))
    records = people(40)
    crm, shop, _ = parts_of(records)
    deliver(hub, crm, tmp_path / "in", "crm")
    stale = hub.ports(owner_of(hub).principal_id)
    rotate_matching(hub, owner_of(hub))
    rebuilt(hub)
    held = counts(hub)
    with pytest.raises(MatchingMoved, match="run it again"):
        ingest_file(SHOP, written(shop, tmp_path), stale)
    record = RecordId(record_of(hub, records, crm["record"][0]))
    mended = Rectification(request_id=b"r" * 16, records=[record], values={"street": "Ny vei 3"}, country="NO")
    with pytest.raises(MatchingMoved):
        rectify(mended, stale)
    assert counts(hub) == held
    fresh = hub.ports(owner_of(hub).principal_id)
    ingest_file(SHOP, written(shop, tmp_path), fresh)
    assert_found(hub, pl.concat([crm, shop]))
    assert rectify(mended, fresh) == 1
    assert set(versions(hub)) == {(2, 1)}


def test_a_version_that_moves_before_the_flip_aborts_the_delivery(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = matching(hub_factory())
    crm, shop, _ = parts_of(people(12))
    deliver(hub, crm, tmp_path / "in", "crm")
    held = counts(hub)

    def moved(step: str) -> None:
        if step == "all_staged":
            with hub.unit_of_work() as session:
                batch_id = in_state(session, BatchState.SETTLED)[0].batch_id
                told = {"key_version": 2, "batch_id": batch_id, "at": hub.clock()}
                serve(session, {EntityKind.PERSON: 1}, told)

    ports = replace(hub.ports(owner_of(hub).principal_id), reached=moved)
    with pytest.raises(MatchingMoved):
        ingest_file(SHOP, written(shop, tmp_path), ports)
    assert counts(hub) == held
    with hub.reading() as session:
        assert {state: len(in_state(session, state)) for state in BatchState if in_state(session, state)} == {
            BatchState.SETTLED: 1,
            BatchState.ABORTED: 1,
        }


def test_each_file_of_a_command_is_found_by_the_version_that_serves_by_then(
    hub_factory: Callable[..., Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = matching(hub_factory())
    _, shop, _ = parts_of(people(12))
    halves = [shop.head(shop.height // 2), shop.tail(-(shop.height // 2))]
    files = [str(written(each, tmp_path, f"{number}.csv")) for number, each in enumerate(halves)]
    (tmp_path / "shop.yaml").write_text(CONTRACT.format(source="shop"))
    taken: list[Summary] = []

    def between(*given: Any, **more: Any) -> Summary:
        summary = ingest_file(*given, **more)
        if not taken:
            rotate_matching(hub, owner_of(hub))
            rebuilt(hub)
        taken.append(summary)
        return summary

    monkeypatch.setattr("hub.cli.ingest.ingest_file", between)
    environment = {"VARDE_HOME": str(hub.settings.home), "VARDE_MATCHING": "model"}
    words = ["ingest", str(tmp_path / "shop.yaml"), *files, "--wait", "0"]
    told = CliRunner().invoke(make_app(), words, obj=Invocation(environment=environment))
    assert (told.exit_code, len(taken)) == (0, 2), told.output
    assert versions(hub) == {(2, 1): shop.height}


def written(records: pl.DataFrame, folder: Path, name: str = "shop.csv") -> Path:
    path = folder / name
    path.write_text(records.drop("entity", "source", "country").write_csv())
    return path


def test_an_old_key_goes_when_no_row_needs_it(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory())
    records = people(12)
    deliver(hub, records, tmp_path / "in", "first")
    by = owner_of(hub)
    rotate_matching(hub, by)
    (old,) = [each for each in old_keys(hub) if each.kind == "matching"]
    assert (old.version, old.is_due) == (1, False)
    assert [each for each in retire(hub, by).destroyed if each.kind == "matching"] == []
    rebuilt(hub)
    with hub.unit_of_work() as session:
        start_run(session, Found(EntityKind.PERSON.value, 1, 1), 0, state=DROPPED)
    assert [each.is_due for each in old_keys(hub) if each.kind == "matching"] == [False], "it waits to be swept"
    sweep_runs(hub.ports(by.principal_id))
    (gone,) = [each for each in retire(hub, by).destroyed if each.kind == "matching"]
    assert gone.version == 1
    told = together(hub, records)
    assert rebuilt(hub).moved == 0
    assert together(hub, records) == told
    assert [each for each in old_keys(hub) if each.kind == "matching"] == []


def test_the_version_of_people_is_not_that_of_organisations(hub_factory: Callable[..., Hub]) -> None:
    """A rebuild moves people alone where there are organisations: theirs is the version that they have."""
    hub = hub_factory()
    told = {"key_version": 2, "batch_id": bytes(16), "at": hub.clock()}
    with hub.unit_of_work() as session:
        serve(session, {EntityKind.PERSON: 1}, told)
    with hub.reading() as session:
        assert serving_version(session) == (2, 1)
        assert serving_version(session, EntityKind.ORGANISATION) == FIRST[EntityKind.ORGANISATION]

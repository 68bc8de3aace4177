"""Numbers of organisations in every way of writing find one another, in new homes and, moved on, in those of before."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import text
from stdnum import luhn

from hub.compose import Hub
from hub.database.schema import downgrade, upgrade
from hub.rotation.matching import rotate_matching
from ingest.match.kinds import COMPARABLE
from ingest.match.organisation import ORGANISATION_FORMS, first_comparable_organisations
from ingest.match.saved import shipped_for_organisations
from ingest.pipeline.rebuilding import rebuild
from ingest.store.match_serving import FIRST, serving_version
from privacy.terms import EntityKind
from tests.faults.ingest_company import deliver_text, owner_of
from tests.integration.test_match_rebuild import ORDER
from tests.integration.test_match_rebuild import rebuilt as people_rebuilt
from tests.integration.test_match_rebuild_organisations import rebuilt
from tests.integration.test_match_versions import versions
from tests.integration.test_matching import matching
from tests.integration.test_matching_organisations import CONTRACT, parts

OF = EntityKind.ORGANISATION
SPELLINGS = {"crm": "{}", "erp": "SE{}01", "desk": "16{}"}


def swedish(count: int) -> pl.DataFrame:
    """Return organisations of three sources that have nothing in common but the beginning of a name and a number."""
    rows = []
    for entity in range(count):
        front = f"55{7000 + 37 * entity:04d}{100 + 11 * entity:03d}"
        number = front + luhn.calc_check_digit(front)
        for source, spelling in SPELLINGS.items():
            name = f"Firma{chr(97 + entity) * 3} {source.title()} AB"
            rows.append((source, entity, name, spelling.format(number)))
    frame = pl.DataFrame(rows, schema=["source", "entity", "organisation_name", "organisation_number"], orient="row")
    return frame.with_row_index("record")


def taken_in(hub: Hub, records: pl.DataFrame, folder: Path) -> None:
    for (source,), part in records.sort("source").group_by("source", maintain_order=True):
        contract = CONTRACT.format(source=source).replace('country: "NO"', 'country: "SE"')
        columns = [line for line in contract.splitlines() if not line.startswith("  ") or "organisation" in line]
        told = part.select("record", "organisation_name", "organisation_number").write_csv()
        deliver_text(hub, "\n".join(columns), told, folder / f"{source}-{part['record'][0]}.csv")


def by_entity(records: pl.DataFrame) -> set[frozenset[int]]:
    return {frozenset(each) for each in records.group_by("entity").agg("record")["record"].to_list()}


@pytest.fixture
def old_program(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The program as it was: form 1 is the only one."""
    before = replace(COMPARABLE[OF], version=1, form=first_comparable_organisations, forms={1: ORGANISATION_FORMS[1]})
    assert shipped_for_organisations().spec.kind == OF  # read by the program of now, and kept
    monkeypatch.setitem(COMPARABLE, OF.value, before)  # type: ignore[arg-type]  # a dictionary by its nature
    monkeypatch.setitem(FIRST, OF, (1, 1))  # type: ignore[arg-type]  # a dictionary by its nature
    return monkeypatch


def test_a_new_home_begins_with_the_newest_forms() -> None:
    assert {kind: (1, COMPARABLE[kind].version) for kind in EntityKind} == FIRST


def test_a_home_of_before_is_moved_on_while_deliveries_go_on(
    hub_factory: Callable[..., Hub], tmp_path: Path, old_program: pytest.MonkeyPatch
) -> None:
    hub, records = matching(hub_factory("postgres")), swedish(6)
    early, late = records.filter(pl.col("entity") < 4), records.filter(pl.col("entity") >= 4)
    downgrade(hub.engine, "control", "0043")
    taken_in(hub, early, tmp_path)
    assert versions(hub) == {(1, 1): early.height}
    assert len(parts(hub, early)) == early.height, "form 1 reads none of the longer numbers"
    old_program.undo()
    upgrade(hub.engine, "control")
    taken_in(hub, late, tmp_path)
    assert versions(hub) == {(1, 1): records.height, (1, 2): late.height}
    done = rebuilt(hub)
    assert done.formed == early.height
    assert versions(hub) == {(1, 2): records.height}
    assert parts(hub, records) == by_entity(records)
    assert rebuilt(hub).moved == 0
    with hub.reading() as session:
        assert serving_version(session, OF) == (1, 2)


def test_a_new_home_finds_them_at_once(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub, records = matching(hub_factory()), swedish(4)
    taken_in(hub, records, tmp_path)
    assert versions(hub) == {(1, 2): records.height}
    assert parts(hub, records) == by_entity(records)


def test_a_key_that_people_move_to_leaves_organisations_their_form(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = matching(hub_factory())
    rotate_matching(hub, owner_of(hub))
    people_rebuilt(hub)
    with hub.reading() as session:
        assert {kind: serving_version(session, kind)[1] for kind in EntityKind} == {EntityKind.PERSON: 1, OF: 2}
    records = swedish(2)
    taken_in(hub, records, tmp_path)
    assert versions(hub) == {(2, 2): records.height}


def test_who_goes_back_finds_by_the_form_of_before(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    """The program before cannot read form 2: what is left of it would be looked for by nobody."""
    hub, records = matching(hub_factory()), swedish(3)
    taken_in(hub, records, tmp_path)
    downgrade(hub.engine, "control", "0043")
    assert versions(hub) == {}
    with hub.reading() as session:
        for table in ("match_run", "match_block"):
            assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0  # noqa: S608 - our names
    upgrade(hub.engine, "control")
    ports = hub.ports(owner_of(hub).principal_id)
    assert ports.organisations is not None
    order = replace(ORDER, country="SE")  # of whom no form is left nothing says by which country their rows were read
    assert rebuild(order, ports, ports.organisations).formed == records.height
    assert parts(hub, records) == by_entity(records)

"""Every view of the default catalogue through its whole life: submitted, checked, approved, read."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest

from hub.errors import AccessRefused, HubError
from hub.inspection.check import check
from hub.inspection.lineage import sources_of
from hub.predictions import outlook, service
from hub.predictions.lessons import customers_of, of_rows
from hub.predictions.teaching import read_lessons
from hub.views.gateway import PSEUDONYM, Gateway
from hub.views.intent import Reader
from hub.views.load import catalogue_names, catalogue_spec, catalogue_text
from hub.views.registry import approve, submit
from hub.views.spec import ViewSpec
from hub.views.summary import WITHHELD
from predict.actions import ACTIONS
from predict.registry import load
from predict.service.declaration import MAINTENANCE
from predict.service.module import Maintenance
from tests.catalogue_shop import AT, Company, company
from tests.view_builders import WITHOUT_CHECK, read_by_grid

KPIS = tuple(name for name in catalogue_names() if name.startswith("kpi_"))
TAUGHT = "service_training"
MACHINES = "service_machines_training"
NAMES = tuple(name for name in catalogue_names() if name not in KPIS and not name.endswith("_training"))
"""What teaches has the columns of what scores; one of them is read for training."""
TABLES = tuple(sorted({table for name in catalogue_names() for table in catalogue_spec(name).tables} - {"profiles"}))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with company(tmp_path_factory.mktemp("company"), TABLES) as found:
        yield found


@pytest.mark.parametrize("name", NAMES)
def test_a_view_of_the_catalogue_lives(made: Company, name: str) -> None:
    spec = submit(made.hub, catalogue_text(name), made.scientist)
    figures = check(made.hub, name, made.dpo).figures
    assert figures.rows
    assert not figures.unused
    approve(made.hub, name, made.dpo)
    released = read(made, spec)
    assert released.columns[-len(spec.columns) :] == list(spec.columns)
    assert released.height == figures.rows
    assert PSEUDONYM in released.columns
    told = [each for each in spec.released if released[each.name].null_count() < figures.rows]
    heard = {source.partition(".")[0] for feature in told for source in sources_of(spec, feature)}
    assert heard == {source.partition(".")[0] for feature in spec.released for source in sources_of(spec, feature)}


@pytest.mark.parametrize("name", KPIS)
def test_key_figures_of_the_catalogue_leave_and_no_row_does(made: Company, name: str) -> None:
    spec = submit(made.hub, catalogue_text(name), made.scientist)
    assert check(made.hub, name, made.dpo).figures.customers
    approve(made.hub, name, made.dpo, WITHOUT_CHECK)  # where so few are a cell, all may be withheld
    released = read(made, spec)
    assert released.columns == [*spec.columns, WITHHELD]
    assert released.height


def test_a_training_view_of_the_catalogue_teaches(made: Company) -> None:
    spec = submit(made.hub, catalogue_text(TAUGHT), made.scientist)
    approve(made.hub, TAUGHT, made.dpo, WITHOUT_CHECK)
    cuts = [datetime(2025, month, 1, tzinfo=UTC) for month in (3, 4, 5)]
    gateway, reader = Gateway(made.hub), Reader(principal=made.scientist, module="service")
    frame = gateway.read_training(reader, TAUGHT, purpose=spec.purpose, cuts=cuts, known_until=AT).frame
    assert set(frame["as_of"]) == set(cuts)
    assert set(frame["contacted"]) == {True, False}
    for _ in range(spec.reads.at_most - 1 if spec.reads else 0):
        gateway.read_training(reader, TAUGHT, purpose=spec.purpose, cuts=cuts[:1], known_until=AT)
    with pytest.raises(AccessRefused, match="reads_used_up"):
        gateway.read_training(reader, TAUGHT, purpose=spec.purpose, cuts=cuts[:1], known_until=AT)


def test_a_module_learns_of_machines_one_by_one(made: Company) -> None:
    spec = submit(made.hub, catalogue_text(MACHINES), made.scientist)
    approve(made.hub, MACHINES, made.dpo, WITHOUT_CHECK)
    lessons = read_lessons(made.hub, made.scientist, "maintenance")
    told, released = lessons.labelled, lessons.released.frame
    assert "asset" not in told.columns
    assert not told.select("pseudonym", "as_of").is_duplicated().any()
    again = of_rows(told.select("pseudonym", "as_of"), spec)
    assert again.equals(released.select("pseudonym", "as_of", "asset"))
    assert lessons.message(seed=1).frame("segments")["pseudonym"].equals(told["pseudonym"])
    with pytest.raises(AccessRefused, match="scores_not_kept"):
        customers_of(made.hub, spec.name)


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child answers the same (`tests/unit/test_predict_child.py`); to start it each time takes seconds."""
    few = Maintenance(replace(MAINTENANCE, readiness=replace(MAINTENANCE.readiness, rule_from=20)))
    modules = {"maintenance": few, "service": load("service")}
    for room in (outlook, service):
        monkeypatch.setattr(room, "ask", lambda asked, name, message: ACTIONS[asked](modules[name], message))


@pytest.mark.usefixtures("in_process")
def test_load_limits_and_visits_are_told_of_rows_that_the_gate_gave(made: Company) -> None:
    for name in (outlook.CASES, outlook.SEATS, MACHINES, MACHINES.replace("_training", "_scoring")):
        with suppress(HubError):  # an earlier test has submitted and approved it
            submit(made.hub, catalogue_text(name), made.scientist)
            approve(made.hub, name, made.dpo, WITHOUT_CHECK)
    who = Reader(principal=made.owner)
    told = outlook.load(made.hub, who, ahead=14, holidays=[])
    assert told.rows.columns == ["day", "topic", "expected", "low", "high"]
    assert told.rows["day"].min() == told.as_of.date()
    assert told.told["expected"] > 0
    full = outlook.limits(made.hub, who)
    assert full.rows["pseudonym"].is_in(full.released.frame["pseudonym"].implode()).all()
    assert sum(full.told["by_reason"].values()) == full.rows.height > 0
    service.train(made.hub, made.scientist, "maintenance")
    planned = outlook.visits(made.hub, who, holidays=[])
    assert planned.machines is not None
    assert planned.machines.height == planned.told["due"] == planned.rows["machines"].sum() > 0
    whose = planned.released.frame.select("asset", owner="pseudonym")
    assert planned.machines.join(whose, on=["asset", "owner"], how="anti").is_empty()


def read(made: Company, spec: ViewSpec) -> pl.DataFrame:
    return read_by_grid(made.hub, made.owner, spec, AT).frame


def test_a_view_of_nobody_is_checked_too(made: Company) -> None:
    nobody = "population: {any_of: [{table: tickets, filter: {channel: telex}}]}"
    text = f"extends: satisfaction_scoring\nname: nobody\n{nobody}\n"
    submit(made.hub, text, made.scientist)
    figures = check(made.hub, "nobody", made.dpo).figures
    assert (figures.rows, figures.groups.groups, figures.groups.smallest) == (0, 0, None)

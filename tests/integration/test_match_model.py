"""A home learns a model from its own people and matches by it: what is opened, who is left out, and what is kept."""

import json
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from hub.cli.app import make_app
from hub.cli.launch import Invocation
from hub.compose import Hub
from hub.consents import Wish, find_subject, record_wish
from hub.erasing import erase
from ingest.match.saved import saved, shipped
from ingest.match.spec import read_spec
from ingest.pipeline.learning import records_of_home
from ingest.store.match_model import ModelSet, set_model
from privacy.store.audit import entries
from privacy.store.erasure import intend_erasure
from privacy.terms import ActChannel, ConsentAct, EntityKind, PurposeId, random_id
from tests.faults.ingest_company import owner_of
from tests.integration.test_matching import deliver, matching
from tests.match_people import people


def run(environment: Mapping[str, str], *words: str | Path) -> Result:
    return CliRunner().invoke(make_app(), ["match", *map(str, words)], obj=Invocation(environment=environment))


def environment_of(hub: Hub) -> dict[str, str]:
    return {"VARDE_HOME": str(hub.settings.home), "VARDE_MATCHING": "model"}


def digests(hub: Hub) -> set[bytes]:
    with hub.reading() as session:
        return set(session.execute(text("SELECT DISTINCT model FROM match_edge")).scalars())


def test_a_home_learns_from_its_people_and_matches_by_what_it_learned(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = matching(hub_factory())
    records = people(120)
    deliver(hub, records.filter(pl.col("entity") < 80), tmp_path / "in", "first")
    assert digests(hub) == {shipped().digest}
    home, model = environment_of(hub), tmp_path / "model.json"
    told = run(home, "train", "--output", model)
    assert told.exit_code == 0, told.output
    document = model.read_text()
    assert json.loads(document)["records"] == records.filter(pl.col("entity") < 80).height
    assert not any(name in document for name in records["family_name"].unique())
    assert model.stat().st_mode & 0o777 == 0o600
    assert "would" in run(home, "use", model, "--dry-run").output.lower()
    told = run(home, "use", model)
    assert "model 1 from now on" in told.output, told.output
    learned = saved(document, read_spec("person"))
    deliver(hub, records.filter(pl.col("entity") >= 80), tmp_path / "in", "second")
    assert learned.digest in digests(hub)
    assert json.loads(run(home, "models", "--format", "json").stdout)[0]["model"] == learned.digest.hex()
    assert "model 2" in run(home, "use", "shipped").output
    ports = hub.ports(owner_of(hub).principal_id)
    assert ports.matching is not None
    assert ports.matching.model.digest == shipped().digest


def test_nobody_who_objected_or_is_closed_teaches_a_model(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory())
    records = people(20)
    deliver(hub, records, tmp_path / "in", "first")
    ports = hub.ports(owner_of(hub).principal_id)
    everybody = set(records_of_home(ports, EntityKind.PERSON)["record"])
    assert len(everybody) == records.height
    objected, erased = (find_subject(hub, f"{row['source']}:{row['record']}") for row in records.head(2).to_dicts())
    wish = Wish(act=ConsentAct.OBJECTED, purpose=PurposeId("churn"), channel=ActChannel.AGENT)
    record_wish(hub, objected, wish, owner_of(hub))
    with hub.unit_of_work() as session:
        intend_erasure(session, random_id(), erased.records, by=ports.principal, at=hub.clock(), counts="{}")
    assert set(records_of_home(ports, EntityKind.PERSON)["record"]) == everybody - {*objected.records, *erased.records}
    with hub.reading() as session:
        told = [dict(entry.fields) for _, entry in entries(session, action="open_batch")]
    assert [each["opened"] for each in told if each["reason"] == "training"] == [
        len(everybody) - len(objected.records) - len(erased.records),
        len(everybody),
    ]


def test_a_model_that_cannot_be_used_is_refused_and_nothing_is_set(
    hub_factory: Callable[..., Hub], tmp_path: Path
) -> None:
    hub = matching(hub_factory())
    home, broken = environment_of(hub), tmp_path / "broken.json"
    broken.write_text("{}", encoding="utf-8")
    for name in (broken, tmp_path / "absent.json"):
        told = run(home, "use", name)
        assert told.exit_code == 2, told.output
    told = run(home, "train", "--output", tmp_path / "none.json")
    assert told.exit_code == 2
    assert "varde match rebuild" in told.output
    assert not (tmp_path / "none.json").exists()
    with hub.reading() as session:
        assert session.execute(text("SELECT count(*) FROM match_model")).scalar_one() == 0


@pytest.mark.parametrize("beside", [{"note": 1}, {"report": {"trust": {}, "weights": ["Kari Nordmann"]}}])
def test_a_model_with_words_of_somebody_is_not_kept(
    hub_factory: Callable[..., Hub], tmp_path: Path, beside: dict[str, object]
) -> None:
    hub = matching(hub_factory())
    home, model = environment_of(hub), tmp_path / "model.json"
    shipped_text = files("ingest.match").joinpath("person.json").read_text(encoding="utf-8")
    model.write_text(json.dumps(json.loads(shipped_text) | beside), encoding="utf-8")
    told = run(home, "use", model)
    assert told.exit_code == 2, told.output
    assert not {"Kari", "note"} & set(told.output.split())
    with hub.reading() as session:
        assert session.execute(text("SELECT count(*) FROM match_model")).scalar_one() == 0
    model.write_text(shipped_text, encoding="utf-8")
    assert run(home, "use", model).exit_code == 0


def test_a_model_of_an_older_form_holds_up_nobodys_right(hub_factory: Callable[..., Hub], tmp_path: Path) -> None:
    hub = matching(hub_factory())
    records = people(20)
    deliver(hub, records, tmp_path / "in", "first")
    home, model = environment_of(hub), tmp_path / "model.json"
    assert run(home, "train", "--output", model).exit_code == 0
    older = json.dumps(json.loads(model.read_text()) | {"form": 0})
    owner = owner_of(hub)
    told = ModelSet(number=1, document=older, digest=bytes(16), records=1, by=owner.principal_id, at=hub.clock())
    with hub.unit_of_work() as session:
        set_model(session, "person", told)
    ports = hub.ports(owner.principal_id)
    assert ports.matching is not None
    assert ports.matching.model.digest == shipped().digest
    assert "shipped model serves" in run(home, "models").output
    row = records.row(0, named=True)
    assert erase(hub, find_subject(hub, f"{row['source']}:{row['record']}"), owner).records

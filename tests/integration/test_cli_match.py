"""`varde match` on a file of made-up people: a model, its figures, and why two records are one."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub.cli.app import make_app
from hub.cli.launch import Invocation
from tests.match_people import people


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("match")
    records = people(60)
    records.rename({"given_name": "first"}).drop("entity").write_csv(folder / "records.csv")
    records.select(key="record", whose="entity").write_csv(folder / "truth.csv")
    trained = run("train", folder / "records.csv", "--output", folder / "model.json", "--column", "given_name=first")
    assert trained.exit_code == 0, trained.output
    return folder


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(make_app(), ["match", *map(str, words)], obj=Invocation(environment={}))


def test_a_saved_model_is_json_for_the_owner_alone(folder: Path) -> None:
    assert (folder / "model.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((folder / "model.json").read_text())["kind"] == "person"


def test_figures_are_told_by_measure_and_by_sources(folder: Path) -> None:
    columns = ("--column", "given_name=first", "--column", "entity=whose", "--format", "json")
    truth = folder / "truth.csv"
    truth.write_text(truth.read_text().replace("key", "record"))
    told = run("evaluate", folder / "records.csv", "--truth", truth, "--model", folder / "model.json", *columns)
    assert told.exit_code == 0, told.output
    rows = {row["measure"]: row for row in json.loads(told.stdout)}
    assert {"pairwise", "B-cubed", "pairwise crm - shop", "pairwise at 0.9"} <= rows.keys()
    assert rows["pairwise"]["f1"] > 0.9
    assert "mean probability" in told.stderr


def test_a_pair_is_explained_without_a_value(folder: Path) -> None:
    model = ("--model", folder / "model.json", "--column", "given_name=first")
    told = run("explain", folder / "records.csv", "0", "1", *model, "--format", "json")
    assert told.exit_code == 0, told.output
    steps = json.loads(told.stdout)
    assert steps[0]["what"] == "any two records"
    assert sum(step["weight"] for step in steps[:-1]) == pytest.approx(steps[-1]["weight"], abs=0.1)
    assert not any(name in told.output for name in people(60)["family_name"].unique())


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("explain", "records.csv", "0", "nobody"), "two records"),
        (("explain", "records.csv", "0", "1", "--column", "shoes=first"), "mapping"),
        (("explain", "records.csv", "0", "1", "--column", "first"), "ATTRIBUTE=COLUMN"),
        (("explain", "records.csv", "0", "1", "--model", "truth.csv"), "no model"),
        (("explain", "nothing.csv", "0", "1"), "cannot be read"),
        (("evaluate", "records.csv", "--truth", "records.csv"), "record or entity"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(folder: Path, words: tuple[str, ...], why: str) -> None:
    there = [str(folder / word) if word.endswith((".csv", ".json")) else word for word in words]
    told = run(*there)
    assert told.exit_code == 2, told.output
    assert why in " ".join(told.stderr.split())
    assert told.stdout == ""

"""`varde match` on a file of made-up people: a model, its figures, and why two records are one."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from hub.cli.app import make_app
from hub.cli.launch import Invocation
from tests.integration.cli_desk import stocked
from tests.match_firms import firms
from tests.match_people import people


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("match")
    records = people(60)
    records.rename({"given_name": "first"}).drop("entity").write_csv(folder / "records.csv")
    records.select(key="record", whose="entity").write_csv(folder / "truth.csv")
    (folder / "empty.csv").write_text("")
    trained = run("train", folder / "records.csv", "--output", folder / "model.json", "--column", "given_name=first")
    assert trained.exit_code == 0, trained.output
    return folder


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(make_app(), ["match", *map(str, words)], obj=Invocation(environment={}))


def test_a_saved_model_is_json_for_the_owner_alone(folder: Path) -> None:
    assert (folder / "model.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((folder / "model.json").read_text())["kind"] == "person"


def test_training_is_reported_on_the_screen_and_in_the_model(folder: Path) -> None:
    told = run("train", folder / "records.csv", "--output", folder / "again.json", "--column", "given_name=first")
    report = json.loads((folder / "again.json").read_text())["report"]
    assert sum(pairs for _, pairs in report["weights"]) >= report["pairs_compared"] > 0
    assert 0 <= report["unlinkable"] < 0.5
    assert "too little to be matched" in told.stderr
    assert all(words in told.stdout for words in ("nearly the same", "same door", "###"))


def test_pictures_show_the_sweep_and_the_waterfall_without_a_value(folder: Path) -> None:
    model = ("--model", folder / "model.json", "--column", "given_name=first")
    truth = folder / "picture.csv"
    people(60).select("record", "entity").write_csv(truth)
    sweep, fall = folder / "sweep.svg", folder / "fall.svg"
    told = run("evaluate", folder / "records.csv", "--truth", truth, *model, "--picture", sweep)
    assert told.exit_code == 0, told.output
    told = run("explain", folder / "records.csv", "0", "1", *model, "--picture", fall)
    assert told.exit_code == 0, told.output
    threshold = json.loads((folder / "model.json").read_text())["threshold"]
    assert f"chosen: {threshold:.3f}" in texts(sweep)
    assert {"precision", "recall", "f1"} <= texts(sweep)
    assert any(text.startswith("given: ") for text in texts(fall))
    assert not any(name in fall.read_text() for name in people(60)["family_name"].unique())


def test_a_picture_without_what_draws_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)  # as where the extra is not installed
    monkeypatch.delitem(sys.modules, "hub.cli.picture", raising=False)
    fall = folder / "none.svg"
    columns = ("--model", folder / "model.json", "--column", "given_name=first")
    told = run("explain", folder / "records.csv", "0", "1", *columns, "--picture", fall)
    assert told.exit_code == 2
    assert "pip install 'varde[plots]'" in told.stderr
    assert not fall.exists()


def texts(picture: Path) -> set[str]:
    return {str(each.text) for each in ET.parse(picture).iter() if each.text}  # noqa: S314  # a file of ours


def test_organisations_have_a_model_of_their_own(folder: Path) -> None:
    records = firms(40)
    records.drop("entity").write_csv(folder / "firms.csv")
    records.select("record", "entity").write_csv(folder / "firms_truth.csv")
    kind = ("--kind", "organisation")
    told = run("train", folder / "firms.csv", "--output", folder / "firms.json", *kind)
    assert told.exit_code == 0, told.output
    assert "legal_form" in told.stdout
    words = ("--truth", folder / "firms_truth.csv", "--model", folder / "firms.json", *kind, "--format", "json")
    told = run("evaluate", folder / "firms.csv", *words)
    assert {row["measure"]: row["f1"] for row in json.loads(told.stdout)}["pairwise"] > 0.9
    wrong = run(
        "evaluate", folder / "firms.csv", "--truth", folder / "firms_truth.csv", "--model", folder / "model.json", *kind
    )
    assert wrong.exit_code != 0


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


def test_a_truth_has_its_own_names_whatever_the_records_call_theirs(folder: Path) -> None:
    columns = ("--column", "given_name=first", "--column", "record=customer_no", "--model", folder / "model.json")
    records = pl.read_csv(folder / "records.csv", infer_schema=False).rename({"record": "customer_no"})
    records.write_csv(folder / "renamed.csv")
    people(60).select("record", "entity").write_csv(folder / "own.csv")
    people(60).select("entity", customer_no="record").write_csv(folder / "theirs.csv")
    told = [
        run("evaluate", folder / "renamed.csv", "--truth", folder / name, *columns)
        for name in ("own.csv", "theirs.csv")
    ]
    assert [each.exit_code for each in told] == [0, 0], told[0].output
    assert told[0].stdout == told[1].stdout


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
        (("explain", "records.csv", "0", "nobody"), "only one of the two is among the records"),
        (("explain", "records.csv", "nobody", "no-one"), "neither of the two is among the records"),
        (("explain", "records.csv", "0", "0"), "both are one record"),
        (("explain", "records.csv", "0", "1", "--column", "shoes=first"), "Attributes are record, source, given_name"),
        (("explain", "records.csv", "0", "1", "--column", "email=post"), "mapped to `email` is not in the file"),
        (("explain", "records.csv", "0", "1", "--column", "first"), "ATTRIBUTE=COLUMN"),
        (("explain", "records.csv", "0", "1", "--model", "truth.csv"), "no model"),
        (("explain", "nothing.csv", "0", "1"), "the file of records cannot be read: there is none of that name"),
        (("evaluate", "records.csv", "--truth", "nothing.csv"), "the truth cannot be read: there is none of that name"),
        (("explain", "empty.csv", "0", "1"), "the file of records is empty"),
        (("evaluate", "records.csv", "--truth", "records.csv"), "record or entity"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(folder: Path, words: tuple[str, ...], why: str) -> None:
    there = [str(folder / word) if word.endswith((".csv", ".json")) else word for word in words]
    told = run(*there)
    assert told.exit_code == 2, told.output
    assert why in " ".join(told.stderr.replace("│", " ").split())
    assert told.stdout == ""


def test_figures_say_of_how_many_records_they_are(folder: Path) -> None:
    columns = ("--column", "given_name=first", "--model", folder / "model.json")
    known = people(60).select(pl.col("record").cast(pl.String), "entity")
    strangers = pl.DataFrame({"record": ["x1", "x2"], "entity": [1, 2]}, schema_overrides=known.schema)
    pl.concat([known.head(40), strangers]).write_csv(folder / "part.csv")
    told = run("evaluate", folder / "records.csv", "--truth", folder / "part.csv", *columns)
    assert told.exit_code == 0, told.output
    left_out = f"left out: 2 of 42 in the truth, {known.height - 40} of {known.height} in the file"
    assert left_out in " ".join(told.stderr.split())


def test_a_steward_is_told_what_is_wrong_with_a_pair_a_delivery_or_a_file(tmp_path: Path) -> None:
    desk = replace(stocked(tmp_path), environment={"VARDE_MATCHING": "model"})
    (tmp_path / "desk" / "attributes.json").write_text('{"firstname": "Kari"}')
    nobody, unknown = "00" * 16, "the second is no record of that kind here, or was erased: name it SOURCE:KEY"
    of_file = ("find", "till:9", "attributes.json")
    for words, why in (
        (("why", "shop:1", "shop:nobody"), unknown),
        (("why", "shop:1", nobody), unknown),
        (("why", "shop:1", "shop:1"), "both are one record: name two"),
        (("why", "shop:1", "shop:2", "--kind", "organisation"), "the first is no record of that kind here"),
        (("open", "nobody", "shop:1", "--reason", "household"), "the first is no record of that kind here"),
        (("decide", "shop:1", nobody, "same", "--reason", "called_them"), unknown),
        (("undo", nobody), "there is no such delivery; `varde batch list` shows them"),
        (("undo", ""), "2 deliveries begin so: write more of the id"),
        (("find", "till:9", "nothing.json"), "the file cannot be read: there is none of that name"),
        (("find", "till:9", "people.csv"), "the file is no JSON: write one JSON object"),
        (of_file, "names something that is no attribute of a person"),
    ):
        told = desk.run("match", *(str(desk.folder / word) if "." in word else word for word in words))
        assert told.exit_code == 2, told.output
        assert why in " ".join(told.stderr.replace("│", " ").split()), words
        assert "Kari" not in told.stderr

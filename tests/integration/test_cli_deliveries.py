"""`varde ingest` with several files, and what `varde source check` says of customers on record."""

import csv
import json
from pathlib import Path

import pytest
from typer import BadParameter

from hub.cli import ingest as cli_ingest
from hub.cli.source_faults import faults_in
from hub.predictions.source_checks import find_faults
from ingest.pipeline.delivery import ingest_file
from tests.integration.cli_desk import Desk, stocked
from tests.shop import ORDERS

HEAD = "order,who,at,total,state"
UNKNOWN = f"{HEAD}\nb1,99,2025-05-06T10:00:00Z,10.00,P\n"
PERSONAL = "astrid-aas.csv"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


@pytest.fixture
def files(desk: Desk) -> list[str]:
    """Three files of which the second, named after a person, is not as the contract says."""
    third = f"{HEAD}\nc1,1,2025-05-07T10:00:00Z,10.00,P\n"
    return [
        *(desk.file("first.csv", UNKNOWN), desk.file(PERSONAL, "order,who\nb2,1\n")),
        desk.file("third.csv", third),
    ]


def _linked(desk: Desk) -> tuple[float, int]:
    ended = desk.run("source", "check", desk.path("orders.yaml"), desk.path("new.csv"), "--format", "json")
    (report,) = json.loads(ended.stdout)["reports"]
    return report["linked"], report["unlinked_rows"]


def test_a_key_that_only_events_named_is_not_on_record(desk: Desk) -> None:
    desk.file("new.csv", f"{UNKNOWN}b2,1,2025-05-06T10:00:00Z,10.00,P\n")
    assert _linked(desk) == (0.5, 1)
    assert desk.run("ingest", desk.path("orders.yaml"), desk.file("events.csv", UNKNOWN)).exit_code == 0
    assert _linked(desk) == (0.5, 1), "an order of customer 99 tells nothing of customer 99"
    person = "no,name,mail,phone,since\n99,Gro Gran,gro@example.org,,2024-01-05T10:00:00Z\n"
    assert desk.run("ingest", desk.path("people.yaml"), desk.file("person.csv", person)).exit_code == 0
    assert _linked(desk) == (1.0, 0)


def test_a_key_of_a_delivery_that_broke_off_is_not_on_record(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise MemoryError

    person = "no,name,mail,phone,since\n99,Gro Gran,gro@example.org,,2024-01-05T10:00:00Z\n"
    desk.file("new.csv", UNKNOWN)
    with monkeypatch.context() as patched:
        patched.setattr("ingest.pipeline.delivery._flip", stop)
        patched.setattr("ingest.pipeline.delivery.give_up", lambda *_: None)
        assert desk.run("ingest", desk.path("people.yaml"), desk.file("person.csv", person)).exit_code == 1
    assert _linked(desk) == (0.0, 1)


def test_files_before_the_one_that_fails_are_told(desk: Desk, files: list[str]) -> None:
    ended = desk.run("ingest", desk.path("orders.yaml"), *files, "--format", "json")
    assert ended.exit_code == 2
    (row,) = json.loads(ended.stdout)
    newest = desk.json("batch", "list")[0]
    assert (row["file"], row["read"], row["batch"]) == (1, 1, newest["batch"])
    assert "file 2 of 3" in ended.stderr
    assert PERSONAL not in ended.output


def test_summary_of_finished_files_is_in_the_form_asked_for(desk: Desk, files: list[str]) -> None:
    first, broken, third = files
    ended = desk.run("ingest", desk.path("orders.yaml"), first, third, broken, "--format", "csv")
    assert ended.exit_code == 2
    assert [row["file"] for row in csv.DictReader(ended.stdout.splitlines())] == ["1", "2"]
    assert "file 3 of 3" in ended.stderr


def test_dry_run_tells_the_files_before_the_one_that_fails(desk: Desk, files: list[str]) -> None:
    ended = desk.run("ingest", desk.path("orders.yaml"), *files, "--dry-run", "--format", "json")
    assert ended.exit_code == 2
    assert [row["file"] for row in json.loads(ended.stdout)] == [1]
    assert "file 2 of 3" in ended.stderr


def test_an_interrupt_tells_what_is_taken_in(desk: Desk, files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    taken_in = ingest_file

    def stopped_at_third(contract: object, path: Path, *more: object) -> object:
        if path.name == "third.csv":
            raise KeyboardInterrupt
        return taken_in(contract, path, *more)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(cli_ingest, "ingest_file", stopped_at_third)
    ended = desk.run("ingest", desk.path("orders.yaml"), files[0], files[2], "--format", "json")
    assert ended.exit_code == 130
    assert [row["file"] for row in json.loads(ended.stdout)] == [1]
    assert "file 2 of 2" in ended.stderr


def test_a_check_names_faults_of_files_and_between_them_and_readiness_can_be_told(desk: Desk) -> None:
    plans = ORDERS.replace("shop_orders", "shop_plans").replace("table: orders", "table: subscriptions")
    plans = plans.replace("to: order_ref", "to: subscription_ref").replace(
        "to: amount_minor", "to: monthly_amount_minor"
    )
    plans = plans.replace(
        "to: status, type: category, values: {P: placed}", "to: kind, type: category, values: {P: started}"
    )
    rows = "".join(f"c{number},{number},2025-02-0{number}T10:00:00Z,10.00,P\n" for number in range(1, 5))
    first = desk.file("one.csv", f"{HEAD}\na1,1,2025-01-05T10:00:00Z,-10.00,P\na2,2,2025-01-06T10:00:00Z,5.00,P\n")
    second = desk.file("two.csv", f"{HEAD}\na2,2,2025-01-06T10:00:00Z,5.00,P\na3,3,2025-03-06T10:00:00Z,5.00,P\n")
    terms = (desk.file("plans.yaml", plans), desk.file("terms.csv", f"{HEAD}\n{rows}"))
    orders = desk.path("orders.yaml")
    ended = desk.run("source", "check", orders, first, orders, second, *terms, "--format", "json")
    told = {(*one["contracts"], one["rule"]): (one["rows"], one["of"]) for one in json.loads(ended.stdout)["faults"]}
    assert told == {
        ("shop_orders", "below_zero"): (1, 2),
        ("shop_orders", "shop_orders", "overlapping_extract"): (1, 2),
        ("shop_orders", "shop_plans", "event_before_start"): (1, 2),
    }
    assert "a model would learn noise" in ended.stderr
    kept = desk.home / "checks"
    assert {one["rule"] for one in find_faults(kept, ["orders", "subscriptions", "usage"])} == {one[-1] for one in told}
    assert {one["rule"] for one in find_faults(kept, ["orders"])} == {"below_zero", "overlapping_extract"}
    assert "overlapping_extract" in desk.run("source", "check", orders, first, orders, second, "--format", "csv").stdout
    assert len(faults_in(Path(desk.file("told.json", ended.stdout)))) == 4
    with pytest.raises(BadParameter):
        faults_in(Path(first))

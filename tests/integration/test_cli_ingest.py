"""`varde source`, `ingest`, `quarantine`, `batch`: files in, counts out, refused rows sealed, shown, tried again."""

import json
import stat
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub.authentication import acting_principal
from hub.cli import ingest as cli_ingest
from hub.cli import rejects
from hub.compose import Hub, open_hub
from hub.consents import find_subject
from hub.erasing import erase
from hub.lake.reading import reading as lake_reading
from hub.settings import Settings
from ingest.contract.load import load_contract
from ingest.contract.schema import contract_schema
from ingest.errors import LaneBusy
from ingest.pipeline.delivery import ingest_file
from ingest.tables.batch import QuarantineRow
from privacy.store.erasure import open_erasures
from tests.integration.cli_desk import AT, SECRETS, Desk, bare, stocked


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return stocked(tmp_path)


@pytest.fixture
def fresh(tmp_path: Path) -> Desk:
    made = bare(tmp_path)
    assert made.run("init").exit_code == 0
    return made


def _entries(desk: Desk, action: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = desk.json("audit", "log", "--action", action)
    return found


def test_schema_is_the_published_one(tmp_path: Path) -> None:
    ended = bare(tmp_path).run("source", "schema")
    assert json.loads(ended.stdout) == contract_schema()
    assert ended.stderr == ""


def test_check_needs_no_home_and_stores_nothing(tmp_path: Path) -> None:
    desk = bare(tmp_path)
    ended = desk.run("source", "check", desk.path("people.yaml"), desk.path("people.csv"), "--format", "json")
    (report,) = json.loads(ended.stdout)["reports"]
    assert ended.exit_code == 3, "one row would be refused"
    assert (report["read"], report["accepted"], report["quarantined"]) == (6, 5, 1)
    assert report["linked"] is None
    assert not desk.home.exists()
    assert not any(secret in ended.output for secret in SECRETS)


def test_check_tells_how_many_touchpoints_have_a_customer(desk: Desk) -> None:
    desk.file(
        "new.csv", "order,who,at,total,state\nb1,1,2025-05-06T10:00:00Z,10.00,P\nb2,99,2025-05-06T10:00:00Z,10.00,P\n"
    )
    ended = desk.run("source", "check", desk.path("orders.yaml"), desk.path("new.csv"), "--format", "json")
    (report,) = json.loads(ended.stdout)["reports"]
    assert (report["linked"], report["unlinked_rows"]) == (0.5, 1)
    assert ended.exit_code == 0


def test_check_compares_the_codes_of_two_sources(desk: Desk) -> None:
    rows = "".join(f"o{n},{n},2025-05-06T10:00:00Z,10.00,P,{{}}\n" for n in range(30))
    head = "order,who,at,total,state,via\n"
    contract = Path(desk.path("orders.yaml")).read_text() + "  via: {to: channel}\n"
    desk.file("one.yaml", contract)
    desk.file("two.yaml", contract.replace("shop_orders", "web_orders"))
    desk.file("one.csv", head + rows.format(*["Web"] * 30))
    desk.file("two.csv", head + rows.format(*["web"] * 30))
    pairs = [desk.path(name) for name in ("one.yaml", "one.csv", "two.yaml", "two.csv")]
    ended = desk.run("source", "check", *pairs)
    assert "Web / web" in ended.stdout, ended.output


def test_dry_run_counts_and_changes_nothing(fresh: Desk) -> None:
    ended = fresh.run("ingest", fresh.path("people.yaml"), fresh.path("people.csv"), "--dry-run", "--format", "json")
    assert ended.exit_code == 3
    assert (json.loads(ended.stdout)[0]["read"], json.loads(ended.stdout)[0]["quarantined"]) == (6, 1)
    assert "Nothing was changed" in ended.stderr
    assert fresh.json("batch", "list") == []
    assert fresh.json("quarantine", "list") == []


def test_summary_counts_every_row_once_and_alerts_the_owner(fresh: Desk) -> None:
    ended = fresh.run("ingest", fresh.path("people.yaml"), fresh.path("people.csv"), "--format", "json")
    assert ended.exit_code == 3
    (row,) = json.loads(ended.stdout)
    assert row["accepted"] + row["quarantined"] + row["duplicate"] + row["suppressed"] == row["read"] == 6
    assert "shop-team: shop_people promises 90% of email filled, here 80% are" in ended.stderr
    assert "1 row refused" in ended.stderr
    assert not any(secret in ended.output for secret in SECRETS)


def test_clean_file_ends_with_0_and_several_files_are_several_rows(fresh: Desk) -> None:
    head, *rows = fresh.folder.joinpath("people.csv").read_text().splitlines()
    one = fresh.file("one.csv", "\n".join([head, rows[0], ""]))
    two = fresh.file("two.csv", "\n".join([head, rows[1], ""]))
    ended = fresh.run("ingest", fresh.path("people.yaml"), one, two, "--format", "csv")
    assert ended.exit_code == 0, ended.output
    assert len(ended.stdout.splitlines()) == 3


def test_same_file_again_changes_nothing(desk: Desk) -> None:
    before = desk.json("batch", "list")
    ended = desk.run("ingest", desk.path("orders.yaml"), desk.path("orders.csv"), "--format", "json")
    assert json.loads(ended.stdout)[0]["taken_in_before"] is True
    assert "taken in before" in ended.stderr
    assert desk.json("batch", "list") == before


def test_broken_file_is_2_and_leaves_nothing(desk: Desk) -> None:
    before = desk.json("batch", "list")
    broken = desk.file("broken.csv", "no,name\n1,Astrid Bø-Unik\n")
    ended = desk.run("ingest", desk.path("people.yaml"), broken)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert not any(secret in ended.output for secret in SECRETS)
    assert desk.json("batch", "list") == before


def test_quarantine_list_says_where_and_why_and_never_what(desk: Desk) -> None:
    rows = desk.json("quarantine", "list", "--contract", "shop_orders")
    assert [(row["line"], row["column"]) for row in rows] == [(4, "state"), (5, "total")]
    ended = desk.run("quarantine", "list")
    assert not any(secret in ended.output for secret in SECRETS)
    assert _entries(desk, "open_batch") == [], "listing opens nothing"


def test_export_opens_rows_to_a_private_file_and_audits_the_count(desk: Desk) -> None:
    out = desk.folder / "rejects.ndjson"
    ended = desk.run("quarantine", "export", "--contract", "shop_orders", "--out", str(out))
    assert ended.exit_code == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["row"]["order"] for row in rows] == ["a3", "a4"]
    assert "90012345" not in ended.output
    (entry,) = _entries(desk, "open_batch")
    assert len(entry["fields"].pop("act_id")) == 32
    assert entry["fields"] == {"opened": 2, "reason": "quarantine_export"}


def test_export_never_writes_over_a_file(desk: Desk) -> None:
    out = desk.file("kept.ndjson", "mine")
    assert desk.run("quarantine", "export", "--out", out).exit_code == 2
    assert Path(out).read_text() == "mine"
    assert _entries(desk, "open_batch") == [], "nothing was opened for a file that cannot be written"


def test_retry_under_a_mended_contract_takes_in_what_fits(desk: Desk) -> None:
    ended = desk.run("quarantine", "retry", desk.path("mended.yaml"), "--format", "json")
    assert ended.exit_code == 3, ended.output
    (row,) = json.loads(ended.stdout)
    assert (row["tried"], row["taken_in"], row["refused_again"]) == (2, 1, 1)
    left = desk.json("quarantine", "list", "--contract", "shop_orders")
    assert [(each["line"], each["column"]) for each in left] == [(5, "total")], "its first place and expiry are kept"
    newest = desk.json("batch", "list")[0]
    assert (newest["contract"], newest["accepted"]) == ("shop_orders", 1)


def test_retry_under_the_same_contract_loses_nothing_however_often(desk: Desk) -> None:
    before = desk.json("quarantine", "list")
    for _ in range(3):
        assert desk.run("quarantine", "retry", desk.path("orders.yaml")).exit_code == 3
        assert desk.json("quarantine", "list") == before


def test_retry_writes_no_clear_file(desk: Desk) -> None:
    paths = {path for path in desk.folder.rglob("*") if path.is_file()}
    desk.run("quarantine", "retry", desk.path("mended.yaml"))
    fresh = {path for path in desk.folder.rglob("*") if path.is_file()} - paths
    assert not [path for path in fresh if b"90012345" in path.read_bytes()]


def test_retry_that_broke_off_is_finished_by_the_next(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(rejects, "_settle", die)
        assert desk.run("quarantine", "retry", desk.path("mended.yaml")).exit_code == 130
    assert len(desk.json("quarantine", "list", "--contract", "shop_orders")) == 3, "the row refused twice stands twice"
    assert desk.run("quarantine", "retry", desk.path("mended.yaml")).exit_code == 3
    left = desk.json("quarantine", "list", "--contract", "shop_orders")
    assert [(each["line"], each["column"]) for each in left] == [(5, "total")]
    accepted = [each["accepted"] for each in desk.json("batch", "list") if each["contract"] == "shop_orders"]
    assert sum(accepted) == 4, "a1, a2 and one a5 at first, a3 by the retry, and nothing twice"


def test_dry_run_of_retry_opens_nothing(desk: Desk) -> None:
    ended = desk.run("quarantine", "retry", desk.path("mended.yaml"), "--dry-run")
    assert ended.exit_code == 0
    assert "2 sealed rows" in ended.stderr
    assert _entries(desk, "open_batch") == []


def test_quarantine_holds_rows_sealed(desk: Desk) -> None:
    hub = open_hub(Settings.load({"VARDE_HOME": str(desk.home)}), clock=lambda: AT)
    with hub.reading() as session:
        assert session.execute(select(func.count()).select_from(QuarantineRow)).scalar_one() == 3
    assert b"90012345x" not in (desk.home / "control.db").read_bytes()


def test_batch_show_sets_figures_beside_the_last_delivery(desk: Desk) -> None:
    more = "order,who,at,total,state\nb1,1,2025-05-06T10:00:00Z,10.00,P\n"
    assert desk.run("ingest", desk.path("orders.yaml"), desk.file("more.csv", more)).exit_code == 0
    figures = {(row["metric"], row["column"]): row for row in desk.json("batch", "show", "shop_orders")}
    volume = figures["volume", ""]
    assert (volume["value"], volume["before"], len(volume["trend"])) == (1, 3, 2)
    newest = desk.json("batch", "list")[0]["batch"]
    assert desk.json("batch", "show", newest[:12]) == desk.json("batch", "show", "shop_orders")


def test_retry_is_no_delivery_in_the_trend(desk: Desk) -> None:
    """One mended row is no collapse of the source: neither the retry nor what is delivered after it is alarming."""
    ended = desk.run("quarantine", "retry", desk.path("mended.yaml"))
    assert "fewer than half" not in ended.stderr
    figures = {(row["metric"], row["column"]): row for row in desk.json("batch", "show", "shop_orders")}
    assert (figures["volume", ""]["value"], len(figures["volume", ""]["trend"])) == (3, 1)
    newest, *_ = desk.json("batch", "list")
    assert newest["retry_of"] in {each["batch"] for each in desk.json("batch", "list")}
    assert "volume" not in {row["metric"] for row in desk.json("batch", "show", newest["batch"])}
    one = "order,who,at,total,state\nb1,1,2025-05-06T10:00:00Z,10.00,P\n"
    ended = desk.run("ingest", desk.path("orders.yaml"), desk.file("one.csv", one))
    assert "brought 1 rows, fewer than half" in ended.stderr, "three are usual, not the mean of three and one"
    figures = {(row["metric"], row["column"]): row for row in desk.json("batch", "show", "shop_orders")}
    assert (figures["volume", ""]["before"], len(figures["volume", ""]["trend"])) == (3, 2)


def test_a_delivery_in_the_way_is_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[int] = []

    def busy_at_first(*given: object, **more: object) -> object:
        if len(slept) < 2:
            raise LaneBusy("shop_orders")
        return ingest_file(*given, **more)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(cli_ingest, "ingest_file", busy_at_first)
    monkeypatch.setattr(cli_ingest, "sleep", slept.append)
    one = desk.file("one.csv", "order,who,at,total,state\nb1,1,2025-05-06T10:00:00Z,10.00,P\n")
    ended = desk.run("ingest", desk.path("orders.yaml"), one)
    assert ended.exit_code == 0, ended.output
    assert slept == [1, 2]
    assert ended.stderr.count("waiting for it") == 1


def test_a_delivery_in_the_way_is_not_waited_for_for_ever(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[int] = []

    def busy(*_given: object, **_more: object) -> object:
        raise LaneBusy("shop_orders")

    monkeypatch.setattr(cli_ingest, "ingest_file", busy)
    monkeypatch.setattr(cli_ingest, "sleep", slept.append)
    ended = desk.run("ingest", desk.path("orders.yaml"), desk.path("orders.csv"), "--wait", "20")
    assert (ended.exit_code, ended.stdout) == (5, "")
    assert "run the same command again" in ended.stderr
    assert slept == [1, 2, 4, 8, 5]
    slept.clear()
    assert desk.run("ingest", desk.path("orders.yaml"), desk.path("orders.csv"), "--wait", "0").exit_code == 5
    assert slept == []


def _broken_off(desk: Desk) -> Hub:
    """A hub in which an erasure ended right after its intent."""

    def die(step: str) -> None:
        if step == "erasure_intended":
            raise KeyboardInterrupt

    hub = open_hub(Settings.load({"VARDE_HOME": str(desk.home)}), clock=lambda: AT, reached=die)
    with pytest.raises(KeyboardInterrupt):
        erase(hub, find_subject(hub, "shop:1"), acting_principal(hub))
    return hub


def test_an_erasure_that_broke_off_is_finished_before_anything_is_taken_in(desk: Desk) -> None:
    hub = _broken_off(desk)
    ended = desk.run("ingest", desk.path("orders.yaml"), desk.path("orders.csv"))
    assert "Finished open erasures: 1" in ended.stderr
    with hub.reading() as session:
        assert open_erasures(session) == []


def test_an_erasure_that_must_wait_stops_no_delivery(desk: Desk) -> None:
    hub = _broken_off(desk)
    with lake_reading(hub.lake):
        ended = desk.run("ingest", desk.path("orders.yaml"), desk.path("orders.csv"), "--format", "json")
    assert json.loads(ended.stdout)[0]["taken_in_before"], ended.output
    assert "varde erase --finish" in ended.stderr
    with hub.reading() as session:
        assert len(open_erasures(session)) == 1


def test_whoever_opens_a_hub_hears_the_steps_of_its_lake_too(desk: Desk) -> None:
    steps: list[str] = []
    hub = open_hub(Settings.load({"VARDE_HOME": str(desk.home)}), clock=lambda: AT, reached=steps.append)
    one = desk.file("one.csv", "order,who,at,total,state\nb1,1,2025-05-06T10:00:00Z,10.00,P\n")
    ingest_file(load_contract(Path(desk.path("orders.yaml"))), Path(one), hub.ports(acting_principal(hub).principal_id))
    assert {"batch_staged", "intended", "file_renamed", "lake_staged", "settled"} <= set(map(str, steps))

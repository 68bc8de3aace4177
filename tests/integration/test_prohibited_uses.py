"""What rows are never used for goes with them, and is refused where it is asked for."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from hub.cli.rows import write_rows
from hub.views.use import PROHIBITED_USES, PURPOSE, label_of
from hub.views.wire import arrow_pieces
from privacy.uses import PROHIBITED, Use
from tests.builders import NOON
from tests.integration.cli_desk import Desk, stocked

READ = ("view", "read", "shopping", "--purpose", "churn")
LIST = "higher_price,refusal,worse_terms"
LABEL = label_of("churn", tuple(LIST.split(",")), NOON)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = stocked(tmp_path)
    assert desk.run("view", "approve", "shopping", "--unchecked", "no_data_yet", role="dpo").exit_code == 0
    return desk


def test_a_use_that_the_purpose_prohibits_is_refused(desk: Desk) -> None:
    for use in sorted(PROHIBITED):
        ended = desk.run(*READ, "--use", use)
        assert ended.exit_code == 4
        assert ended.stdout == ""
        assert "use_prohibited" in ended.stderr
    ended = desk.run(*READ, "--use", Use.HELP_OFFERED)
    assert ended.exit_code == 0
    assert "Never to be used for: higher_price, refusal, worse_terms." in " ".join(ended.stderr.split())


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("rows.parquet", pl.read_parquet_metadata),
        ("rows.arrow", lambda path: _words(pa.ipc.open_file(path).schema.metadata)),
    ],
)
def test_files_carry_the_list(desk: Desk, name: str, read: Callable[[Path], dict[str, str]]) -> None:
    assert desk.run(*READ, "--use", "help_offered", "--out", desk.path(name)).exit_code == 0
    assert read(Path(desk.path(name)))[PROHIBITED_USES] == LIST


@pytest.mark.parametrize("name", ["rows.csv", "rows.json"])
def test_beside_a_file_without_room_for_it_lies_the_list(desk: Desk, name: str) -> None:
    assert desk.run(*READ, "--use", "help_offered", "--out", desk.path(name)).exit_code == 0
    beside = Path(desk.path(f"{name}-metadata.json"))
    told = json.loads(beside.read_text(encoding="utf-8"))
    assert (told["url"], told[PROHIBITED_USES], told[PURPOSE]) == (name, LIST, "churn")
    assert stat.S_IMODE(beside.stat().st_mode) == 0o600


def test_no_file_is_written_for_a_use_that_nobody_stated_or_that_is_prohibited(desk: Desk) -> None:
    out = ("--out", desk.path("rows.csv"))
    assert desk.run(*READ, *out).exit_code == 2
    assert desk.run(*READ, "--use", "higher_price", *out).exit_code == 4
    assert desk.run("predict", "score", "churn", *out).exit_code == 2
    assert not [each for each in desk.folder.iterdir() if each.name.startswith("rows")]


def test_who_accepted_which_list_is_in_the_log(desk: Desk) -> None:
    desk.run(*READ, "--use", "help_offered", "--out", desk.path("rows.parquet"))
    (entry,) = desk.json("audit", "log", "--action", "view.release.intent")
    assert entry["fields"]["use"] == "help_offered"
    assert entry["fields"]["prohibited_uses"] == LIST.split(",")
    assert entry["actor"]


def test_a_label_changes_no_row(tmp_path: Path) -> None:
    frame = pl.DataFrame({"pseudonym": [b"a" * 16, b"b" * 16], "n": [1, None], "level": ["x", "ø"]})
    body = b"".join(arrow_pieces(frame, LABEL))
    assert pl.read_ipc_stream(body).equals(frame)
    assert _words(pa.ipc.open_stream(body).schema.metadata) == LABEL
    write_rows(frame, tmp_path / "rows.arrow", LABEL)
    assert pl.read_ipc(tmp_path / "rows.arrow").equals(frame)


def _words(metadata: dict[bytes, bytes]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in metadata.items()}

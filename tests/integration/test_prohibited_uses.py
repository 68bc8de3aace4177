"""What rows are never used for goes with them, and is refused where it is asked for."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from hub.cli.rows import write_rows
from hub.views.use import PROHIBITED_USES, arrow_stream, label_of
from privacy.uses import PROHIBITED, Use
from tests.builders import NOON
from tests.integration.cli_desk import Desk, stocked

READ = ("view", "read", "shopping", "--purpose", "churn")
LIST = "higher_price,refusal,worse_terms"
LABEL = label_of("churn", tuple(LIST.split(",")), NOON)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = stocked(tmp_path)
    assert desk.run("view", "approve", "shopping", role="dpo").exit_code == 0
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
    assert desk.run(*READ, "--out", desk.path(name)).exit_code == 0
    assert read(Path(desk.path(name)))[PROHIBITED_USES] == LIST


def test_a_label_changes_no_row(tmp_path: Path) -> None:
    frame = pl.DataFrame({"pseudonym": [b"a" * 16, b"b" * 16], "n": [1, None], "level": ["x", "ø"]})
    body = arrow_stream(frame, LABEL)
    assert pl.read_ipc_stream(body).equals(frame)
    assert _words(pa.ipc.open_stream(body).schema.metadata) == LABEL
    write_rows(frame, tmp_path / "rows.arrow", LABEL)
    assert pl.read_ipc(tmp_path / "rows.arrow").equals(frame)


def _words(metadata: dict[bytes, bytes]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in metadata.items()}

"""`varde witness`: made, shown, told what to watch; it needs no home."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub.cli.app import make_app
from hub.cli.launch import Invocation
from hub.witness.record import watched
from tests.builders_log import ALog

LOG = ALog()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "witness"


def run(folder: Path, *arguments: str) -> Result:
    invocation = Invocation(environment={"VARDE_WITNESS": str(folder)})
    return CliRunner().invoke(make_app(), ["witness", *arguments], obj=invocation)


def test_witness_is_made_shows_its_key_and_watches(folder: Path) -> None:
    made = run(folder, "init", "witness.example/w1")
    assert made.exit_code == 0
    assert made.stdout.startswith("witness.example/w1+")
    assert run(folder, "key").stdout == made.stdout
    assert run(folder, "trust", str(LOG.vkey)).exit_code == 0
    listed = run(folder, "logs", "--format", "csv")
    assert listed.stdout.splitlines()[1].startswith(f"{LOG.origin},0,")
    assert [record.key for record in watched(folder)] == [LOG.vkey]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("init", "witness.example/w2"), "already"),
        (("trust", str(LOG.vkey)), "watched already"),
        (("trust", "not-a-key"), "proof rejected"),
        (("serve", "--host", "192.0.2.1"), "nothing encrypts"),
    ],
)
def test_what_cannot_be_done_says_why(folder: Path, arguments: tuple[str, ...], says: str) -> None:
    run(folder, "init", "witness.example/w1")
    run(folder, "trust", str(LOG.vkey))
    refused = run(folder, *arguments)
    assert refused.exit_code != 0
    assert says in refused.stderr


def test_folder_without_a_witness_says_how_to_make_one(folder: Path) -> None:
    refused = run(folder, "key")
    assert refused.exit_code == 2
    assert "varde witness init" in refused.stderr

"""What a command costs before it begins: the list of commands imports none of them, and says what they say."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
from typer import Typer

from hub.cli.commands import COMMANDS, Deferred
from hub.migrations.tables import MODULES

ROOT: Final = Path(__file__).resolve().parents[2]
HEAVY: Final = frozenset(
    {
        *("alembic", "boto3", "cryptography", "duckdb", "fastapi", "lightgbm", "numpy", "phonenumbers", "polars"),
        *("psycopg", "pyarrow", "pydantic", "scipy", "sklearn", "splink", "sqlalchemy", "sqlmodel", "starlette"),
        *("uvicorn", "yaml"),
    }
)
"""What takes from a twentieth of a second to a whole one to import."""
_LEARNING: Final = frozenset(
    {"boto3", "duckdb", "fastapi", "lightgbm", "scipy", "sklearn", "splink", "starlette", "uvicorn"}
)
"""What no command pays for that neither migrates, nor learns, nor matches, nor serves."""
_PRINTED: Final = """
import json, sys
sys.argv = json.loads(sys.argv[1])
from hub.__main__ import main
try:
    main()
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def imported_by(folder: Path, *words: str) -> frozenset[str]:
    """Type a command in a process of its own; return the top-level modules that it imported."""
    ended = subprocess.run(
        [sys.executable, "-c", _PRINTED, json.dumps(["varde", *words])],
        env={"PYTHONPATH": str(ROOT), "VARDE_HOME": str(folder / "none"), "HOME": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return frozenset(json.loads(ended.stderr.splitlines()[-1]))


def test_the_list_of_commands_imports_nothing_heavy(tmp_path: Path) -> None:
    found = imported_by(tmp_path, "--help")
    assert not found & HEAVY
    assert "hub" in found


@pytest.mark.parametrize(
    "words", [("request", "list"), ("erase", "verify", "zz"), ("consent", "show", "x:1")], ids=" ".join
)
def test_a_command_does_not_import_what_others_need(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert not imported_by(tmp_path, *words) & _LEARNING


@pytest.mark.parametrize("module", ["hub.cli.invocation", "hub.api.app"])
def test_every_way_in_knows_every_table(module: str) -> None:
    """Access goes by the tables that the process knows: a command that imports little must know them all the same."""
    told = f"import {module}; from sqlmodel import SQLModel; print(' '.join(SQLModel.metadata.tables))"
    ended = subprocess.run(
        [sys.executable, "-c", told], env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )
    assert set(ended.stdout.split()) >= {str(name) for each in MODULES for name in tables_of(each)}


def tables_of(module: ModuleType) -> set[str]:
    classes = [each for each in vars(module).values() if isinstance(each, type) and each.__module__ == module.__name__]
    return {str(each.__tablename__) for each in classes if hasattr(each, "__tablename__")}


def test_each_line_of_the_list_is_what_the_command_says_of_itself() -> None:
    loaded = Deferred({})
    said = {name: " ".join(loaded[name].help.split("\n\n")[0].split()) for name in loaded}
    assert said == {name: command.help for name, command in COMMANDS.items()}
    assert {name: loaded[name].name for name in loaded} == {name: name for name in COMMANDS}


def test_every_group_of_commands_is_in_the_list() -> None:
    """A group that nobody can type would be dead."""
    modules = [import_module(f"hub.cli.{path.stem}") for path in (ROOT / "hub" / "cli").glob("[a-z]*.py")]
    groups = {id(module.app): module.__name__ for module in modules if isinstance(getattr(module, "app", None), Typer)}
    listed = {id(getattr(import_module(f"hub.cli.{each.module}"), each.attribute)) for each in COMMANDS.values()}
    assert {name for group, name in groups.items() if group not in listed} == set()

"""A small shop for the tests of the command line: its files, its contracts, and a desk at which commands are typed.

The home of `stocked` is made once and copied for each test: drawing keys and migrating is what takes time.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from hub.cli.app import make_app
from hub.cli.launch import Invocation
from tests.shop import ORDERS, people_contract, view_text

AT = datetime(2025, 6, 10, 12, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
SECRETS = ("astrid.aas@example.org", "Astrid", "Bø-Unik", "90012345")
"""Personal values in the shop's files: none may ever be printed by a command that was not asked to open them."""

PEOPLE = people_contract("""  phone: {to: phone}
completeness: {email: 0.9}
""")
MENDED = ORDERS.replace("{P: placed}", "{P: placed, X: cancelled}")
PEOPLE_ROWS = """no,name,mail,phone,since
1,Astrid Bø-Unik,astrid.aas@example.org,90012345,2024-01-05T10:00:00Z
2,Bo Berg,bo@example.org,,2024-01-06T10:00:00Z
3,Cia Dahl,familie@example.org,,2024-02-01T10:00:00Z
4,Dan Dahl,familie@example.org,,2024-02-01T10:00:00Z
5,Eva Eng,,,2024-02-31T10:00:00Z
6,Finn Foss,,,2024-03-01T10:00:00Z
"""
ORDERS_ROWS = """order,who,at,total,state
a1,1,2025-01-05T10:00:00Z,100.00,P
a2,1,2025-05-05T10:00:00Z,250.50,P
a3,2,2025-03-05T10:00:00Z,80.00,X
a4,2,2025-04-05T10:00:00Z,90012345x,P
a5,3,2025-04-05T10:00:00Z,75.00,P
a5,3,2025-04-05T10:00:00Z,75.00,P
"""
VIEW = view_text("shopping", "churn", grid="month")

_app = cache(make_app)
_TICKS = count()


def tick() -> datetime:
    """Tell a time that goes on by a second whenever it is asked for, whatever the machine's clock says."""
    return AT + timedelta(seconds=next(_TICKS))


@dataclass(frozen=True)
class Desk:
    """A folder with the shop's files and a home; `run` types a command in this process, `spawn` in one of its own."""

    folder: Path
    tokens: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def run(
        self, *words: str, role: str | None = None, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Result:
        environment = {"VARDE_HOME": str(self.home), **self.environment, **(env or {})}
        if role is not None:
            environment["VARDE_TOKEN"] = self.tokens[role]
        invocation = Invocation(environment=environment, clock=tick)
        return CliRunner().invoke(_app(), list(words), obj=invocation, input=stdin)

    def json(self, *words: str, role: str | None = None) -> Any:
        return json.loads(self.run(*words, "--format", "json", role=role).stdout)

    def spawn(self, *words: str, env: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "VARDE_HOME": str(self.home)}
        environment |= {**self.environment, **(env or {})}
        command = [sys.executable, "-m", "hub", *words]
        return subprocess.run(
            command, env=environment, cwd=self.folder, capture_output=True, text=True, check=False, timeout=120
        )


def bare(folder: Path, environment: Mapping[str, str] | None = None) -> Desk:
    """Set up a desk with files and without a home."""
    desk = Desk(folder, environment=environment or {})
    for name, text in _FILES.items():
        desk.file(name, text)
    return desk


def stocked(folder: Path) -> Desk:
    """Set up a desk whose home has taken in both files, with a DPO and a scientist who submitted a view."""
    template = _template()
    shutil.copytree(template.folder, folder / "desk")
    return Desk(folder / "desk", template.tokens)


_FILES = {
    "people.yaml": PEOPLE,
    "orders.yaml": ORDERS,
    "mended.yaml": MENDED,
    "people.csv": PEOPLE_ROWS,
    "orders.csv": ORDERS_ROWS,
    "view.yaml": VIEW,
}
_KEPT: list[tempfile.TemporaryDirectory[str]] = []


@cache
def _template() -> Desk:
    _KEPT.append(tempfile.TemporaryDirectory(prefix="varde-desk-"))
    folder = Path(_KEPT[-1].name) / "template"
    folder.mkdir()
    return stock(bare(folder))


def stock(desk: Desk) -> Desk:
    """Make the home of a bare desk and fill it, whatever databases its environment names."""
    assert desk.run("init").exit_code == 0
    tokens = {}
    for role in ("dpo", "scientist", "agent"):
        added = desk.run("principal", "add", f"the {role}", "--role", role, "--purpose", "*", "--view", "*")
        tokens[role] = added.stdout.strip()
    desk = replace(desk, tokens=tokens)
    assert desk.run("ingest", desk.path("people.yaml"), desk.path("people.csv")).exit_code == 3
    assert desk.run("ingest", desk.path("orders.yaml"), desk.path("orders.csv")).exit_code == 3
    assert desk.run("view", "submit", desk.path("view.yaml"), role="scientist").exit_code == 0
    return desk

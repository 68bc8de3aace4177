"""What the house imports it declares, so that no install works only by what others happen to bring along."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("hub", "ingest", "privacy", "predict")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def plain(name: str) -> str:
    """Write a distribution's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def names(requirements: list[str]) -> set[str]:
    return {plain(re.split(r"[\s<>=!~;\[]", requirement, maxsplit=1)[0]) for requirement in requirements}


REQUIRED = names(PROJECT["dependencies"])
IN_EXTRAS = names(
    [each for extra, many in PROJECT["optional-dependencies"].items() if extra != "test" for each in many]
)


def imported(source: str) -> set[str]:
    """Name the top-level packages that a module imports from outside the standard library and the house."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found.add(node.module.partition(".")[0])
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "import_module":
            found |= {name.value.partition(".")[0] for name in node.args if isinstance(name, ast.Constant)}
    return found - set(sys.stdlib_module_names) - set(OURS)


def third_party() -> dict[str, list[str]]:
    """Map each third-party package to the modules of ours that import it."""
    users: dict[str, list[str]] = {}
    for path in sorted(path for package in OURS for path in (ROOT / package).rglob("*.py")):
        for name in imported(path.read_text(encoding="utf-8")):
            users.setdefault(name, []).append(str(path.relative_to(ROOT)))
    return users


def undeclared(users: dict[str, list[str]], distributions: dict[str, list[str]], declared: set[str]) -> list[str]:
    return [
        f"{name}, imported by {modules[0]}: declare its distribution in pyproject.toml and constraints.txt"
        for name, modules in sorted(users.items())
        if declared.isdisjoint(plain(each) for each in distributions.get(name, [name]))
    ]


def test_every_third_party_import_is_declared() -> None:
    users = third_party()
    assert len(users) > 10
    assert undeclared(users, dict(packages_distributions()), REQUIRED | IN_EXTRAS) == []


def test_every_declared_distribution_is_pinned() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = names([line for line in lines if line and not line.startswith("#")])
    assert REQUIRED - pinned == set()


def test_every_declared_distribution_is_imported() -> None:
    distributions = packages_distributions()
    used = {plain(each) for name in third_party() for each in distributions.get(name, [name])}
    assert REQUIRED - used == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import yaml.nodes", {"yaml"}),
        ("def f():\n    from PIL.Image import open", {"PIL"}),
        ("import os, hub.compose\nfrom ingest.text import x\nfrom . import y", set()),
    ],
)
def test_imports_are_found_wherever_they_stand(source: str, found: set[str]) -> None:
    assert imported(source) == found


def test_an_import_is_known_by_its_distributions_name() -> None:
    users, distributions = {"yaml": ["m.py"], "anyio": ["m.py"]}, {"yaml": ["PyYAML"], "anyio": ["anyio"]}
    assert undeclared(users, distributions, {"pyyaml"}) == [
        "anyio, imported by m.py: declare its distribution in pyproject.toml and constraints.txt"
    ]

"""The guide to audit actions is the code's own: every action that is appended anywhere, its fields, its module."""

import ast
import re
from collections import defaultdict
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from privacy.audit import SHAPES

ROOT: Final = Path(__file__).resolve().parents[2]
GUIDE: Final = ROOT / "docs" / "guides" / "audit-actions.md"
ROW: Final = re.compile(r"\| `([^`]+)` \| ([^|]*) \| ([^|]*) \| [^|]+ \|")
PASSED_ON: Final = frozenset(
    {
        ("hub.compose", "action"),  # the hub hands on what its callers name
        ("privacy.store.audit", "action"),
        ("hub.attempts", "kind.action"),  # told where the kind is made, below
        ("privacy.store.attempt", "r.action"),  # the kinds of attempts as they were kept
        ("hub.anchors.anchoring", "''"),  # filled in by whoever begins the log
    }
)
"""Places that append what was named elsewhere."""


class Appended(NamedTuple):
    """An action that a function appends, and the fields that this function names."""

    action: str
    module: str
    fields: frozenset[str]


def words_of(call: ast.Call) -> ast.expr | None:
    """Return the argument that names the action, if the call appends an entry."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    position = {"audit": 1, "append_entry": 1, "NewEntry": 0, "DenialKind": 1}.get(name)
    if position is None:
        return None
    named = [keyword.value for keyword in call.keywords if keyword.arg == "action"]
    return named[0] if named else (call.args[position] if len(call.args) > position else None)


def action_of(node: ast.expr, module: str) -> str | None:
    """Return the action's text, `consent.ACT` where an act is filled in, None where it is handed on."""
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "ACT" for part in node.values)
    if (module, ast.unparse(node)) in PASSED_ON:
        return None
    if isinstance(node, ast.Name):
        return str(getattr(import_module(module), node.id))
    assert isinstance(node, ast.Constant), f"{module}: cannot tell which action {ast.unparse(node)} is"
    return str(node.value)


def calls_in(function: ast.AST) -> list[ast.Call]:
    """Return the calls that a function makes itself, those of functions inside it left out."""
    inner = {
        id(node)
        for child in ast.walk(function)
        if child is not function and isinstance(child, ast.FunctionDef)
        for node in ast.walk(child)
    }
    return [node for node in ast.walk(function) if isinstance(node, ast.Call) and id(node) not in inner]


def fields_of(calls: list[ast.Call]) -> frozenset[str]:
    made = [call for call in calls if ast.unparse(call.func) == "AuditFields"]
    return frozenset(keyword.arg for call in made for keyword in call.keywords if keyword.arg)


def appended_by(path: Path) -> list[Appended]:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = []
    for function in [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))]:
        calls = calls_in(function)
        actions = [action_of(words, module) for words in filter(None, map(words_of, calls))]
        found += [Appended(action, module, fields_of(calls)) for action in actions if action]
    return found


@cache
def appended() -> list[Appended]:
    files = [path for package in ("hub", "ingest", "privacy") for path in sorted((ROOT / package).rglob("*.py"))]
    return [each for path in files for each in appended_by(path)]


@cache
def documented() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Read the guide: action to (fields, modules)."""
    rows = ROW.findall(GUIDE.read_text(encoding="utf-8"))
    return {action: (frozenset(fields.split()), frozenset(re.findall(r"`([^`]+)`", by))) for action, fields, by in rows}


def test_the_guide_lists_every_action_that_is_appended_and_no_other() -> None:
    assert {each.action for each in appended()} == set(documented())


def test_the_guide_names_the_module_of_each_action() -> None:
    modules = defaultdict(set)
    for each in appended():
        modules[each.action].add(each.module)
    assert {action: set(by) for action, (_, by) in documented().items()} == dict(modules)


@pytest.mark.parametrize("each", appended(), ids=lambda each: f"{each.module}:{each.action}")
def test_no_function_names_a_field_that_the_guide_does_not(each: Appended) -> None:
    of_function = {other.action for other in appended() if other.module == each.module and other.fields == each.fields}
    assert each.fields <= frozenset().union(*(documented()[action][0] for action in of_function))


def test_every_field_of_the_guide_is_on_the_allow_list() -> None:
    assert {field for fields, _ in documented().values() for field in fields} <= set(SHAPES)


def test_the_enumeration_finds_every_way_of_appending() -> None:
    source = 'def act(hub):\n    hub.audit(s, "a.b", by, AuditFields(rows=1))\n    NewEntry(action="c", at=1)\n'
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    assert sorted(action_of(words, "x") or "" for words in filter(None, map(words_of, calls))) == ["a.b", "c"]

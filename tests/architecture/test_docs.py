"""The documents are true as far as a machine can tell: links, functions, tests and decisions that they name exist."""

import ast
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
DOCS: Final = sorted(
    path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if not path.name.startswith(".")
)
DECISIONS: Final = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
PROPERTIES: Final = ROOT / "docs" / "security-properties.md"

LINK: Final = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
TEST: Final = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
FUNCTION: Final = re.compile(r"`((?:hub|ingest|predict|privacy)\.[\w.]+)`")
LATER: Final = re.compile(r"\(issue [2-9]\)")
NO_FUNCTION: Final = "none: a test of the tests"


class Property(NamedTuple):
    """One row of the table: what holds, by which function, shown by which test."""

    line: int
    text: str
    held_by: str
    test: str


def slug(heading: str) -> str:
    """Return the anchor that a heading gets: as rendered by the usual forges."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def text_of(path: Path) -> str:
    """Return a document without its fenced blocks, with as many lines."""
    kept, fenced = [], False
    for line in path.read_text(encoding="utf-8").splitlines():
        fence = line.lstrip().startswith("```")
        kept.append("" if fenced or fence else line)
        fenced ^= fence
    return "\n".join(kept)


def broken_links(path: Path) -> list[str]:
    """Return the links of a document that lead nowhere; those to other hosts are not followed."""
    broken = []
    for target in LINK.findall(text_of(path)):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        to = path if not name else (path.parent / unquote(name))
        arrives = to.exists() and to.resolve().is_relative_to(ROOT)
        if not arrives or (anchor and to.suffix == ".md" and anchor not in anchors(to)):
            broken.append(target)
    return broken


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return the anchors of a document's headings."""
    return frozenset(slug(line.lstrip("#")) for line in text_of(path).splitlines() if line.startswith("#"))


@cache
def functions_in(path: str) -> frozenset[str]:
    """Return the names of a test file's functions, empty if there is no such file."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def missing_tests(text: str) -> list[str]:
    """Return the tests that a text names and that do not exist."""
    return [
        f"{path}::{name}" if name else path
        for path, name in TEST.findall(text)
        if not functions_in(path) or (name and name not in functions_in(path))
    ]


def exists(dotted: str) -> bool:
    """Say whether a dotted name is a module, or something that a module holds."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False


def properties() -> list[Property]:
    """Read the rows of the security properties."""
    rows = []
    for number, line in enumerate(PROPERTIES.read_text(encoding="utf-8").splitlines(), start=1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3 and cells[0] not in {"property", "---"}:
            rows.append(Property(number, *cells))
    return rows


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_resolves(path: Path) -> None:
    assert broken_links(path) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Here\n[gone](gone.md) [out](https://example.org)\n```\n[code](code.md)\n```\n", encoding="utf-8")
    assert broken_links(page) == ["gone.md"]


@pytest.mark.parametrize("row", properties(), ids=lambda row: f"line{row.line}")
def test_each_security_property_names_a_function_and_a_test(row: Property) -> None:
    functions, tests = FUNCTION.findall(row.held_by), TEST.findall(row.test)
    assert functions or LATER.search(row.held_by) or row.held_by == NO_FUNCTION, "no function and no issue"
    assert tests or LATER.search(row.test), "no test and no issue"
    assert [name for name in functions if not exists(name)] == []
    assert missing_tests(row.test) == []


def test_every_invariant_has_its_properties() -> None:
    headings = re.findall(r"^## (\d+)\.", PROPERTIES.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == [str(number) for number in range(1, 11)]
    assert len(properties()) > len(headings)


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_each_decision_has_its_parts_and_its_place_in_the_index(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for part in ("Context", "Decision", "Consequences", "Alternatives", "Enforced by"):
        assert text.count(f"**{part}.** ") == 1, part
    assert re.search(r"\*\*Decision\.\*\* \"[^\"]+\"", text), "the decision is one sentence that can be quoted"
    title = text.splitlines()[0].removeprefix("# ").split(". ", 1)[1]
    assert f"| [{path.stem[:4]}]({path.name}) | {title} |" in (path.parent / "README.md").read_text(encoding="utf-8")
    assert missing_tests(text) == []
    assert [name for name in FUNCTION.findall(text) if not exists(name)] == []


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.stem[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("dotted", ["hub.views.gateway.Gateway.read", "privacy.decision"])
def test_a_name_that_exists_is_found(dotted: str) -> None:
    assert exists(dotted)


@pytest.mark.parametrize("dotted", ["hub.views.gateway.Gateway.leak", "privacy.nothing", "nothing.at.all"])
def test_a_name_that_does_not_exist_is_not_found(dotted: str) -> None:
    assert not exists(dotted)

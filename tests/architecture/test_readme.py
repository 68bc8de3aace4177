"""README and guides against the program: every command line that they show is one that `varde` would take."""

import inspect
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import typer

from hub.cli.app import make_app
from hub.client import RemoteView
from hub.views.access import View

ROOT: Final = Path(__file__).resolve().parents[2]
README: Final = ROOT / "README.md"
GUIDES: Final = ROOT / "docs" / "guides"
PAGES: Final = [README, ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md", *sorted(GUIDES.glob("*.md"))]

FIRST: Final = "pip install . && varde demo"
SECOND: Final = "pip install -e '.[test]' && pytest"
_FENCED: Final = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_SPAN: Final = re.compile(r"`(varde [^`]+)`")
_COMMENT: Final = re.compile(r"\s+#.*$")
_PLACEHOLDER: Final = "COMMAND"


@cache
def command_tree() -> Any:
    return typer.main.get_command(make_app())


def blocks(path: Path, language: str) -> list[str]:
    found = _FENCED.findall(path.read_text(encoding="utf-8"))
    return [body for name, body in found if name == language]


def lines_of(path: Path) -> list[str]:
    """Return the lines of `varde` that a page shows, in its shell blocks and inline."""
    text = path.read_text(encoding="utf-8")
    shown = [line for body in blocks(path, "sh") for line in body.replace("\\\n", " ").splitlines()]
    parts = [part.strip() for line in shown for part in re.split(r"&&|\||;", _COMMENT.sub("", line))]
    spans = [" ".join(span.split()) for span in _SPAN.findall(_FENCED.sub("", text))]
    return [line for line in [*parts, *spans] if re.match(r"(?:VARDE_\w+=\S+ )*varde\b", line)]


def fault_of(line: str) -> str | None:
    """Return what is wrong with a command line, None if `varde` knows its command and options."""
    words = [word for word in shlex.split(line) if not re.match(r"VARDE_\w+=", word)][1:]
    command, options = command_tree(), set(_options(command_tree()))
    for word in words:
        if word == _PLACEHOLDER or word in {">", "<"}:
            break
        children = getattr(command, "commands", None)
        if children and word not in children and hasattr(command, "otherwise"):
            command, children = children[command.otherwise], None
            options |= set(_options(command))
        if word.startswith("-") and word != "-":
            if word.split("=")[0] not in options | {"--help"}:
                return f"no option {word}"
        elif children:
            if word not in children:
                return f"no command {word}"
            command = children[word]
            options |= set(_options(command))
    return None


def _options(command: Any) -> list[str]:
    return [name for parameter in command.params for name in getattr(parameter, "opts", []) if name.startswith("-")]


def test_readme_opens_with_a_picture_and_the_two_commands() -> None:
    text = README.read_text(encoding="utf-8")
    opening = text[: text.index("\n## ")]
    assert "](docs/data-flow.svg)" in opening
    assert [body.strip() for body in blocks(README, "sh")[:2]] == [FIRST, SECOND]
    assert opening.index(FIRST) < opening.index(SECOND)


def test_ci_takes_exactly_these_two_commands_from_the_readme() -> None:
    fenced = [line for _, body in _FENCED.findall(README.read_text(encoding="utf-8")) for line in body.splitlines()]
    assert [line for line in fenced if re.match(r"pip install .* && ", line)] == [FIRST, SECOND]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "readme_command 1" in script
    assert "readme_command 2" in script


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_line_shown_is_one_that_varde_takes(path: Path) -> None:
    assert {line: fault for line in lines_of(path) if (fault := fault_of(line)) is not None} == {}


def test_readme_shows_commands_at_all() -> None:
    assert len(lines_of(README)) > 10


@pytest.mark.parametrize("line", ["varde fly", "varde view fly", "varde view read --fly", "varde --fly init"])
def test_a_line_that_varde_does_not_take_is_found(line: str) -> None:
    assert fault_of(line) is not None


def test_the_index_of_guides_lists_every_command_and_no_other() -> None:
    listed = re.findall(r"^\| `varde (\w+)` \|", (GUIDES / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(name for name, command in command_tree().commands.items() if not command.hidden)


def test_every_guide_is_in_the_index() -> None:
    index = (GUIDES / "README.md").read_text(encoding="utf-8")
    assert [
        page.name for page in GUIDES.glob("*.md") if page.name != "README.md" and f"]({page.name})" not in index
    ] == []


def test_the_line_of_python_in_the_readme_fits_the_client() -> None:
    (line,) = (body.strip() for body in blocks(README, "python"))
    keywords = set(re.findall(r"(\w+)=", line[line.index(".read(") :]))
    assert keywords == {"purpose", "as_of"}
    for read in (RemoteView.read, View.read):
        assert keywords <= set(inspect.signature(read).parameters)

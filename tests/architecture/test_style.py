"""The house style that no linter keeps: each finding names file, line, rule and what to do.

Only tracked files are looked at, so unfinished work of a colleague fails nobody else. An entry of an allow list carries
its reason and must still be needed: a stale one fails too.
"""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]

FILE_LINES: Final = 300
TEST_FILE_LINES: Final = 400
FUNCTION_LINES: Final = 40

LONG_FILES: Final[dict[str, str]] = {
    "privacy/verifier.py": "an auditor copies this one file to another machine: in two it would not run alone",
}
"""Files that may exceed the limit, each with its reason."""

LONG_FUNCTIONS: Final[dict[str, str]] = {
    "tests/privacy_builders.py::a_pack": "one literal, a whole policy pack: cut up, its shape would be lost",
}
"""`path::function` that may exceed the limit, each with its reason."""

EDGES: Final[dict[str, str]] = {
    "hub/api/edge.py": "last stop of a request: a stranger's text may hold a value, only its class is told",
    "hub/cli/edge.py": "last stop of a command: a traceback shows values, so a stranger is told by class only",
    "hub/api/service.py": "a duty that fails once goes on with the next round: nobody would notice that it ended",
    "hub/api/looking.py": "reads of many callers share a group: whatever ended it must reach each of them",
    "hub/writer.py": "acts of many callers share a group: each caller must get its own failure, whatever it is",
    "ingest/pipeline/delivery.py": "tidying after a delivery that counts must not have it told as failed",
    "ingest/pipeline/recovery.py": "clearing up after a failed delivery must not hide the fault that is being told",
    "tests/faults/ingest_child.py": "the child of a crash test reports whatever ended it, by class",
    "predict/__main__.py": "last stop of a process: a foreign error's text may hold a value, only its class is told",
}
"""Modules at an edge of the program that may catch `Exception`, each with what comes in from outside there."""

MIGRATIONS: Final = "hub/migrations/"
FORBIDDEN_WORDS: Final = frozenset(
    {"util", "utils", "helper", "helpers", "manager", "managers", "data", "info", "misc", "common"}
)
BROAD: Final = frozenset({"Exception", "BaseException"})
SHORTEST_REASON: Final = 6  # letters: "a share" says something, "ok" does not
SHORTEST_ALLOWANCE: Final = 30

_PLACES: Final = (
    "work",
    "tmp",
    "root",
    r"home/\w+",
    r"Users/\w+",
)  # apart from their slash: this file is tracked as well
MACHINE_PATHS: Final = re.compile(rf"(?<![\w.~/-])/(?:{'|'.join(_PLACES)})(?:/|\b)|\b[A-Z]:\\+Users\b")
SUPPRESSION: Final = re.compile(
    r"#\s*(?P<kind>type:\s*ignore|noqa|pragma:\s*no\s*(?:cover|branch))"
    r"(?P<codes>\[[\w\-, ]+\]|:\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)?"
    r"(?P<reason>[^#]*(?:#(?!\s*(?:type:|noqa|pragma:))[^#]*)*)"
)
WHOLE_FILE: Final = re.compile(
    r"#\s*(?:ruff|flake8)\s*:\s*noqa|#\s*mypy\s*:\s*(?:ignore-errors|disable)|#\s*pyright\s*:"
)


class Finding(NamedTuple):
    """One departure from the house style."""

    path: str
    line: int
    rule: str
    place: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}"


Rule = Callable[[str, str], Iterator[Finding]]


def long_file(path: str, text: str) -> Iterator[Finding]:
    """A migration is one frozen step, however many tables it touches."""
    limit = TEST_FILE_LINES if path.startswith("tests/") else FILE_LINES
    lines = text.count("\n")
    if path.endswith(".py") and not path.startswith(MIGRATIONS) and lines > limit:
        rule = f"{lines} lines, at most {limit}: split it by noun, or give a reason in LONG_FILES"
        yield Finding(path, lines, rule, path)


def long_function(path: str, text: str) -> Iterator[Finding]:
    """Count from `def` to the last line, without the docstring: explaining more must not cost anything."""
    for node in ast.walk(_tree(path, text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or path.startswith(MIGRATIONS):
            continue
        lines = _last_line(node) - node.lineno + 1
        if ast.get_docstring(node, clean=False) is not None:
            lines -= _last_line(node.body[0]) - node.body[0].lineno + 1
        if lines > FUNCTION_LINES:
            rule = f"{node.name}() has {lines} lines, at most {FUNCTION_LINES}: name its steps as functions"
            yield Finding(path, node.lineno, rule, f"{path}::{node.name}")


def forbidden_name(path: str, text: str) -> Iterator[Finding]:
    if not path.endswith(".py"):
        return
    for part in Path(path).with_suffix("").parts:
        for word in FORBIDDEN_WORDS & set(part.lower().split("_")):
            yield Finding(path, 1, f"`{word}` in a module's name says nothing: name the noun that lives there")


def bare_suppression(path: str, text: str) -> Iterator[Finding]:
    for line, comment in _comments(path, text):
        if WHOLE_FILE.search(comment):
            yield Finding(path, line, "a suppression for a whole file: suppress the line, with code and reason")
        found = list(SUPPRESSION.finditer(comment))
        for match in found:
            if match["codes"] is None and not match["kind"].startswith("pragma"):
                yield Finding(path, line, f"`{match['kind']}` without a code: say which rule does not fit here")
        if found and sum(letter.isalpha() for letter in found[-1]["reason"]) < SHORTEST_REASON:
            yield Finding(path, line, f"`{found[-1]['kind']}` without a reason: say why, behind the code")


def broad_except(path: str, text: str) -> Iterator[Finding]:
    """A handler that ends in a bare `raise` tidies up and catches nothing."""
    rule = "catches everything: name the exceptions, or give the module a reason in EDGES"
    for node in ast.walk(_tree(path, text)):
        if isinstance(node, ast.ExceptHandler) and _is_broad(node.type) and not _raises_again(node):
            yield Finding(path, node.lineno, f"`except` {rule}", path)
        if isinstance(node, ast.Call) and _names(node.func) == {"suppress"} and any(map(_is_broad, node.args)):
            yield Finding(path, node.lineno, f"`suppress` {rule}", path)


def machine_path(path: str, text: str) -> Iterator[Finding]:
    for number, line in enumerate(text.splitlines(), start=1):
        if MACHINE_PATHS.search(line):
            yield Finding(path, number, "a path of one machine: take it as an argument, or use a relative one")


RULES: Final[Mapping[Rule, Mapping[str, str]]] = {
    long_file: LONG_FILES,
    long_function: LONG_FUNCTIONS,
    forbidden_name: {},
    bare_suppression: {},
    broad_except: EDGES,
    machine_path: {},
}


def _tree(path: str, text: str) -> ast.AST:
    """Parse a file; not kept: fifteen hundred trees would weigh on every collection of garbage in later tests."""
    return ast.parse(text if path.endswith(".py") else "", filename=path)


def _last_line(node: ast.stmt) -> int:
    return node.lineno if node.end_lineno is None else node.end_lineno


def _is_broad(caught: ast.expr | None) -> bool:
    return caught is None or bool(_names(caught) & BROAD)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _names(node: ast.expr) -> set[str]:
    """Name what an expression refers to: `a.B` is B, a tuple is each of its parts."""
    if isinstance(node, ast.Tuple):
        return {name for part in node.elts for name in _names(part)}
    return {node.attr} if isinstance(node, ast.Attribute) else {node.id} if isinstance(node, ast.Name) else set()


def _comments(path: str, text: str) -> Iterator[tuple[int, str]]:
    if path.endswith(".py"):
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


@cache
def tracked() -> tuple[tuple[str, str], ...]:
    """Read every tracked text file: (path below the root, text)."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    files = []
    for path in filter(None, listed.decode().split("\0")):
        try:
            files.append((path, (ROOT / path).read_text(encoding="utf-8")))
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # a binary file, or one that was removed and not yet committed
    return tuple(files)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_tracked_file_keeps(rule: Rule) -> None:
    allowed = RULES[rule]
    found = [finding for path, text in tracked() for finding in rule(path, text)]
    broken = [str(finding) for finding in found if finding.place not in allowed]
    assert not broken, "\n" + "\n".join(broken)
    stale = set(allowed) - {finding.place for finding in found}
    assert not stale, f"no longer needed in the allow list of {rule.__name__}: {sorted(stale)}"


def test_every_allowance_has_a_reason() -> None:
    for allowed in RULES.values():
        assert all(len(reason) >= SHORTEST_ALLOWANCE for reason in allowed.values())


def test_tree_was_really_read() -> None:
    """A listing that came back empty would let every rule pass."""
    paths = {path for path, _ in tracked()}
    assert {"privacy/terms.py", "tests/architecture/test_style.py", "pyproject.toml"} <= paths


LONG_BODY: Final = "def f():\n" + "    x = 1\n" * 40
DOCUMENTED: Final = 'def f():\n    """Say.\n' + "\n    more\n" * 30 + '    """\n' + "    x = 1\n" * 39
HASH: Final = "#"  # keeps the samples below from being suppressions of this file
NOTE: Final = "x = 1  " + HASH + " "
SLASH: Final = "/"

BROKEN: Final[list[tuple[Rule, str, str]]] = [
    (long_file, "hub/a.py", "x = 1\n" * 301),
    (long_file, "tests/unit/test_a.py", "x = 1\n" * 401),
    (long_function, "hub/a.py", LONG_BODY),
    (long_function, "hub/a.py", "async " + LONG_BODY),
    (long_function, "hub/a.py", "class A:\n" + "".join(f"    {line}\n" for line in LONG_BODY.splitlines())),
    *((forbidden_name, f"hub/{name}.py", "") for name in ("utils", "key_manager", "data", "info", "helpers/key")),
    (bare_suppression, "hub/a.py", NOTE + "type: ignore\n"),
    (bare_suppression, "hub/a.py", NOTE + "type: ignore[arg-type]\n"),
    (bare_suppression, "hub/a.py", NOTE + "noqa\n"),
    (bare_suppression, "hub/a.py", NOTE + "noqa: S608\n"),
    (bare_suppression, "hub/a.py", NOTE + "noqa: S608 - ok\n"),
    (bare_suppression, "hub/a.py", NOTE + "noqa - the library is untyped here\n"),
    (bare_suppression, "hub/a.py", NOTE + "pragma: no cover\n"),
    (bare_suppression, "hub/a.py", NOTE + f"type: ignore[misc]  {HASH} noqa: S608\n"),
    (bare_suppression, "hub/a.py", HASH + " ruff: noqa: E501 - long lines everywhere\n"),
    (bare_suppression, "hub/a.py", HASH + " mypy: ignore-errors\n"),
    (broad_except, "hub/a.py", "try:\n    f()\nexcept Exception:\n    pass\n"),
    (broad_except, "hub/a.py", "try:\n    f()\nexcept (OSError, builtins.BaseException) as exc:\n    pass\n"),
    (broad_except, "hub/a.py", "try:\n    f()\nexcept:\n    pass\n"),
    (broad_except, "hub/a.py", "with contextlib.suppress(Exception):\n    f()\n"),
    *(
        (machine_path, "docs/a.md", f"see `{SLASH}{place}` there")
        for place in ("work/main", "tmp/x", "tmp", "root/.ssh", "home/ola/varde", "Users/ola/varde")
    ),
    (machine_path, "docs/a.md", "see C:\\" + "Users\\ola"),
]
KEPT: Final[list[tuple[Rule, str, str]]] = [
    (long_file, "hub/a.py", "x = 1\n" * 300),
    (long_file, "docs/a.md", "line\n" * 1000),
    (long_file, "hub/migrations/control/0001_first.py", "x = 1\n" * 500),
    (long_function, "hub/a.py", "def f():\n" + "    x = 1\n" * 39),
    (long_function, "hub/a.py", DOCUMENTED),
    (long_function, "hub/migrations/control/0001_first.py", LONG_BODY),
    (forbidden_name, "privacy/metadata.py", ""),
    (forbidden_name, "docs/data/people.csv", ""),
    (bare_suppression, "hub/a.py", NOTE + "type: ignore[arg-type] - the stub knows no bytes\n"),
    (bare_suppression, "hub/a.py", NOTE + f"noqa: S608, S603  {HASH} the name is ours, not the caller's\n"),
    (bare_suppression, "hub/a.py", NOTE + f"type: ignore[misc]  {HASH} noqa: S608 - the name is ours, not theirs\n"),
    (bare_suppression, "hub/a.py", f'text = "{HASH} noqa"\n'),
    (broad_except, "hub/a.py", "try:\n    f()\nexcept (OSError, ValueError):\n    pass\n"),
    (broad_except, "hub/a.py", "try:\n    f()\nexcept BaseException:\n    g()\n    raise\n"),
    (machine_path, "docs/a.md", "`hub/tmp/x`, `./work/x`, https://example.org/home/page and GET /rooting/x"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN)
def test_departure_is_found_with_its_line(rule: Rule, path: str, text: str) -> None:
    found = list(rule(path, text))
    assert found
    assert re.fullmatch(r"[\w./]+:\d+: .{20,}", str(found[0]))


@pytest.mark.parametrize(("rule", "path", "text"), KEPT)
def test_good_style_is_left_alone(rule: Rule, path: str, text: str) -> None:
    assert list(rule(path, text)) == []

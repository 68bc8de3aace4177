"""What a log line, an error or a printed object may hold: enumerated, so that a new one has to be looked at.

Rules kept here:
- an error's fields are of `SAFE_FIELDS`, each with the reason why it cannot be a value of a row;
- an f-string in a `raise` formats no row, no frame and no foreign error;
- nothing is printed; logging is reached through `hub.logs` alone, with a constant event and `extra`;
- no traceback is formatted, no frame shown, outside the one function that shows places without values.

What holds a secret is looked at in `test_secret_holders.py`.
"""

import ast
import gc
import importlib
import inspect
import pkgutil
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from hub import logs
from hub.cli.edge import withheld

ROOT: Final = Path(__file__).parent.parent.parent
PACKAGES: Final = ("hub", "ingest", "predict", "privacy")

SAFE_FIELDS: Final = {
    "left": "counts by table",
    "right": "a word of `privacy.request.Right`",
    "rule": "a constant of ours, or a constraint's name",
    "remedy": "a constant of ours",
    "because": "a constant of ours, or a rule's name",
    "why": "a constant of ours, or a class name",
    "what": "a place in the home, named by us",
    "of_what": "a constant of ours",
    "advice": "a constant of ours",
    "kind": "the class of an error in the child process",
    "told": "the child's own error text, made by the same rules",
    "slug": "the class of a problem that the server answered",
    "text": "the problem's text as the server tells it, made by the same rules",
    "source": "a contract's name",
    "detail": "an identity attribute's name, or 'a detail' where it is none of ours",
    "contract": "a contract's name",
    "column": "a declared column or a position, never a header of a file",
    "where": "a path of keys in a document of ours",
    "table": "a canonical table",
    "view": "an approved view's name",
    "module": "a prediction module's name",
    "name": "a setting or a kind of key",
    "entry": "the name of a rule, an offer or a template, from the file of whoever edits them",
    "wanted": "a KEK's id: a digest, an ARN or a mount and key's name",
    "service": "a database or service, named by us",
    "purpose": "kept for handlers, not told",
    "basis": "a legal basis",
    "field": "a field of the audit entry, of the allow-list",
    "mebibytes": "a setting",
    "number": "the number of an audit entry",
    **dict.fromkeys(("key_id", "generation_id", "file_id", "lease_id", "erasure_id"), "random"),
    **dict.fromkeys(("release_id", "request_id", "hold_id", "run_id"), "random"),
    "line": "a position",
    "length": "a count",
    "expected": "a count",
    "found": "a count",
    "have": "a count",
    "need": "a count",
    "status": "an HTTP status",
    "at": "the instant asked for",
    "until": "an instant of the grid",
    "known_until": "the end of what is known",
    "expired_at": "an instant of ours",
}


@cache
def modules() -> tuple[ModuleType, ...]:
    """Import every module of the four packages."""
    packages = [importlib.import_module(name) for name in PACKAGES]
    below = (
        each.name for package in packages for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    )
    importable = (name for name in below if not name.startswith("hub.migrations.") and not name.endswith("__main__"))
    return (*packages, *map(importlib.import_module, importable))


def errors() -> dict[str, type[BaseException]]:
    """Find every exception class that we define."""
    return {
        f"{kind.__module__}.{kind.__qualname__}": kind
        for module in modules()
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, BaseException) and kind.__module__ == module.__name__
    }


@pytest.fixture(scope="module", autouse=True)
def _trees_are_let_go() -> Iterator[None]:
    """Keep no tree after these tests: they would weigh on every collection of garbage in later ones."""
    yield
    trees.cache_clear()


@cache
def trees() -> dict[str, ast.Module]:
    """Parse every source file of the four packages."""
    files = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in files}


def test_packages_were_really_walked() -> None:
    assert len(modules()) > 150
    assert len(errors()) > 35
    assert {"hub/logs.py", "ingest/errors.py"} <= trees().keys()


@pytest.mark.parametrize("name", sorted(errors()))
def test_error_carries_safe_fields_only(name: str) -> None:
    kind = errors()[name]
    if "__init__" not in vars(kind):
        assert not _own_annotations(kind), "fields without a constructor: name them in one"
        return
    fields = set(inspect.signature(kind.__init__).parameters) - {"self"}
    assert fields <= SAFE_FIELDS.keys(), (
        f"say in SAFE_FIELDS why these can hold no value: {fields - SAFE_FIELDS.keys()}"
    )


def test_every_safe_field_is_used() -> None:
    used = {field for kind in errors().values() for field in inspect.signature(kind.__init__).parameters}
    assert SAFE_FIELDS.keys() <= used


def _own_annotations(kind: type) -> dict[str, object]:
    return dict(vars(kind).get("__annotations__", {}))


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _called(call: ast.Call) -> str:
    """Write down what is called: `log.info`, `print`."""
    return ast.unparse(call.func)


MAY_PRINT: Final[dict[str, str]] = {}
MAY_LOG: Final = {"hub/logs.py": "the one door"}
MAY_SHOW_PLACES: Final = {
    "hub/cli/failure.py": "frames_of: files, lines, functions and classes of an error, with VARDE_DEBUG"
}


def printing(tree: ast.AST) -> Iterator[str]:
    return (
        _called(call) for call in _calls(tree) if _called(call) in {"print", "pprint", "pprint.pprint", "breakpoint"}
    )


def logging_elsewhere(tree: ast.AST) -> Iterator[str]:
    """An import of logging, structlog and the like; `hub.logs` gives whoever needs it a logger."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from (name for name in names if name.partition(".")[0] in {"logging", "structlog", "loguru", "syslog"})


def showing_frames(tree: ast.AST) -> Iterator[str]:
    forbidden = (
        "traceback.",
        "sys.exc_info",
        "sys._getframe",
        "inspect.stack",
        "inspect.currentframe",
        "faulthandler.",
    )
    return (_called(call) for call in _calls(tree) if _called(call).startswith(forbidden))


@pytest.mark.parametrize(
    ("rule", "allowed"), [(printing, MAY_PRINT), (logging_elsewhere, MAY_LOG), (showing_frames, MAY_SHOW_PLACES)]
)
def test_only_the_allowed_do(rule: Callable[[ast.AST], Iterator[str]], allowed: dict[str, str]) -> None:
    found = {path: names for path, tree in trees().items() if (names := list(rule(tree)))}
    assert found.keys() == allowed.keys(), found


LEVELS: Final = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log"})


def loose_logging(tree: ast.AST) -> Iterator[str]:
    """A log call with anything but one constant event and `extra`: a formatted text, an argument, a traceback."""
    for call in _calls(tree):
        function = call.func
        if not (isinstance(function, ast.Attribute) and function.attr in LEVELS):
            continue
        if "log" not in ast.unparse(function.value).lower():
            continue
        constant = len(call.args) == 1 and ".LogEvent." in f".{ast.unparse(call.args[0])}"
        if not constant or {keyword.arg for keyword in call.keywords} - {"extra"} or function.attr == "exception":
            yield ast.unparse(call)


def test_a_log_line_is_a_constant_event_with_fields() -> None:
    found = [f"{path}: {text}" for path, tree in trees().items() for text in loose_logging(tree)]
    assert found == []
    assert sum("LogEvent." in ast.unparse(tree) for tree in trees().values()) > 5


FRAMES: Final = frozenset(
    {"frame", "frames", "df", "row", "rows", "raw", "series", "values", "record", "document", "line_text"}
)
"""Names under which rows go through the house; a count of them (`len(rows)`, `frame.height`) is no value."""


def told_values(tree: ast.AST) -> Iterator[str]:
    """A frame, row or foreign error formatted into the text of a raised error."""
    for node in (each for each in ast.walk(tree) if isinstance(each, ast.Raise)):
        caught = _caught_names(tree, node)
        for part in (each for each in ast.walk(node) if isinstance(each, ast.FormattedValue)):
            name = part.value.id if isinstance(part.value, ast.Name) else ""
            if name in FRAMES or name in caught or ast.unparse(part.value).startswith(("str(exc", "repr(")):
                yield ast.unparse(node)


def _caught_names(tree: ast.AST, raised: ast.Raise) -> set[str]:
    """Name the errors that are being handled where something is raised."""
    handlers = (each for each in ast.walk(tree) if isinstance(each, ast.ExceptHandler) and each.name)
    return {str(each.name) for each in handlers if any(node is raised for node in ast.walk(each))}


MAY_TELL: Final = {
    "hub/settings_file.py": "tomllib's text names line and column of the operator's own settings file",
}


def test_no_error_repeats_a_row_or_a_foreign_text() -> None:
    found = {path: texts for path, tree in trees().items() if (texts := list(told_values(tree)))}
    assert found.keys() <= MAY_TELL.keys(), found


BROKEN: Final[list[tuple[Callable[[ast.AST], Iterator[str]], str]]] = [
    (printing, "print(row)"),
    (logging_elsewhere, "import logging"),
    (logging_elsewhere, "from logging import getLogger"),
    (showing_frames, "traceback.print_exc()"),
    (loose_logging, "_LOG.info(f'{email} came')"),
    (loose_logging, "log.warning(LogEvent.VIEW_READ, email)"),
    (loose_logging, "log_of('x').error(LogEvent.VIEW_READ, exc_info=True)"),
    (loose_logging, "log.exception(LogEvent.VIEW_READ)"),
    (told_values, "raise FileRefused(name, f'bad {row}', 'mend')"),
    (told_values, "raise FileRefused(name, f'bad {frame!r}', 'mend')"),
    (told_values, "try:\n    f()\nexcept ValueError as exc:\n    raise FileRefused(name, f'{exc}', 'mend') from None"),
]


@pytest.mark.parametrize(("rule", "text"), BROKEN)
def test_departure_is_found(rule: Callable[[ast.AST], Iterator[str]], text: str) -> None:
    assert list(rule(ast.parse(text)))


TOKEN: Final = "t0ken-that-nobody-may-see"  # noqa: S105 - the canary of this test


def test_typed_words_are_not_repeated() -> None:
    typed = ("consent", "withdraw", "email:kari@a.example", "--purpose=Kari Nordmann", "O'Brien", "--formt")
    text = "Got unexpected extra arguments (O'Brien Kari Nordmann); no such option: --formt; '--purpose=Kari Nordmann'"
    told = withheld(text, typed)
    assert not any(word in told for word in ("Kari", "Nordmann", "O'Brien"))
    assert "--formt" in told


@pytest.fixture
def _python_restored() -> Iterator[None]:
    """Put Python's own ways back after a test that changes them."""
    kept = warnings.showwarning, threading.excepthook, sys.unraisablehook, sys.excepthook
    yield
    warnings.showwarning, threading.excepthook, sys.unraisablehook, sys.excepthook = kept


@pytest.mark.usefixtures("_python_restored")
def test_uncaught_errors_and_warnings_tell_their_class_only(capsys: pytest.CaptureFixture[str]) -> None:
    logs.withhold_last_words()
    thread = threading.Thread(target=_fail_with, args=(TOKEN,))
    thread.start()
    thread.join()
    _Unfinished()
    gc.collect()
    sys.excepthook(KeyError, KeyError(TOKEN), None)
    warnings.showwarning(TOKEN, UserWarning, "file.py", 1)
    said = capsys.readouterr()
    assert said.out == ""
    assert [line.split()[1] for line in said.err.splitlines()] == ["LookupError,", "ValueError,", "KeyError,"]


class _Unfinished:
    def __del__(self) -> None:
        raise ValueError(TOKEN)


def _fail_with(word: str) -> None:
    raise LookupError(word)

"""Files that a company writes for a module: read here, because modules open none, and looked at by the module's rules.

YAML with a mapping at the top. Each entry of a list of mappings is told its line, so that a refusal names it.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml
from yaml import YAMLError

from hub.errors import ChildFailed
from predict.answers.door import topics_with
from predict.answers.library import library_of
from predict.errors import RuleRefused
from predict.satisfaction.own_themes import own_themes
from privacy.plain_yaml import PlainLoader, load_yaml
from privacy.redaction.redactor import redact

_TAKEN: Final = re.compile(r"\[(?!NAME)[A-Z_]+_\d+\]")
"""A placeholder of the redactor that stands for no name."""
LONGEST: Final = 1_000_000  # characters: more is no list that people keep


def read_file(path: Path, read: Callable[[str], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Read a file by one of the rules below.

    Raises:
        ChildFailed: it cannot be read, or an entry makes no sense; with line and rule where they are known.

    """
    try:
        return read(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as exc:
        mark = getattr(exc, "problem_mark", None)
        where = "" if mark is None else f", line {mark.line + 1}"
        raise ChildFailed(path.name, type(exc).__name__, f"it cannot be read ({type(exc).__name__}{where})") from None


def themes_from(text: str) -> Mapping[str, Any]:
    """Read a company's own themes and competitors, and see that they make sense before any view is read.

    Raises:
        YAMLError: it is no YAML.
        ChildFailed: an entry makes no sense; line, entry and rule in the words of the module.

    """
    return _seen(text, "themes", own_themes)


def library_from(text: str, themes: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """Read a library of approved answers, and see that it makes sense before any view is read.

    Raises:
        YAMLError: it is no YAML.
        ChildFailed: an entry makes no sense, or names somebody; line, entry and rule in words.

    """
    return _seen(text, "answers", partial(_verify_library, themes=themes))


def _verify_library(written: Mapping[str, Any], themes: Mapping[str, Any] | None) -> None:
    """Look at each answer, and that it holds no address or number of anybody: it will go to many.

    What looks like a name is let in: a colleague wrote and others read it, and a wrong guess would refuse good answers.

    Raises:
        RuleRefused: an entry makes no sense.

    """
    library = library_of(written, topics_with(themes))
    texts = [one.text for one in library.answers]
    clean = redact(texts, own=None).frame
    for one, entry, text, withheld in zip(
        library.answers, written["answers"], clean["text_redacted"], clean["withheld"], strict=True
    ):
        if withheld or _TAKEN.search(text):
            where = f"line {entry['line']}, {one.name}"
            rule = "holds what looks like an address, a number of somebody's, or a matter of Article 9"
            raise RuleRefused(where, rule, "leave it to the colleague who answers")


def _seen(text: str, key: str, verify: Callable[[Mapping[str, Any]], object]) -> Mapping[str, Any]:
    if len(text) > LONGEST:
        raise ChildFailed(key, RuleRefused.__name__, f"the file is longer than {LONGEST} characters; write less")
    written = load_yaml(text)
    told = dict(written) if isinstance(written, Mapping) else {}
    lines = _lines(text, key)
    if isinstance(told.get(key), list):
        told[key] = [
            {**one, "line": line} if isinstance(one, Mapping) else one
            for one, line in zip(told[key], lines, strict=True)
        ]
    try:
        verify(told)
    except RuleRefused as refused:
        raise ChildFailed(key, type(refused).__name__, f"{refused.entry}: {refused.rule}; {refused.remedy}") from None
    return told


def _lines(text: str, key: str) -> list[int]:
    """Return the line of each entry of a list, counted from 1."""
    node = yaml.compose(text, Loader=PlainLoader)
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    found = next((value for name, value in pairs if name.value == key), None)
    return [each.start_mark.line + 1 for each in found.value] if isinstance(found, yaml.SequenceNode) else []

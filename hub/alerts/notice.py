"""What colleagues are told when an alert waits, in each language; `notices.yaml` holds the words.

A language that lacks a part, or asks for another value, is refused when the words are read, not when somebody waits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Final

from hub.alerts.rules import KINDS
from privacy.plain_yaml import load_yaml
from privacy.purposes import LANGUAGES

_TEXTS: Final[Mapping[str, frozenset[str]]] = {
    "subject": frozenset({"what", "short"}),
    "late": frozenset({"what", "short"}),
    "body": frozenset({"what", "short", "arrived", "due", "owner"}),
}
"""The values that each text asks for."""
_AT: Final = "%Y-%m-%d %H:%M"


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail: its subject, that of one which goes to the next in line, and its body."""

    subject: str
    late: str
    body: str


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """Read the words: language to part to text.

    Raises:
        ValueError: a language or a part is missing, or a text asks for other values.

    """
    read: Mapping[str, Mapping[str, str]] = load_yaml(
        files("hub.alerts").joinpath("notices.yaml").read_text(encoding="utf-8")
    )
    if set(read) != set(LANGUAGES) or any(set(each) != {*KINDS, *_TEXTS} for each in read.values()):
        raise ValueError("notices: a language or one of its parts is missing")
    for language, parts in read.items():
        for part, wanted in _TEXTS.items():
            if {name for _, name, _, _ in Formatter().parse(parts[part]) if name} != wanted:
                raise ValueError(f"notices: {part} in {language} asks for other values")
    return read


def notice(language: str, kind: str, *, when: tuple[datetime, datetime], owner: str, short: str) -> Notice:
    """Fill in what is told of an alert of a kind.

    Args:
        language: one of those that we write in.
        kind: of the message, as the rules name it.
        when: it arrived, and is to be acknowledged.
        owner: on whose desk it lies.
        short: the beginning of the alert's id.
    """
    said, (arrived, due) = words()[language], (f"{each:{_AT}}" for each in when)
    values = {"what": said[kind], "short": short, "arrived": arrived, "due": due, "owner": owner}
    return Notice(**{part: said[part].format_map(values) for part in _TEXTS})

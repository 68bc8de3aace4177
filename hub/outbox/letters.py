"""What letters say: a closed list of kinds, each in every language, filled in with values that somebody names.

A kind that lacks a language, or whose languages ask for different values, is refused when the list is read: a customer
must not be the one who finds out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Final

from privacy.plain_yaml import load_yaml
from privacy.purposes import LANGUAGES

DEFAULT_LANGUAGE: Final = "en"
CONTROLLER: Final = "controller"
"""The one value that every letter may have: who writes."""


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Subject and body of one kind in one language, with places for values."""

    subject: str
    body: str

    @property
    def places(self) -> frozenset[str]:
        """The names of the values that it asks for."""
        parsed = (*Formatter().parse(self.subject), *Formatter().parse(self.body))
        return frozenset(name for _, name, _, _ in parsed if name) - {CONTROLLER}


@cache
def letters() -> Mapping[str, Mapping[str, Letterhead]]:
    """Read all letters: kind to language to text.

    Raises:
        ValueError: a kind lacks a language, or its languages ask for different values.

    """
    text = files("hub.outbox").joinpath("letters.yaml").read_text(encoding="utf-8")
    read = {
        kind: {language: Letterhead(**parts) for language, parts in languages.items()}
        for kind, languages in load_yaml(text).items()
    }
    for kind, languages in read.items():
        if set(languages) != set(LANGUAGES) or len({each.places for each in languages.values()}) > 1:
            raise ValueError(f"letters: {kind} lacks a language, or its languages ask for different values")
    return read


def known_language(language: str | None) -> str:
    """Return the language to write in: the wanted one if we have it, else English."""
    return language if language in LANGUAGES else DEFAULT_LANGUAGE


def written(kind: str, language: str, values: Mapping[str, str]) -> tuple[str, str]:
    """Fill in a letter: subject and body.

    Raises:
        KeyError: there is no such kind, or a value that it asks for is missing.

    """
    head = letters()[kind][known_language(language)]
    filled = {CONTROLLER: "", **values}
    return head.subject.format_map(filled), head.body.format_map(filled).strip() + "\n"

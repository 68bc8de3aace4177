"""What a person reads in an answer, by section, key and language; the texts stand in two files.

`words.yaml` has sentences and headings, `cells.yaml` what columns and the words in them are called.
"""

from functools import lru_cache
from importlib.resources import files
from typing import cast

from privacy.plain_yaml import load_yaml

Texts = dict[str, dict[str, dict[str, str]]]


def word(section: str, key: str, language: str, **values: object) -> str:
    """Return a text in a language, its places filled in.

    Raises:
        KeyError: there is no such text.

    """
    return texts()[section][key][language].format(**values)


def table_name(table: str, language: str) -> str | None:
    """Return what a table is called in a language, None if it has no name for people."""
    named = texts()["tables"].get(table)
    return None if named is None else named[language]


def called(table: str, language: str) -> str:
    """Return what a table is called; one without a name for people by its own, spaced."""
    return table_name(table, language) or table.replace("_", " ")


def has_word(section: str, key: str) -> bool:
    """Say whether there is a text of that key."""
    return key in texts()[section]


@lru_cache(maxsize=1)
def texts() -> Texts:
    """Read all texts: section, key, language."""
    found: Texts = {}
    for name in ("words.yaml", "cells.yaml"):
        found |= cast(Texts, load_yaml(files("hub.requests").joinpath(name).read_text(encoding="utf-8")))
    return found

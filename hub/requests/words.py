"""What a person reads in an answer, by section, key and language; the texts stand in `words.yaml`."""

from functools import lru_cache
from importlib.resources import files
from typing import cast

import yaml

Texts = dict[str, dict[str, dict[str, str]]]
FALLBACK = "en"


def word(section: str, key: str, language: str, **values: object) -> str:
    """Return a text in a language, its places filled in.

    Raises:
        KeyError: there is no such text.

    """
    return _texts()[section][key][language].format(**values)


def table_name(table: str, language: str) -> str | None:
    """Return what a table is called in a language, None if it has no name for people."""
    named = _texts()["tables"].get(table)
    return None if named is None else named[language]


@lru_cache(maxsize=1)
def _texts() -> Texts:
    return cast(Texts, yaml.safe_load(files("hub.requests").joinpath("words.yaml").read_text(encoding="utf-8")))

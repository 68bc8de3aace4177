"""What a person reads of purposes and scores, by section, key and language; the texts stand in `words.yaml`."""

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
    return _texts()[section][key][language].format(**values)


def has_word(section: str, key: str) -> bool:
    """Say whether there is a text of that key."""
    return key in _texts()[section]


@lru_cache(maxsize=1)
def _texts() -> Texts:
    return cast(Texts, load_yaml(files("hub.me").joinpath("words.yaml").read_text(encoding="utf-8")))

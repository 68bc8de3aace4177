"""What stands in a notice, by section, key and language; the texts stand in `words.yaml`."""

from functools import lru_cache
from importlib.resources import files
from typing import cast

from privacy.plain_yaml import load_yaml

Texts = dict[str, dict[str, dict[str, str]]]


def phrase(section: str, key: str, language: str, **values: object) -> str:
    """Return a text in a language, its places filled in.

    Raises:
        KeyError: there is no such text.

    """
    return texts()[section][key][language].format(**values)


@lru_cache(maxsize=1)
def texts() -> Texts:
    """Read all texts: section, key, language."""
    return cast(Texts, load_yaml(files("hub.notices").joinpath("words.yaml").read_text(encoding="utf-8")))

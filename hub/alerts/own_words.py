"""A company's own words for critical messages: `themes.yaml` in the home, the file that training is given as well.

Of its entries those of the kinds critical and unless are used: more words for leaving, safety and legal by language,
or for what only sounds like them.
"""

from collections.abc import Mapping
from typing import Any, Final

from hub.compose import Hub
from hub.errors import ChildFailed, SettingsInvalid
from hub.predictions.company_file import read_file, themes_from

FILE: Final = "themes.yaml"
_REMEDY: Final = "docs/guides/satisfaction.md shows such a file; mend it, or move it out of the home"


def own_words(hub: Hub) -> Mapping[str, Any]:
    """Read the company's themes; without a file there are none.

    Raises:
        SettingsInvalid: the file makes no sense; says which entry, and why.

    """
    path = hub.settings.home / FILE
    try:
        return read_file(path, themes_from) if path.exists() else {}
    except ChildFailed as refused:
        raise SettingsInvalid(FILE, refused.told, _REMEDY) from None

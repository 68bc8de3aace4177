"""Endings that Northern European family names have."""

import re
from typing import Final

# Trusted away from the start of a sentence only: "responsen" is a Norwegian noun.
_SURNAME: Final = re.compile(
    r"[^\W\d]{2,}(?:(?:[nrdtgkbmf]|(?<!e)l|ie?l)sens?|ssons?|s[dt]otters?|datters?|dottirs?|strom|qvist|kvist|gren|inen"
    r"|ovic|owski|ova|stad|seth|saeter|saether|braten|rud|haug|heim|tveit|tvedt|moen|lien|bakk|gard|stoga|dal|vik|by"
    r"|berg|lund|land|nes|oy|strand|hagen|mann|bauer|meier|meyer|hoffer|stein)s?$"
)


def looks_like_surname(plain: str) -> bool:
    """Say whether a folded word ends as family names do."""
    return _SURNAME.match(plain) is not None

"""Single values in comparable form, where they are written as most are: with the letters of ASCII and of the North.

For a handful of records that somebody waits for: an expression costs some hundred microseconds however few values it
reads. Each function says what the column's own says, which an oracle test holds; what they do not read (`Unusual`) is
left to the columns, which are what decides.
"""

import re
from typing import Final

from ingest.standardise.address import ASCII_EMAIL, EMAIL_BYTES, STREETS
from ingest.standardise.day import YEAR_FIRST, YEAR_LAST
from ingest.standardise.name import PARTICLES, SHORTENED, SPELLED
from ingest.standardise.personal import SEXES, TITLE_WORDS
from ingest.standardise.place import INWARD, LETTERED, ZONE

_USUAL: Final = re.compile(r"[ -~æøåäöüßéèáÆØÅÄÖÜÉÈÁ]*")
"""Signs that no normal form changes, so nothing has to be composed or taken apart."""
_LETTERS: Final = str.maketrans(SPELLED | {"é": "e", "è": "e", "á": "a"})
_DROPPED: Final = re.compile(r"['`.]")
_OTHER: Final = re.compile(r"[^a-z0-9]+")
_PARTICLE: Final = re.compile(rf"\b(?:{PARTICLES})\b")
_TITLE: Final = re.compile(TITLE_WORDS)
_BLANKS: Final = re.compile(r"\s+")
_EMAIL: Final = re.compile(ASCII_EMAIL)
_TURNED: Final = re.compile(r"^([^,]+),\s*([^,]+)$")
_ROADS: Final = tuple(
    (re.compile(words.replace(r"\p{L}", "[a-z]")), short.replace("${1}", r"\1")) for words, short in STREETS
)
_DOOR: Final = re.compile(r"(\d)\s+([a-z])\b")
_PREFIX: Final = re.compile(r"^(?:NO?|SE?|DK|FIN?|DE?|GB|UK)[ -]+(\d{3})")
_SIGNS: Final = re.compile(r"[^A-Z0-9]+")
_YEAR_FIRST: Final = re.compile(YEAR_FIRST)
_YEAR_LAST: Final = re.compile(YEAR_LAST)
_LETTERED: Final = re.compile(LETTERED)


class Unusual(Exception):
    """A value is written in a way that only the columns read."""


def usual(value: str) -> str:
    """Return a value that is written as most are.

    Raises:
        Unusual: it is not.

    """
    if _USUAL.fullmatch(value) is None:
        raise Unusual
    return value


def folded_text(value: str) -> str | None:
    """Fold a value as `name.folded` does."""
    bare = _DROPPED.sub("", value.lower().translate(_LETTERS))
    return _OTHER.sub(" ", bare).strip() or None


def name_of(value: str) -> str | None:
    """Bring a name or a place to comparable form, as `name.standardised_name` does."""
    plain = folded_text(value)
    if plain is None:
        return None
    for digraph, letter in SHORTENED.items():
        plain = plain.replace(digraph, letter)
    return _BLANKS.sub(" ", _PARTICLE.sub("", plain)).strip() or plain


def plain_name_of(value: str) -> str | None:
    """Bring a name to comparable form without titles, as `personal.plain_name` does."""
    name = name_of(value)
    return None if name is None else _BLANKS.sub(" ", _TITLE.sub(" ", name)).strip() or None


def turned(value: str) -> str:
    """Turn `Family, Given` as `personal.in_reading_order` does."""
    return _TURNED.sub(r"\2 \1", value)


def email_of(value: str) -> str:
    """Bring an e-mail address to comparable form, as `address.standardised_email` does.

    Raises:
        Unusual: it is none of ASCII.

    """
    plain = value.strip(" ").removeprefix("mailto:").lower()
    if _EMAIL.fullmatch(plain) is None or len(plain) > EMAIL_BYTES:
        raise Unusual
    return plain


def street_of(value: str) -> str | None:
    """Bring a street to comparable form, as `address.standardised_street` does."""
    plain = folded_text(value)
    if plain is None:
        return None
    for words, short in _ROADS:
        plain = words.sub(short, plain)
    return _DOOR.sub(r"\1\2", plain)


def postcode_of(value: str) -> str | None:
    """Bring a postcode to comparable form, as `address.standardised_postcode` does."""
    return _SIGNS.sub("", _PREFIX.sub(r"\1", value.upper(), count=1)) or None


def district_of(postcode: str) -> str:
    """Return a postcode's district, as `place.district` does."""
    return postcode[:-INWARD] if _LETTERED.match(postcode) else postcode[:ZONE]


def day_of(value: str) -> str | None:
    """Return a date that is written with its year first as YYYYMMDD, as `day.standardised_days` does.

    Raises:
        Unusual: its year is last; which part is the month, the column tells.

    """
    if _YEAR_LAST.match(value):
        raise Unusual
    found = _YEAR_FIRST.match(value)
    return None if found is None else "".join(found.groups())


def sex_of(value: str) -> str | None:
    """Bring a sex to m or f, as `personal.standardised_sex` does."""
    return SEXES.get(value.strip(" ").lower()[:1])

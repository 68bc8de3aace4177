"""Every form in which a token may lie in a file: how it is spelled, then how the spelling is encoded.

A form is `spelling/encoding`, for instance `lower/base64-1`. Both registries are plain mappings, so that a
test can take one entry out and see its planted leak go unnoticed.

Not covered, and said so: two encodings on top of each other (hex inside base64), encryption and hashing
without a key, line breaks inside an encoded run (MIME base64), a token cut short or wrapped over two lines.
Run what you capture with a very wide terminal, and plant tokens in several rows.
"""

import base64
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Final, NamedTuple
from urllib.parse import quote

from tests.canary.windows import WINDOW

Spelling = Callable[[str], Iterator[str]]
Encoding = Callable[[str], Iterator[bytes]]

FOLDS: Final[tuple[Mapping[str, str], ...]] = (
    {"æ": "ae", "ø": "o", "å": "a", "ä": "a", "ö": "o", "ü": "u", "ß": "ss"},
    {"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"},
)
SEPARATORS: Final = (" ", "-", ".", "\u00a0")
GROUPINGS: Final = ((3, 2, 3), (2, 2, 2, 2), (4, 4), (6, 5), (6, 4), (3, 3, 3), (3, 3, 4), (8, 4))
"""How people group the digits of phones, national ids and organisation numbers in NO, SE, DK, FI, DE and GB."""


class TokenTooShort(ValueError):
    """A token of fewer than eight bytes cannot be told from chance."""

    def __init__(self, index: int) -> None:
        super().__init__(f"token {index} has fewer than {WINDOW} characters: plant a longer one")


class Form(NamedTuple):
    """What a byte pattern means: which token, in which form, and whether it is the bare digits of a number."""

    token: int
    name: str
    numeric: bool


def _raw(text: str) -> Iterator[str]:
    yield text


def _lower(text: str) -> Iterator[str]:
    yield text.lower()
    yield text.casefold()


def _upper(text: str) -> Iterator[str]:
    yield text.upper()


def _decomposed(text: str) -> Iterator[str]:
    for cased in (text, text.lower(), text.upper()):
        yield unicodedata.normalize("NFD", cased)


def _folded(text: str) -> Iterator[str]:
    """Spell without accents, in each of the ways that standardisers choose."""
    for fold in FOLDS:
        plain = "".join(fold.get(letter, letter) for letter in text.lower())
        yield from (plain, plain.upper(), plain.capitalize())


def _grouped(text: str) -> Iterator[str]:
    """Spell a number in groups: 900 12 345, 010190-12345."""
    if not (text.isascii() and text.isdigit()):
        return
    for sizes in (sizes for sizes in GROUPINGS if sum(sizes) == len(text)):
        cuts = [sum(sizes[:count]) for count in range(len(sizes) + 1)]
        groups = [text[start:end] for start, end in pairwise(cuts)]
        yield from (separator.join(groups) for separator in SEPARATORS)


def _codec(name: str, text: str) -> Iterator[bytes]:
    """Encode in a code page; a text that it cannot spell has no such form."""
    try:
        yield text.encode(name)
    except UnicodeEncodeError:
        return


def _base64(alignment: int, text: str) -> Iterator[bytes]:
    """Encode as it looks after `alignment` unknown bytes (mod 3), without the letters that mix with its neighbours."""
    content = bytes(alignment) + text.encode()
    first, last = -(-8 * alignment // 6), 8 * len(content) // 6
    yield base64.b64encode(content)[first:last]
    yield base64.urlsafe_b64encode(content)[first:last]


def _hex(text: str) -> Iterator[bytes]:
    yield text.encode().hex().encode()


def _hex_upper(text: str) -> Iterator[bytes]:
    yield text.encode().hex().upper().encode()


def _url(text: str) -> Iterator[bytes]:
    """Escape what must be escaped in a URL; either case of the hex digits is lawful (RFC 3986, 2.1)."""
    escaped = quote(text, safe="")
    if escaped != text:
        yield escaped.encode()
        yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), escaped).encode()


def _url_all(text: str) -> Iterator[bytes]:
    """Escape every byte."""
    escaped = text.encode().hex("%")
    yield f"%{escaped}".encode()
    yield f"%{escaped.upper()}".encode()


def _json(text: str) -> Iterator[bytes]:
    r"""Escape what is not ASCII as \uXXXX (RFC 8259, 7), in either case."""
    escaped = json.dumps(text)[1:-1]
    if escaped != text:
        yield escaped.encode()
        yield re.sub(r"\\u[0-9a-f]{4}", lambda found: "\\u" + found[0][2:].upper(), escaped).encode()


def _json_all(text: str) -> Iterator[bytes]:
    r"""Escape every character as \uXXXX."""
    units = text.encode("utf-16-be").hex("|", 2)
    for cased in (units, units.upper()):
        yield ("\\u" + cased.replace("|", "\\u")).encode()


SPELLINGS: Final[dict[str, Spelling]] = {
    "raw": _raw,
    "lower": _lower,
    "upper": _upper,
    "nfd": _decomposed,
    "folded": _folded,
    "grouped": _grouped,
}
ENCODINGS: Final[dict[str, Encoding]] = {
    "utf-8": partial(_codec, "utf-8"),
    "latin-1": partial(_codec, "latin-1"),
    "utf-16-le": partial(_codec, "utf-16-le"),
    "utf-16-be": partial(_codec, "utf-16-be"),
    "utf-32-le": partial(_codec, "utf-32-le"),  # NumPy's text arrays, so model files
    "utf-32-be": partial(_codec, "utf-32-be"),
    "base64-0": partial(_base64, 0),
    "base64-1": partial(_base64, 1),
    "base64-2": partial(_base64, 2),
    "hex": _hex,
    "hex-upper": _hex_upper,
    "url": _url,
    "url-all": _url_all,
    "json": _json,
    "json-all": _json_all,
}


def patterns_of(tokens: Sequence[str]) -> dict[bytes, Form]:
    """Spell out every byte pattern that gives a token away; the plainest form names a pattern that several share.

    Raises:
        TokenTooShort: names the token by its index.

    """
    patterns: dict[bytes, Form] = {}
    for index, text in enumerate(tokens):
        if len(text) < WINDOW:
            raise TokenTooShort(index)
        number = text.encode() if text.isascii() and text.isdigit() else b""
        seen: set[str] = set()
        for spelling, spell in SPELLINGS.items():
            fresh = set(spell(text)) - seen
            seen |= fresh
            for encoding, encode in ENCODINGS.items():
                name = f"{spelling}/{encoding}"
                for spelled in fresh:
                    for pattern in encode(spelled):
                        patterns.setdefault(pattern, Form(index, name, pattern == number))
    return patterns

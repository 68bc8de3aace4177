"""Views of a text that keep every character's place, so that a finding in the view is a finding in the text.

`viewed` makes odd spaces, dashes, digits and signs plain; `folded` also takes case and diacritics away (æ and å to a,
ø and ö to o, ß to s). Both map one character to one character: lengths never change.
"""

import unicodedata
from typing import Final

# Letters whose decomposition has no base letter (NFKD leaves them whole).
_BASE: Final = {"æ": "a", "ø": "o", "ß": "s", "đ": "d", "ð": "d", "þ": "t", "ł": "l", "œ": "o", "ı": "i", "ħ": "h"}
_DASHES: Final = "‐‑‒–—―−"
_APOSTROPHES: Final = "’‘ʼ`´"


class _Viewed(dict[int, int]):
    """Translation table filled on first sight of a character."""

    def __missing__(self, code: int) -> int:
        char = chr(code)
        plain = _plain(char)
        self[code] = ord(plain)
        return ord(plain)


class _Folded(dict[int, int]):
    """Translation table filled on first sight of a character."""

    def __missing__(self, code: int) -> int:
        low = _plain(chr(code)).lower()
        base = _BASE.get(low) or unicodedata.normalize("NFKD", low)[:1] or low[:1]
        self[code] = ord(base)
        return ord(base)


_VIEW: Final = _Viewed()
_FOLD: Final = _Folded()


def viewed(text: str) -> str:
    """Return the text with compatibility forms made plain, same length."""
    return text if text.isascii() and text.isprintable() else text.translate(_VIEW)


def folded(text: str) -> str:
    """Return the text in lower case without diacritics, same length."""
    return text.lower() if text.isascii() else text.translate(_FOLD)


def _plain(char: str) -> str:
    if char in _DASHES:
        return "-"
    if char in _APOSTROPHES:
        return "'"
    if char == "\n":
        return char
    category = unicodedata.category(char)
    if category in {"Zs", "Zl", "Zp", "Cc"}:
        return " "
    compatible = unicodedata.normalize("NFKC", char)
    return compatible if len(compatible) == 1 else char

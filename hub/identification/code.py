"""The two codes of a letter: a short one to type, which can be guessed and is counted, and a long one, which cannot.

Whoever guesses at somebody's short code uses up their own tries only, because it counts together with the handle of who
asked. Should short codes be refused to all for a while, the long one still works: nobody is locked out by others.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final

from ingest.pipeline.ports import Indexes
from privacy.secret import SecretText

SHORT_DIGITS: Final = 8
_LONG_BYTES: Final = 16
_LONG_LETTERS: Final = 26  # 16 bytes in base 32 (RFC 4648)
_GROUP: Final = 4


@dataclass(frozen=True, slots=True)
class Codes:
    """What stands in the letter."""

    short: SecretText = field(repr=False)
    long: SecretText = field(repr=False)


def draw_codes() -> Codes:
    """Draw both codes; the long one in groups, as people read it."""
    letters = base64.b32encode(secrets.token_bytes(_LONG_BYTES)).decode().rstrip("=").lower()
    groups = [letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP)]
    return Codes(SecretText(f"{secrets.randbelow(10**SHORT_DIGITS):0{SHORT_DIGITS}}"), SecretText("-".join(groups)))


def typed(code: str) -> str:
    """Return a code as it was meant: without spaces and dashes, in lower case."""
    return "".join(letter for letter in code.lower() if letter.isalnum())


def is_long(code: str) -> bool:
    """Say whether a typed code is of the kind that cannot be guessed."""
    return len(code) == _LONG_LETTERS


def short_digest(indexes: Indexes, handle_hash: bytes, code: str) -> bytes:
    """Digest a short code for one handle, under a key: of eight digits a plain hash could be undone in a second."""
    return indexes.attribute("one_time_code").token_of(f"{handle_hash.hex()}:{code}")


def long_digest(code: str) -> bytes:
    """Digest a long code: 128 random bits need no key."""
    return hashlib.sha256(b"one-time-code:" + code.encode()).digest()

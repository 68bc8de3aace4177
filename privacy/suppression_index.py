"""Tokens of suppression entries: full HMAC-SHA-256 under a key of its own that is never destroyed.

Destroying it would bring everybody back, so its rotation nests instead of replacing: version n of a token is the HMAC
under key n of version n - 1. Whoever learns one key alone cannot test a guess; entries made under an older version are
still found, for a look-up tries the token of every version.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from typing import Final, Self

from privacy.blind_index import FULL_BYTES, BlindIndex
from privacy.errors import KeyNotFound
from privacy.keys import Key
from privacy.suppression import NORMAL_FORM, Attribute

SUPPRESSION: Final = "suppression"
"""The name of the list's key in the key store: of its own, and never destroyed."""


@dataclass(frozen=True, slots=True)
class SuppressionIndex:
    """The suppression list's keys, version 1 first.

    Raises:
        ValueError: no key at all.

    """

    keys: tuple[Key, ...]

    def __post_init__(self) -> None:
        if not self.keys:
            raise ValueError("a suppression list has at least one key")

    @classmethod
    def found(cls, find: Callable[..., Key | None]) -> Self:
        """Gather every version of the key, the first first.

        Raises:
            KeyNotFound: there is none: the home was made before there was a list, and `varde init` finishes it.

        """
        keys = tuple(key for key in takewhile(lambda key: key is not None, map(find, count(1))) if key is not None)
        if not keys:
            raise KeyNotFound(f"index:{SUPPRESSION}".encode())
        return cls(keys)

    @property
    def version(self) -> int:
        """The version of the tokens of new entries."""
        return len(self.keys)

    def tokens_of(self, attribute: Attribute, values: Sequence[str]) -> list[bytes]:
        """Return the newest tokens of distinct standardised values; a source key is given as the hex of its index."""
        return self.versions_of(attribute, values)[-1]

    def renewed(self, attribute: Attribute, token: bytes, version: int) -> bytes:
        """Return the newest token of the value whose token under an older (or the same) version is given."""
        for key in self.keys[version:]:
            (token,) = BlindIndex(key, f"{_scope(attribute)}:nested", FULL_BYTES).tokens_of([token.hex()])
        return token

    def versions_of(self, attribute: Attribute, values: Sequence[str]) -> list[list[bytes]]:
        """Return the tokens of the values under every version, the first first."""
        scope = _scope(attribute)
        versions = [BlindIndex(self.keys[0], scope, FULL_BYTES).tokens_of(values)]
        for key in self.keys[1:]:
            nested = BlindIndex(key, f"{scope}:nested", FULL_BYTES)
            versions.append(nested.tokens_of(token.hex() for token in versions[-1]))
        return versions


def _scope(attribute: Attribute) -> str:
    return f"suppression:{NORMAL_FORM}:{attribute.value}"

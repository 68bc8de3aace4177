"""Tokens of suppression entries: full HMAC-SHA-256 under a key of its own that is never destroyed.

Destroying it would bring everybody back, so its rotation nests instead of replacing: version n of a token is the HMAC
under key n of version n - 1. Whoever learns one key alone cannot test a guess; entries made under an older version are
still found, for a look-up tries the token of every version.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from privacy.blind_index import FULL_BYTES, BlindIndex
from privacy.keys import Key
from privacy.suppression import NORMAL_FORM, Attribute


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

    @property
    def version(self) -> int:
        """The version of the tokens of new entries."""
        return len(self.keys)

    def tokens_of(self, attribute: Attribute, values: Sequence[str]) -> list[bytes]:
        """Return the newest tokens of distinct standardised values; a source key is given as the hex of its index."""
        return self.versions_of(attribute, values)[-1]

    def versions_of(self, attribute: Attribute, values: Sequence[str]) -> list[list[bytes]]:
        """Return the tokens of the values under every version, the first first."""
        scope = f"suppression:{NORMAL_FORM}:{attribute.value}"
        versions = [BlindIndex(self.keys[0], scope, FULL_BYTES).tokens_of(values)]
        for key in self.keys[1:]:
            nested = BlindIndex(key, f"{scope}:nested", FULL_BYTES)
            versions.append(nested.tokens_of(token.hex() for token in versions[-1]))
        return versions

"""Blind indexes: exact look-up of a value that is not stored.

HMAC-SHA-256 (RFC 2104) over a length-prefixed (scope, value) under a 32-byte key. Full 32 bytes where the value
itself is the name of something (source keys); 16 bytes where a candidate is confirmed after opening. Low-entropy
columns (birth date, postcode alone) are never indexed: a keyed index of few values is a histogram. Every row that
stores an index also stores the standardiser's and the key's version, so that look-ups can try all live pairs.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from privacy.keys import Key

FULL_BYTES: Final = 32
CANDIDATE_BYTES: Final = 16
REFERENCE_BYTES: Final = 8
_BLOCK_BYTES: Final = 64  # of SHA-256; a key is 32 bytes, so it is never hashed first
_INNER_PAD: Final = 0x36
_OUTER_PAD: Final = 0x5C


@dataclass(frozen=True, slots=True)
class BlindIndex:
    """An index over one scope (such as `source_key:crm` or `email`) under one key.

    Raises:
        ValueError: a length at which tokens of different values meet, or that a digest does not have.

    """

    key: Key
    scope: str
    length: int = CANDIDATE_BYTES

    def __post_init__(self) -> None:
        if not REFERENCE_BYTES <= self.length <= FULL_BYTES:
            raise ValueError(f"a token has {REFERENCE_BYTES} to {FULL_BYTES} bytes")

    def token_of(self, value: str) -> bytes:
        """Return the index of one standardised value."""
        return self.tokens_of((value,))[0]

    def tokens_of(self, values: Iterable[str]) -> list[bytes]:
        """Return the index of each value.

        Call it on distinct values only: an HMAC costs a microsecond, a join costs a hundredth of that.
        """
        prefix = len(self.scope.encode()).to_bytes(2, "big") + self.scope.encode()
        inner, outer = _padded(self.key.secret)
        inner.update(prefix)
        within, around, length = inner.copy, outer.copy, self.length
        tokens = []
        for value in values:
            first, second = within(), around()
            first.update(value.encode())
            second.update(first.digest())
            tokens.append(second.digest()[:length])
        return tokens


def _padded(secret: bytes) -> "tuple[hashlib._Hash, hashlib._Hash]":
    """Begin HMAC's inner and outer hash (RFC 2104 section 4: both may be kept): a third of what `hmac.digest` costs."""
    block = secret.ljust(_BLOCK_BYTES, b"\0")
    pads = (bytes(byte ^ pad for byte in block) for pad in (_INNER_PAD, _OUTER_PAD))
    inner, outer = (hashlib.sha256(pad) for pad in pads)
    return inner, outer


def reference_of(tokens: Sequence[bytes]) -> list[int]:
    """Turn 8-byte tokens into signed 64-bit lake references (order, ticket, thread numbers; event ids)."""
    return [int.from_bytes(token[:REFERENCE_BYTES], "big", signed=True) for token in tokens]

"""Wrapping under 32 bytes that are in memory: what a key file, a variable and a key generation have in common.

Wrapped form v1, one per key: `version u8 = 1 | nonce 12 bytes | AES-256-GCM(secret)`; the version byte is part of the
associated data. Random 96-bit nonces are safe for 2^32 keys under one wrapping key (NIST SP 800-38D, section 8.3).
"""

import os
from collections.abc import Sequence
from typing import Final, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from privacy.errors import SealBroken, WrongSecretLength
from privacy.keys import KEY_BYTES

_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12


class WrappingKey:
    """Wraps and unwraps other keys, many in one call; the loop is one cipher call per distinct key.

    Raises:
        WrongSecretLength: it is not 32 bytes.

    """

    __slots__ = ("_aead",)

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise WrongSecretLength("wrapping key", len(secret), KEY_BYTES)
        self._aead = AESGCM(secret)

    def __repr__(self) -> str:
        """Show nothing of it."""
        return "WrappingKey()"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with the secret in clear."""
        raise TypeError("a WrappingKey is never pickled")

    def wrap(self, secrets: Sequence[bytes], aads: Sequence[bytes]) -> list[bytes]:
        """Wrap each secret, bound to its AAD, each under a nonce of its own."""
        nonces = os.urandom(_NONCE_BYTES * len(secrets))
        encrypt = self._aead.encrypt
        wrapped = []
        for i, (secret, aad) in enumerate(zip(secrets, aads, strict=True)):
            nonce = nonces[i * _NONCE_BYTES : (i + 1) * _NONCE_BYTES]
            wrapped.append(_VERSION + nonce + encrypt(nonce, secret, _VERSION + aad))
        return wrapped

    def unwrap(self, wrapped: Sequence[bytes], aads: Sequence[bytes]) -> list[bytes]:
        """Unwrap each secret.

        Raises:
            SealBroken: a wrapped key was altered, moved to another row, or belongs to another wrapping key.

        """
        decrypt = self._aead.decrypt
        pairs = list(zip(wrapped, aads, strict=True))
        try:
            return [
                decrypt(blob[1 : 1 + _NONCE_BYTES], blob[1 + _NONCE_BYTES :], blob[:1] + aad) for blob, aad in pairs
            ]
        except (InvalidTag, ValueError) as exc:  # ValueError: cut so short that no nonce is left
            raise SealBroken("wrapped key altered, moved, or of another wrapping key") from exc

"""The key-encryption key as a file: 32 random bytes, mode 0600, refused if anybody else can read it.

Wrapped form: `version u8 | nonce 12 bytes | AES-256-GCM(secret)`. The KEK never enters a database or a backup. Other
providers (KMS, Vault Transit) implement the same protocol, `privacy.keys.KekProvider`.
"""

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import HomeUnsafe
from privacy.errors import KekUnavailable, SealBroken
from privacy.keys import KEY_BYTES

_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12


class FileKek:
    """A KEK kept in a file of the operator's."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise KekUnavailable(f"the key file must hold exactly {KEY_BYTES} bytes")
        self._aead = AESGCM(secret)
        self._kek_id = "file-" + hashlib.sha256(b"varde-kek-id" + secret).hexdigest()[:16]

    def __repr__(self) -> str:
        """Show the id only."""
        return f"FileKek({self._kek_id})"

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the key file.

        Raises:
            KekUnavailable: the file is missing or unreadable.
            HomeUnsafe: group or others may read it.

        """
        try:
            with path.open("rb") as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise HomeUnsafe("the key file", "others may read it", "Run `chmod 600` on it and ask who did")
                return cls(file.read(KEY_BYTES + 1))
        except OSError as exc:
            raise KekUnavailable(f"the key file cannot be read ({type(exc).__name__})") from None

    @property
    def kek_id(self) -> str:
        """Name this KEK by a digest that tells nothing of it."""
        return self._kek_id

    def wrap(self, secrets_: Sequence[bytes], aads: Sequence[bytes]) -> list[bytes]:
        """Wrap each secret, bound to its AAD, each under a nonce of its own."""
        nonces = os.urandom(_NONCE_BYTES * len(secrets_))
        encrypt = self._aead.encrypt
        wrapped = []
        for i, (secret, aad) in enumerate(zip(secrets_, aads, strict=True)):
            nonce = nonces[i * _NONCE_BYTES : (i + 1) * _NONCE_BYTES]
            wrapped.append(_VERSION + nonce + encrypt(nonce, secret, _VERSION + aad))
        return wrapped

    def unwrap(self, wrapped: Sequence[bytes], aads: Sequence[bytes]) -> list[bytes]:
        """Unwrap each secret.

        Raises:
            SealBroken: a wrapped key was altered, moved to another row, or belongs to another KEK.

        """
        decrypt = self._aead.decrypt
        pairs = list(zip(wrapped, aads, strict=True))
        try:
            return [
                decrypt(blob[1 : 1 + _NONCE_BYTES], blob[1 + _NONCE_BYTES :], blob[:1] + aad) for blob, aad in pairs
            ]
        except (InvalidTag, ValueError) as exc:  # ValueError: cut so short that no nonce is left
            raise SealBroken("wrapped key altered, moved, or of another KEK") from exc


def create_key_file(path: Path) -> None:
    """Make a fresh KEK durable with mode 0600, whole or not at all.

    Raises:
        FileExistsError: there is one: writing over it would destroy everything sealed under it.
        OSError: no room, or no right to write here; then there is no key file, not half of one.

    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write(draft, secrets.token_bytes(KEY_BYTES))
        os.link(draft, path)  # unlike a rename it refuses where a file is already
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)  # else a power cut could take the file's name, and all keys wrapped meanwhile with it
    finally:
        os.close(folder)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        if os.write(descriptor, content) != len(content):
            raise OSError(errno.ENOSPC, "no room for the key file")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

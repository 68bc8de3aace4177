"""The key-encryption key as a file: 32 random bytes, mode 0600, refused if anybody else can read it.

The KEK never enters a database or a backup. What homes before key generations wrapped (v1, without a label) still
opens.
"""

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, Self

from hub.errors import HomeUnsafe
from hub.kek.label import VERSION, label_of, labelled, other_kek
from hub.kek.wrapping import WrappingKey
from privacy.errors import KekUnavailable
from privacy.keys import KEY_BYTES


class FileKek:
    """A KEK kept in a file of the operator's; the base of whatever holds the KEK itself in memory."""

    _scheme = "file"
    _where = "the key file"

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise KekUnavailable(f"{self._where} must hold exactly {KEY_BYTES} bytes")
        self._key = WrappingKey(secret)
        self._kek_id = f"{self._scheme}-" + hashlib.sha256(b"varde-kek-id" + secret).hexdigest()[:16]

    def __repr__(self) -> str:
        """Show the id only."""
        return f"{type(self).__name__}({self._kek_id})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with the KEK in clear."""
        raise TypeError("a KEK is never pickled")

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
        """Wrap each secret, bound to its AAD and to this KEK's id."""
        bound = [self._bound(aad) for aad in aads]
        return [labelled(self._kek_id, payload) for payload in self._key.wrap(secrets_, bound)]

    def unwrap(self, wrapped: Sequence[bytes], aads: Sequence[bytes]) -> list[bytes]:
        """Unwrap each secret, in the labelled form or in the one that old homes hold.

        Raises:
            SealBroken: a wrapped key was altered or moved to another row.
            KekUnavailable: it was wrapped under another KEK; `wanted` says which.

        """
        taken = [self._taken(blob, aad) for blob, aad in zip(wrapped, aads, strict=True)]
        return self._key.unwrap([payload for payload, _ in taken], [bound for _, bound in taken])

    def _taken(self, blob: bytes, aad: bytes) -> tuple[bytes, bytes]:
        if blob[:1] != VERSION:
            return blob, aad
        kek_id, payload = label_of(blob)
        if kek_id != self._kek_id:
            raise other_kek(kek_id)
        return payload, self._bound(aad)

    def _bound(self, aad: bytes) -> bytes:
        return self._kek_id.encode() + b"\0" + aad


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

"""What a wrapped key is bound to: the id, kind and owner of its row.

A row that is copied onto another id, kind or owner does not unwrap; the owner of one of the hub's own keys is a digest
of its name and version.
"""

import hashlib
from typing import Final

from privacy.errors import SealBroken
from privacy.keys import KeyKind
from privacy.terms import KeyId

_WRAP: Final = b"\x00\x0cvarde-wrap-1"


def wrap_aad(key_id: KeyId, kind: KeyKind, owner: bytes) -> bytes:
    """Bind a wrapped key to its row: id, kind and owner, each with its length."""
    kind_word = kind.value.encode()
    return b"%b%b%b%b%b%b%b" % (
        _WRAP,
        len(key_id).to_bytes(2, "big"),
        key_id,
        len(kind_word).to_bytes(2, "big"),
        kind_word,
        len(owner).to_bytes(2, "big"),
        owner,
    )


def named_owner(name: str, version: int) -> bytes:
    """Return what stands as the owner of one of the hub's own keys: a digest of its name and version."""
    parts = (b"varde-name-1", name.encode(), version.to_bytes(4, "big"))
    return hashlib.sha256(b"".join(len(part).to_bytes(2, "big") + part for part in parts)).digest()


def kind_of(word: str, key_id: bytes) -> KeyKind:
    """Return the kind of a key that a row names.

    Raises:
        SealBroken: there is no such kind; the row was altered.

    """
    try:
        return KeyKind(word)
    except ValueError:
        raise SealBroken("a wrapped key of an unknown kind", key_id=key_id) from None

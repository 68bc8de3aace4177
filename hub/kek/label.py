"""What every provider writes before its own bytes: which KEK opens them.

Form v2: `2 u8 | length u16 | kek_id in UTF-8 | what the provider wrapped`. With it a wrapped key of another KEK is told
apart from an altered one, and the error says which KEK is wanted. The label is no secret and proves nothing: each
provider binds it or its own key's name into what it wraps.
"""

import struct
from typing import Final

from privacy.errors import KekUnavailable, SealBroken

VERSION: Final = b"\x02"
_HEAD: Final = struct.Struct(">cH")


def labelled(kek_id: str, payload: bytes) -> bytes:
    """Put a KEK's id before what it wrapped."""
    name = kek_id.encode()
    return _HEAD.pack(VERSION, len(name)) + name + payload


def label_of(blob: bytes) -> tuple[str, bytes]:
    """Return the id of the KEK that wrapped a key, and what that KEK's provider wrote.

    Raises:
        SealBroken: the bytes are in no form that a provider writes.

    """
    if len(blob) <= _HEAD.size or blob[:1] != VERSION:
        raise SealBroken("wrapped key of an unknown form")
    _, length = _HEAD.unpack_from(blob)
    name, payload = blob[_HEAD.size : _HEAD.size + length], blob[_HEAD.size + length :]
    if len(name) != length or not payload:
        raise SealBroken("wrapped key cut short")
    try:
        return name.decode(), payload
    except UnicodeDecodeError:
        raise SealBroken("wrapped key of an unknown form") from None


def other_kek(wanted: str) -> KekUnavailable:
    """Say that another KEK than the one configured is needed, and which."""
    return KekUnavailable("the key was wrapped under another one than VARDE_KEK names", wanted=wanted)

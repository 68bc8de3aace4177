"""What a key generation is bound to outside: the instance, the generation and the purpose, as bytes and as words.

AWS KMS takes words (its EncryptionContext stands in CloudTrail and can be demanded by a policy), Vault and our own
cipher take bytes. Both are made of the same three parts, so nothing can be bound in one and forgotten in the other.
"""

from dataclasses import dataclass
from typing import Final

from privacy.errors import SealBroken

_GENERATION: Final = b"varde-generation-1"
_PURPOSE: Final = b"key-generation"
_PARTS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationContext:
    """Which generation of which instance a wrapped generation key belongs to."""

    instance: bytes
    generation_id: bytes

    @property
    def aad(self) -> bytes:
        """Spell it as associated data: each part with its length, so that no two contexts are the same bytes."""
        parts = (_GENERATION, self.instance, self.generation_id, _PURPOSE)
        return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


def encryption_context(aad: bytes) -> dict[str, str]:
    """Spell associated data in words for AWS KMS; different data give different words.

    A generation's are readable, so that a key policy can demand the instance; other data are one hexadecimal word.
    """
    try:
        head, instance, generation_id, purpose = _parts(aad)
    except SealBroken:
        return {"varde:aad": aad.hex()}
    if (head, purpose) != (_GENERATION, _PURPOSE):
        return {"varde:aad": aad.hex()}
    return {
        "varde:purpose": purpose.decode(),
        "varde:instance": instance.hex(),
        "varde:generation": generation_id.hex(),
    }


def _parts(aad: bytes) -> list[bytes]:
    """Take length-prefixed parts apart; anything else than exactly four is not a generation's."""
    parts: list[bytes] = []
    rest = aad
    while rest and len(parts) < _PARTS:
        length = int.from_bytes(rest[:2], "big")
        parts.append(rest[2 : 2 + length])
        rest = rest[2 + length :]
    if rest or len(parts) != _PARTS or b"".join(len(p).to_bytes(2, "big") + p for p in parts) != aad:
        raise SealBroken("associated data of another form")
    return parts

"""Keys and the two places they come from: a key-encryption key outside every database, and the key store.

Rules kept here:
- every data key is 32 random bytes, drawn for one thing, never derived from a master (a derived key cannot be
  destroyed);
- a data key rests only wrapped: AES-256-GCM under the key-encryption key (KEK), with AAD that binds the key's id, kind
  and owner, so that two rows of the key store cannot be exchanged;
- a secret cannot be printed: `repr` names the key, pickling is refused.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NoReturn, Protocol

from privacy.errors import WrongSecretLength
from privacy.secret import Secret
from privacy.terms import BatchId, KeyId, RecordId

KEY_BYTES: Final = 32
NO_ACT: Final = b""
"""Stands for the act of a key that was unwrapped for none that has a name: lake files, the hub's own keys."""


class KeyKind(StrEnum):
    """What a key is for; part of its wrapping AAD, so these words are permanent."""

    RECORD = "record"  # seals one source record's revisions
    FILE = "file"  # encrypts one lake file
    GOLDEN = "golden"  # seals one entity's golden record
    DOMAIN = "domain"  # a pseudonymisation domain's secret
    INDEX = "index"  # blind indexes
    INSTANCE = "instance"  # seals what belongs to the hub itself: principals' labels, quarantine
    SIGNING = "signing"  # the audit log's Ed25519 seed


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """Thirty-two secret bytes with the id under which they are kept.

    Raises:
        WrongSecretLength: HMAC zero-pads and AES truncates nothing; only one length is ever right.

    """

    key_id: KeyId
    kind: KeyKind
    secret: bytes

    def __post_init__(self) -> None:
        """Insist on one length: HMAC zero-pads, so k and k + NUL would give the same index."""
        if len(self.secret) != KEY_BYTES:
            raise WrongSecretLength(self.kind, len(self.secret), KEY_BYTES)
        object.__setattr__(self, "secret", Secret(self.secret))

    def __repr__(self) -> str:
        """Show the id only: a secret must not reach a log or a traceback."""
        return f"Key({self.kind}, {self.key_id.hex()})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with the secret in clear."""
        raise TypeError("a Key is never pickled")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key about to be made durable, with the owner whose erasure destroys it and the batch that asked for it."""

    key: Key
    owner: bytes  # record id, file id, entity id or name digest; b"" for the hub's own
    batch_id: BatchId | None = None


class KekProvider(Protocol):
    """Wraps and unwraps data keys; the KEK itself never leaves the provider.

    `aad` is bound into the wrap. Both calls are batched: one call for a whole column.
    """

    @property
    def kek_id(self) -> str:
        """Name the KEK version under which `wrap` works now (stored beside each wrapped key)."""
        ...

    def wrap(self, secrets: Sequence[bytes], aads: Sequence[bytes]) -> list[bytes]:
        """Wrap each secret under the current KEK, bound to its AAD."""
        ...

    def unwrap(self, wrapped: Sequence[bytes], aads: Sequence[bytes]) -> list[bytes]:
        """Unwrap each; raise `SealBroken` if any was altered or moved, `KekUnavailable` if the KEK is not at hand."""
        ...


class KeyStore(Protocol):
    """Wrapped keys by id, and the erasure ledger; its own database, durable before anything sealed is written."""

    def add(self, keys: Sequence[NewKey]) -> None:
        """Make the keys durable in one transaction; when this returns they survive a power cut."""
        ...

    def get(self, key_ids: Sequence[KeyId], *, act_id: bytes = NO_ACT) -> dict[KeyId, Key]:
        """Unwrap the keys that exist; a shredded key is simply absent from the answer.

        `act_id` names the audited act that it is done for: unwrapped keys are counted by it.
        """
        ...

    def find_named(self, kind: KeyKind, name: str, version: int = 1) -> Key | None:
        """Unwrap the hub's own key of that kind, name and version (domain, index, instance, signing)."""
        ...

    def shred_batch(self, batch_id: BatchId) -> int:
        """Destroy the keys of a batch marked aborted; return how many."""
        ...

    def shred(self, key_ids: Iterable[KeyId]) -> int:
        """Destroy keys by id (lake files that were rewritten); return how many."""
        ...

    def erase(self, erasure_id: bytes, owners: Sequence[RecordId], *, at_us: int) -> Mapping[str, int]:
        """Write the ledger rows and destroy every key of the owners in one transaction; return counts by kind."""
        ...

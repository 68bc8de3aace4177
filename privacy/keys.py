"""Keys and the two places they come from: a key-encryption key outside every database, and the key store.

Rules kept here:
- every data key is 32 random bytes, drawn for one thing, never derived from a master (a derived key cannot be
  destroyed);
- a data key rests only wrapped: AES-256-GCM under the key-encryption key (KEK), with AAD that binds the key's id, kind
  and owner, so that two rows of the key store cannot be exchanged;
- a secret cannot be printed: `repr` names the key, pickling is refused.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NoReturn, Protocol

from privacy.errors import WrongSecretLength
from privacy.secret import Secret
from privacy.terms import BatchId, KeyId, RecordId, random_run

KEY_BYTES: Final = 32
NO_ACT: Final = b""
"""Stands for the act of what is unwrapped for none: lake files, key generations. For a document it is a finding."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyColumn:
    """Many keys of one kind about to be made durable, one an owner.

    Columns, because an object a key costs more than the key. `secrets` are theirs joined, in the order of
    `key_ids` and `owners`.

    Raises:
        WrongSecretLength: there are not 32 bytes a key.
        ValueError: not every key has an owner.

    """

    kind: KeyKind
    key_ids: Sequence[KeyId]
    owners: Sequence[bytes]
    secrets: Secret
    batch_id: BatchId | None = None

    def __post_init__(self) -> None:
        """Insist on one length of all columns."""
        if len(self.secrets) != KEY_BYTES * len(self.key_ids):
            raise WrongSecretLength(self.kind, len(self.secrets), KEY_BYTES * len(self.key_ids))
        if len(self.owners) != len(self.key_ids):
            raise ValueError("a key has one owner")

    @classmethod
    def drawn(cls, kind: KeyKind, owners: Sequence[bytes], batch_id: BatchId | None) -> "KeyColumn":
        """Draw a fresh key with a fresh id for each owner, all secrets in one call to the generator.

        Ids that are drawn together lie together in the key store (`random_run`), so that few pages of it are written.
        """
        drawn = Secret(secrets.token_bytes(KEY_BYTES * len(owners)))
        key_ids = [KeyId(key_id) for key_id in random_run(len(owners))]
        return cls(kind=kind, key_ids=key_ids, owners=owners, secrets=drawn, batch_id=batch_id)

    def each(self) -> Iterator[bytes]:
        """Yield the secret of each key."""
        joined = memoryview(self.secrets)
        return (bytes(joined[start : start + KEY_BYTES]) for start in range(0, len(joined), KEY_BYTES))

    def parts(self, count: int) -> Iterator["KeyColumn"]:
        """Cut the column into some of at most `count` keys."""
        for start in range(0, len(self.key_ids), count):
            end = start + count
            yield replace(
                self,
                key_ids=self.key_ids[start:end],
                owners=self.owners[start:end],
                secrets=Secret(self.secrets[start * KEY_BYTES : end * KEY_BYTES]),
            )


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

    def add_column(self, keys: KeyColumn) -> None:
        """Make many keys durable, in transactions for which nobody waits long; when this returns all survive."""
        ...

    def get(self, key_ids: Sequence[KeyId], *, act_id: bytes) -> dict[KeyId, Key]:
        """Unwrap the keys that exist; a shredded key is simply absent from the answer.

        `act_id` names the audited act that it is done for, which said before how many documents it opens: unwrapped
        keys are counted by it, and `varde audit reconcile` shows those that no entry tells.
        """
        ...

    def get_files(self, key_ids: Sequence[KeyId]) -> dict[KeyId, Key]:
        """Unwrap keys of lake files, for no act: a file is read whole, and releases are audited row by row.

        A key of any other kind is absent from the answer, so that nobody's document is opened this way.
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

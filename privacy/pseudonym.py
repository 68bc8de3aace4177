"""Purpose pseudonyms: a keyed permutation of random 16-byte ids, one key per pseudonymisation domain.

A pseudonym is AES-256 of the id under the domain's key, one block each: deterministic, free of collisions, and
reversible only with the key. ECB is safe here for one reason only: the input is a *random, unique* block, so equal
blocks never occur and nothing about a person is in it (EDPB Guidelines 01/2025 section 3; ENISA "Pseudonymisation
techniques" 2019 section 5.2 both list encryption). It must never be used on anything guessable; see docs/adr/0004.
A whole column is one cipher call over a contiguous buffer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

import polars as pl
import pyarrow as pa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from privacy.errors import WrongSecretLength
from privacy.keys import KEY_BYTES
from privacy.secret import Secret
from privacy.terms import ID_BYTES, DomainName, EntityId, Pseudonym

_BLOCK: Final = ID_BYTES
_OFFSET: Final = 8  # bytes of an offset in Arrow's large binary


@dataclass(frozen=True, slots=True, repr=False)
class PseudonymisationDomain:
    """A place whose occupants see pseudonyms and never the secret behind them (GDPR Article 4(5))."""

    name: DomainName
    version: int
    secret: bytes

    def __post_init__(self) -> None:
        """Insist on one length."""
        if len(self.secret) != KEY_BYTES:
            raise WrongSecretLength(self.name, len(self.secret), KEY_BYTES)
        object.__setattr__(self, "secret", Secret(self.secret))

    def __repr__(self) -> str:
        """Show name and version only: a secret must not reach a log or a traceback."""
        return f"PseudonymisationDomain({self.name!r}, version={self.version})"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with the secret in clear."""
        raise TypeError("a PseudonymisationDomain is never pickled")


def pseudonym_of(domain: PseudonymisationDomain, entity: EntityId) -> Pseudonym:
    """Return the pseudonym of one entity in a domain.

    Raises:
        ValueError: the id is not 16 bytes long.

    """
    return Pseudonym(_permute(domain, _one_block(entity)))


def entity_of(domain: PseudonymisationDomain, pseudonym: Pseudonym) -> EntityId:
    """Return the entity behind a pseudonym: for write-back inside the hub and for `reveal`, nowhere else.

    Raises:
        ValueError: the pseudonym is not 16 bytes long.

    """
    decryptor = Cipher(algorithms.AES256(domain.secret), modes.ECB()).decryptor()  # noqa: S305 - random unique blocks only, ADR 4
    return EntityId(decryptor.update(_one_block(pseudonym)) + decryptor.finalize())


def pseudonyms_of(domain: PseudonymisationDomain, entities: pl.Series) -> pl.Series:
    """Return the pseudonyms of a column of entity ids (Binary, 16 bytes each, no nulls), in the same order.

    Raises:
        ValueError: an id is null or not 16 bytes long.

    """
    return split_blocks(_permute(domain, join_blocks(entities)), name="pseudonym")


def entities_of(domain: PseudonymisationDomain, pseudonyms: pl.Series) -> pl.Series:
    """Return the entity ids behind a column of pseudonyms: write-back of scores, inside the hub only."""
    decryptor = Cipher(algorithms.AES256(domain.secret), modes.ECB()).decryptor()  # noqa: S305 - see module docstring
    return split_blocks(decryptor.update(join_blocks(pseudonyms)) + decryptor.finalize(), name="entity")


def resolve(domains: Sequence[PseudonymisationDomain], pseudonyms: pl.Series, known: pl.Series) -> pl.Series:
    """Lead a column of pseudonyms back to those of the `known` entities, under whichever of a domain's live versions.

    Null where it is nobody's: erased, of another domain, or of a version that has ended. A version that a pseudonym is
    not of leads to 16 bytes that are no id (but for one in 2^128), so trying them all mistakes nobody for another. For
    write-back and `reveal` only.

    Raises:
        ValueError: a pseudonym is null or not 16 bytes long.

    """
    entities = pl.Series("entity", [None] * len(pseudonyms), dtype=pl.Binary)
    for domain in domains:
        led_back = entities_of(domain, pseudonyms)
        theirs = led_back.is_in(known.implode())
        entities = pl.select(pl.coalesce(entities, pl.when(theirs).then(led_back))).to_series().rename("entity")
    return entities


def _permute(domain: PseudonymisationDomain, blocks: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES256(domain.secret), modes.ECB()).encryptor()  # noqa: S305 - see module docstring
    return encryptor.update(blocks) + encryptor.finalize()


def _one_block(value: bytes) -> bytes:
    """Refuse what the cipher would take: none or several blocks are no id."""
    if len(value) != _BLOCK:
        raise ValueError("every id must be exactly 16 bytes")
    return bytes(value)


def join_blocks(ids: pl.Series) -> bytes:
    """Concatenate a column of 16-byte ids into one buffer: Arrow's own, no Python object per id."""
    if ids.null_count() or not (ids.bin.size() == _BLOCK).all():
        raise ValueError("every id must be exactly 16 bytes")
    if ids.is_empty():
        return b""
    values = ids.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    start, stop = values.offset, values.offset + len(values)
    offsets, blocks = values.buffers()[1:]
    first = int.from_bytes(offsets[start * _OFFSET : (start + 1) * _OFFSET].to_pybytes(), "little")
    return bytes(memoryview(blocks)[first : first + (stop - start) * _BLOCK])


def split_blocks(buffer: bytes, *, name: str) -> pl.Series:
    """Cut a buffer into a Binary column of 16-byte values, without a Python object per value."""
    count = len(buffer) // _BLOCK
    blocks = pa.Array.from_buffers(pa.binary(_BLOCK), count, [None, pa.py_buffer(buffer)])
    return pl.Series(name, pl.from_arrow(blocks), dtype=pl.Binary)

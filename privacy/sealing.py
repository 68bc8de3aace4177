"""Sealing: AES-256-GCM under a key of the thing's own, bound to the one cell that it was written for.

Format v1 (golden vectors in tests/vectors): `magic "VRD" | suite u8 | key version u16 | nonce 12 bytes | ciphertext
| tag`. The associated data are the length-prefixed parts of `Cell`: a value moved to another row, field, table or
instance does not open. Table and field ids are permanent numbers, so that a rename breaks nothing. An unknown suite
is an error, never a guess (RFC 5116 section 2; NIST SP 800-38D: a random 96-bit nonce, far fewer than 2^32 messages
a key).
"""

import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from privacy.errors import SealBroken
from privacy.keys import Key, KeyColumn

MAGIC: Final = b"VRD"
SUITE_AES_256_GCM: Final = 1
KEY_VERSION: Final = 1
NONCE_BYTES: Final = 12
_HEADER: Final = struct.Struct(">3sBH")
HEADER_BYTES: Final = _HEADER.size + NONCE_BYTES
_TAG_BYTES: Final = 16


class SealedTable(IntEnum):
    """Permanent numbers of the tables that hold sealed cells: append only, never renumber."""

    RECORD_REVISION = 1
    QUARANTINE_ROW = 2
    HELD_TEXT = 3
    PRINCIPAL = 4
    SCORE = 5
    GOLDEN_RECORD = 6
    CONSENT_EVIDENCE = 7
    RELEASE_MEMBERS = 8
    MODEL_MEMBERS = 9
    LETTER = 10
    RECORD_CORRECTION = 11
    RECIPIENT = 12
    RECIPIENT_NOTICE = 13
    FINDING_EVIDENCE = 14
    WINBACK_LETTER = 15
    VOICE_ALERT = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The one place a sealed value belongs to; its parts are the associated data."""

    instance: bytes
    table: SealedTable
    field: int
    row: bytes
    revision: int = 0

    def aad(self, key: Key) -> bytes:
        """Join the parts, each with its length, and the key's id: no two cells give the same bytes."""
        place = _place(self.instance, self.table, self.field)
        return place + _row(self.row, self.revision) + _with_length(key.key_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellColumn:
    """The cells of one field of many rows; each is the `Cell` of its row and revision."""

    instance: bytes
    table: SealedTable
    field: int
    rows: Sequence[bytes]
    revisions: Sequence[int]


def _row(row: bytes, revision: int) -> bytes:
    return _with_length(row) + _with_length(revision.to_bytes(8, "big"))


def _with_length(part: bytes) -> bytes:
    return len(part).to_bytes(2, "big") + part


@lru_cache(maxsize=64)
def _place(instance: bytes, table: SealedTable, field: int) -> bytes:
    """Join what all cells of one column share."""
    parts = (instance, table.to_bytes(2, "big"), field.to_bytes(2, "big"))
    return b"".join(_with_length(part) for part in parts)


def seal(plaintext: bytes, *, key: Key, cell: Cell) -> bytes:
    """Seal a value for its cell under a fresh random nonce."""
    return seal_with_nonce(plaintext, key=key, cell=cell, nonce=secrets.token_bytes(NONCE_BYTES))


def seal_with_nonce(plaintext: bytes, *, key: Key, cell: Cell, nonce: bytes) -> bytes:
    """Seal under a given nonce: for vectors, and for batches that draw all their nonces in one call.

    A nonce must never serve twice under one key.
    """
    header = _HEADER.pack(MAGIC, SUITE_AES_256_GCM, KEY_VERSION) + nonce
    return header + AESGCM(key.secret).encrypt(nonce, plaintext, header + cell.aad(key))


def seal_column(plaintexts: Sequence[str], *, keys: KeyColumn, cells: CellColumn) -> list[bytes]:
    """Seal a column of texts, each under its own key for its own cell; all nonces are drawn in one call.

    Each value is what `seal` makes of it; a loop, because it is a cipher of its own for each.
    """
    start = _HEADER.pack(MAGIC, SUITE_AES_256_GCM, KEY_VERSION)
    place = _place(cells.instance, cells.table, cells.field)
    drawn = secrets.token_bytes(NONCE_BYTES * len(plaintexts))
    nonces = (drawn[at : at + NONCE_BYTES] for at in range(0, len(drawn), NONCE_BYTES))
    sealed = []
    each = zip(plaintexts, keys.each(), keys.key_ids, cells.rows, cells.revisions, nonces, strict=True)
    for plaintext, secret, key_id, row, revision, nonce in each:
        header = start + nonce
        aad = header + place + _row(row, revision) + _with_length(key_id)
        sealed.append(header + AESGCM(secret).encrypt(nonce, plaintext.encode(), aad))
    return sealed


def open_column(sealed: Sequence[bytes], *, keys: Sequence[Key], cells: CellColumn) -> list[bytes]:
    """Open a column of sealed values, each under its own key in its own cell.

    Each is what `open_sealed` makes of it; a loop, because it is a cipher of its own for each.

    Raises:
        SealBroken: as `open_sealed` does, for the first that cannot be opened.

    """
    start = _HEADER.pack(MAGIC, SUITE_AES_256_GCM, KEY_VERSION)
    place = _place(cells.instance, cells.table, cells.field)
    opened = []
    for value, key, row, revision in zip(sealed, keys, cells.rows, cells.revisions, strict=True):
        header = value[:HEADER_BYTES]
        aad = header + place + _row(row, revision) + _with_length(key.key_id)
        try:
            if not header.startswith(start):
                raise InvalidTag  # noqa: TRY301 - what is wrong with it is said by whoever opens it alone
            opened.append(AESGCM(key.secret).decrypt(header[_HEADER.size :], value[HEADER_BYTES:], aad))
        except (InvalidTag, ValueError):
            cell = Cell(instance=cells.instance, table=cells.table, field=cells.field, row=row, revision=revision)
            opened.append(open_sealed(value, key=key, cell=cell))
    return opened


def open_sealed(sealed: bytes, *, key: Key, cell: Cell) -> bytes:
    """Open a sealed value.

    Raises:
        SealBroken: wrong key, wrong cell, unknown suite or a changed byte; which of them stays unsaid where it must.

    """
    if len(sealed) < HEADER_BYTES + _TAG_BYTES:
        raise SealBroken("too short to be a sealed value", key_id=key.key_id)
    magic, suite, version = _HEADER.unpack_from(sealed)
    if magic != MAGIC:
        raise SealBroken("not a Varde sealed value", key_id=key.key_id)
    if suite != SUITE_AES_256_GCM or version != KEY_VERSION:
        raise SealBroken("unknown suite or key version", key_id=key.key_id)
    header = sealed[:HEADER_BYTES]
    try:
        return AESGCM(key.secret).decrypt(header[_HEADER.size :], sealed[HEADER_BYTES:], header + cell.aad(key))
    except InvalidTag as exc:
        raise SealBroken("wrong key, wrong place or altered bytes", key_id=key.key_id) from exc

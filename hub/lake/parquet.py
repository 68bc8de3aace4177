"""Encrypted Parquet: the one module that touches Polars' encryption API (unstable, hence the bound in pyproject.toml).

Rules kept here (Apache Parquet modular encryption, AES_GCM_V1, footer encrypted too):
- one key per file, uniform over footer and columns; the file id is the AAD prefix and is not stored in the file, so a
  file put in another's place does not open;
- Polars reads a plain file even when it is given a key, so whoever can write to the storage could put forged rows in a
  file's place: a file must end with the magic of an encrypted footer (`ENCRYPTED_MAGIC`) before it is scanned;
- no column statistics: rows lie by person, so they would prune nothing (`lake_file` keeps each file's first and last
  instant), and zstd at its first level: together a quarter less processor time for 1.5 % more bytes;
- encoding happens in memory: no clear byte and no half file touches the disk;
- a frame that carries a key cannot be serialised (Polars refuses) and its plan shows paths only.
Polars warns of the unstable API only under `pl.Config.warn_unstable`, so nothing is silenced here.
"""

import io
from typing import Final

import polars as pl

from privacy.keys import Key
from privacy.terms import FileId

ENCRYPTED_MAGIC: Final = b"PARE"
"""The last bytes of a file whose footer is encrypted; under it every module read is authenticated."""
_REFUSALS: Final = ("parquet:", "Encryption error", "File out of specification")


def encode(frame: pl.DataFrame, *, key: Key, file_id: FileId) -> memoryview:
    """Return the frame as an encrypted Parquet file under `key`, bound to `file_id`."""
    encryption = pl.ParquetEncryptionProperties(footer_key=key.secret, aad_prefix=file_id, store_aad_prefix=False)
    buffer = io.BytesIO()
    frame.write_parquet(buffer, encryption=encryption, statistics=False, compression="zstd", compression_level=1)
    return buffer.getbuffer()


def scan(location: str, *, key: Key, file_id: FileId, schema: pl.Schema | None = None) -> pl.LazyFrame:
    """Scan one encrypted file lazily.

    With a `schema`, columns that the file lacks (it is older) read as null and columns it has too many are left out;
    without one the file's own columns are read. Faults show when the frame is collected.
    """
    return pl.scan_parquet(
        location,
        glob=False,
        hive_partitioning=False,  # a home below a directory named `a=b` must not grow a column
        schema=schema,
        missing_columns="raise" if schema is None else "insert",
        extra_columns="raise" if schema is None else "ignore",
        decryption=pl.ParquetDecryptionProperties(footer_key=key.secret, aad_prefix=file_id),
    )


def is_refusal(fault: pl.exceptions.ComputeError) -> bool:
    """Say whether a fault comes from a file that would not open rather than from the caller's own expressions."""
    return any(mark in str(fault) for mark in _REFUSALS)

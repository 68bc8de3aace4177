"""Open one lake file: the only way from a catalogue row to a scan, so that no caller can forget a check."""

import polars as pl

from hub.lake.errors import LakeFileRefused
from hub.lake.lake import Lake
from hub.lake.parquet import ENCRYPTED_MAGIC, scan
from hub.lake.terms import StagedFile, name_of
from privacy.keys import Key


def open_file(lake: Lake, file: StagedFile, key: Key | None, schema: pl.Schema | None = None) -> pl.LazyFrame:
    """Scan a file under its key and id, with the table's `schema` if one is given.

    Raises:
        LakeFileRefused: its key is gone, or it is not an encrypted file at all. Altered bytes show on collecting.
        FileNotFoundError: it is not there; what that means depends on who asks.

    """
    if key is None:
        raise LakeFileRefused(file.file_id, "its key is not in the key store")
    name = name_of(file.table, file.file_id)
    if lake.files.tail(name, len(ENCRYPTED_MAGIC)) != ENCRYPTED_MAGIC:
        raise LakeFileRefused(file.file_id, "it is not an encrypted file")
    return scan(lake.files.location(name), key=key, file_id=file.file_id, schema=schema)

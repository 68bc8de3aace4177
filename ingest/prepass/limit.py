"""The sizes beyond which a delivery is a fault rather than data; all in bytes of UTF-8 unless said otherwise."""

from typing import Final

FIELD_BYTES: Final = 64 * 1024
"""A longer field is quarantined with its row: no column of a customer system is meant to hold a document."""

LINE_BYTES: Final = 1024 * 1024
"""A longer line refuses the file: its quotes or line ends are broken, and reading on would eat the memory."""

BLOCK_BYTES: Final = 4 * 1024 * 1024
"""How much text is looked at in one go; memory is a small multiple of it, whatever the file's size."""

RATIO: Final = 200
"""A file may unpack to this many times its size. Exports reach 5 to 50; DEFLATE allows 1,032 (zlib's manual)."""

RATIO_AFTER_BYTES: Final = 8 * 1024 * 1024
"""The ratio counts from here on: a small, very regular file is no bomb."""

IN_MEMORY_BYTES: Final = 512 * 1024 * 1024
"""Formats that need to seek are unpacked in memory up to here, never to a clear temporary file."""

HEAD_BYTES: Final = 256 * 1024
"""How much of a file is looked at to tell its encoding."""

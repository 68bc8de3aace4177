"""Compressed streams, recognised by their first bytes wherever they stand.

A stream that breaks off (a log cut by a crash) or is followed by anything else gives what could be
decompressed. Two bytes begin a zlib stream, so noise looks like one every few thousand bytes: what does not
decompress is simply not a stream.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import pyarrow as pa

MAX_BYTES: Final = 512 << 20  # of one stream; what is larger is reported as not fully opened
PIECE_BYTES: Final = 64 << 10
PROBE_BYTES: Final = 2 << 10  # noise is refused before a larger piece is copied
SMALLEST_CONTENT: Final = 8  # bytes; less cannot hold a token
ZIP_LOCAL_HEADER_BYTES: Final = 30  # APPNOTE.TXT 4.3.7
ZIP_DEFLATED: Final = 8
ZSTD_HEADER_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Opened:
    """What a container held, and why that may not be everything."""

    content: bytes
    fault: str = ""


class Decompressor(Protocol):
    """What zlib, bz2 and lzma objects have in common."""

    @property
    def eof(self) -> bool:
        """Say whether the end of the stream was reached."""
        ...

    def decompress(self, piece: bytes, /) -> bytes:
        """Decompress the next piece."""
        ...


def _pieces(content: bytes, at: int) -> Iterator[bytes]:
    yield content[at : at + PROBE_BYTES]
    for start in range(at + PROBE_BYTES, len(content), PIECE_BYTES):
        yield content[start : start + PIECE_BYTES]


def _drain(decompressor: Decompressor, content: bytes, at: int) -> Opened:
    """Decompress from an offset until the stream ends, breaks or exceeds the limit."""
    opened: list[bytes] = []
    size = 0
    for piece in _pieces(content, at):
        try:
            opened.append(decompressor.decompress(piece))
        except (zlib.error, OSError, lzma.LZMAError, EOFError):
            return Opened(b"".join(opened), "damaged")
        size += len(opened[-1])
        if decompressor.eof:
            return Opened(b"".join(opened))
        if size > MAX_BYTES:
            return Opened(b"".join(opened), "too large")
    return Opened(b"".join(opened), "truncated")


def _gzip(content: bytes, at: int) -> Opened:
    return _drain(zlib.decompressobj(wbits=zlib.MAX_WBITS | 16), content, at)


def _zlib(content: bytes, at: int) -> Opened:
    """Two magic bytes prove nothing: what gives next to nothing was noise, and no blind spot."""
    opened = _drain(zlib.decompressobj(), content, at)
    return opened if len(opened.content) >= SMALLEST_CONTENT else Opened(b"")


def _bzip2(content: bytes, at: int) -> Opened:
    return _drain(bz2.BZ2Decompressor(), content, at)


def _xz(content: bytes, at: int) -> Opened:
    return _drain(lzma.LZMADecompressor(format=lzma.FORMAT_XZ), content, at)


def _zip_member(content: bytes, at: int) -> Opened:
    """Inflate one member by its local header: the directory at the end may be missing or lie."""
    header = content[at : at + ZIP_LOCAL_HEADER_BYTES]
    if len(header) < ZIP_LOCAL_HEADER_BYTES or int.from_bytes(header[8:10], "little") != ZIP_DEFLATED:
        return Opened(b"")  # a stored member is there to be read as it lies; others have magic bytes of their own
    names = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    return _drain(zlib.decompressobj(wbits=-zlib.MAX_WBITS), content, at + ZIP_LOCAL_HEADER_BYTES + names)


def _zstd_blocks_start(content: bytes, at: int) -> tuple[int, bool]:
    """Read a frame header (RFC 8878, 3.1.1.1): where the blocks begin, and whether a checksum follows them."""
    descriptor = content[at + ZSTD_HEADER_BYTES]
    single_segment = descriptor >> 5 & 1
    size_bytes = (single_segment, 2, 4, 8)[descriptor >> 6]
    dictionary_bytes = (0, 1, 2, 4)[descriptor & 3]
    start = at + ZSTD_HEADER_BYTES + 1 + (1 - single_segment) + dictionary_bytes + size_bytes
    return start, bool(descriptor >> 2 & 1)


def _zstd_end(content: bytes, at: int) -> int:
    """Walk the blocks of a frame (RFC 8878, 3.1.1.2) to its end: Arrow refuses a frame with anything behind it."""
    position, checksum = _zstd_blocks_start(content, at)
    last = False
    while not last and position + 3 <= len(content):
        header = int.from_bytes(content[position : position + 3], "little")
        last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
        position += 3 + (1 if kind == 1 else size)  # a run-length block is one byte, repeated
    return position + (4 if checksum else 0)


def _zstd(content: bytes, at: int) -> Opened:
    if at + ZSTD_HEADER_BYTES >= len(content):
        return Opened(b"")
    frame = pa.py_buffer(content).slice(at, min(_zstd_end(content, at), len(content)) - at)
    opened: list[bytes] = []
    size = 0
    try:
        with pa.CompressedInputStream(pa.BufferReader(frame), "zstd") as stream:
            while piece := stream.read(PIECE_BYTES):
                opened.append(piece)
                size += len(piece)
                if size > MAX_BYTES:
                    return Opened(b"".join(opened), "too large")
    except (OSError, pa.ArrowException):
        return Opened(b"".join(opened), "damaged")
    return Opened(b"".join(opened))


@dataclass(frozen=True, slots=True)
class Stream:
    """A kind of compressed stream: the bytes it begins with and how it is opened at an offset."""

    magics: tuple[bytes, ...]
    open: Callable[[bytes, int], Opened]


STREAMS: Final[dict[str, Stream]] = {
    "gzip": Stream((b"\x1f\x8b\x08",), _gzip),  # RFC 1952
    "zlib": Stream((b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"), _zlib),  # RFC 1950, 32 KB window
    "zstd": Stream((b"\x28\xb5\x2f\xfd",), _zstd),  # RFC 8878
    "zip": Stream((b"PK\x03\x04",), _zip_member),  # XLSX is a zip file
    "bzip2": Stream((b"BZh",), _bzip2),
    "xz": Stream((b"\xfd7zXZ\x00",), _xz),
}


def starts_of(magics: tuple[bytes, ...], content: bytes) -> Iterator[int]:
    """Yield every offset at which one of the magic byte strings stands."""
    for magic in magics:
        at = content.find(magic)
        while at >= 0:
            yield at
            at = content.find(magic, at + 1)

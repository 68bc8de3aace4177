"""Open a delivery as a stream of bytes: plain, gzip or zip, told apart by the first bytes and never by the name.

Nothing is unpacked to disk and nothing unpacks without bound: a stream counts what goes in and comes out. A stream that
breaks raises `StreamBroken`, which the reader turns into a `FileRefused` with the line it had reached.
"""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from ingest.errors import IngestError
from ingest.prepass.limit import IN_MEMORY_BYTES, RATIO, RATIO_AFTER_BYTES

GZIP: Final = b"\x1f\x8b"
ZIP: Final = b"PK\x03\x04"
EMPTY_ZIP: Final = b"PK\x05\x06"
PARQUET: Final = b"PAR1"
OLE: Final = b"\xd0\xcf\x11\xe0"
WORKBOOK_PART: Final = "[Content_Types].xml"
_ENCRYPTED: Final = 0x1


class StreamBroken(IngestError):
    """A stream ended, unpacked or checked wrongly; `line` is None where only the reader knows how far it came."""

    def __init__(self, rule: str, remedy: str, *, line: int | None = None) -> None:
        super().__init__(rule)
        self.line = line
        self.rule = rule
        self.remedy = remedy


class Unpacked:
    """A stream of unpacked bytes that refuses to unpack without bound."""

    def __init__(self, stream: IO[bytes], packed: IO[bytes]) -> None:
        self._stream = stream
        self._packed = packed
        self._given = 0

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end.

        Raises:
            StreamBroken: truncated, damaged, encrypted or out of proportion.

        """
        try:
            block = self._stream.read(size)
        except EOFError:
            raise StreamBroken("the compressed file is truncated", "deliver it again, complete") from None
        except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error):
            raise StreamBroken("the compressed file is damaged", "deliver it again") from None
        self._given += len(block)
        if self._given > RATIO_AFTER_BYTES and self._given > RATIO * max(self._packed.tell(), 1):
            rule = f"unpacks to more than {RATIO} times its size"
            raise StreamBroken(rule, "deliver it unpacked, or in several files")
        return block


@contextmanager
def opened(path: Path) -> Iterator[Unpacked]:
    """Open a delivery; the stream gives the bytes of the one file in it.

    Raises:
        StreamBroken: not exactly one file in the zip, or encrypted.
        OSError: the file cannot be opened.

    """
    with path.open("rb") as packed:
        magic = packed.read(4)
        packed.seek(0)
        if magic.startswith(GZIP):
            with gzip.GzipFile(fileobj=packed) as stream:
                yield Unpacked(stream, packed)  # type: ignore[arg-type]  # GzipFile reads bytes but is no IO[bytes] to typeshed
        elif magic in {ZIP, EMPTY_ZIP}:
            with _only_member(packed) as member:
                yield Unpacked(member, packed)
        else:
            yield Unpacked(packed, packed)


@contextmanager
def _only_member(packed: IO[bytes]) -> Iterator[IO[bytes]]:
    """Open the one file in a zip."""
    try:
        archive = zipfile.ZipFile(packed)
    except zipfile.BadZipFile:
        raise StreamBroken("the zip file is truncated or damaged", "deliver it again") from None
    with archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) != 1:
            rule = f"the zip holds {len(members)} files, expected exactly one"
            raise StreamBroken(rule, "deliver each file on its own")
        if members[0].flag_bits & _ENCRYPTED:
            raise StreamBroken("the zip is encrypted", "deliver it without a password, over a sealed channel")
        try:
            member = archive.open(members[0])
        except NotImplementedError:
            raise StreamBroken("the zip uses an unknown compression", "use deflate") from None
        with member:
            yield member


def is_workbook(path: Path) -> bool:
    """Say whether a file is a zip that holds an Office document."""
    try:
        with zipfile.ZipFile(path) as archive:
            return WORKBOOK_PART in archive.namelist()
    except zipfile.BadZipFile:
        return False


def in_memory(stream: Unpacked) -> bytes:
    """Unpack a whole stream into memory, for formats that need to seek.

    Raises:
        StreamBroken: more than the limit, or broken.

    """
    gathered = io.BytesIO()
    while block := stream.read(1 << 20):
        gathered.write(block)
        if gathered.tell() > IN_MEMORY_BYTES:
            rule = f"unpacks to more than {IN_MEMORY_BYTES >> 20} MiB"
            raise StreamBroken(rule, "deliver it without gz or zip around it")
    return gathered.getvalue()

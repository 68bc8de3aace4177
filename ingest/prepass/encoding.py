"""Tell and undo a text encoding: every text format is looked at as UTF-8 afterwards.

A byte order mark decides; a declared encoding that contradicts it is refused rather than guessed. Without either,
valid UTF-8 is UTF-8 (other text almost never is, RFC 3629 section 1), else Windows-1252, unless bytes stand inside
words that only DOS code pages put there.
"""

import codecs
import re
from collections.abc import Iterator
from typing import Final

from ingest.prepass.container import StreamBroken, Unpacked
from ingest.prepass.limit import BLOCK_BYTES, HEAD_BYTES

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UTF8_NAMES: Final = frozenset({"utf-8", "utf-8-sig", "ascii"})
_DOS_LETTER: Final = re.compile(rb"[A-Za-z][\x81\x82\x84\x86\x8f\x94\x9b\x9d][A-Za-z]")
"""Code page 850's letters (ü é ä å Å ö ø Ø) where Windows-1252 has punctuation or nothing."""
_WIDE_SHARE: Final = 0.3
"""Share of NUL among the odd or even bytes from which text is UTF-16 without a mark: Latin text has about 1."""


def encoding_of(head: bytes, declared: str | None) -> str:
    """Name the codec to read with, from the first bytes and the contract.

    Raises:
        StreamBroken: the bytes contradict the contract, or cannot be told.

    """
    named = codecs.lookup(declared).name if declared is not None else None
    marked = next((codec for mark, codec in _MARKS if head.startswith(mark)), None)
    if marked is not None:
        if named is not None and not _agrees(named, marked):
            rule = f"starts with a byte order mark of {marked}, the contract declares {named}"
            raise StreamBroken(rule, f"write `encoding: {marked}` in the contract")
        return marked
    if named is None or not named.startswith(("utf-16", "utf-32")):
        _refuse_wide(head)
    if named is None:
        return _sniffed(head)
    if named not in _UTF8_NAMES and named.startswith(("iso8859", "cp125")) and _is_multibyte_utf8(head):
        raise StreamBroken(f"is UTF-8, the contract declares {named}", "write `encoding: utf-8`")
    return "utf-8" if named in _UTF8_NAMES else named


def _agrees(named: str, marked: str) -> bool:
    """Say whether a declared codec reads text with this mark."""
    return named.startswith(marked) or (marked == "utf-8" and named in _UTF8_NAMES)


def _refuse_wide(head: bytes) -> None:
    """Refuse UTF-16 without a mark that nobody declared."""
    half = max(len(head) // 2, 1)
    for offset, codec in ((1, "utf-16-le"), (0, "utf-16-be")):
        if head[offset::2].count(0) / half > _WIDE_SHARE:
            raise StreamBroken(f"looks like {codec} without a byte order mark", f"write `encoding: {codec}`")


def _is_multibyte_utf8(head: bytes) -> bool:
    """Say whether text beyond ASCII is there and all of it is valid UTF-8."""
    return not head.isascii() and _decodes(head)


def _decodes(head: bytes) -> bool:
    """Say whether bytes are UTF-8, a cut last character allowed."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _sniffed(head: bytes) -> str:
    """Choose between UTF-8 and Windows-1252."""
    if _decodes(head):
        return "utf-8"
    if _DOS_LETTER.search(head) is None:
        return "cp1252"
    raise StreamBroken("the text encoding cannot be told", "write `encoding: cp850` or what the system exports")


def utf8_blocks(stream: Unpacked, declared: str | None) -> Iterator[bytes]:
    """Give the text as UTF-8 in blocks, without its byte order mark; UTF-8 itself is passed on unchecked.

    Raises:
        StreamBroken: the bytes are not text in that encoding.

    """
    head = stream.read(HEAD_BYTES)
    codec = encoding_of(head, declared)
    if codec == "utf-8":
        yield head.removeprefix(codecs.BOM_UTF8)
        while block := stream.read(BLOCK_BYTES):
            yield block
        return
    decoder = codecs.getincrementaldecoder(codec)()
    block = head
    while block:
        yield _decoded(decoder, block, codec, final=False)
        block = stream.read(BLOCK_BYTES // 2)
    yield _decoded(decoder, b"", codec, final=True)


def _decoded(decoder: codecs.IncrementalDecoder, block: bytes, codec: str, *, final: bool) -> bytes:
    """Decode one block to UTF-8."""
    try:
        return decoder.decode(block, final=final).encode("utf-8")
    except (UnicodeDecodeError, UnicodeEncodeError):
        raise StreamBroken(f"is not valid {codec}", "declare the encoding the system exports") from None


def verify_utf8(text: bytes, first_line: int) -> None:
    """Insist that whole lines are UTF-8.

    Raises:
        StreamBroken: they are not; the error names the line.

    """
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as exc:
        line = first_line + text.count(b"\n", 0, exc.start)
        remedy = "write `encoding: cp1252` or export UTF-8"
        raise StreamBroken("is not valid utf-8", remedy, line=line) from None

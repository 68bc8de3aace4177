"""CSV and TSV: bytes to frames of text, row faults set aside, memory bounded by the block."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
import polars as pl

from ingest.contract.model import Contract
from ingest.errors import FileRefused
from ingest.prepass.container import StreamBroken, Unpacked
from ingest.prepass.encoding import utf8_blocks, verify_utf8
from ingest.prepass.header import delimiter_of, split_header, verify_columns
from ingest.prepass.limit import LINE_BYTES
from ingest.prepass.quoting import cells_of, walked_records
from ingest.prepass.records import Fault, Marks, Records, long_line, records_of
from ingest.readers.block import blank_records, joined, rejected
from ingest.readers.chunk import RawChunk

_TOO_LONG: Final = (f"a line is longer than {LINE_BYTES} bytes", "check its quotes and line ends")
_SHORT: Final = ("the row has too few fields", "export every column, empty ones too")
_LONG: Final = ("the row has too many fields", "quote fields that hold the separator")


@dataclass(slots=True)
class _Place:
    """Where reading has got to: the physical line that the next byte belongs to."""

    line: int = 1


def delimited_chunks(contract: Contract, stream: Unpacked, *, rows: int) -> Iterator[RawChunk]:
    """Read a CSV or TSV in chunks of at most `rows` rows.

    Raises:
        FileRefused: a fault of the file; it names the line that was reached.

    """
    place = _Place()
    try:
        blocks = _with_final_newline(utf8_blocks(stream, contract.format.encoding))
        yield from _chunks(contract, blocks, place, rows)
    except StreamBroken as exc:
        raise FileRefused(contract.name, exc.rule, exc.remedy, line=exc.line or place.line) from None


def _with_final_newline(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Close the last line."""
    last = b""
    for block in blocks:
        yield block
        last = block or last
    if last and not last.endswith(b"\n"):
        yield b"\n"


def _chunks(contract: Contract, blocks: Iterator[bytes], place: _Place, rows: int) -> Iterator[RawChunk]:
    """Read the header, then whole records block by block, carrying the unfinished tail over."""
    header, carry = _header(contract, blocks)
    delimiter = delimiter_of(header, contract)
    names = split_header(header, delimiter)
    verify_columns(names, contract)
    place.line += 1 + header.count("\n")
    read = 0
    blocks, carry = chain([carry], blocks), b""
    for block in blocks:
        buffer = carry + block
        records = _records(buffer, delimiter, place)
        tail_line = place.line + buffer.count(b"\n", 0, records.rest)
        long = long_line(records, len(buffer) - records.rest, tail_line=tail_line)
        if long is not None:
            raise FileRefused(contract.name, *_TOO_LONG, line=long)
        for chunk in _raw_chunks(buffer, records, names, delimiter, rows):
            read += chunk.frame.height + chunk.rejected.height
            yield chunk
        place.line = tail_line
        carry = buffer[records.rest :]
    if carry:
        raise StreamBroken("a quote is opened and never closed", "close it, or double quotes inside fields")
    if read == 0:
        raise FileRefused(contract.name, "holds a header and no rows", "deliver at least one row", line=1)


def _header(contract: Contract, blocks: Iterator[bytes]) -> tuple[str, bytes]:
    """Split the header line off; a line end inside quotes belongs to it."""
    buffer = b""
    for block in blocks:
        buffer += block
        end = buffer.find(b"\n")
        while end >= 0 and buffer.count(b'"', 0, end) % 2:
            end = buffer.find(b"\n", end + 1)
        if end >= 0:
            return _header_text(contract, buffer[:end]), buffer[end + 1 :]
        if len(buffer) > LINE_BYTES:
            raise FileRefused(contract.name, *_TOO_LONG, line=1)
    raise FileRefused(contract.name, "is empty", "deliver a header and rows", line=1)


def _header_text(contract: Contract, line: bytes) -> str:
    """Decode the header line and refuse what cannot be one."""
    verify_utf8(line, 1)
    text = line.decode("utf-8").removesuffix("\r")
    if "\r" in text:
        raise FileRefused(contract.name, "lines end with a carriage return alone", "export LF or CRLF", line=1)
    if "\0" in text:
        raise FileRefused(contract.name, "a NUL byte stands in the header", "export the file as text", line=1)
    if not text.strip():
        raise FileRefused(contract.name, "the header line is empty", "begin the file with its header", line=1)
    return text


def _records(buffer: bytes, delimiter: str, place: _Place) -> Records:
    """Split by the fast way where its conditions hold, else field by field."""
    mark = delimiter.encode()
    records = records_of(buffer, mark, first_line=place.line)
    if records is None:
        records = walked_records(buffer, mark, first_line=place.line)
    verify_utf8(buffer[: records.rest], place.line)
    return records


def _raw_chunks(buffer: bytes, records: Records, names: list[str], delimiter: str, rows: int) -> Iterator[RawChunk]:
    """Cut one block's records into chunks."""
    blank = blank_records(buffer, records)
    faults = _with_field_counts(records, blank, len(names))
    kept = np.flatnonzero(~blank)
    for first in range(0, kept.size, rows):
        chosen = kept[first : first + rows]
        bad = [index for index in sorted(faults) if chosen[0] <= index <= chosen[-1]]
        good = np.setdiff1d(chosen, bad, assume_unique=True) if bad else chosen
        frame = _frame(joined(buffer, records, good), names, delimiter)
        frame = frame.with_columns(pl.Series("_line", records.lines[good], dtype=pl.Int64))
        damaged = _damaged(buffer, records, bad, names, delimiter) if bad else pl.DataFrame()
        yield RawChunk(frame, rejected(buffer, records, bad, faults), damaged)


def _with_field_counts(records: Records, blank: Marks, width: int) -> dict[int, Fault]:
    """Add short and long rows to the faults; blank lines are no rows at all."""
    faults = {index: fault for index, fault in records.faults.items() if not blank[index]}
    for index in np.flatnonzero((records.fields != width) & ~blank).tolist():
        faults.setdefault(index, _SHORT if records.fields[index] < width else _LONG)
    return faults


def _damaged(buffer: bytes, records: Records, bad: list[int], names: list[str], delimiter: str) -> pl.DataFrame:
    """Read what is sound of refused records that have as many fields as the header; a loop over faults, not rows."""
    mark, width = delimiter.encode(), len(names)
    rows = {
        int(records.lines[index]): cells
        for index in bad
        if records.fields[index] == width
        and len(cells := cells_of(buffer[records.starts[index] : records.ends[index]], mark)) == width
    }
    schema = dict.fromkeys(names, pl.String())
    frame = pl.DataFrame(list(rows.values()), schema=schema, orient="row")
    return frame.with_columns(pl.Series("_line", list(rows), dtype=pl.Int64))


def _frame(text: bytes, names: list[str], delimiter: str) -> pl.DataFrame:
    """Read checked records as text."""
    schema = pl.Schema(dict.fromkeys(names, pl.String()))
    if not text:
        return pl.DataFrame(schema=schema)
    return pl.read_csv(
        text,
        has_header=False,
        schema=schema,
        separator=delimiter,
        quote_char='"' if b'"' in text else None,
    )

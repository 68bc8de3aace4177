"""NDJSON: one JSON object per line (RFC 8259), every value read as text, broken lines set aside.

A key that is absent from a line is a missing value; a key that the contract does not declare refuses the file. Unknown
keys are not echoed: some systems use names or addresses as keys.
"""

import io
import json
from collections.abc import Iterator
from itertools import chain
from typing import Final

import numpy as np
import polars as pl

from ingest.contract.model import Contract
from ingest.errors import FileRefused
from ingest.prepass.container import StreamBroken, Unpacked
from ingest.prepass.encoding import utf8_blocks, verify_utf8
from ingest.prepass.header import close_name
from ingest.prepass.limit import LINE_BYTES
from ingest.prepass.records import NEWLINE, NUL, Fault, Positions, Records, long_line
from ingest.readers.block import blank_records, joined, rejected
from ingest.readers.chunk import RawChunk

_NOT_AN_OBJECT: Final[Fault] = ("the line is not a JSON object", "write one object per line")
_TOO_LONG: Final = (f"a line is longer than {LINE_BYTES} bytes", "write one object per line")


def ndjson_chunks(contract: Contract, stream: Unpacked, *, rows: int) -> Iterator[RawChunk]:
    """Read NDJSON in chunks of at most `rows` rows.

    Raises:
        FileRefused: a fault of the file; it names the line that was reached.

    """
    carry, line, read = b"", 1, 0
    try:
        for block in chain(utf8_blocks(stream, contract.format.encoding), [b"\n"]):
            buffer = carry + block
            records = _lines(buffer, line)
            _refuse_early(contract, buffer, records, line)
            for chunk in _raw_chunks(contract, buffer, records, rows):
                read += chunk.frame.height + chunk.rejected.height
                yield chunk
            line += records.ends.size
            carry = buffer[records.rest :]
    except StreamBroken as exc:
        raise FileRefused(contract.name, exc.rule, exc.remedy, line=exc.line or line) from None
    if read == 0:
        raise FileRefused(contract.name, "is empty", "deliver at least one object", line=1)


def _lines(buffer: bytes, first_line: int) -> Records:
    """Split into lines: a JSON text holds no line feed of its own (RFC 8259 section 7)."""
    data = np.frombuffer(buffer, dtype=np.uint8)
    ends = np.flatnonzero(data == NEWLINE)
    starts = np.concatenate(([0], ends[:-1] + 1)) if ends.size else ends
    rest = int(ends[-1]) + 1 if ends.size else 0
    records = Records(starts, ends, np.ones_like(ends), first_line + np.arange(ends.size), rest)
    if b"\0" in buffer:
        nuls = np.flatnonzero(data[:rest] == 0)
        records.faults.update(dict.fromkeys(np.unique(np.searchsorted(ends, nuls)).tolist(), NUL))
    return records


def _refuse_early(contract: Contract, buffer: bytes, records: Records, line: int) -> None:
    """Refuse what is not NDJSON at all."""
    verify_utf8(buffer[: records.rest], line)
    if line == 1 and buffer.lstrip()[:1] == b"[":
        raise FileRefused(contract.name, "is a JSON array", "write one object per line (NDJSON)", line=1)
    long = long_line(records, len(buffer) - records.rest, tail_line=line + records.ends.size)
    if long is not None:
        raise FileRefused(contract.name, *_TOO_LONG, line=long)


def _raw_chunks(contract: Contract, buffer: bytes, records: Records, rows: int) -> Iterator[RawChunk]:
    """Cut one block's lines into chunks."""
    kept = np.flatnonzero(~blank_records(buffer, records))
    for first in range(0, kept.size, rows):
        chosen = kept[first : first + rows]
        faults = {index: fault for index, fault in records.faults.items() if chosen[0] <= index <= chosen[-1]}
        frame, faults = _frame(contract, buffer, records, chosen, faults)
        yield RawChunk(frame, rejected(buffer, records, sorted(faults), faults))


def _frame(
    contract: Contract, buffer: bytes, records: Records, chosen: Positions, faults: dict[int, Fault]
) -> tuple[pl.DataFrame, dict[int, Fault]]:
    """Read the chosen lines; where the parser refuses them, find the broken ones first."""
    good = np.setdiff1d(chosen, list(faults), assume_unique=True) if faults else chosen
    try:
        frame = _parsed(contract, buffer, records, good)
    except pl.exceptions.PolarsError:
        found = {index: _NOT_AN_OBJECT for index in good.tolist() if not _is_object(_line(buffer, records, index))}
        if not found:
            rule = "holds JSON that cannot be read as a table"
            raise FileRefused(contract.name, rule, "keep each key's values of one kind") from None
        return _frame(contract, buffer, records, chosen, faults | found)
    return frame.with_columns(pl.Series("_line", records.lines[good], dtype=pl.Int64)), faults


def _line(buffer: bytes, records: Records, index: int) -> bytes:
    """Return the bytes of one line."""
    return buffer[records.starts[index] : records.ends[index]]


def _is_object(line: bytes) -> bool:
    """Say whether a line is a JSON object; NaN and Infinity are not JSON."""
    try:
        return isinstance(json.loads(line, parse_constant=_no_constant), dict)
    except (ValueError, RecursionError):
        return False


def _no_constant(name: str) -> None:
    """Refuse Python's own extensions of JSON."""
    raise ValueError(name)


def _parsed(contract: Contract, buffer: bytes, records: Records, good: Positions) -> pl.DataFrame:
    """Parse whole lines as text columns, after looking which keys they have."""
    text = joined(buffer, records, good)
    declared = contract.declared_columns
    schema = pl.Schema(dict.fromkeys(declared, pl.String()))
    if not text:
        return pl.DataFrame(schema=schema)
    found = pl.read_ndjson(io.BytesIO(text), infer_schema_length=None).schema
    _verify_keys(contract, found, buffer, records, good)
    return pl.read_ndjson(io.BytesIO(text), schema=schema)


def _verify_keys(contract: Contract, found: pl.Schema, buffer: bytes, records: Records, good: Positions) -> None:
    """Refuse undeclared keys and nested values."""
    declared = contract.declared_columns
    for name in declared:
        if name in found and name not in contract.ignore and found[name].is_nested():
            raise FileRefused(contract.name, "holds nested values", "flatten it at the source", column=name)
    extra = set(found) - set(declared)
    if not extra:
        return
    index = next(index for index in good.tolist() if not extra.isdisjoint(json.loads(_line(buffer, records, index))))
    missing = [name for name in declared if name not in found]
    near = next((close for name in extra if (close := close_name(name, missing))), None)
    remedy = f"one is close to {near!r}: rename it" if near else "map it or list it under `ignore`"
    line = int(records.lines[index])
    raise FileRefused(contract.name, f"has {len(extra)} keys that the contract lacks", remedy, line=line)

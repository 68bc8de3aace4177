"""NDJSON: one JSON object per line (RFC 8259), every value read as text, broken lines set aside.

A key that is absent from a line is a missing value; a key that the contract does not declare refuses the file. Unknown
keys are not echoed: some systems use names or addresses as keys. An object that names a key twice is refused: which of
the values it means depends on the reader (RFC 8259 section 4).
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
_KEY_TWICE: Final[Fault] = ("a key twice in one object", "name each key once; keep one of its values")
_KEY_END: Final = r'"\s*:'
_KEY: Final = r'"(?:[^"\\]|\\.)*"\s*:'
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
        lines = {index: _line(buffer, records, index) for index in good.tolist()}
        found = {index: fault for index, line in lines.items() if (fault := _fault_of(line)) is not None}
        if not found:
            rule = "holds JSON that cannot be read as a table"
            raise FileRefused(contract.name, rule, "keep each key's values of one kind") from None
        return _frame(contract, buffer, records, chosen, faults | found)
    twice = [index for index in _suspects(buffer, records, good, frame) if _fault_of(_line(buffer, records, index))]
    if twice:
        return _frame(contract, buffer, records, chosen, faults | dict.fromkeys(twice, _KEY_TWICE))
    return frame.with_columns(pl.Series("_line", records.lines[good], dtype=pl.Int64)), faults


def _suspects(buffer: bytes, records: Records, good: Positions, frame: pl.DataFrame) -> list[int]:
    """Find the few lines that may name a key twice, without a look at each in Python.

    Every key ends in a quote and a colon. A line with no more of these than values has each of its keys once; of the
    rest (a null, a quote within a text) the spellings of the keys are compared, unless one is written with escapes.
    """
    texts = joined(buffer, records, good).decode("utf-8").split("\n")[: good.size]
    lines = pl.Series("line", texts, dtype=pl.String)
    ends = lines.str.count_matches(_KEY_END)
    values = frame.select(pl.sum_horizontal(pl.all().is_not_null().cast(pl.UInt32))).to_series()
    more = (ends > values).arg_true()
    keys = lines.gather(more).str.extract_all(_KEY)
    unsure = (keys.list.n_unique() < ends.gather(more)) | keys.list.join("").str.contains("\\", literal=True)
    return [int(index) for index in good[more.filter(unsure).to_numpy()]]


def _line(buffer: bytes, records: Records, index: int) -> bytes:
    """Return the bytes of one line."""
    return buffer[records.starts[index] : records.ends[index]]


def _fault_of(line: bytes) -> Fault | None:
    """Say what is wrong with a line, if anything is; NaN and Infinity are not JSON."""
    try:
        read = json.loads(line, parse_constant=_no_constant, object_pairs_hook=_once)
    except _KeyTwice:
        return _KEY_TWICE
    except (ValueError, RecursionError):
        return _NOT_AN_OBJECT
    return None if isinstance(read, dict) else _NOT_AN_OBJECT


class _KeyTwice(Exception):
    """An object names a key twice."""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object of its pairs, if no key comes twice."""
    read = dict(pairs)
    if len(read) < len(pairs):
        raise _KeyTwice
    return read


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

"""Walk delimited text field by field, for blocks whose quotes break RFC 4180.

A quote inside a field that did not begin with one leaves no doubt where the record ends: the row is refused alone.
Text after a closing quote, or a quote that never closes, leaves every later record in doubt - a customer could write
a row of their own into a comment - so it refuses the file.
"""

import re
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ingest.prepass.container import StreamBroken
from ingest.prepass.limit import FIELD_BYTES
from ingest.prepass.records import LONE_RETURN, LONG_FIELD, NUL, STRAY_QUOTE, Fault, Records

_REMEDY: Final = "the exporting system must double the quotes inside a field"


@dataclass(slots=True)
class _Walk:
    """What has been found so far."""

    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    fields: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    faults: dict[int, Fault] = field(default_factory=dict)


def walked_records(block: bytes, delimiter: bytes, *, first_line: int) -> Records:
    """Split a block like `records_of`, judging each quote; this is a loop per row, and only for broken files.

    Raises:
        StreamBroken: a quote leaves the ends of records in doubt.

    """
    pattern = _field_pattern(delimiter)
    walk = _Walk()
    start, line = 0, first_line
    while (end := _record_end(block, start, pattern, line)) is not None:
        fault, fields = _judged(block[start:end], delimiter, pattern)
        if fault is not None:
            walk.faults[len(walk.starts)] = fault
        walk.starts.append(start)
        walk.ends.append(end)
        walk.fields.append(fields)
        walk.lines.append(line)
        line += block.count(b"\n", start, end + 1)
        start = end + 1
    return Records(
        np.array(walk.starts, dtype=np.int64),
        np.array(walk.ends, dtype=np.int64),
        np.array(walk.fields, dtype=np.int64),
        np.array(walk.lines, dtype=np.int64),
        start,
        walk.faults,
    )


def _field_pattern(delimiter: bytes) -> re.Pattern[bytes]:
    """Match one field: quoted, or up to the next separator or line end."""
    mark = re.escape(delimiter)
    return re.compile(rb'"[^"]*+(?:""[^"]*+)*+"(?=' + mark + rb"|\r?\n|\Z)|(?!\")[^\n" + mark + rb"]*+")


def _record_end(block: bytes, start: int, pattern: re.Pattern[bytes], line: int) -> int | None:
    """Find the line end that closes the record at `start`; None where the block ends first."""
    end = block.find(b"\n", start)
    if end < 0 or b'"' not in block[start:end]:
        return end if end >= 0 else None
    at = start
    while True:
        matched = pattern.match(block, at)
        if matched is None:
            _refuse_followed_quote(block, at, line)
            return None
        at = matched.end()
        if at >= len(block):
            return None
        if block[at : at + 1] == b"\r":
            at += 1
        if block[at : at + 1] == b"\n":
            return at
        at += 1


def _refuse_followed_quote(block: bytes, at: int, line: int) -> None:
    """Refuse a quoted field that is followed by text; one that is unfinished in this block is left alone."""
    quotes = re.compile(rb'"[^"]*+(?:""[^"]*+)*+"').match(block, at)
    if quotes is not None and block[quotes.end() :] != b"\r":  # its line feed may be in the next block
        line += block.count(b"\n", at, quotes.end())
        raise StreamBroken("text follows a closing quote", _REMEDY, line=line)


def _judged(record: bytes, delimiter: bytes, pattern: re.Pattern[bytes]) -> tuple[Fault | None, int]:
    """Return a record's fault, if any, and its number of fields."""
    record = record.removesuffix(b"\r")
    fields = _fields(record, delimiter, pattern)
    return _fault_of(record, fields), len(fields)


def cells_of(record: bytes, delimiter: bytes) -> list[str | None]:
    """Tell the fields of a refused record apart, None where one holds a NUL byte or is too long; none at all in doubt.

    A quote or a carriage return in a field without quotes is doubt: nobody knows what it was meant to keep together.
    """
    record = record.removesuffix(b"\r")
    fields = _fields(record, delimiter, _field_pattern(delimiter))
    return [] if any(map(_is_doubtful, fields)) else [_cell(part) for part in fields]


def _fields(record: bytes, delimiter: bytes, pattern: re.Pattern[bytes]) -> list[bytes]:
    """Split a record at its separators; fewer fields where one cannot be matched."""
    fields: list[bytes] = []
    at = 0
    while at <= len(record) and (matched := pattern.match(record, at)) is not None:
        fields.append(matched.group())
        at = matched.end() + len(delimiter)
    return fields


def _is_doubtful(part: bytes) -> bool:
    """Say whether a field without quotes holds a sign that needs them."""
    return not part.startswith(b'"') and (b'"' in part or b"\r" in part)


def _cell(part: bytes) -> str | None:
    """Read one field; None if it is damaged."""
    if len(part) > FIELD_BYTES or b"\0" in part:
        return None
    text = part.decode("utf-8")
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


def _fault_of(record: bytes, fields: list[bytes]) -> Fault | None:
    """Return the first rule that a record breaks."""
    if any(len(part) > FIELD_BYTES for part in fields):
        return LONG_FIELD
    if b"\0" in record:
        return NUL
    unquoted = [part for part in fields if not part.startswith(b'"')]
    if any(b'"' in part for part in unquoted):
        return STRAY_QUOTE
    return LONE_RETURN if any(b"\r" in part for part in unquoted) else None

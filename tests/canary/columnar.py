"""Parquet and Arrow files, opened column by column whatever their codec.

Values come out as one uncompressed Arrow stream: buffers, dictionaries (entries that no row uses included),
column names and metadata, which is then scanned like any bytes. Whole numbers are appended as decimal text,
because a phone number kept as a 64-bit integer has no form that a byte scan would know.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.canary.streams import Opened

PARQUET_MAGIC: Final = b"PAR1"
ARROW_MAGIC: Final = b"ARROW1\x00\x00"
ARROW_STREAM_MAGIC: Final = b"\xff\xff\xff\xff"  # continuation marker of the first message
SMALLEST_NUMBER: Final = 10**7  # eight digits: nothing shorter can be a token
LARGEST_NUMBER: Final = 10**15


def is_clear_parquet(content: bytes) -> bool:
    """Say whether this claims to be a Parquet file whose footer anybody can read (an encrypted footer says PARE)."""
    return content.startswith(PARQUET_MAGIC) and content.endswith(PARQUET_MAGIC)


def _numbers(column: pa.Array) -> bytes:
    """Write the numbers of a column that are long enough to be a token as decimal text, one a line."""
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return b""
    whole = pc.cast(column.drop_null(), pa.int64(), safe=False)
    magnitude = pc.abs(whole)
    kept = whole.filter(pc.and_(pc.greater_equal(magnitude, SMALLEST_NUMBER), pc.less(magnitude, LARGEST_NUMBER)))
    return "\n".join(kept.cast(pa.string()).to_pylist()).encode()


def _written_out(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Opened:
    """Write batches as an uncompressed stream; what was read before a fault is kept."""
    sink = pa.BufferOutputStream()
    numbers: list[bytes] = []
    fault = ""
    with pa.ipc.new_stream(sink, schema) as writer:
        try:
            for batch in batches:
                writer.write_batch(batch)
                numbers.extend(_numbers(column) for column in batch.columns)
        except (OSError, pa.ArrowException):
            fault = "damaged"
    # The line break in front keeps the scanner from taking this stream for one more to be opened.
    return Opened(b"\n".join([b"", sink.getvalue().to_pybytes(), *numbers]), fault)


def _is_words(kind: pa.DataType) -> bool:
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    return any(test(kind) for test in tests)


def open_parquet(content: bytes) -> Opened:
    """Read every column of an unencrypted Parquet file, its dictionary pages whole."""
    try:
        schema = pq.read_schema(pa.BufferReader(content))
        words = [field.name for field in schema if _is_words(field.type)]
        reader = pq.ParquetFile(pa.BufferReader(content), read_dictionary=words)
        return _written_out(reader.schema_arrow, reader.iter_batches())
    except (OSError, pa.ArrowException):
        return Opened(b"", "unreadable")


def _arrow_readings(content: bytes, at: int) -> Iterator[tuple[pa.Schema, Iterable[pa.RecordBatch]]]:
    """Offer each way to read Arrow data at an offset: as a file by its footer, as a stream from its first message.

    Both are needed: Polars writes files that only the footer explains, and a file cut short has no footer.
    """
    whole = pa.py_buffer(content)
    if not content.startswith(ARROW_MAGIC, at):
        stream = pa.ipc.open_stream(whole.slice(at))
        yield stream.schema, stream
        return
    closing = content.find(ARROW_MAGIC[:6], at + len(ARROW_MAGIC))
    for end in {len(content), closing + 6 if closing >= 0 else len(content)}:
        with suppress(OSError, pa.ArrowException):
            file = pa.ipc.open_file(whole.slice(at, end - at))
            yield file.schema, (file.get_batch(number) for number in range(file.num_record_batches))
            return
    stream = pa.ipc.open_stream(whole.slice(at + len(ARROW_MAGIC)))
    yield stream.schema, stream


def open_arrow(content: bytes, at: int) -> Opened:
    """Read Arrow data (file or stream, any codec) that begins at an offset."""
    try:
        for schema, batches in _arrow_readings(content, at):
            return _written_out(schema, batches)
    except (OSError, pa.ArrowException):
        pass
    return Opened(b"", "unreadable")

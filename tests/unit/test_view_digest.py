"""What is noted of rows that stay in this process: size and digest of the stream that they would be."""

import hashlib

import polars as pl
import pyarrow as pa
import pytest

from hub.views.use import digest_of


@pytest.mark.parametrize("height", [0, 1, 200_000])
def test_a_digest_is_that_of_the_rows_as_a_stream(height: int) -> None:
    frame = pl.DataFrame({"pseudonym": [b"0123456789abcdef"] * height, "count": range(height)})
    frame = frame.cast({"pseudonym": pl.Binary, "count": pl.Int64})
    buffer = pa.BufferOutputStream()
    with pa.ipc.new_stream(buffer, frame.to_arrow().schema) as stream:
        stream.write_table(frame.to_arrow(), max_chunksize=65_536)
    body = buffer.getvalue().to_pybytes()
    assert digest_of(frame) == (len(body), hashlib.sha256(body).digest())
    assert pl.read_ipc_stream(body).equals(frame)


def test_other_rows_have_another_digest() -> None:
    one, other = pl.DataFrame({"count": [1, 2]}), pl.DataFrame({"count": [1, 3]})
    assert digest_of(one)[1] != digest_of(other)[1]

"""What is noted of rows that stay in this process: size and digest of the stream that they would be."""

import hashlib

import polars as pl
import pytest

from hub.views.wire import Left, arrow_pieces, left_of


@pytest.mark.parametrize("height", [0, 1, 200_000])
def test_a_digest_is_that_of_the_rows_as_a_stream(height: int) -> None:
    frame = pl.DataFrame({"pseudonym": [b"0123456789abcdef"] * height, "count": range(height)})
    frame = frame.cast({"pseudonym": pl.Binary, "count": pl.Int64})
    pieces = list(arrow_pieces(frame, {}))
    assert len(pieces) > height // 65_536, "piece by piece"
    body = b"".join(pieces)
    assert left_of(arrow_pieces(frame, {})) == Left(len(body), hashlib.sha256(body).digest())
    assert pl.read_ipc_stream(body).equals(frame)


def test_other_rows_have_another_digest() -> None:
    one, other = pl.DataFrame({"count": [1, 2]}), pl.DataFrame({"count": [1, 3]})
    assert left_of(arrow_pieces(one, {})) != left_of(arrow_pieces(other, {}))

"""Columns of few sound values skip the look at each row: the outcome must be that of the look."""

from unittest.mock import patch

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ingest.contract.load import contract_of_yaml
from ingest.readers.casts.sound import sound_columns
from ingest.readers.chunk import Chunk, RawChunk
from ingest.readers.typed import Typist

CONTRACT = contract_of_yaml(
    """
contract: use
version: 1
source: product
owner: team
table: usage
format: {kind: parquet, timezone: UTC}
person: {column: customer, source: product}
columns:
  at: {to: event_time, type: instant}
  kind: {to: kind, type: category}
  feature: {to: feature, type: category}
  n: {to: count, type: integer}
"""
)
texts = st.one_of(
    st.none(), st.sampled_from(["login", "Login ", "feature", "", " ", "a\0b", "\tx", "nonsense", "ø\u00a0"])
)
rows = st.lists(st.tuples(texts, texts, texts, st.one_of(st.none(), st.integers(-5, 2**40))), min_size=1, max_size=30)


def typed(frame: pl.DataFrame) -> Chunk:
    return Typist(CONTRACT).typed(RawChunk(frame))


@given(rows)
def test_proof_on_the_values_changes_nothing(
    drawn: list[tuple[str | None, str | None, str | None, int | None]],
) -> None:
    frame = pl.DataFrame(
        drawn, schema={"customer": pl.String, "kind": pl.String, "feature": pl.String, "n": pl.Int64}, orient="row"
    ).with_columns(at=pl.lit("2025-01-01").str.to_datetime(time_zone="UTC"))
    frame = frame.with_row_index("_line", offset=1).with_columns(pl.col("_line").cast(pl.Int64))
    doubting = frame.with_columns(pl.Series("feature", [f"f{i}" for i in range(frame.height)]))
    for each in (frame, doubting):
        quick = typed(each)
        with patch("ingest.readers.typed.sound_columns", return_value={}):
            slow = typed(each)
        assert quick.frame.equals(slow.frame)
        assert quick.rejected.equals(slow.rejected)


def test_only_columns_of_few_sound_values_are_sound() -> None:
    frame = pl.DataFrame(
        {
            "few": ["a", "b", None] * 200,
            "many": [str(i) for i in range(600)],
            "odd": [str(i) for i in range(599)] + ["600\u2003"],
            "blank": ["a", " b", "c"] * 200,
            "empty": ["a", "", "c"] * 200,
            "nul": ["a", "b\0", "c"] * 200,
            "long": ["a", "b" * 70_000, "c"] * 200,
            "number": [1, 2, 3] * 200,
        }
    )
    assert sound_columns(frame, frame.columns) == {"few": {"a", "b"}, "many": None}

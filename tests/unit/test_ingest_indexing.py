"""Blind indexes of a chunk: the rows of `record_index` and the tokens kept with each revision say the same."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ingest.identity.comparable import comparable
from ingest.identity.exact import match_values
from ingest.pipeline.indexing import index_chunk
from ingest.pipeline.ports import Indexes
from privacy.terms import EntityKind
from tests.builders import a_key, an_id

TOKEN = 16
INDEXES = Indexes(a_key())
words = st.one_of(st.none(), st.sampled_from(["Kari", "Ola", "Åse", "", " "]))
people = st.fixed_dictionaries(
    {
        "record": st.integers(1, 4).map(an_id),
        "given_name": words,
        "family_name": words,
        "email": st.one_of(st.none(), st.sampled_from(["a@b.no", "A@B.NO", "ø@å.no", "none"])),
        "phone": st.one_of(st.none(), st.sampled_from(["+47 22 33 44 55", "22334455", "1"])),
    }
)
SCHEMA = {
    "record": pl.Binary,
    "given_name": pl.String,
    "family_name": pl.String,
    "email": pl.String,
    "phone": pl.String,
}


@given(st.lists(people, max_size=8))
def test_each_value_is_indexed_once_for_its_row(rows: list[dict[str, object]]) -> None:
    fresh = pl.DataFrame(rows, schema=SCHEMA)
    indexed = index_chunk(fresh, kind=EntityKind.PERSON, country="NO", indexes=INDEXES)
    values = match_values(comparable(fresh, kind=EntityKind.PERSON, country="NO"))
    by_hand = [
        (row, field, INDEXES.attribute(field).token_of(value))
        for row, field, value in values.select("record_row", "field", "value").iter_rows()
    ]
    owners = fresh["record"].to_list()
    assert sorted(indexed.rows.iter_rows()) == sorted((owners[row], field, token) for row, field, token in by_hand)
    assert indexed.rows["token"].is_sorted()
    for row, joined in enumerate(indexed.of_row["tokens"].to_list()):
        tokens = [joined[start : start + TOKEN] for start in range(0, len(joined), TOKEN)]
        assert sorted(tokens) == sorted(token for at, _, token in by_hand if at == row)


def test_a_chunk_that_has_nothing_to_index_keeps_its_rows() -> None:
    fresh = pl.DataFrame({"record": [an_id(1), an_id(2)]})
    indexed = index_chunk(fresh, kind=EntityKind.ORGANISATION, country=None, indexes=INDEXES)
    assert indexed.rows.is_empty()
    assert indexed.of_row["tokens"].to_list() == [b"", b""]

"""Who is remembered is the very revision that counts, in the order and the columns of who is opened."""

import polars as pl

from ingest.match.form import comparable_people
from ingest.pipeline.remembered import Remembered
from tests.match_people import people

FRAME = comparable_people(people(3).head(3))
RECORDS = [b"c", b"a", b"b"]


def forms(revisions: dict[bytes, int]) -> pl.DataFrame:
    rows = [(record, revision, "crm") for record, revision in revisions.items()]
    return pl.DataFrame(rows, schema={"record": pl.Binary, "revision": pl.Int64, "source": pl.String}, orient="row")


def test_the_revision_that_counts_is_remembered_and_no_other() -> None:
    remembered = Remembered()
    assert remembered.of(forms({b"a": 1})) is None
    remembered.add(FRAME, RECORDS, [1, 2, 1])
    told = remembered.of(forms({b"a": 2, b"b": 2, b"c": 1, b"d": 1}))
    assert told is not None
    assert told["record"].to_list() == [b"a", b"c"]
    assert told["given"].to_list() == [FRAME["given"][1], FRAME["given"][0]]
    assert told["source"].to_list() == ["crm", "crm"]
    assert set(told.columns) == set(FRAME.columns)


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    remembered = Remembered(most=5)
    remembered.add(FRAME, RECORDS, [1, 1, 1])
    remembered.add(FRAME, [b"x", b"y", b"z"], [1, 1, 1])
    told = remembered.of(forms(dict.fromkeys([*RECORDS, b"x", b"y", b"z"], 1)))
    assert told is not None
    assert told["record"].to_list() == sorted(RECORDS)

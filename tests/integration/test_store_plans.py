"""Looking many keys up begins with the keys: asked for a state, SQLite would read all that every batch holds."""

import pytest
from sqlalchemy import Engine, text

from hub.database.unit import reading
from ingest.store import batch, identity, record
from privacy.store.bulk import _KEYS, _text_of

QUERIES = {"tokens": identity._ROWS, "documents": record._SEALED, "states": batch._STATES}


@pytest.mark.parametrize("name", QUERIES)
def test_a_look_up_begins_with_its_keys(name: str, sqlite_control: Engine) -> None:
    keys = ",".join(["x'00'"] * 500)
    statement = _text_of(QUERIES[name], sqlite_control.dialect).replace(_KEYS, keys)
    with reading(sqlite_control) as session:
        plan = [row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {statement}"))]
    assert plan[0].startswith("SEARCH record_"), plan
    assert "batch_id" not in plan[0], plan

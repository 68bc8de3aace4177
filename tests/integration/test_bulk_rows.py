"""Many rows in one statement, to the driver of either database: the same rows as one by one."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest
from sqlalchemy import Engine, Select, bindparam, event, insert, literal_column, select, table
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import col

from hub.database.unit import RuleBroken, reading, unit_of_work
from hub.errors import HubError
from ingest.tables.batch import BatchMetric
from ingest.tables.record import SourceRecord
from privacy.store.bulk import (
    Columns,
    Same,
    among_keys,
    execute_columns,
    execute_rows,
    insert_columns,
    insert_rows,
    select_among,
    select_rows,
)
from privacy.tables.epoch import Change
from privacy.tables.erasure import Erasure
from tests.builders import NOON, an_id


def an_erasure(number: int, **changes: Any) -> dict[str, Any]:
    row = {
        "erasure_id": an_id(number),
        "state": "ordnet; “æøå” %s :x ?",
        "requested_by": b"\x00\xff" * 8,
        "intended_at": NOON,
        "completed_at": None,
        "records": number,
        "counts": "",
        "certificate": None,
    }
    return row | changes


def test_rows_arrive_with_every_kind_of_value(control: Engine) -> None:
    late = datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    with unit_of_work(control) as session:
        insert_rows(session, Erasure, [an_erasure(1), an_erasure(2, completed_at=late)])
        rows = [
            {"batch_id": an_id(n), "metric": "m", "column_name": "c", "value": n / 3, "breached": n == 2}
            for n in (1, 2)
        ]
        insert_rows(session, BatchMetric, rows)
    with reading(control) as session:
        one, two = session.execute(select(Erasure).order_by(col(Erasure.records))).scalars()
        metrics = session.execute(select(BatchMetric).order_by(col(BatchMetric.value))).scalars().all()
    assert one.model_dump() == an_erasure(1)
    assert two.completed_at == late
    assert [(metric.value, metric.breached) for metric in metrics] == [(1 / 3, False), (2 / 3, True)]


def test_no_rows_are_no_statement(control: Engine) -> None:
    with unit_of_work(control) as session:
        insert_rows(session, Erasure, [])
        execute_rows(session, insert(Erasure.__table__), [])  # type: ignore[attr-defined]  # SQLModel does not declare it


def test_columns_that_the_database_fills_may_be_left_out(control: Engine) -> None:
    with unit_of_work(control) as session:
        insert_rows(session, Change, [{"epoch": 1, "record_id": None, "kind": "x"}] * 3)
    with reading(control) as session:
        assert len(set(session.execute(select(col(Change.seq))).scalars())) == 3


def test_the_order_of_a_rows_names_does_not_matter(control: Engine) -> None:
    with unit_of_work(control) as session:
        insert_rows(session, Erasure, [an_erasure(1), dict(reversed(an_erasure(2).items()))])
    with reading(control) as session:
        assert session.get_one(Erasure, an_id(2)).model_dump() == an_erasure(2)


def test_a_row_that_lacks_a_column_of_the_first_is_an_error(control: Engine) -> None:
    short = an_erasure(2)
    del short["records"]
    with pytest.raises(KeyError, match="records"), unit_of_work(control) as session:
        insert_rows(session, Erasure, [an_erasure(1), short])


def test_a_row_with_a_column_more_than_the_first_is_an_error_too(control: Engine) -> None:
    """Else its value would be dropped in silence."""
    first = an_erasure(1)
    del first["completed_at"]
    with pytest.raises(KeyError, match="completed_at"), unit_of_work(control) as session:
        insert_rows(session, Erasure, [first, an_erasure(2)])


def test_one_bad_row_takes_all_along(control: Engine) -> None:
    with pytest.raises(RuleBroken), unit_of_work(control) as session:
        insert_rows(session, Erasure, [an_erasure(1), an_erasure(2), an_erasure(1)])
    with reading(control) as session:
        assert session.execute(select(Erasure)).first() is None


def test_an_upsert_keeps_what_is_there(control: Engine) -> None:
    new = sqlite_insert if control.dialect.name == "sqlite" else postgresql_insert
    rows = [
        {
            "record_id": an_id(number),
            "kind": "person",
            "source": "crm",
            "key_index": an_id(1),
            "key_version": 1,
            "created_at": NOON,
        }
        for number in (1, 2)
    ]
    with unit_of_work(control) as session:
        execute_rows(session, new(SourceRecord).on_conflict_do_nothing(index_elements=["key_index"]), rows)
    with reading(control) as session:
        assert list(session.execute(select(col(SourceRecord.record_id))).scalars()) == [an_id(1)]


def test_columns_are_the_rows_they_make_up(control: Engine) -> None:
    rows = [an_erasure(number) for number in (1, 2, 3)]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    columns |= {name: Same(rows[0][name]) for name in rows[0] if all(row[name] == rows[0][name] for row in rows)}
    assert any(isinstance(column, Same) for column in columns.values())
    with unit_of_work(control) as session:
        insert_columns(session, Erasure, columns)
    with reading(control) as session:
        stored = session.execute(select(Erasure).order_by(col(Erasure.records))).scalars()
        assert [row.model_dump() for row in stored] == rows


@pytest.mark.parametrize("columns", [{"a": [1], "b": [1, 2]}, {"a": Same(1)}, {}])
def test_columns_without_one_length_are_an_error(control: Engine, columns: Columns) -> None:
    with pytest.raises(ValueError, match="one length"), unit_of_work(control) as session:
        insert_columns(session, Erasure, columns)


def test_an_upsert_says_how_many_rows_it_wrote(control: Engine) -> None:
    """Whoever writes as if it were alone learns that it was not."""
    new = sqlite_insert if control.dialect.name == "sqlite" else postgresql_insert
    upsert = new(SourceRecord).on_conflict_do_nothing(index_elements=["key_index"])

    def name(*numbers: int) -> int:
        columns = {
            "record_id": [an_id(100 + number) for number in numbers],
            "kind": Same("person"),
            "source": Same("crm"),
            "key_index": [an_id(number) for number in numbers],
            "key_version": Same(1),
            "created_at": Same(NOON),
        }
        with unit_of_work(control) as session:
            return execute_columns(session, upsert, columns)

    assert name(1, 2) == 2
    assert name(3, 2, 4) == 2
    assert name(1, 2, 3) == 0
    assert name() == 0


_MANY: Final = select(col(Erasure.records)).where(among_keys(col(Erasure.erasure_id)))
_ONE: Final = select(col(Erasure.records)).where(col(Erasure.erasure_id) == bindparam("wanted"))
_GONE: Final[Select[Any]] = select(literal_column("nothing")).select_from(table("no_such_table"))


def test_keys_are_looked_up_and_whoever_listens_hears_of_it(control: Engine) -> None:
    with unit_of_work(control) as session:
        insert_rows(session, Erasure, [an_erasure(number) for number in (1, 2, 3)])
    wanted = [an_id(1), an_id(3), an_id(9)]
    told: list[str] = []
    heard: list[list[tuple[Any, ...]]] = []
    for _ in range(2):  # in silence, then heard
        with reading(control) as session:
            heard.append([*sorted(select_among(session, _MANY, wanted)), *select_rows(session, _ONE, wanted=an_id(2))])
        event.listen(control, "before_cursor_execute", lambda _c, _u, sql, *_: told.append(sql))
    assert heard == [[(1,), (3,), (2,)]] * 2
    assert any("erasure" in sql for sql in told)


def test_what_the_driver_refuses_is_told_as_by_the_others(control: Engine) -> None:
    with pytest.raises(HubError) as refused, reading(control) as session:
        select_rows(session, _GONE)
    assert refused.value.__context__ is None

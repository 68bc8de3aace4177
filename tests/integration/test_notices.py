"""Notices and decisions in both databases: appended, found by hash, and kept by the database itself."""

import pytest
from sqlalchemy import Engine, text

from hub.database.unit import RuleBroken, reading, unit_of_work
from privacy.store.notice import NewNotice, keep_notices, kept_notices
from privacy.store.reconsent import Decided, Reconsent, add_decision, find_decision
from privacy.terms import PrincipalId
from tests.builders import NOON, an_id

BY = PrincipalId(an_id(9))
NOTICE = NewNotice(notice_hash=bytes(32), purpose="winback", purpose_version=1, notice_version="n-1", texts="{}")
DECIDED = Decided(
    decision_id=an_id(1),
    purpose="winback",
    purpose_version=2,
    purpose_hash=b"h" * 32,
    outcome=Reconsent.NEEDED,
    people_lost=7,
    document_ref="dpo-2025-3",
    decided_at=NOON,
    decided_by=BY,
)


def filled(engine: Engine) -> Engine:
    with unit_of_work(engine) as session:
        assert keep_notices(session, [NOTICE], by=BY, at=NOON) == [NOTICE]
        add_decision(session, DECIDED)
    return engine


def test_a_notice_is_kept_once(control: Engine) -> None:
    with unit_of_work(filled(control)) as session:
        assert keep_notices(session, [NOTICE], by=BY, at=NOON) == []
        assert keep_notices(session, [], by=BY, at=NOON) == []
    with reading(control) as session:
        (kept,) = kept_notices(session, "winback")
        assert (kept.notice_hash, kept.texts, kept.kept_at) == (bytes(32), "{}", NOON)
        assert kept_notices(session, "churn") == []


def test_a_decision_is_found_by_the_rules_it_is_about(control: Engine) -> None:
    with reading(filled(control)) as session:
        assert find_decision(session, b"h" * 32) == DECIDED
        assert find_decision(session, b"g" * 32) is None


@pytest.mark.parametrize("table", ["notice", "reconsent_decision"])
def test_the_database_itself_refuses_to_change_or_drop_them(control: Engine, table: str) -> None:
    filled(control)
    acts = [f"UPDATE {table} SET purpose = 'x'", f"DELETE FROM {table}"]  # noqa: S608 - a table named above
    if control.dialect.name == "sqlite":
        acts.append(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")  # noqa: S608 - a table named above
    else:
        acts.append(f"TRUNCATE {table}")
    for act in acts:
        with pytest.raises(RuleBroken, match="append-only"), unit_of_work(control) as session:
            session.execute(text(act))
    with reading(control) as session:
        assert len(kept_notices(session)) == 1
        assert find_decision(session, b"h" * 32) == DECIDED

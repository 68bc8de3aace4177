"""The ledger's fast paths against the plain rule: upserted heads, marks as bytes, standings as a frame."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlmodel import Session

from hub.database.engine import engine_of
from hub.database.schema import upgrade
from hub.database.unit import unit_of_work
from privacy.consent import STATE_AFTER, Axes, ConsentEvent, Head, Mark, axes_of, fold, precedence
from privacy.decision import UNREADABLE, Standing, standing_of
from privacy.instant import microseconds_of
from privacy.purposes import Purpose
from privacy.store.consent import Act, append_acts, declare_grounds, heads_of, move_heads
from privacy.store.epoch import start_epoch
from privacy.store.marks import act_of_mark, bytes_of_mark, mark_of_bytes, notice_of_mark, until_of_mark
from privacy.store.standing import STANDING, standings_of
from privacy.terms import (
    EVERY_PURPOSE,
    ActChannel,
    ConsentAct,
    ConsentState,
    LegalBasis,
    PrincipalId,
    PurposeId,
)
from tests.builders import NOON, a_record, an_id
from tests.privacy_builders import NOTICE, a_purpose

WINBACK = PurposeId("winback")
LATER = NOON + timedelta(days=30)
INSTANTS = st.integers(0, 4).map(lambda hours: NOON + timedelta(hours=hours))  # few on purpose: ties
NOTICES = st.sampled_from([None, NOTICE, "privacy-2024-06", "privacy-2025-01-b", "ø"])
YES = frozenset({ConsentAct.GIVEN, ConsentAct.RENEWED})
SLOW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@st.composite
def consent_events(draw: st.DrawFn) -> ConsentEvent:
    act, at = draw(st.sampled_from(ConsentAct)), draw(INSTANTS)
    ends = st.sampled_from([None, at + timedelta(hours=1), at + timedelta(hours=2), LATER + timedelta(days=1)])
    return ConsentEvent(
        act=act,
        at=at,
        channel=draw(st.sampled_from([ActChannel.PAGE, ActChannel.IMPORT])),
        notice_version=draw(NOTICES),
        until=draw(ends) if act in YES else None,
    )


@st.composite
def marks(draw: st.DrawFn) -> Mark:
    act, at = draw(st.sampled_from(list(STATE_AFTER))), draw(INSTANTS)
    ends = st.sampled_from([None, at + timedelta(microseconds=1), at + timedelta(days=1), at + timedelta(days=40_000)])
    return Mark(act=act, at=at, notice_version=draw(NOTICES), until=draw(ends) if act in YES else None)


@st.composite
def acts(draw: st.DrawFn) -> Act:
    return an_act(draw(st.integers(1, 3)), draw(st.sampled_from([WINBACK, EVERY_PURPOSE])), draw(consent_events()))


def an_act(record: int, purpose: str, event: ConsentEvent) -> Act:
    return Act(
        record_id=a_record(record),
        purpose=PurposeId(purpose),
        event=event,
        actor=PrincipalId(an_id(9)),
        purpose_version=1,
    )


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = engine_of(f"sqlite:///{tmp_path_factory.mktemp('consent') / 'control.db'}")
    upgrade(engine, "control")
    yield engine
    engine.dispose()


class _Undo(Exception):
    pass


@contextmanager
def passing(engine: Engine) -> Iterator[Session]:
    """A transaction that is never kept, so that examples cannot see one another."""
    try:
        with unit_of_work(engine) as session:
            start_epoch(session)
            yield session
            undo()
    except _Undo:
        pass


def undo() -> None:
    raise _Undo


def plain_axes(history: Sequence[Act], record: int, purpose: str, at: datetime) -> Axes:
    mine = [act.event for act in history if (act.record_id, act.purpose) == (a_record(record), purpose)]
    return fold(mine, at=at)


def stored_axes(session: Session, record: int, purpose: str, at: datetime) -> Axes:
    heads = heads_of(session, [a_record(record)])
    return axes_of(heads.get((a_record(record), PurposeId(purpose)), Head()), at=at)


@SLOW
@given(history=st.lists(acts(), max_size=12), data=st.data())
def test_heads_lead_where_the_history_leads_in_any_order_and_repeated(
    engine: Engine, history: list[Act], data: st.DataObject
) -> None:
    again = data.draw(st.lists(st.sampled_from(history), max_size=6)) if history else []
    order = data.draw(st.permutations([*history, *again]))
    cut = data.draw(st.integers(0, len(order)))
    with passing(engine) as session:
        append_acts(session, order[:cut], recorded_at=LATER)
        for act in order[cut:]:
            append_acts(session, [act], recorded_at=LATER)
        for record in (1, 2, 3):
            for purpose in (WINBACK, EVERY_PURPOSE):
                stored = stored_axes(session, record, purpose, LATER)
                assert stored == plain_axes(history, record, purpose, LATER)


def test_heads_agree_on_both_databases(control: Engine) -> None:
    given = ConsentEvent(act=ConsentAct.GIVEN, at=NOON, channel=ActChannel.PAGE, notice_version=NOTICE, until=LATER)
    no = ConsentEvent(act=ConsentAct.WITHDRAWN, at=NOON, channel=ActChannel.ONE_CLICK)
    objected = ConsentEvent(act=ConsentAct.OBJECTED, at=NOON, channel=ActChannel.GPC)
    imported = ConsentEvent(act=ConsentAct.GIVEN, at=LATER, channel=ActChannel.IMPORT, notice_version="ø")
    history = [an_act(1, WINBACK, event) for event in (given, no, objected, imported)]
    history += [an_act(2, EVERY_PURPOSE, imported), an_act(2, WINBACK, given)]
    for order in (history, history[::-1], [*history, *history]):
        with passing(control) as session:
            assert append_acts(session, order, recorded_at=LATER) == 2
            assert move_heads(session, order[:3]) == 3
            for record in (1, 2):
                for purpose in (WINBACK, EVERY_PURPOSE):
                    stored = stored_axes(session, record, purpose, LATER)
                    assert stored == plain_axes(history, record, purpose, LATER)


@given(one=marks(), other=marks())
def test_comparing_the_bytes_of_marks_is_comparing_the_acts(one: Mark, other: Mark) -> None:
    assert (bytes_of_mark(one) < bytes_of_mark(other)) == (precedence(one) < precedence(other))
    assert (bytes_of_mark(one) == bytes_of_mark(other)) == (one == other)


@given(mark=marks())
def test_a_mark_comes_back_alone_and_in_a_column(mark: Mark) -> None:
    assert mark_of_bytes(bytes_of_mark(mark)) == mark
    column = pl.DataFrame({"mark": [None, bytes_of_mark(mark)]}, schema={"mark": pl.Binary})
    told = column.select(
        act=act_of_mark(pl.col("mark")), until=until_of_mark(pl.col("mark")), notice=notice_of_mark(pl.col("mark"))
    )
    until = None if mark.until is None else microseconds_of(mark.until)
    assert told.rows() == [(None, None, None), (mark.act.value, until, mark.notice_version)]


def scalar_standing(session: Session, purpose: Purpose, record: int, at: datetime, *, declared: bool) -> Standing:
    own, every = (stored_axes(session, record, name, at) for name in (purpose.id, EVERY_PURPOSE))
    return standing_of(purpose, own, every, ground_declared=declared)


def frame_standings(session: Session, purpose: Purpose, at: datetime) -> dict[bytes, Standing]:
    records = pl.DataFrame(
        {"record": [a_record(n) for n in (1, 2, 3, 4)], "source": ["crm", "crm", "erp", "erp"]},
        schema={"record": pl.Binary, "source": pl.String},
    )
    frame = standings_of(session, purpose, records, at=at)
    assert frame["record"].to_list() == records["record"].to_list()
    return {
        row["record"]: Standing(**{name: row[name] for name in STANDING} | {"state": ConsentState(row["state"])})
        for row in frame.iter_rows(named=True)
    }


def a_ground(source: str, purpose: str = "winback", **changes: Any) -> dict[str, Any]:
    row = {
        "source": source,
        "purpose": purpose,
        "contract": f"{source}_people",
        "legal_basis": "consent",
        "notice_version": NOTICE,
        "notice_given": True,
        "declared_at": NOON,
    }
    return row | changes


@SLOW
@given(
    history=st.lists(acts(), max_size=12),
    basis=st.sampled_from([LegalBasis.CONSENT, LegalBasis.LEGITIMATE_INTERESTS, LegalBasis.CONTRACT]),
    hours=st.integers(5, 48),
)
@example(
    history=[
        an_act(
            1,
            WINBACK,
            ConsentEvent(act=ConsentAct.GIVEN, at=NOON, channel=ActChannel.PAGE, until=NOON + timedelta(hours=5)),
        )
    ],
    basis=LegalBasis.CONSENT,
    hours=5,
)
def test_the_frame_says_of_every_record_what_the_scalar_rule_says(
    engine: Engine, history: list[Act], basis: LegalBasis, hours: int
) -> None:
    purpose, at = a_purpose(legal_basis=basis), NOON + timedelta(hours=hours)
    with passing(engine) as session:
        append_acts(session, history, recorded_at=LATER)
        declare_grounds(session, [a_ground("crm", legal_basis=basis.value), a_ground("erp", notice_given=False)])
        found = frame_standings(session, purpose, at)
        for record in (1, 2, 3, 4):
            plain = scalar_standing(session, purpose, record, at, declared=record <= 2)
            assert found[a_record(record)] == plain


@pytest.mark.parametrize(
    "ground",
    [
        a_ground("crm", legal_basis="contract"),
        a_ground("crm", notice_given=False),
        a_ground("crm", purpose="churn"),
        a_ground("erp"),
    ],
)
def test_another_basis_source_or_purpose_or_no_notice_is_no_ground(engine: Engine, ground: dict[str, Any]) -> None:
    with passing(engine) as session:
        declare_grounds(session, [ground])
        assert not frame_standings(session, a_purpose(), NOON)[a_record(1)].ground_declared


def test_a_newer_contract_takes_its_own_ground_back(control: Engine) -> None:
    with passing(control) as session:
        declare_grounds(session, [a_ground("crm"), a_ground("crm", contract="other", notice_given=False)])
        assert frame_standings(session, a_purpose(), NOON)[a_record(1)].ground_declared
        declare_grounds(session, [a_ground("crm", notice_given=False)])
        assert not frame_standings(session, a_purpose(), NOON)[a_record(1)].ground_declared


GOOD = bytes_of_mark(Mark(ConsentAct.GIVEN, NOON + timedelta(hours=2), NOTICE))
OLDER = bytes_of_mark(Mark(ConsentAct.GIVEN, NOON, NOTICE))
UNKNOWN_ACT = OLDER[:8] + b"\xee" + OLDER[9:]
UNREADABLE_MARKS = {
    "an unknown act": UNKNOWN_ACT,
    "nothing": b"",
    "half a mark": OLDER[:10],
    "a head without its notice flag": OLDER[:17],
    "a notice that is no text": OLDER + b"\xff\xfe",
    "an end beyond all time": OLDER[:9] + b"\xff" * 8 + OLDER[17:],
}


@pytest.mark.parametrize("purpose", [WINBACK, EVERY_PURPOSE])
@pytest.mark.parametrize("column", ["own", "imported", "ended"])
@pytest.mark.parametrize("mark", UNREADABLE_MARKS.values(), ids=UNREADABLE_MARKS)
def test_a_mark_that_cannot_be_read_makes_the_record_unreadable(
    engine: Engine, mark: bytes, column: str, purpose: str
) -> None:
    """Unknown means no: an unreadable mark may be the person's no, whatever newer and readable stands beside it."""
    with passing(engine) as session:
        values = {"record": a_record(1), "purpose": purpose, "own": GOOD, "imported": GOOD, "ended": None}
        statement = text(
            "INSERT INTO consent_head (record_id, purpose, own, imported, ended, version) "
            "VALUES (:record, :purpose, :own, :imported, :ended, 1)"
        )
        session.execute(statement, values | {column: mark})
        if purpose == EVERY_PURPOSE:
            session.execute(statement, values | {"purpose": WINBACK})
        standings = frame_standings(session, a_purpose(), LATER)
        assert not standings[a_record(1)].readable
        assert standings[a_record(2)].readable
        assert UNREADABLE.readable is False

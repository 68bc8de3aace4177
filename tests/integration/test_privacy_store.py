"""The small stores of privacy on both databases: epoch, erasures, batches' acts, subjects' tokens, instants."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine

from hub.database.unit import unit_of_work
from privacy.consent import ConsentEvent
from privacy.instant import EPOCH, instant_of, microseconds_of
from privacy.store import epoch as epochs
from privacy.store import erasure as erasures
from privacy.store.consent import Act, acts_of_batch, append_acts, append_to_ledger, heads_of, history_of, move_heads
from privacy.store.subject_token import (
    Proven,
    SubjectScope,
    SubjectToken,
    add_subject_token,
    delete_subject_tokens,
    find_subject_token,
    revoke_subject_tokens,
)
from privacy.terms import ActChannel, BatchId, ConsentAct, PrincipalId, PurposeId
from tests.builders import NOON, a_record, an_id, started

BATCH, ACTOR = BatchId(an_id(60)), PrincipalId(an_id(9))
TOKEN = "held by a subject"  # noqa: S105 - of a test


def an_act(act: ConsentAct, record: int = 1, at: datetime = NOON) -> Act:
    event = ConsentEvent(act=act, at=at, channel=ActChannel.IMPORT, notice_version="n")
    return Act(
        record_id=a_record(record),
        purpose=PurposeId("churn"),
        event=event,
        actor=ACTOR,
        purpose_version=2,
        language="nb",
        contract="crm",
        batch_id=BATCH,
    )


def test_an_epoch_names_whom_it_touched(control: Engine) -> None:
    with unit_of_work(control) as session:
        epochs.start_epoch(session)
        epochs.start_epoch(session)
        assert epochs.current_epoch(session) == epochs.lock_epoch(session) == 1
        assert epochs.bump_epoch(session, [a_record(1), a_record(2)], kind="consent") == 2
        assert epochs.bump_epoch(session, [], kind="consent") == 3
        assert epochs.bump_epoch(session, [a_record(2)], kind="tombstone") == 4
        assert epochs.records_changed_since(session, 1) == {a_record(1), a_record(2)}
        assert epochs.records_changed_since(session, 2) == {a_record(2)}
        assert epochs.records_changed_since(session, 4) == set()
        assert epochs.count_changes(session) == 3
        epochs.bump_epoch_for_all(session, kind="batch")
        assert epochs.records_changed_since(session, 4) is None


def test_the_acts_of_a_batch_come_back_whole_and_wait_for_it(control: Engine) -> None:
    given, objected = an_act(ConsentAct.GIVEN), an_act(ConsentAct.OBJECTED, 2)
    assert (given.permissive, objected.permissive) == (True, False)
    with unit_of_work(started(control)) as session:
        append_to_ledger(session, [given, objected], recorded_at=NOON)
        assert heads_of(session, [a_record(1), a_record(2)]) == {}
        staged = acts_of_batch(session, BATCH)
        assert sorted(staged, key=lambda act: act.record_id) == [given, objected]
        assert move_heads(session, []) is None
        assert move_heads(session, staged) == 2
        assert len(heads_of(session, [a_record(1), a_record(2)])) == 2
        assert history_of(session, [a_record(2)]) == [objected]
        assert append_acts(session, [], recorded_at=NOON) is None


def test_no_act_is_dated_in_the_future(control: Engine) -> None:
    with unit_of_work(started(control)) as session:
        with pytest.raises(ValueError, match="future"):
            append_acts(session, [an_act(ConsentAct.GIVEN, at=NOON + timedelta(seconds=1))], recorded_at=NOON)
        assert history_of(session, [a_record(1)]) == []


def test_an_erasure_closes_at_once_and_is_open_until_it_is_completed(control: Engine) -> None:
    with unit_of_work(started(control)) as session:
        records = [a_record(1), a_record(2)]
        erasures.intend_erasure(session, an_id(70), records, by=ACTOR, at=NOON)
        assert erasures.tombstones(session) == set(records)
        assert epochs.records_changed_since(session, 1) == set(records)
        (open_one,) = erasures.open_erasures(session)
        assert (open_one.erasure_id, sorted(open_one.records)) == (an_id(70), records)
        erasures.note_state(session, an_id(70), erasures.SHREDDED)
        assert len(erasures.open_erasures(session)) == 1
        erasures.note_state(session, an_id(70), erasures.COMPLETED, at=NOON)
        assert erasures.open_erasures(session) == []
        erasures.intend_erasure(session, an_id(71), [a_record(1), a_record(3)], by=ACTOR, at=NOON)
        assert erasures.records_of_erasure(session, an_id(71)) == [a_record(3)]
        assert erasures.tombstones(session) == {*records, a_record(3)}


def a_token(record: int = 1, *purposes: str) -> SubjectToken:
    return SubjectToken(
        record_id=a_record(record),
        scope=SubjectScope.OPT_OUT,
        purposes=frozenset(purposes or {"*"}),
        expires_at=NOON + timedelta(hours=1),
    )


def test_a_subjects_token_opens_its_purposes_until_it_ends(control: Engine) -> None:
    with unit_of_work(started(control)) as session:
        add_subject_token(session, TOKEN, a_token(1, "churn", "winback"), at=NOON)
        assert find_subject_token(session, TOKEN, at=NOON) == a_token(1, "churn", "winback")
        assert find_subject_token(session, "another", at=NOON) is None
        assert find_subject_token(session, TOKEN, at=NOON + timedelta(hours=1)) is None
    assert a_token(1, "churn").covers("churn")
    assert not a_token(1, "churn").covers("winback")
    assert a_token().covers("anything")


def test_a_subjects_token_knows_by_what_its_holder_was_proven(control: Engine) -> None:
    proven = replace(a_token(), proven=Proven("email", b"i" * 16), scope=SubjectScope.VERIFIED)
    with unit_of_work(started(control)) as session:
        add_subject_token(session, TOKEN, proven, at=NOON)
        assert find_subject_token(session, TOKEN, at=NOON) == proven
    assert (proven.is_verified, proven.may_give) == (True, True)
    assert (a_token().is_verified, a_token().may_give) == (False, False)


def test_a_subjects_token_ends_with_revocation_and_with_erasure(control: Engine) -> None:
    with unit_of_work(started(control)) as session:
        for number in (1, 2, 3):
            add_subject_token(session, f"token {number}", a_token(number), at=NOON)
        assert revoke_subject_tokens(session, [a_record(1)], at=NOON) == 1
        assert revoke_subject_tokens(session, [a_record(1)], at=NOON) == 0
        erasures.intend_erasure(session, an_id(70), [a_record(2)], by=ACTOR, at=NOON)
        live = [n for n in (1, 2, 3) if find_subject_token(session, f"token {n}", at=NOON) is not None]
        assert live == [3]
        assert delete_subject_tokens(session, [a_record(2), a_record(3)]) == 2
        assert find_subject_token(session, "token 3", at=NOON) is None


@pytest.mark.parametrize("microseconds", [0, 1, -1, 10**15 + 7, microseconds_of(datetime.max.replace(tzinfo=UTC))])
def test_an_instant_is_whole_microseconds(microseconds: int) -> None:
    assert microseconds_of(instant_of(microseconds)) == microseconds


def test_an_instant_has_a_time_zone_and_any_will_do() -> None:
    assert microseconds_of(datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))) == 0
    assert instant_of(0) == EPOCH
    with pytest.raises(ValueError, match="time zone"):
        microseconds_of(datetime(2025, 1, 1))  # noqa: DTZ001 - without a zone on purpose

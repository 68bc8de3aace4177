"""Sequences, lived through day by day: whatever happens, nothing is sent after a stop, and all of it is repeatable."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predict.errors import FrameRefused, RuleRefused
from predict.winback.due import FRESH_DAYS, QUIET_DAYS, _quarter_end, due
from predict.winback.leaving import Leaving
from predict.winback.sequence import DEFAULT_PLANS, Happened, Plan, Step, Trigger, plans_of

DAY = timedelta(days=1)
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")
NOBODY = b"0" * 16


def customers(reason="drifting", *, last=BEGIN, gap=10.0):
    row = {"pseudonym": NOBODY, "reason": reason, "last_activity_at": last, "usual_gap_days": gap}
    return pl.DataFrame(
        [row],
        schema={"pseudonym": pl.Binary, "reason": pl.String, "last_activity_at": INSTANT, "usual_gap_days": pl.Float64},
    )


def events(*found):
    rows = [{"pseudonym": NOBODY, "kind": str(kind), "at": at} for kind, at in found]
    return pl.DataFrame(rows, schema={"pseudonym": pl.Binary, "kind": pl.String, "at": INSTANT})


def taken(*sent):
    rows = [{"pseudonym": NOBODY, "plan": plan, "step": step, "at": at} for plan, step, at in sent]
    return pl.DataFrame(rows, schema={"pseudonym": pl.Binary, "plan": pl.String, "step": pl.Int64, "at": INSTANT})


def lived(who, happened, *, days, plans=DEFAULT_PLANS):
    """Send what is due at noon of these days, and give what was sent."""
    sent = []
    for day in days:
        at = BEGIN + day * DAY + timedelta(hours=12)
        found = due(who, events(*happened), taken(*sent), plans, at=at)
        sent.extend((row["plan"], row["step"], at) for row in found.iter_rows(named=True))
    return sent


def test_thirty_days_beyond_the_own_rhythm_and_not_before():
    sent = lived(customers(), [], days=[39, 40, 41, 47, 69, 70, 71, 100])
    assert sent == [
        ("beyond_own_rhythm", 0, BEGIN + 40 * DAY + timedelta(hours=12)),
        ("beyond_own_rhythm", 1, BEGIN + 70 * DAY + timedelta(hours=12)),
    ]
    assert lived(customers(gap=None), [], days=[40, 70]) == []


def test_after_the_service_fix_and_at_the_launch_of_the_missing_function():
    fixed = lived(
        customers("service_frustrated"), [(Happened.SERVICE_FIXED, BEGIN + 10 * DAY)], days=[12, 13, 14, 33, 34, 60]
    )
    assert [(plan, step, (at - BEGIN).days) for plan, step, at in fixed] == [
        ("after_service_fix", 0, 13),
        ("after_service_fix", 1, 34),
    ]
    launched = lived(customers("feature_seeking"), [(Happened.FUNCTION_LAUNCHED, BEGIN + 5 * DAY)], days=[4, 5, 6, 30])
    assert [(plan, (at - BEGIN).days) for plan, _, at in launched] == [("function_is_there", 5)]
    assert lived(customers("feature_seeking"), [], days=[5, 60]) == []


def test_a_complaint_that_was_closed_says_nothing_of_one_opened_after_it():
    closed, opened = (Happened.COMPLAINT_CLOSED, BEGIN + DAY), (Happened.COMPLAINT_OPENED, BEGIN + 30 * DAY)
    assert lived(customers(), [closed], days=[41])
    assert lived(customers(), [closed, opened], days=[41]) == []


def test_before_the_quarter_ends_and_once_a_quarter():
    sent = lived(customers("lured_away"), [], days=[64, 65, 66, 90, 155, 156, 157])
    assert [(plan, at.date().isoformat()) for plan, _, at in sent] == [
        ("before_quarter_end", "2026-03-11"),
        ("before_quarter_end", "2026-06-10"),
    ]


def test_quarters_end_where_the_calendar_says():
    ends = [_quarter_end(datetime(2026, month, 28, tzinfo=UTC)) for month in range(1, 13)]
    assert [(one.year, one.month, one.day) for one in ends] == [
        *[(2026, 4, 1)] * 3,
        *[(2026, 7, 1)] * 3,
        *[(2026, 10, 1)] * 3,
        *[(2027, 1, 1)] * 3,
    ]


def test_an_old_trigger_begins_nothing():
    late = BEGIN + (FRESH_DAYS + 41) * DAY
    assert due(customers(), events(), taken(), DEFAULT_PLANS, at=late).is_empty()


def test_a_customer_is_in_one_sequence_at_a_time_and_the_first_on_the_list_wins():
    happened = [(Happened.SERVICE_FIXED, BEGIN + DAY)]
    sequences = (
        Plan(
            name="second",
            trigger=Trigger.BEYOND_RHYTHM,
            days=0,
            reasons=(Leaving.DRIFTING,),
            steps=(Step(after_days=0, template="t", channel="email"),),
        ),
        Plan(
            name="first",
            trigger=Trigger.SERVICE_FIXED,
            days=0,
            reasons=(Leaving.DRIFTING,),
            steps=(Step(after_days=30, template="t", channel="email"),),
        ),
    )
    waiting = due(customers(gap=0.0), events(*happened), taken(), sequences[::-1], at=BEGIN + 5 * DAY)
    assert waiting.is_empty()
    assert due(customers(gap=0.0), events(*happened), taken(), sequences, at=BEGIN + 5 * DAY)["plan"].to_list() == [
        "second"
    ]


HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from([str(one) for one in Happened]), st.integers(-20, 120).map(lambda day: BEGIN + day * DAY)
    ),
    max_size=6,
)
REASONS = st.sampled_from([str(one) for one in Leaving])


def crowd(size, seed):
    """Many customers, each with a reason and up to six things that happen to them, one of them often a trigger."""
    rng = np.random.default_rng(seed)
    people = [number.to_bytes(16, "big") for number in range(size)]
    reasons = rng.choice([str(one) for one in Leaving], size)
    who = pl.concat(
        customers(reason).with_columns(pseudonym=pl.lit(one)) for one, reason in zip(people, reasons, strict=True)
    )
    kinds = rng.choice([str(one) for one in Happened], 4 * size)
    rows = {
        "pseudonym": [people[at] for at in rng.integers(0, size, 4 * size)],
        "kind": kinds,
        "at": [BEGIN + int(day) * DAY for day in rng.integers(-20, 110, 4 * size)],
    }
    return who, pl.DataFrame(rows, schema=events().schema)


def test_no_step_is_sent_after_a_stop():
    who, happened = crowd(400, seed=7)
    sent = taken()
    for day in range(0, 110, 3):
        at = BEGIN + day * DAY
        found = due(who, happened, sent, DEFAULT_PLANS, at=at)
        assert found["pseudonym"].is_unique().all()
        sent = pl.concat([sent, found.select("pseudonym", "plan", "step", pl.lit(at).cast(INSTANT).alias("at"))])
    assert sent.height > 200
    assert sent["step"].max() == 1
    by_person = {key[0]: group for key, group in happened.group_by("pseudonym")}
    for (person,), messages in sent.sort("at").group_by("pseudonym", maintain_order=True):
        if person in by_person:
            hold(list(messages.drop("pseudonym").iter_rows()), list(by_person[person].drop("pseudonym").iter_rows()))


def hold(messages, happened):
    """Check one customer's messages against what happened to him, rule by rule, as the module's text has them."""
    when = {kind: [at for one, at in happened if one == kind] for kind in map(str, Happened)}
    for plan, step, at in messages:
        assert all(at < objection for objection in when["objection"])
        opened, closed = ([one for one in when[kind] if one <= at] for kind in ("complaint_opened", "complaint_closed"))
        assert len(opened) <= len(closed)
        assert not opened or max(opened) <= max(closed)
        if step:
            first = max(one for name, number, one in messages if name == plan and number == 0 and one <= at)
            assert not [
                one for kind in ("reply", "purchase", "complaint_opened") for one in when[kind] if first <= one <= at
            ]
    instants = [at for _, _, at in messages]
    assert all(later - sooner >= QUIET_DAYS * DAY for sooner, later in pairwise(instants))


@settings(deadline=None, max_examples=15)
@given(REASONS, HAPPENINGS, st.integers(0, 110), HAPPENINGS)
def test_the_future_changes_nothing(reason, happened, day, to_come):
    at = BEGIN + day * DAY
    later = [(kind, when) for kind, when in to_come if when > at]
    before = due(customers(reason), events(*happened), taken(), DEFAULT_PLANS, at=at)
    sent_later = taken(("beyond_own_rhythm", 0, at + DAY))
    assert due(customers(reason), events(*happened, *later), sent_later, DEFAULT_PLANS, at=at).equals(before)


def test_sequences_are_editable_and_come_back_as_written():
    stored = [
        {
            "name": plan.name,
            "trigger": plan.trigger,
            "days": plan.days,
            "reasons": list(plan.reasons),
            "steps": [{"after_days": s.after_days, "template": s.template, "channel": s.channel} for s in plan.steps],
        }
        for plan in DEFAULT_PLANS
    ]
    assert plans_of(json.loads(json.dumps(stored))) == DEFAULT_PLANS
    for broken in (
        {"trigger": "full_moon"},
        {"steps": []},
        {"days": -1},
        {"reasons": []},
        {"steps": [{"after_days": -1, "template": "t", "channel": "c"}]},
    ):
        with pytest.raises(RuleRefused):
            plans_of([stored[0] | broken])
    with pytest.raises(RuleRefused):
        plans_of([stored[0], stored[0]])


def test_a_frame_without_its_columns_is_refused():
    with pytest.raises(FrameRefused):
        due(customers().drop("usual_gap_days"), events(), taken(), DEFAULT_PLANS, at=BEGIN)

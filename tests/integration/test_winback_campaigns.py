"""A win-back campaign from the gate to the list of the day: who is in it, who is left alone, and what stops it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hub.consents import Subject, Wish, record_wish
from hub.erasing import erase
from hub.errors import AccessRefused, HubError
from hub.winback import diagnosing
from hub.winback import due as due_today
from hub.winback.acts import acts_of
from hub.winback.campaigns import get_campaign, newest_over
from hub.winback.diagnosing import Question, diagnose
from hub.winback.drawing import Draw, Drawn, draw
from hub.winback.due import due
from hub.winback.noting import Noted, note
from hub.winback.reporting import report
from hub.winback.templates import facts_missing
from predict.errors import RuleRefused
from predict.winback.leaving import Leaving
from predict.winback.playbook import playbook_of
from predict.winback.template import FACTS
from privacy.terms import ActChannel, ConsentAct, PurposeId
from tests.audit_faults import broken
from tests.winback_builders import PEOPLE, SURE, VIEWS, Left, in_process, left

HOW: Final = Draw(hold_out=0.25, facts={"news": "free delivery"})


@pytest.fixture(scope="module", autouse=True)
def _in_process() -> Iterator[None]:
    with in_process():
        yield


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Left:
    return left(Path(tmp_path_factory.mktemp("left")))


@pytest.fixture(scope="module")
def drawn(here: Left) -> Drawn:
    return draw(here.hub, here.reader, Question(playbook=SURE), HOW)


def arms(here: Left) -> pl.DataFrame:
    return acts_of(here.hub).filter(pl.col("act").is_in(["contact", "hold_out"]))


def test_who_left_is_told_why_and_that_nobody_knows_whom_a_contact_changes(here: Left, drawn: Drawn) -> None:
    found = diagnose(here.hub, here.reader, Question(playbook=SURE))
    assert found.customers.height == PEOPLE, "who bought yesterday has not left"
    counted = dict(found.customers["reason"].value_counts().iter_rows())
    assert counted == dict.fromkeys(["service_frustrated", "price_sensitive", "drifting", "lured_away"], PEOPLE // 4)
    assert found.told["uplift"]["verdict"] == "no evidence"
    frustrated = found.customers.filter(pl.col("reason") == "service_frustrated")
    assert "ten_per_cent" not in set(frustrated["offer"])
    assert set(found.customers["channel"]) == {"email"}, "nobody allowed the telephone"
    assert drawn.contact + drawn.hold_out == PEOPLE


def test_arms_are_drawn_within_each_reason_and_kept_sealed_by_present_customers(here: Left, drawn: Drawn) -> None:
    kept = arms(here)
    by_reason = kept.filter(pl.col("act") == "hold_out").group_by("reason").len()
    assert set(by_reason["len"]) <= {2, 3}
    assert kept.height == drawn.contact + drawn.hold_out
    told = here.audited("winback.draw")[0]
    assert (told["rows"], told["act_id"]) == (kept.height, drawn.campaign.campaign_id)


def test_nobody_of_the_hold_out_is_due_and_a_reason_has_its_own_sequence(here: Left, drawn: Drawn) -> None:
    steps = due(here.hub, here.reader, drawn.campaign).steps
    left_alone = arms(here).filter(pl.col("act") == "hold_out")
    assert steps.join(left_alone, on="pseudonym", how="semi").is_empty()
    assert set(steps["reason"]) == {"drifting", "price_sensitive"}, "the others wait for a fix or a launch"
    assert steps["reachable"].all()
    assert steps["step"].unique().to_list() == [0]


def test_who_objects_buys_again_or_is_erased_is_due_nothing(tmp_path: Path) -> None:
    here = left(tmp_path)
    drawn = draw(here.hub, here.reader, Question(playbook=SURE), HOW)
    before = due(here.hub, here.reader, drawn.campaign).steps
    numbers = {bytes(here.record(number)): number for number in range(PEOPLE)}
    with here.hub.reading() as session:
        people = due_today.people_of(here.hub, session, before["pseudonym"])
    first, second, third = (numbers[record] for record in people["record"][:3])
    no = Wish(act=ConsentAct.WITHDRAWN, purpose=PurposeId("winback"), channel=ActChannel.AGENT)
    record_wish(here.hub, Subject(records=(here.record(first),)), no, here.owner)
    erase(here.hub, Subject(records=(here.record(third),)), here.owner)
    here.later(days=1)
    here.buys(tmp_path, second, here.clock() - timedelta(hours=20))
    after = due(here.hub, here.reader, drawn.campaign).steps
    assert_frame_equal(after.select("pseudonym"), before.select("pseudonym")[3:], check_row_order=False)
    assert acts_of(here.hub).height == PEOPLE - 1, "what is erased is in no act"
    learnt = diagnosing.arms_of(acts_of(here.hub))
    assert learnt.height == PEOPLE - 1


def test_who_is_left_alone_is_drawn_into_no_other_campaign_until_the_window_is_over(tmp_path: Path) -> None:
    here = left(tmp_path)
    first = draw(here.hub, here.reader, Question(playbook=SURE), HOW)
    again = draw(here.hub, here.reader, Question(playbook=SURE), HOW)
    assert again.contact + again.hold_out == first.contact
    just_before = first.campaign.drawn_at - timedelta(seconds=1)
    with here.hub.reading() as session:
        assert newest_over(session, VIEWS[0], before=just_before) is None, "its window begins when it is drawn"
    alone = arms(here).filter(pl.col("act") == "hold_out")
    assert alone["pseudonym"].is_unique().all()
    written = arms(here).filter((pl.col("act") == "contact") & (pl.col("campaign") == again.campaign.campaign_id.hex()))
    assert written.join(alone, on="pseudonym").is_empty()


def test_what_is_noted_begins_and_ends_sequences(here: Left, drawn: Drawn) -> None:
    launched = note(here.hub, here.reader, drawn.campaign, Noted.FUNCTION_LAUNCHED, whom=Leaving.LURED_AWAY)
    steps = due(here.hub, here.reader, drawn.campaign).steps
    there = steps.filter(pl.col("plan") == "function_is_there")
    left_alone = arms(here).filter((pl.col("act") == "hold_out") & (pl.col("reason") == "lured_away")).height
    assert there.height == launched - left_alone, "the hold-out hears nothing of a launch either"
    whose = there["pseudonym"][0]
    note(here.hub, here.reader, drawn.campaign, Noted.REPLY, whom=whose)
    assert whose not in due(here.hub, here.reader, drawn.campaign).steps["pseudonym"].to_list()
    back = arms(here).filter((pl.col("act") == "contact") & (pl.col("reason") == "service_frustrated"))["pseudonym"][0]
    note(here.hub, here.reader, drawn.campaign, Noted.PURCHASE, whom=back)
    here.later(hours=1)
    note(here.hub, here.reader, drawn.campaign, Noted.SERVICE_FIXED, whom=Leaving.SERVICE_FRUSTRATED)
    here.later(days=4)
    fixed = due(here.hub, here.reader, drawn.campaign).steps.filter(pl.col("plan") == "after_service_fix")
    assert fixed.height
    assert back not in fixed["pseudonym"].to_list(), "who came back is invited back by nothing that begins later"
    with pytest.raises(AccessRefused, match="nobody_of_campaign"):
        note(here.hub, here.reader, drawn.campaign, Noted.REPLY, whom=bytes(16))


def test_a_report_counts_returns_of_both_arms_and_of_no_one_else(tmp_path: Path) -> None:
    here = left(tmp_path)
    drawn = draw(here.hub, here.reader, Question(playbook=SURE), HOW)
    who = arms(here).sort("act", "pseudonym").select("pseudonym", "act")
    numbers = {bytes(here.record(number)): number for number in range(PEOPLE)}
    with here.hub.reading() as session:
        people = due_today.people_of(here.hub, session, who["pseudonym"])
    by_arm = {
        act: [
            numbers[one] for one in people.join(who.filter(pl.col("act") == act), on="pseudonym", how="semi")["record"]
        ]
        for act in ("contact", "hold_out")
    }
    begun = here.clock()
    for day, number in ((5, by_arm["contact"][0]), (20, by_arm["contact"][1]), (30, by_arm["hold_out"][0])):
        here.buys(tmp_path, number, begun + timedelta(days=day))
    no = Wish(act=ConsentAct.WITHDRAWN, purpose=PurposeId("winback"), channel=ActChannel.AGENT)
    record_wish(here.hub, Subject(records=(here.record(by_arm["contact"][2]),)), no, here.owner)
    erase(here.hub, Subject(records=(here.record(by_arm["contact"][3]),)), here.owner)
    here.later(days=95)
    told = json.loads(report(here.hub, here.reader, drawn.campaign)["report"])
    figures = {one["name"]: one for one in told["figures"]}
    assert told["arms"] == {"contact": drawn.contact, "hold_out": drawn.hold_out}
    assert figures["win_back_rate"]["inputs"] == {"counted": 2, "of": drawn.contact}
    assert figures["unasked_return_rate"]["inputs"] == {"counted": 1, "of": drawn.hold_out}
    assert told["not_to_be_read"] == {"contact": 2, "hold_out": 0}, "a no and an erasure stay in the arm of the draw"
    assert (figures["response_rate"]["figure"], figures["response_rate"]["n"]) == (None, 0), "no letter left"
    assert figures["time_to_return_days"]["figure"] == pytest.approx(12.5, abs=1.0)
    assert (told["test"]["contact"], told["test"]["hold_out"]) == ([2, drawn.contact], [1, drawn.hold_out])
    assert "cannot be told yet" in told["summary"]
    learnt = diagnose(here.hub, here.reader, Question(playbook=SURE))
    assert learnt.told["uplift"]["verdict"] == "no evidence", "a trial of two dozen tells nothing, and says so"
    assert "at least" in learnt.told["uplift"]["why"]
    assert learnt.told["uplift"]["not_to_be_read"] == 2


def test_a_refused_playbook_names_what_is_wrong_and_nothing_is_kept(here: Left, drawn: Drawn) -> None:
    wrong: dict[str, Any] = {**SURE, "terms": {"margin": 2}}
    with pytest.raises(RuleRefused, match="it is no share between 0 and 1"):
        draw(here.hub, here.reader, Question(playbook=wrong), HOW)
    with pytest.raises(AccessRefused, match="no_such_fact"):
        draw(here.hub, here.reader, Question(playbook=SURE), Draw(hold_out=0.5, facts={"score": "high"}))
    with here.hub.reading() as session:
        assert get_campaign(session).campaign_id == drawn.campaign.campaign_id


def test_facts_that_letters_ask_for_and_nobody_gave_are_named(here: Left) -> None:
    plans = playbook_of(SURE).plans
    missing = facts_missing(here.hub, plans, {"news.de", "offer", "offer_until"})
    assert missing["talk"] == ["product"]
    assert "what_is_new" not in missing, "news is given in a language at least"
    assert not facts_missing(here.hub, plans, FACTS)


def test_without_an_audit_entry_nothing_is_drawn_or_read(here: Left, drawn: Drawn) -> None:
    before = acts_of(here.hub).height
    with broken(here.hub.settings.home / "control.db", "leaf_refused"), pytest.raises(HubError):
        draw(here.hub, here.reader, Question(playbook=SURE), HOW)
    with broken(here.hub.settings.home / "control.db", "leaf_refused"), pytest.raises(HubError):
        due(here.hub, here.reader, drawn.campaign)
    assert acts_of(here.hub).height == before

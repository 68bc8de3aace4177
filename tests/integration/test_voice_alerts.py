"""Critical messages become alerts once, in time, for those alone who may be read; what is withheld is never read."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner, Result

from hub.alerts import desk, lateness, rules, store, telling, watch
from hub.alerts.ending import ALERTS, end_alerts
from hub.alerts.raising import VIEW, Looked
from hub.alerts.standing import is_wanted
from hub.alerts.store import AlertState, Closing
from hub.alerts.telling import tell_due
from hub.alerts.watch import EVERY_SECONDS, go_round
from hub.api.service import _watch
from hub.authentication import Scope, add, authenticate
from hub.cli.app import make_app
from hub.cli.launch import Invocation
from hub.compose import Hub
from hub.consents import Subject, Wish, record_wish
from hub.erasing import erase
from hub.errors import AccessRefused, HubError, SettingsInvalid
from hub.finding import State
from hub.lake.catalogue import files_of
from hub.lake.compaction import compact
from hub.lake.terms import FileState
from hub.logs import LogEvent
from hub.outbox.post import Answer, Outcome
from hub.reconciliation import reconcile
from hub.requests.reflection import held_rows
from hub.retention.own_terms import PERIODS
from hub.retention.plan import plan
from hub.retention.run import run as run_retention
from hub.views.gateway import Gateway
from ingest.store.batch import BatchState
from ingest.tables.batch import Batch
from predict.errors import MessageRefused
from privacy.store.audit import entries
from privacy.terms import ActChannel, ConsentAct, KeyId, PurposeId, Role, random_id
from tests.alert_builders import HARMLESS, THREAT, KilledError, Watched, killed_at, watched
from tests.audit_faults import broken
from tests.builders import FixedClock
from tests.winback_box import Box


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched(tmp_path_factory.mktemp("alerts")) as found:
        yield found


def run(here: Watched, *words: str) -> Result:
    """Type a command as the owner, half an hour later each time."""
    clock = FixedClock(here.clock.forward(minutes=30))
    invocation = Invocation(environment={"VARDE_HOME": str(here.hub.settings.home)}, clock=clock)
    return CliRunner().invoke(make_app(), ["voice", "alerts", *words], obj=invocation)


def releases(here: Watched) -> int:
    with here.hub.reading() as session:
        return len(list(entries(session, action="view.release.intent", limit=1000)))


def test_a_critical_message_is_an_alert_within_a_round_and_says_no_word_of_it(here: Watched) -> None:
    unwrapped = reconcile(here.hub).unaudited
    here.arrives(("p0", THREAT), ("p0", HARMLESS), ("p1", "Nothing is on fire, all is well."))
    here.clock.forward(minutes=4)
    assert here.looks() == Looked(messages=3, raised=1)
    (alert,) = here.alerts_of("p0")
    assert (alert.said.kinds, alert.state) == (("leaving",), AlertState.OPEN)
    assert alert.said.words == ("cancel + contract*", "cancel our")
    assert alert.latency == timedelta(minutes=4)
    assert alert.due_at - alert.raised_at == timedelta(hours=4)
    assert not here.alerts_of("p1")
    before = releases(here)
    assert here.looks() == Looked(), "what was read is not read again"
    assert releases(here) == before, "and nothing new leaves no release"
    assert reconcile(here.hub).unaudited == unwrapped, "as many keys were unwrapped as the log was told of"


def test_whenever_a_delivery_comes_it_is_within_the_promise_under_the_usual_interval(here: Watched) -> None:
    start = here.clock()
    for late in (0.0, 1.0, 29.5, 59.9):
        here.clock.at = start + timedelta(minutes=5, seconds=late)
        here.arrives(("p2", THREAT))
        rounds = 1 + (here.clock() - start) // timedelta(seconds=EVERY_SECONDS)
        here.clock.at = start + rounds * timedelta(seconds=EVERY_SECONDS)
        go_round(here.hub)
        start = here.clock()
    took = [one.latency for one in here.alerts_of("p2")]
    assert len(took) == 4
    assert max(took) <= timedelta(seconds=EVERY_SECONDS) < desk.PROMISED
    board = desk.listed(here.hub, here.company.owner)
    assert board.latency.late == 0
    assert board.latency.longest is not None


@pytest.mark.parametrize("step", ["alerts_read", "alerts_judged", "alerts_kept"])
def test_whatever_crashes_there_is_one_alert(here: Watched, step: str) -> None:
    who = {"alerts_read": "p3", "alerts_judged": "p4", "alerts_kept": "p5"}[step]
    here.arrives((who, THREAT))

    with pytest.raises(KilledError):
        here.looks(reached=killed_at(step))
    here.looks()
    assert len(here.alerts_of(who)) == 1


def test_a_file_that_was_moved_is_not_read_again_and_one_not_read_yet_is(here: Watched) -> None:
    here.arrives(("p6", THREAT))
    here.looks()
    compact(here.hub.lake, "messages", operation_id=random_id())
    assert here.looks() == Looked()
    here.arrives(("p6", THREAT))
    compact(here.hub.lake, "messages", operation_id=random_id())
    assert here.looks().raised == 1, "of a file made of old and new only what is new is an alert"
    assert len(here.alerts_of("p6")) == 2


def test_a_file_that_was_moved_is_not_read_again_when_the_marks_of_what_it_was_made_of_end(here: Watched) -> None:
    here.arrives(("p20", THREAT))
    here.looks()
    compact(here.hub.lake, "messages", operation_id=random_id())
    here.arrives(("p21", HARMLESS))
    assert here.looks() == Looked(messages=1)
    with here.hub.unit_of_work() as session:
        live = {file.file_id for file in files_of(session, table="messages", states=[FileState.LIVE])}
        store.note_heard(session, (), live=live, at=here.clock() + timedelta(days=31))
    assert here.looks() == Looked()


def test_an_alert_that_may_not_be_told_is_in_nobodys_way(here: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "MOST_AT_ONCE", 1)
    file = here.hub.settings.home / rules.FILE
    file.write_text(rules.shipped_text().replace("mail: []", "mail: [desk@example.org]"), encoding="utf-8")
    no = Wish(act=ConsentAct.WITHDRAWN, purpose=PurposeId("satisfaction"), channel=ActChannel.AGENT)
    for who in ("p18", "p19"):
        here.arrives((who, THREAT))
        here.looks()
        here.clock.forward(minutes=1)
    (alert,) = here.alerts_of("p19")
    record_wish(here.hub, Subject(records=(here.record("p18"),)), no, here.company.owner)
    box = Box()
    for _ in range(len(desk.listed(here.hub, here.company.owner).alerts) + 2):
        tell_due(here.hub, box)
    assert [mail for mail in box.mails if alert.alert_id.hex()[:8] in mail["Subject"]]
    file.unlink()


def test_what_is_withheld_is_never_read_and_a_no_means_no_alert(here: Watched) -> None:
    here.arrives(("p7", "I have cancer and we cancel our contract."), ("p8", THREAT), ("p9", THREAT))
    no = Wish(act=ConsentAct.WITHDRAWN, purpose=PurposeId("satisfaction"), channel=ActChannel.AGENT)
    record_wish(here.hub, Subject(records=(here.record("p8"),)), no, here.company.owner)

    def reached(name: str) -> None:
        if name == "alerts_judged":  # between release and alert
            record_wish(here.hub, Subject(records=(here.record("p9"),)), no, here.company.owner)

    assert here.looks(reached=reached).raised == 0
    assert not [one for who in ("p7", "p8", "p9") for one in stored(here, who)]


def test_a_later_no_hides_an_alert_at_once(here: Watched) -> None:
    here.arrives(("p10", THREAT))
    here.looks()
    (alert,) = here.alerts_of("p10")
    no = Wish(act=ConsentAct.WITHDRAWN, purpose=PurposeId("satisfaction"), channel=ActChannel.AGENT)
    record_wish(here.hub, Subject(records=(here.record("p10"),)), no, here.company.owner)
    assert not here.alerts_of("p10")
    with pytest.raises(AccessRefused, match="no_such_alert"):
        desk.acknowledge(here.hub, here.company.owner, alert.alert_id)


def test_an_export_tells_of_it_and_an_erasure_ends_it(here: Watched) -> None:
    here.arrives(("p11", THREAT))
    here.looks()
    records = (here.record("p11"),)
    with here.hub.reading() as session:
        (held,) = [one for one in held_rows(session, records) if one.table == "voice_alert"]
    assert {"arrived_at", "raised_at", "state"} <= set(held.shown)
    assert {"sealed", "key_id", "acknowledged_by", "closed_by"} <= set(held.withheld)
    key_id = held.rows[0]["key_id"]
    assert here.hub.keystore.present([key_id])
    erase(here.hub, Subject(records=records), here.company.owner)
    assert not here.hub.keystore.present([key_id])
    with here.hub.reading() as session:
        assert not [one for one in store.find_alerts(session, AlertState) if one.record_id == records[0]]


def test_only_a_credential_of_the_purpose_sees_acknowledges_and_closes(here: Watched) -> None:
    here.arrives(("p12", THREAT))
    here.looks()
    (alert,) = here.alerts_of("p12")
    bound = Scope(role=Role.SUCCESS, purposes=frozenset({"churn"}), views=frozenset({"*"}))
    other = authenticate(here.hub, add(here.hub, "other", bound, here.company.owner)[1])
    for act in (desk.listed, lambda hub, by: desk.acknowledge(hub, by, alert.alert_id)):
        with pytest.raises(AccessRefused, match="credential_not_bound"):
            act(here.hub, other)
    with pytest.raises(AccessRefused, match="read_by_arrival"):
        Gateway(here.hub).read(here.company.scientist, VIEW, purpose="satisfaction", as_of=here.clock())


def test_commands_list_acknowledge_and_close(here: Watched) -> None:
    assert is_wanted(here.hub)
    here.arrives(("p13", THREAT))
    here.looks()
    (alert,) = here.alerts_of("p13")
    named = alert.alert_id.hex()[:12]
    shown = run(here, "list", "--format", "json")
    assert [one["kinds"] for one in json.loads(shown.stdout) if one["alert"] == named] == ["leaving"]
    assert "longest" in shown.stderr
    assert run(here, "acknowledge", named, "--dry-run").exit_code == 0
    assert here.alerts_of("p13")[0].state is AlertState.OPEN
    assert run(here, "acknowledge", named).exit_code == 0
    assert run(here, "acknowledge", named).exit_code == 4, "once"
    assert run(here, "close", named, "false_alarm").exit_code == 0
    board = desk.listed(here.hub, here.company.owner, states=AlertState)
    assert board.outcomes[Closing.FALSE_ALARM.value] == 1
    assert run(here, "rules").stdout == rules.shipped_text()
    assert run(here, "look", "--dry-run").exit_code == 0
    assert run(here, "look").exit_code == 0


def test_owners_are_told_by_mail_and_the_next_in_line_where_nobody_acknowledged(here: Watched) -> None:
    file = here.tells("desk@example.org", "head@example.org", language="sv")
    here.arrives(("p14", "There is smoke and fire in the hall!"))
    here.looks()
    box = Box()
    box.answer = Answer(Outcome.OUR_FAULT, "smtp_550")
    with pytest.raises(SettingsInvalid, match="refuses its sender"):
        tell_due(here.hub, box)
    assert not here.alerts_of("p14")[0].escalated
    here.clock.forward(minutes=6)
    box = Box()
    assert tell_due(here.hub, box) == 1, "whom nobody was told of is told of when the sender is mended"
    assert tell_due(here.hub, box) == 0
    (mail,) = box.mails
    assert (mail["To"], "smoke" in mail.get_content()) == ("desk@example.org", False)
    assert (mail["Content-Language"], "behöver en människa" in mail.get_content()) == ("sv", True)
    with here.hub.reading() as session:
        (_, told), *_ = entries(session, action="alert.tell")
    assert told.fields.records == (here.record("p14"),)
    here.clock.forward(minutes=95)
    (alert,) = here.alerts_of("p14")
    assert (alert.escalated, alert.whose) == (True, "head of operations")
    assert tell_due(here.hub, box) == 1
    assert box.mails[1]["To"] == "head@example.org"
    assert box.mails[1]["Subject"].startswith("Inte bekräftat")
    file.write_text("safety: {}", encoding="utf-8")
    with pytest.raises(SettingsInvalid, match=r"alerts\.yaml"):
        here.looks()
    file.unlink()


def test_where_the_owners_address_is_refused_the_next_in_line_hears_at_once(here: Watched) -> None:
    file = here.tells("typo@example.org", "head@example.org")
    here.arrives(("p20", "There is smoke and fire in the hall!"))
    here.looks()
    box = Box()
    box.answer = Answer(Outcome.REFUSED, "smtp_550")
    assert tell_due(here.hub, box) == 0
    box = Box()
    assert tell_due(here.hub, box) == 1
    assert box.mails[0]["To"] == "head@example.org"
    file.unlink()


def test_what_stands_is_told_while_a_look_fails(here: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Hub] = []

    def ended(*_: object) -> Looked:
        raise MessageRefused("a child that was ended answers half")

    monkeypatch.setattr(watch, "look", ended)
    monkeypatch.setattr(watch, "post_of", lambda _: Box())
    monkeypatch.setattr(watch, "tell_due", lambda hub, _: told.append(hub))
    with pytest.raises(MessageRefused):
        go_round(here.hub)
    assert told == [here.hub]


def test_while_the_log_takes_no_entry_nothing_is_listed_raised_or_told(here: Watched) -> None:
    here.arrives(("p15", THREAT))
    here.looks()
    (alert,) = here.alerts_of("p15")
    here.arrives(("p15", THREAT))
    box, by = Box(), here.company.owner
    with broken(here.hub.settings.home / "control.db", "leaf_refused"):
        for act in (here.looks, lambda: desk.listed(here.hub, by), lambda: tell_due(here.hub, box)):
            with pytest.raises(HubError):
                act()
        with pytest.raises(HubError):
            desk.acknowledge(here.hub, by, alert.alert_id)
    assert not box.mails
    assert len(stored(here, "p15")) == 1
    assert here.looks().raised == 1


def test_the_doctor_tells_of_messages_that_nobody_looked_through(here: Watched) -> None:
    here.looks()
    here.arrives(("p16", HARMLESS))
    here.clock.forward(minutes=14)
    assert lateness.finding(here.hub).state is State.OK
    here.clock.forward(minutes=1)
    late = lateness.finding(here.hub)
    assert late.state is State.WARNING
    assert "1 files of messages" in late.found
    assert "varde voice alerts look" in late.remedy
    here.looks()
    assert lateness.finding(here.hub).state is State.OK
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lateness, "is_wanted", lambda _hub: False)
        here.arrives(("p16", HARMLESS))
        here.clock.forward(minutes=20)
        assert lateness.finding(here.hub).state is State.OK, "whoever approves no view wants no alerts"


def test_while_a_delivery_is_stuck_the_same_messages_leave_less_and_less_and_new_ones_at_once(here: Watched) -> None:
    here.looks()
    here.arrives(("p22", THREAT))
    stuck = update(Batch).values(state=BatchState.VISIBLE.value)
    with here.hub.unit_of_work() as session:
        newest = session.scalars(select(Batch.batch_id).order_by(Batch.visible_at.desc())).first()
        session.execute(stuck.where(Batch.batch_id == newest))
    before = releases(here)
    for _ in range(60):
        here.clock.forward(minutes=1)
        here.looks()
    assert len(here.alerts_of("p22")) == 1, "who is known already is heard in the first minute"
    assert 4 <= releases(here) - before <= 15, "60 minutes by five, and the first few"
    late = lateness.finding(here.hub)
    assert (late.state, "varde ingest" in late.remedy) == (State.WARNING, True)
    here.arrives(("p23", THREAT))
    for _ in range(2):
        with pytest.raises(KilledError):
            here.looks(reached=killed_at("alerts_judged"))
        here.clock.forward(minutes=5)
    assert here.looks().raised == 1, "within the promise, though the read at once and the next broke off"
    with here.hub.unit_of_work() as session:
        session.execute(stuck.where(Batch.batch_id == newest).values(state=BatchState.SETTLED.value))
    assert here.looks().messages == 2, "once all is settled everything is read again, and marked"
    assert here.looks() == Looked()


def test_that_watching_has_stopped_is_told_on_the_desk_in_the_log_and_by_the_doctor(
    here: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    start = here.clock()
    assert desk.listed(here.hub, here.company.owner).silent is None
    here.clock.forward(days=366)
    silent = desk.listed(here.hub, here.company.owner).silent
    assert silent is not None
    assert silent.because == "approval_expired"
    shown = run(here, "list")
    assert "nobody watches" in shown.stderr
    assert f"varde view approve {VIEW}" in " ".join(shown.stderr.split())
    late = lateness.finding(here.hub)
    assert (late.state, "watching has stopped" in late.found) == (State.WARNING, True)
    told: list[Hub] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch, "post_of", lambda _: Box())
        patch.setattr(watch, "tell_due", lambda hub, _: told.append(hub))
        for _ in range(3):
            _watch(here.hub)
    assert len(told) == 3, "what stands is told of, whether or not anybody watches"
    assert [one.msg for one in caplog.records].count(LogEvent.ALERTS_STOPPED) == 1, "once an hour"
    here.clock.at = start


def test_a_retention_run_ends_alerts_and_their_keys(here: Watched) -> None:
    """Also where nobody watches any more; the plan counts what the run takes."""
    here.arrives(("p17", THREAT))
    here.looks()
    with here.hub.reading() as session:
        there = store.find_alerts(session, AlertState)
    assert there
    here.clock.forward(days=366)
    (told,) = [line for line in plan(here.hub, at=here.clock(), endings=[ALERTS]) if line.rule == "voice_alert"]
    assert (told.due, told.next_30, told.next_90) == (len(there), 0, 0)
    (done,) = run_retention(here.hub, here.company.owner, endings=[ALERTS])
    assert done.planned["voice_alert"] == len(there)
    assert done.destroyed == sum(done.planned.get(table, 0) for table in (*PERIODS, "voice_alert"))
    assert not here.hub.keystore.present([KeyId(one.key_id) for one in there])
    with here.hub.reading() as session:
        assert not store.find_alerts(session, AlertState)
    assert end_alerts(here.hub, here.company.owner.principal_id) == 0


def stored(here: Watched, who: str) -> list[store.SealedAlert]:
    record = here.record(who)
    with here.hub.reading() as session:
        return [one for one in store.find_alerts(session, AlertState) if one.record_id == record]

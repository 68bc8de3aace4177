"""A letter from its template to the mailbox: two persons, one text, the standing of the moment, at most once."""

import smtplib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import select

from hub.api import service
from hub.authentication import Scope, add
from hub.compose import Hub
from hub.consents import Subject, Wish, record_wish
from hub.erasing import erase
from hub.errors import AccessRefused, HubError, NotAuthenticated, SettingsInvalid
from hub.memory import Memory
from hub.outbox.post import Answer, Outcome, _SmtpCarrier
from hub.reconciliation import reconcile
from hub.requests.dossier import Gathering, document_of, gathered
from hub.requests.opening import sealed_of
from hub.requests.reflection import held_rows
from hub.winback import judging
from hub.winback import round as rounds
from hub.winback.acts import acts_of
from hub.winback.campaigns import Campaign
from hub.winback.letters import LetterState, change_letter, claim, find_letters
from hub.winback.writing import Style, write
from predict.errors import TextRefused
from privacy.audit import AuditFields
from privacy.tables.contact import ContactMade
from privacy.terms import ActChannel, ConsentAct, PurposeId, Role, random_id
from tests.audit_faults import broken
from tests.integration.cli_desk import Desk
from tests.winback_box import Box, approved, sent, state_of, waiting
from tests.winback_builders import Left, drafted, in_process, left


class SenderRefused:
    """Stands for a mail server that does not send for our address."""

    def send_message(self, _mail: EmailMessage) -> None:
        raise smtplib.SMTPSenderRefused(550, b"not yours", "post@shop.example")


def refused(_hub: Hub, _opens: object) -> None:
    """Stands for a round that finds its setting wrong."""
    raise SettingsInvalid("VARDE_MAIL", "the mail server refuses its sender", "Look at it")


class KilledError(BaseException):
    """Stands for kill -9."""


@pytest.fixture(scope="module", autouse=True)
def _in_process() -> Iterator[None]:
    with in_process():
        yield


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Left:
    return left(Path(tmp_path_factory.mktemp("letters")), VARDE_PUBLIC_URL="https://varde.example")


@pytest.fixture(scope="module")
def campaign(here: Left) -> Campaign:
    return drafted(here)


def test_a_draft_is_in_the_customers_language_with_no_name_and_rests_sealed(here: Left, campaign: Campaign) -> None:
    letters = waiting(here)
    assert {one.language for one in letters} <= {"nb", "nn", "sv", "en", "de"}
    assert len({one.language for one in letters}) > 1
    for one in letters:
        draft = judging.show(here.hub, one.letter_id, here.colleague)
        assert "[[name]]" in draft.body
        assert "Kari" not in draft.body
        assert ("kostenlose" in draft.body) == (one.language == "de")
        assert draft.body.encode() not in one.sealed
    assert write(here.hub, here.reader, campaign, Style()).letters == 0, "one draft a step"
    assert all(told["opened"] == 1 for told in here.audited("winback.open"))


def test_who_wrote_or_changed_a_letter_cannot_approve_it_nor_who_did_not_look(here: Left, campaign: Campaign) -> None:
    letter = waiting(here)[0].letter_id
    with pytest.raises(AccessRefused, match="own_eyes"):
        judging.approve(here.hub, letter, here.success)
    with pytest.raises(AccessRefused, match="not_shown"):
        judging.approve(here.hub, letter, here.owner)
    body = judging.show(here.hub, letter, here.colleague).body
    with pytest.raises(TextRefused):
        judging.edit(here.hub, letter, ("Hei", f"{body} You are about to leave us."), here.colleague)
    judging.edit(here.hub, letter, ("Hei", f"{body}Velkommen."), here.colleague)
    for person in (here.author, here.success, here.colleague):  # of the template, of facts and draft, of a change
        judging.show(here.hub, letter, person)
        with pytest.raises(AccessRefused, match="own_eyes"):
            judging.approve(here.hub, letter, person)
    judging.show(here.hub, letter, here.owner)
    judging.approve(here.hub, letter, here.owner)
    told = judging.stamps(here.hub, here.owner)
    assert told.filter(by=here.owner.person_id.hex())["unedited"].to_list() == [0.0]
    assert here.colleague.person_id.hex() in told["by"].to_list(), "who approved the templates"
    own = judging.stamps(here.hub, here.colleague)
    assert own["by"].to_list() == [here.colleague.person_id.hex()], "nobody sees how fast a colleague reads"
    judging.refuse(here.hub, letter, here.owner)


def test_a_letter_leaves_once_with_name_address_and_a_link_to_say_no_by(here: Left, campaign: Campaign) -> None:
    letter, box = approved(here), Box()
    assert sent(here, box).sent == 1
    assert sent(here, box).sent == 0
    (mail,) = box.mails
    assert mail["To"].startswith("kari")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = mail["List-Unsubscribe"].strip("<>")
    assert link.startswith("https://varde.example/u/")
    body = mail.get_content()
    assert link in body
    assert "Kari" in body
    assert "[[" not in body
    assert acts_of(here.hub).filter(pl.col("act") == "sent").height == 1
    assert reconcile(here.hub).is_clean, "as many keys were unwrapped as the log was told of"
    assert state_of(here, letter) == "sent"
    assert waiting(here, LetterState.SENT)[0].sealed == b"", "its content is let go of"


@pytest.mark.parametrize(("step", "arrived"), [("winback_leaving", 0), ("winback_carried", 1)])
def test_whatever_crashes_nobody_is_invited_twice(here: Left, campaign: Campaign, step: str, arrived: int) -> None:
    letter, box = approved(here), Box()

    def reached(name: str) -> None:
        if name == step:
            raise KilledError

    with pytest.raises(KilledError):
        sent(here, box, reached=reached)
    assert len(box.mails) == arrived
    here.later(minutes=11)
    again = sent(here, box)
    assert len(box.mails) == arrived
    assert (again.sent, again.others["unsure"]) == (0, 1)
    assert state_of(here, letter) == "unsure"


def contacts(here: Left) -> int:
    """How many contacts are noted: what a wish to hear from us seldom counts."""
    with here.hub.reading() as session:
        return len(session.execute(select(ContactMade.contact_id)).all())


def test_a_busy_server_gets_it_later_and_a_no_ends_it(here: Left, campaign: Campaign) -> None:
    letter, box = approved(here), Box()
    box.answer = Answer(Outcome.LATER, "smtp_451")
    before = contacts(here)
    assert sent(here, box).others["approved"] == 1
    assert contacts(here) == before, "what the server did not take was no contact"
    box.answer = Answer(Outcome.REFUSED, "no_smtputf8")  # never handed over: not `unsure`
    here.later(hours=2)
    assert sent(here, box).others["rejected"] == 1
    assert contacts(here) == before
    assert state_of(here, letter) == "rejected"


def test_a_refused_sender_is_a_fault_of_the_setting_and_costs_no_letter(here: Left, campaign: Campaign) -> None:
    letter, box = approved(here), Box()
    box.answer = _SmtpCarrier(SenderRefused()).carry(EmailMessage())  # type: ignore[arg-type]  # answers as SMTP does
    with pytest.raises(SettingsInvalid, match="refuses its sender"):
        sent(here, box)
    assert state_of(here, letter) == "approved"
    box.answer = Answer(Outcome.TAKEN)
    before = contacts(here)
    assert sent(here, box).sent == 1, "once the setting is mended it leaves"
    assert contacts(here) == before + 1


def test_a_language_model_proposes_words_sees_no_fact_and_approves_nothing(here: Left, campaign: Campaign) -> None:
    letter, seen = waiting(here)[0], []
    before = judging.show(here.hub, letter.letter_id, here.owner)

    def model(language: str, text: str) -> str:
        seen.append((language, text))
        return text.replace("\n", "\n\n", 1)

    with pytest.raises(TextRefused):
        judging.propose(here.hub, letter.letter_id, here.colleague, lambda _language, text: f"{text} Risk!")
    assert judging.show(here.hub, letter.letter_id, here.owner) == before, "what may not be said changes nothing"
    judging.propose(here.hub, letter.letter_id, here.colleague, model)
    ((language, text),) = seen
    assert language == before.language
    assert not any(value in text for value in before.facts.values())
    after = judging.show(here.hub, letter.letter_id, here.owner)
    assert all(value in after.body for value in before.facts.values())
    assert judging.LANGUAGE_MODEL in after.authors
    with pytest.raises(AccessRefused, match="own_eyes"):
        judging.approve(here.hub, letter.letter_id, here.colleague)
    with pytest.raises(AccessRefused, match="not_as_written"):
        judging.propose(here.hub, letter.letter_id, here.owner, model)
    judging.refuse(here.hub, letter.letter_id, here.owner)


def test_a_serving_hub_sends_what_is_approved_once_in_its_hours_and_only_if_told_as_whom(
    here: Left, campaign: Campaign, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    letter, box, hours = approved(here), Box(), [False]
    monkeypatch.setattr(rounds, "post_of", lambda _settings: box)
    scope = Scope(role=Role.SERVICE, purposes=frozenset({"*"}), views=frozenset({"*"}))
    serving = [
        replace(here.hub, memory=Memory(), settings=replace(here.hub.settings, winback_token=token))
        for token in (None, add(here.hub, "sender", scope, here.owner)[1], "nobody's")
    ]

    def opens(_at: datetime) -> bool:
        return hours[0]

    assert [rounds.go_round(hub, opens) for hub in serving] == [None] * 3, "it is night"
    hours[0] = True
    assert rounds.go_round(serving[0], opens) is None, "off unless somebody says as whom"
    with pytest.raises(NotAuthenticated):
        rounds.go_round(serving[2], opens)
    done = rounds.go_round(serving[1], opens)
    assert done is not None
    assert (done.sent, len(box.mails), state_of(here, letter)) == (1, 1, "sent")
    approved(here)
    assert rounds.go_round(serving[1], opens) is None, "once an hour: a round reads rows"
    here.later(hours=1)
    box.answer = Answer(Outcome.OUR_FAULT, "smtp_550")
    with pytest.raises(SettingsInvalid):
        rounds.go_round(serving[1], opens)
    assert rounds.go_round(serving[1], opens) is None, "not every minute"
    monkeypatch.setattr(service, "invite", refused)
    service._invite_back(here.hub)
    assert [one.__dict__.get("setting") for one in caplog.records] == ["VARDE_MAIL"], "which, and not what it says"
    here.later(hours=1)
    box.answer = Answer(Outcome.TAKEN)
    mended = rounds.go_round(serving[1], opens)
    assert mended is not None
    assert mended.sent == 1, "once the setting is mended it leaves by itself"


def test_the_oldest_letters_leave_first(here: Left, campaign: Campaign) -> None:
    with here.hub.unit_of_work() as session:
        listed = find_letters(session, (LetterState.DRAFT,))
        for age, one in enumerate(listed):  # as if the last had been written first
            at = one.created_at - timedelta(minutes=age)
            change_letter(session, one, (LetterState.DRAFT,), created_at=at)
    with here.hub.unit_of_work() as session:
        taken = claim(session, LetterState.DRAFT, at=here.clock(), most=2)
        for one in taken:  # give them back
            change_letter(session, one, (LetterState.DRAFT,), due_at=one.created_at)
    assert [one.letter_id for one in taken] == [one.letter_id for one in listed[:-3:-1]]


def test_what_holds_when_it_leaves_decides(here: Left, campaign: Campaign) -> None:
    """An approval does not outlive the customer's no, nor a purchase; an erasure takes the letter along."""
    box, letter = Box(), approved(here)
    no = Wish(act=ConsentAct.WITHDRAWN, purpose=PurposeId("contact.email"), channel=ActChannel.AGENT)
    record_wish(here.hub, Subject(records=(letter.record_id,)), no, here.owner)
    assert sent(here, box).others["may not be written to now"] == 1
    assert state_of(here, letter) == "stopped"
    gone = waiting(here)[0]
    erase(here.hub, Subject(records=(gone.record_id,)), here.owner)
    assert state_of(here, gone) == "gone"
    old = approved(here)
    here.later(days=15)
    assert sent(here, box).others["the approval is older than it holds"] == 1
    assert state_of(here, old) == "draft"
    assert not box.mails


def test_an_export_of_the_person_shows_the_letter_and_that_they_were_drawn(here: Left, campaign: Campaign) -> None:
    letter, act_id = waiting(here)[0], random_id()
    records = (letter.record_id,)
    with here.hub.reading() as session:
        held = held_rows(session, records)
    sealed = sealed_of(held)
    with here.hub.unit_of_work() as session:
        fields = AuditFields(act_id=act_id, records=records, opened=len(sealed))
        here.hub.audit(session, "request.export.intent", here.owner.principal_id, fields)
    by = here.owner.principal_id
    what = Gathering(act_id=act_id, by=by, records=records, language="nb", held=held, sealed=sealed)
    document = document_of(here.hub, gathered(here.hub, what))
    assert "[[unsubscribe]]" in document["opened"]["winback_letter"][0]["text"]
    assert [row["act"] for row in document["lake"]["winback_acts"]["rows"]] == ["contact"]


def test_while_the_log_takes_no_entry_no_letter_is_shown_approved_or_sent(here: Left, campaign: Campaign) -> None:
    letter, box = approved(here), Box()
    with broken(here.hub.settings.home / "control.db", "leaf_refused"):
        for act in (judging.show, judging.approve, judging.refuse):
            with pytest.raises(HubError):
                act(here.hub, letter.letter_id, here.colleague)
        with pytest.raises(HubError):
            sent(here, box)
    assert not box.mails
    assert state_of(here, letter) == "approved"


def test_the_commands_say_what_waits_and_refuse_who_may_not(here: Left, campaign: Campaign) -> None:
    desk = Desk(here.hub.settings.home.parent)
    listed = desk.json("winback", "letters")
    assert {one["letter"] for one in listed} >= {one.letter_id.hex() for one in waiting(here)}
    shown = desk.run("winback", "show", listed[0]["letter"])
    assert "[[unsubscribe]]" in shown.stdout
    assert "news" in shown.stderr or "product" in shown.stderr
    assert "Kari" not in shown.stdout + shown.stderr
    assert desk.run("winback", "send").exit_code == 2, "no mail server is configured"
    assert len(desk.json("winback", "template", "list")) == 25
    assert desk.json("winback", "list")[0]["campaign"] == campaign.campaign_id.hex()
    assert desk.run("winback", "size", "0.04", "0.08").stdout.strip().isdigit()
    assert desk.run("winback", "template", "approve", "none_such").exit_code == 4
    for words in (
        ("draw",),
        ("write",),
        ("due",),
        ("report",),
        ("diagnose",),
        ("note", "reply", "--reason", "drifting"),
    ):
        ended = desk.run("winback", *words, "--dry-run")
        assert ended.exit_code == 0, words

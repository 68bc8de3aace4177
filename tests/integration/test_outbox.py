"""Letters on both databases: sealed until they leave, sent at least once under one name, gone with the person."""

import email
import smtplib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from hub.authentication import acting_principal
from hub.compose import Hub, open_hub
from hub.consents import find_subject
from hub.erasing import erase
from hub.errors import HubError, ServiceUnreachable, SettingsInvalid
from hub.mail import MailServer
from hub.outbox.letter import Letter, enqueue
from hub.outbox.letters import letters, written
from hub.outbox.post import Answer, Outcome, Post, post_of
from hub.outbox.sending import Sent, has_letters_due, send_due, wait_after
from hub.outbox.store import LEASE, LetterState, claim_due, count_letters, listed_letters
from hub.settings import Settings
from privacy.errors import PrivacyError
from privacy.purposes import LANGUAGES
from privacy.store.audit import entries
from privacy.terms import PrincipalId, RecordId
from tests import audit_faults
from tests.api.world import take_in
from tests.builders import DATABASES, FixedClock
from tests.integration.cli_desk import SECRETS, stocked
from tests.smtp_fake import mail_server

BY = PrincipalId(bytes(16))
VALUES = {"code": "31415926", "long_code": "abcd-efgh", "minutes": "10"}


@dataclass
class Boxes:
    """A carrier that keeps what it is given, or answers what it was told to."""

    answer: Answer = field(default_factory=lambda: Answer(Outcome.TAKEN))
    mails: list[EmailMessage] = field(default_factory=list)
    broken: bool = False
    domain = "hub.example"
    sender = "privacy@hub.example"
    server = MailServer(host="nowhere")

    @contextmanager
    def open(self) -> Iterator["Boxes"]:
        if self.broken:
            raise smtplib.SMTPServerDisconnected("person0@example.org")
        yield self

    def carry(self, mail: EmailMessage) -> Answer:
        self.mails.append(mail)
        return self.answer


@pytest.fixture(params=DATABASES)
def hub(request: pytest.FixtureRequest, tmp_path: Path) -> Hub:
    made: Hub = request.getfixturevalue("hub_factory")(request.param)
    take_in(made, acting_principal(made), tmp_path, 3)
    return made


@pytest.fixture
def little(hub_factory: Any, tmp_path: Path) -> Hub:
    made: Hub = hub_factory("sqlite")
    take_in(made, acting_principal(made), tmp_path, 3)
    return made


def record(hub: Hub, number: int = 0) -> RecordId:
    return find_subject(hub, f"shop:k{number}").records[0]


def write(hub: Hub, number: int = 0, **more: Any) -> bytes | None:
    letter = Letter(to=record(hub, number), kind="one_time_code", language="nb", values=VALUES, **more)
    with hub.unit_of_work() as session:
        return enqueue(hub, session, letter, by=BY)


def states(hub: Hub) -> dict[LetterState, int]:
    with hub.reading() as session:
        return count_letters(session)


def test_a_letter_leaves_once_and_its_content_with_it(hub: Hub) -> None:
    letter_id = write(hub)
    assert letter_id is not None
    boxes = Boxes()
    assert send_due(hub, boxes) == Sent(sent=1)  # type: ignore[arg-type]  # a carrier of this test
    (mail,) = boxes.mails
    assert (mail["To"], mail["From"]) == ("person0@example.org", "privacy@hub.example")
    assert mail["Message-ID"] == f"<{letter_id.hex()}@hub.example>"
    assert "31415926" in mail["Subject"]
    assert "abcd-efgh" in mail.get_content()
    assert not has_letters_due(hub)
    assert send_due(hub, boxes) == Sent()  # type: ignore[arg-type]  # as above
    with hub.reading() as session:
        (listed,) = listed_letters(session, most=9)
        told = [entry.action for _, entry in entries(session) if entry.action.startswith("letter.")]
    assert (listed.state, listed.attempts, listed.ended_at) == (LetterState.SENT, 1, hub.clock())
    assert told == ["letter.send", "letter.carry", "letter.write"]


def test_a_letter_whose_act_is_undone_was_never_written(hub: Hub) -> None:
    letter = Letter(to=record(hub), kind="one_time_code", language="nb", values=VALUES)

    def act_that_fails() -> None:
        with hub.unit_of_work() as session:
            enqueue(hub, session, letter, by=BY)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        act_that_fails()
    assert states(hub) == {}


def test_who_dies_after_the_mail_left_lets_it_leave_again_under_the_same_name(hub: Hub, clock: FixedClock) -> None:
    write(hub)
    boxes, dying = Boxes(), type("Died", (BaseException,), {})

    def reached(step: str) -> None:
        if step == "letter_carried":
            raise dying

    object.__setattr__(hub, "reached", reached)
    with pytest.raises(dying):
        send_due(hub, boxes)  # type: ignore[arg-type]  # as above
    object.__setattr__(hub, "reached", lambda _step: None)
    assert send_due(hub, boxes) == Sent()  # type: ignore[arg-type]  # nobody else takes it while the lease runs
    clock.forward(seconds=LEASE.total_seconds())
    assert send_due(hub, boxes) == Sent(sent=1)  # type: ignore[arg-type]  # as above
    assert len({mail["Message-ID"] for mail in boxes.mails}) == 1 < len(boxes.mails)


def test_two_who_look_at_once_do_not_take_the_same_letter(hub: Hub) -> None:
    for number in range(3):
        write(hub, number)
    taken = []
    for _ in range(2):
        with hub.unit_of_work() as session:
            taken.append({letter.letter_id for letter in claim_due(session, at=hub.clock(), most=2)})
    assert [len(some) for some in taken] == [2, 1]
    assert not taken[0] & taken[1]


@pytest.mark.parametrize(
    ("outcome", "sent", "state"),
    [
        (Outcome.REFUSED, Sent(refused=1), LetterState.REFUSED),
        (Outcome.LATER, Sent(later=1), LetterState.WAITING),
        (Outcome.OUR_FAULT, Sent(later=1), LetterState.WAITING),
    ],
)
def test_what_the_mail_server_says_decides(little: Hub, outcome: Outcome, sent: Sent, state: LetterState) -> None:
    write(little)
    assert send_due(little, Boxes(Answer(outcome, "smtp_450"))) == sent  # type: ignore[arg-type]  # as above
    assert states(little) == {state: 1}


def test_a_letter_is_tried_again_later_and_later_until_it_is_too_late(little: Hub, clock: FixedClock) -> None:
    write(little, expires_at=clock() + timedelta(hours=1))
    boxes = Boxes(Answer(Outcome.LATER, "smtp_451"))
    for minutes in (1, 2, 4, 8, 16):
        send_due(little, boxes)  # type: ignore[arg-type]  # as above
        clock.forward(seconds=minutes * 60 - 1)
        assert not has_letters_due(little)
        clock.forward(seconds=1)
        assert has_letters_due(little)
    assert len(boxes.mails) == 5
    clock.forward(hours=1)
    assert send_due(little, boxes) == Sent(expired=1)  # type: ignore[arg-type]  # as above
    assert states(little) == {LetterState.EXPIRED: 1}
    assert wait_after(1) < wait_after(2) <= wait_after(10**6) == timedelta(hours=4)


def test_a_mail_server_that_does_not_answer_costs_no_letter_and_tells_no_address(little: Hub) -> None:
    write(little)
    with pytest.raises(ServiceUnreachable) as told:
        send_due(little, Boxes(broken=True))  # type: ignore[arg-type]  # as above
    assert "example.org" not in str(told.value)
    assert states(little) == {LetterState.WAITING: 1}
    assert not has_letters_due(little)


@pytest.mark.parametrize("fault", audit_faults.STATEMENTS)
def test_no_letter_leaves_while_the_audit_log_takes_no_entry(little: Hub, fault: str) -> None:
    write(little)
    boxes = Boxes()
    with audit_faults.broken(little.settings.home / "control.db", fault), pytest.raises((HubError, PrivacyError)):
        send_due(little, boxes)  # type: ignore[arg-type]  # as above
    assert boxes.mails == []
    assert send_due(little, boxes) == Sent(sent=1)  # type: ignore[arg-type]  # as above


def test_nobody_writes_to_who_was_erased(hub: Hub, clock: FixedClock) -> None:
    write(hub, 0)
    write(hub, 1)
    erase(hub, find_subject(hub, "shop:k0"), acting_principal(hub))
    clock.forward(minutes=1)
    boxes = Boxes()
    send_due(hub, boxes)  # type: ignore[arg-type]  # as above
    assert [mail["To"] for mail in boxes.mails] == ["person1@example.org"]
    assert states(hub) == {LetterState.SENT: 1}


def test_nothing_of_a_letter_rests_in_clear(little: Hub) -> None:
    letter = Letter(to=record(little), kind="one_time_code", language="nb", values=VALUES)
    assert "31415926" not in repr(letter)
    write(little)
    send_due(little, Boxes(Answer(Outcome.LATER)))  # type: ignore[arg-type]  # as above
    held = b"".join(path.read_bytes() for path in little.settings.home.rglob("*") if path.is_file())
    for word in (b"31415926", b"abcd-efgh", b"person0@example.org"):
        assert word not in held


def test_a_person_without_an_address_gets_no_letter(little: Hub) -> None:
    with sqlite3.connect(little.settings.home / "control.db") as connection:
        connection.execute("DELETE FROM record_revision")
    connection.close()
    assert write(little) is None
    assert states(little) == {}


def test_a_letter_over_a_real_mail_server(little: Hub) -> None:
    write(little, 2)
    with mail_server("127.0.0.1") as mailbox:
        post = Post(server=MailServer(host="127.0.0.1", port=mailbox.port), sender="privacy@hub.example")
        assert send_due(little, post) == Sent(sent=1)
        (raw,) = mailbox.mails
    mail = email.message_from_bytes(raw)
    assert mail["To"] == "person2@example.org"
    assert mail["Auto-Submitted"] == "auto-generated"
    with mail_server("127.0.0.1", answer="554 no") as mailbox:
        write(little, 1)
        post = Post(server=MailServer(host="127.0.0.1", port=mailbox.port), sender="privacy@hub.example")
        assert send_due(little, post) == Sent(refused=1)


@pytest.mark.parametrize("kind", letters())
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_can_be_written_in_every_language(kind: str, language: str) -> None:
    places = letters()[kind][language].places
    subject, body = written(kind, language, {name: f"[{name}]" for name in places} | {"controller": "Shop AS"})
    assert body.endswith("Shop AS\n")
    assert "{" not in subject + body
    assert all(f"[{name}]" in subject + body for name in places)


def test_a_letter_asks_for_its_values_and_no_others(little: Hub) -> None:
    for values in ({}, VALUES | {"name": "x"}):
        with pytest.raises(KeyError, match="asks for"):
            Letter(to=record(little), kind="one_time_code", language="nb", values=values)


@pytest.mark.parametrize(
    "mail",
    ["smtp.example.org", "http://h?from=a@b.c", "smtp://h", "smtp://h?from=nobody", "smtp://h:x?from=a@b.c"],
)
def test_a_mail_server_that_is_not_written_as_it_must_be_is_refused(tmp_path: Path, mail: str) -> None:
    with pytest.raises(SettingsInvalid, match="VARDE_MAIL"):
        post_of(Settings.load({"VARDE_MAIL": mail}, tmp_path))
    assert post_of(Settings.load({}, tmp_path)) is None
    post = post_of(Settings.load({"VARDE_MAIL": "smtp://h?from=p@shop.example"}, tmp_path))
    assert post is not None
    assert (post.server.port, post.domain) == (587, "shop.example")


def test_the_command_sends_what_is_due_and_lists_no_address(tmp_path: Path) -> None:
    desk = stocked(tmp_path)
    ended = desk.run("outbox", "send")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "VARDE_MAIL" in ended.stderr
    hub = open_hub(Settings.load({}, desk.home))
    try:
        letter = Letter(to=find_subject(hub, "shop:1").records[0], kind="one_time_code", language="sv", values=VALUES)
        with hub.unit_of_work() as session:
            enqueue(hub, session, letter, by=BY)
    finally:
        hub.engine.dispose()
    with mail_server("127.0.0.1") as mailbox:
        env = {"VARDE_MAIL": f"smtp://127.0.0.1:{mailbox.port}?from=privacy@hub.example"}
        # The desk's clock stands in the past, the letter was written now: it is not due there yet.
        assert "Sent 0" in desk.run("outbox", "send", env=env).stderr
        assert "1 letters" in desk.run("outbox", "send", "--dry-run", env=env).stderr
    (row,) = desk.json("outbox", "list")
    assert (row["kind"], row["state"], row["attempts"]) == ("one_time_code", "waiting", 0)
    assert not any(secret in str(row) for secret in SECRETS)

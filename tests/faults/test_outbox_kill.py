"""kill -9 of whoever sends letters, at each step: no letter is lost, and one that leaves twice has one name."""

import email
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hub.authentication import acting_principal
from hub.compose import Hub
from hub.consents import find_subject
from hub.mail import MailServer
from hub.outbox.letter import Letter, enqueue
from hub.outbox.post import Post
from hub.outbox.sending import Sent, has_letters_due, send_due
from hub.outbox.store import LEASE
from privacy.terms import PrincipalId
from tests.api.world import take_in
from tests.builders import FixedClock
from tests.conftest import HubFactory
from tests.smtp_fake import Mailbox, mail_server

pytestmark = pytest.mark.faults
PEOPLE = 3
VALUES = {"code": "31415926", "long_code": "abcd-efgh", "minutes": "10"}
PROGRAM = """
import os, signal, sys
from pathlib import Path
from hub.compose import open_hub
from hub.mail import MailServer
from hub.outbox.post import Post
from hub.outbox.sending import send_due
from hub.settings import Settings
from tests.builders import FixedClock

home, port, step, times = sys.argv[1:]
left = [int(times)]

def reached(now):
    if now == step:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

hub = open_hub(Settings.load({}, Path(home)), clock=FixedClock(), reached=reached)
send_due(hub, Post(server=MailServer(host="127.0.0.1", port=int(port)), sender="privacy@hub.example"))
"""


@pytest.fixture
def hub(hub_factory: HubFactory, tmp_path: Path) -> Hub:
    made = hub_factory("sqlite")
    take_in(made, acting_principal(made), tmp_path, PEOPLE)
    for number in range(PEOPLE):
        record = find_subject(made, f"shop:k{number}").records[0]
        with made.unit_of_work() as session:
            letter = Letter(to=record, kind="one_time_code", language="en", values=VALUES)
            enqueue(made, session, letter, by=PrincipalId(bytes(16)))
    return made


def arrived(mailbox: Mailbox) -> list[tuple[str, str]]:
    mails = map(email.message_from_bytes, mailbox.mails)
    return [(str(mail["To"]), str(mail["Message-ID"])) for mail in mails]


@pytest.mark.parametrize(
    ("step", "times", "left_before"),
    [("letters_claimed", 1, 0), ("letter_carried", 1, 1), ("letter_carried", 2, 2), ("letter_carried", 3, 3)],
)
def test_every_letter_arrives_though_the_sender_was_killed(
    hub: Hub, clock: FixedClock, step: str, times: int, left_before: int
) -> None:
    with mail_server("127.0.0.1") as mailbox:
        command = [sys.executable, "-c", PROGRAM, str(hub.settings.home), str(mailbox.port), step, str(times)]
        ended = subprocess.run(command, check=False, timeout=60)
        assert ended.returncode == -signal.SIGKILL
        assert len(mailbox.mails) == left_before
        assert not has_letters_due(hub), "somebody else would send it while its sender may live"
        clock.forward(seconds=LEASE.total_seconds())
        again = PEOPLE if step == "letters_claimed" else PEOPLE - times + 1
        post = Post(server=MailServer(host="127.0.0.1", port=mailbox.port), sender="privacy@hub.example")
        assert send_due(hub, post) == Sent(sent=again)
        names = arrived(mailbox)
    assert {address for address, _ in names} == {f"person{number}@example.org" for number in range(PEOPLE)}
    assert len({name for _, name in names}) == PEOPLE
    assert len(names) == left_before + again

"""A mail server's mailbox for win-back letters, and the steps by which one comes there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

from hub.outbox.post import Answer, Outcome
from hub.views.intent import Reader
from hub.winback import judging
from hub.winback.letters import LetterState, SealedLetter, find_letters
from hub.winback.sending import Round, send
from tests.winback_builders import Left


def _nothing() -> None:
    """Happen not."""


class Box:
    """A mail server's mailbox; `answers` says what it answers, and what happens meanwhile may be given."""

    domain, sender = "shop.example", "post@shop.example"

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answer = Answer(Outcome.TAKEN)
        self.opened: Callable[[], None] = _nothing
        self.carried: Callable[[], None] = _nothing

    @contextmanager
    def open(self) -> Iterator["Box"]:
        self.opened()
        yield self

    def carry(self, mail: EmailMessage) -> Answer:
        self.carried()
        if self.answer.outcome is not Outcome.REFUSED:
            self.mails.append(mail)
        return self.answer


def waiting(here: Left, *states: LetterState) -> list[SealedLetter]:
    with here.hub.reading() as session:
        return find_letters(session, states or (LetterState.DRAFT,))


def approved(here: Left) -> SealedLetter:
    letter = waiting(here)[0]
    judging.show(here.hub, letter.letter_id, here.colleague)
    here.later(minutes=2)
    judging.approve(here.hub, letter.letter_id, here.colleague)
    return letter


def sent(here: Left, box: Any, **hub: Any) -> Round:
    return send(replace(here.hub, **hub), Reader(principal=here.owner, module="winback"), box)


def state_of(here: Left, letter: SealedLetter) -> str:
    with here.hub.reading() as session:
        found = judging.find_letter(session, letter.letter_id)
    return "gone" if found is None else found.state

"""Sending letters: taken under a lease, handed over, noted, one after the other.

At least once: a crash between handing over and noting lets the letter go out again after the lease, under the same
Message-ID, by which mailboxes know it again. Who was erased meanwhile gets nothing: the key is gone.
"""

import json
import smtplib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from hub.compose import Hub
from hub.errors import ServiceUnreachable
from hub.logs import LogEvent, log_of
from hub.outbox.letter import letter_cell
from hub.outbox.letters import CONTROLLER, written
from hub.outbox.post import Answer, Carrier, Outcome, Post
from hub.outbox.store import (
    LetterState,
    SealedLetter,
    claim_due,
    delete_letters,
    end_letter,
    expire_letters,
    has_due,
    postpone,
)
from privacy.audit import AuditFields
from privacy.keys import Key
from privacy.sealing import open_sealed
from privacy.store.erasure import tombstones_among
from privacy.terms import ID_BYTES, KeyId, PrincipalId, RecordId, random_id

MOST_AT_ONCE: Final = 20  # at ten seconds each, the lease is not over before the last
_FIRST_WAIT: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = timedelta(hours=4)
_DOUBLINGS: Final = 10
_OUTBOX: Final = PrincipalId(bytes(ID_BYTES))
"""Who acts: the hub itself, for whoever wrote the letter."""

_log = log_of("outbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came of a round: letters that left, were refused for good, are tried again, or are nobody's any more."""

    sent: int = 0
    refused: int = 0
    later: int = 0
    void: int = 0
    expired: int = 0


def send_due(hub: Hub, post: Post) -> Sent:
    """Send the letters that are due, some at a time, until none is or the mail server does not answer.

    Raises:
        ServiceUnreachable: the mail server cannot be reached; every letter is tried again later.

    """
    total = Sent(expired=_expire(hub))
    while (one := _send_some(hub, post)) is not None:
        total = Sent(**{name: getattr(total, name) + getattr(one, name) for name in Sent.__dataclass_fields__})
    return total


def has_letters_due(hub: Hub) -> bool:
    """Say whether a letter waits to be tried, or to be given up: costs a read and no write."""
    with hub.reading() as session:
        return has_due(session, at=hub.clock())


def wait_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts in vain: a minute, doubled each time, four hours at most."""
    doubled = 1 << min(max(attempts - 1, 0), _DOUBLINGS)
    return min(_FIRST_WAIT * doubled, _LONGEST_WAIT)


def _expire(hub: Hub) -> int:
    with hub.unit_of_work() as session:
        return expire_letters(session, at=hub.clock())


def _send_some(hub: Hub, post: Post) -> Sent | None:
    act_id = random_id()
    with hub.unit_of_work() as session:
        taken = claim_due(session, at=hub.clock(), most=MOST_AT_ONCE)
        if taken:  # nothing is opened, and nothing leaves, before the log knows of it
            fields = AuditFields(act_id=act_id, rows=len(taken), opened=len(taken))
            hub.audit(session, "letter.carry", _OUTBOX, fields)
    if not taken:
        return None
    hub.reached("letters_claimed")
    live = _without_erased(hub, taken)
    keys = hub.keystore.get([letter.key_id for letter in live], act_id=act_id)
    try:
        with post.open() as carrier:
            outcomes = [_send(hub, post, carrier, letter, keys) for letter in live]
    except (OSError, smtplib.SMTPException) as exc:
        _postpone_all(hub, live)
        raise ServiceUnreachable("the mail server", type(exc).__name__) from None
    states = [state for state in outcomes if state is not None]
    return Sent(
        sent=states.count(LetterState.SENT),
        refused=states.count(LetterState.REFUSED),
        later=states.count(LetterState.WAITING),
        void=len(taken) - len(states),
    )


def _without_erased(hub: Hub, taken: list[SealedLetter]) -> list[SealedLetter]:
    """Leave out, and delete, letters to people who were erased."""
    with hub.reading() as session:
        gone = {RecordId(record) for record in tombstones_among(session, [letter.record_id for letter in taken])}
    if gone:
        with hub.unit_of_work() as session:
            delete_letters(session, gone)
    return [letter for letter in taken if letter.record_id not in gone]


def _send(hub: Hub, post: Post, carrier: Carrier, letter: SealedLetter, keys: dict[KeyId, Key]) -> LetterState | None:
    """Send one letter and note what came of it; None if its key is gone, and with it the letter."""
    key = keys.get(letter.key_id)
    if key is None:
        with hub.unit_of_work() as session:
            delete_letters(session, [letter.record_id])
        return None
    answer = carrier.carry(_mail_of(hub, post, letter, key))
    hub.reached("letter_carried")
    return _note(hub, letter, answer)


def _note(hub: Hub, letter: SealedLetter, answer: Answer) -> LetterState:
    at = hub.clock()
    if answer.outcome is not Outcome.TAKEN:
        _log.warning(LogEvent.LETTER_FAILED, extra={"problem": answer.why})
    with hub.unit_of_work() as session:
        if answer.outcome in (Outcome.LATER, Outcome.OUR_FAULT):
            postpone(session, letter.letter_id, until=at + wait_after(letter.attempts))
            return LetterState.WAITING
        state = LetterState.SENT if answer.outcome is Outcome.TAKEN else LetterState.REFUSED
        end_letter(session, letter.letter_id, state, at=at)
        fields = AuditFields(act_id=letter.letter_id, reason=letter.kind, attempts=letter.attempts, outcome=state.value)
        hub.audit(session, "letter.send", _OUTBOX, fields)
    return state


def _postpone_all(hub: Hub, letters: Iterable[SealedLetter]) -> None:
    with hub.unit_of_work() as session:
        for letter in letters:  # at most MOST_AT_ONCE
            postpone(session, letter.letter_id, until=hub.clock() + wait_after(letter.attempts))


def _mail_of(hub: Hub, post: Post, letter: SealedLetter, key: Key) -> EmailMessage:
    """Write the mail in memory; its Message-ID is the letter's for life."""
    content = json.loads(open_sealed(letter.sealed, key=key, cell=letter_cell(hub.instance, letter.letter_id)))
    values = {CONTROLLER: hub.settings.controller, **content["values"]}
    subject, body = written(letter.kind, letter.language, values)
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = post.sender, content["to"], subject
    mail["Date"] = hub.clock()
    mail["Message-ID"] = f"<{letter.letter_id.hex()}@{post.domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday note answers it
    mail.set_content(body)
    mail["Content-Language"] = letter.language  # after the content, which clears headers of its name
    return mail

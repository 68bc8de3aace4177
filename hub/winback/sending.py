"""Sending approved letters: looked at again at this instant, name and address put in last, at most once.

The order is the point. A letter is taken under a lease, once the log knows how many are opened. Then everything is
asked anew: whether its step is still due (the gate's rows of today, and what people noted since), whether a stranger
approved these very bytes, whether the words may go out, and at last, under the epoch's lock, whether the person may be
written to by this channel for this purpose. In that transaction the contact is noted and the letter is `leaving`; only
then it is handed over. Where the program ends in between nobody can know whether it left: it counts as sent, is called
`unsure`, and is never sent again. Nobody is invited twice.
"""

import smtplib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from hub.compose import Hub
from hub.errors import ServiceUnreachable
from hub.outbox.post import Answer, Outcome, Post, sender_refused
from hub.views.gateway import PSEUDONYM
from hub.views.intent import Reader
from hub.winback.addressee import Opened, addressees, opened_of
from hub.winback.campaigns import get_campaign
from hub.winback.due import due
from hub.winback.leaving import Leaving, let_leave, mail_of, note_sent, take_back
from hub.winback.letters import LetterState, change_letter, claim, end_letter, forget_letters
from hub.winback.looks import APPROVED, looks_at
from hub.winback.people import PURPOSE, named_now
from predict.winback.draft import Approval, Refused, Standing, sendable
from privacy.audit import AuditFields
from privacy.store.erasure import tombstones_among
from privacy.store.principal import Principal
from privacy.terms import KeyId, RecordId, random_id

MOST_AT_ONCE: Final = 20  # at ten seconds each, the lease is not over before the last
_AGAIN: Final = timedelta(hours=1)
_REPLIED: Final = "smtp_"  # the server answered: it has not taken the mail
NO_ADDRESS: Final = "no e-mail address any more"


@dataclass(frozen=True, slots=True)
class Round:
    """What came of a round: how many were sent, and of the others how many for which reason."""

    sent: int
    others: Counter[str]


def send(hub: Hub, who: Reader, post: Post) -> Round:
    """Send the approved letters that are due, some at a time, until none is.

    Raises:
        ServiceUnreachable: the mail server cannot be reached, or the connection broke: the letter that was handed
            over is `unsure`, every other is tried again later.
        SettingsInvalid: the server does not send for us: every letter stays approved.
        AccessRefused: the gate said no.

    """
    total = Round(0, Counter())
    _settle(hub, who.principal, total)
    while (taken := _taken(hub, LetterState.APPROVED, who.principal)) is not None:
        ready = _ready(hub, who, taken, total) if taken else []
        if ready:
            sent = _hand_over(hub, who.principal, post, ready, total)
            total = Round(total.sent + sent, total.others)
    return total


def _settle(hub: Hub, by: Principal, total: Round) -> None:
    """Call what a program left behind in the middle `unsure`: it may have left, so it never leaves again."""
    with hub.unit_of_work() as session:
        forget_letters(session, at=hub.clock())
    while (taken := _taken(hub, LetterState.LEAVING, by)) is not None:
        for opened in taken:
            note_sent(hub, opened, LetterState.UNSURE, by.principal_id)
            total.others[LetterState.UNSURE.value] += 1


def _taken(hub: Hub, state: LetterState, by: Principal) -> list[Opened] | None:
    """Take letters under a lease and open them, once the log knows how many; None: there are no more.

    Letters of erased people, and those whose key is gone, are ended.
    """
    act_id = random_id()
    with hub.unit_of_work() as session:
        found = claim(session, state, at=hub.clock(), most=MOST_AT_ONCE)
        if not found:
            return None
        gone = tombstones_among(session, [one.record_id for one in found])
        live = [one for one in found if one.record_id not in gone]
        for one in found:
            if one.record_id in gone:
                end_letter(session, one, LetterState.STOPPED, at=hub.clock())
        if live:  # nothing is opened, and nothing leaves, before the log knows of it
            fields = AuditFields(act_id=act_id, purpose=PURPOSE, rows=len(live), opened=len(live))
            hub.audit(session, "winback.carry", by.principal_id, fields)
    keys = hub.keystore.get([KeyId(one.key_id) for one in live], act_id=act_id)
    held = [(one, key) for one in live if (key := keys.get(KeyId(one.key_id))) is not None]
    if len(held) < len(live):
        ended = LetterState.UNSURE if state is LetterState.LEAVING else LetterState.STOPPED
        with hub.unit_of_work() as session:
            for one in live:
                if KeyId(one.key_id) not in keys:
                    end_letter(session, one, ended, at=hub.clock())
    return [opened_of(hub, one, key) for one, key in held]


def _ready(hub: Hub, who: Reader, taken: Sequence[Opened], total: Round) -> list[Leaving]:
    """Judge each by sequence, approval and words of this instant; what may not go now goes back, stops or waits."""
    still, at = _still_due(hub, who, taken), hub.clock()
    records = [RecordId(one.letter.record_id) for one in taken]
    people = addressees(hub, records, who.principal, why="winback_send")
    ready = []
    for opened in taken:
        letter = opened.letter
        standing = Standing(permitted=True, due=letter.letter_id in still)  # permission is asked last, under the lock
        with hub.unit_of_work() as session:
            said = [
                _approval(opened, one.person_id.hex(), one.shown_at, one.decided_at or at)
                for one in looks_at(session, letter.letter_id)
                if one.decision == APPROVED and one.commitment == letter.commitment
            ]
            refused = sendable(opened.draft, tuple(said), standing, at=at)
            person = people.get(RecordId(letter.record_id))
            if refused is None and person is not None:
                ready.append(Leaving(opened, person))
                continue
            total.others[NO_ADDRESS if refused is None else refused.value] += 1
            if refused in (None, Refused.STOPPED):
                end_letter(session, letter, LetterState.STOPPED, at=at)
            else:  # it wants an approval anew
                change_letter(session, letter, (LetterState.APPROVED,), state=LetterState.DRAFT.value)
    return ready


def _hand_over(hub: Hub, by: Principal, post: Post, ready: list[Leaving], total: Round) -> int:
    """Connect first, so that nothing is `leaving` for want of a server; then let leave, carry and note one by one."""
    sent = 0
    try:
        with post.open() as carrier:
            for each in ready:  # one at a time: what breaks or says no in between concerns one letter
                one = let_leave(hub, each, by)
                if isinstance(one, str):
                    total.others[one] += 1
                    continue
                hub.reached("winback_leaving")
                answer = carrier.carry(mail_of(hub, post, one))
                hub.reached("winback_carried")
                word = _note(hub, one, answer, by)
                if answer.outcome is Outcome.OUR_FAULT:
                    raise sender_refused(answer)
                sent += word is LetterState.SENT
                if word is not LetterState.SENT:
                    total.others[word.value] += 1
                if word is LetterState.UNSURE:  # the connection broke: the others were not handed over, and wait
                    raise ServiceUnreachable("the mail server", answer.why)
    except (OSError, smtplib.SMTPException) as exc:
        raise ServiceUnreachable("the mail server", type(exc).__name__) from None
    return sent


def _note(hub: Hub, one: Leaving, answer: Answer, by: Principal) -> LetterState:
    """Note what the server said; where it said nothing the mail may have left.

    What it did not take was no contact: the note of it is taken back, or a wish to hear from us seldom would count it.
    """
    letter, at = one.opened.letter, hub.clock()
    broken = answer.outcome is Outcome.LATER and not answer.why.startswith(_REPLIED)
    if answer.outcome is Outcome.TAKEN or broken:
        state = LetterState.SENT if answer.outcome is Outcome.TAKEN else LetterState.UNSURE
        note_sent(hub, one.opened, state, by.principal_id)
        return state
    with hub.unit_of_work() as session:
        take_back(session, one)
        if answer.outcome is not Outcome.REFUSED:
            wait = _AGAIN if answer.outcome is Outcome.LATER else timedelta(0)
            again = {"state": LetterState.APPROVED.value, "due_at": at + wait}
            change_letter(session, letter, (LetterState.LEAVING,), **again)
            return LetterState.APPROVED
        end_letter(session, letter, LetterState.REJECTED, at=at)
        fields = AuditFields(act_id=letter.letter_id, purpose=PURPOSE, outcome=LetterState.REJECTED.value)
        hub.audit(session, "winback.send", by.principal_id, fields)
    return LetterState.REJECTED


def _still_due(hub: Hub, who: Reader, taken: Sequence[Opened]) -> set[bytes]:
    """Say of which letters the very step is due today, by campaign; who is not in the gate's rows is due nothing.

    Of two letters to one customer, whose records were joined since they were written, one is.
    """
    letters = pl.DataFrame(
        {
            "record": [one.letter.record_id for one in taken],
            "letter": [one.letter.letter_id for one in taken],
            **{name: [one.content[name] for one in taken] for name in ("campaign", "plan", "step")},
        },
        schema_overrides={"record": pl.Binary, "letter": pl.Binary, "step": pl.Int64},
    )
    with hub.reading() as session:
        named = named_now(hub, session, letters)
        campaigns = [get_campaign(session, one) for one in sorted(set(named["campaign"]))]
    still = named.clear()
    for campaign in campaigns:
        steps = due(hub, who, campaign).steps.select(PSEUDONYM, "plan", "step")
        mine = named.filter(pl.col("campaign") == campaign.campaign_id.hex())
        still.extend(mine.join(steps, on=[PSEUDONYM, "plan", "step"], how="semi"))
    return set(still.unique(PSEUDONYM, keep="first", maintain_order=True)["letter"])


def _approval(opened: Opened, by: str, shown_at: datetime, at: datetime) -> Approval:
    return Approval(by=by, digest=opened.draft.digest, shown_at=shown_at, at=at)
